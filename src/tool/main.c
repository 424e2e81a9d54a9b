/* main.c - the command `cloudwriter`: find the verb, run it, answer with its exit code
 *
 * Uses the public headers of the library only. 0 committed or done, 1 not committed or not done,
 * 2 wrong usage, 4 indeterminate.
 */
#include "cat.h"
#include "config.h"
#include "get.h"
#include "help.h"
#include "options.h"
#include "parquet_file.h"
#include "put.h"
#include "say.h"
#include "stop.h"
#include "uploads.h"
#include "verbs.h"
#include "whoami.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Were one of the three closed, the next file opened would take its place. Reading from it must
 * then fail, as from a closed one. */
static void occupy_standard_streams(void)
{
    int fd;
    do
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

static int usage(void)
{
    say("try 'cloudwriter --help'");
    return 2;
}

static const struct verb_entry {
    const char *name;
    enum verb verb;
    int (*run)(struct options *o);
} verbs[] = {
    {"put", VERB_PUT, put_main},
    {"uploads", VERB_UPLOADS, uploads_main},
    {"get", VERB_GET, get_main},
    {"cat", VERB_CAT, cat_main},
    {"head", VERB_HEAD, head_main},
    {"ls", VERB_LS, ls_main},
    {"stat", VERB_STAT, stat_main},
    {"rm", VERB_RM, rm_main},
    {"cp", VERB_CP, cp_main},
    {"mv", VERB_MV, mv_main},
    {"mb", VERB_MB, mb_main},
    {"rb", VERB_RB, rb_main},
    {"glob", VERB_GLOB, glob_main},
    {"du", VERB_DU, du_main},
    {"presign", VERB_PRESIGN, presign_main},
    {"parquet", VERB_PARQUET, put_main},
    {"meta", VERB_META, meta_main},
    {"schema", VERB_SCHEMA, schema_main},
    {"verify", VERB_VERIFY, verify_main},
    {"whoami", VERB_WHOAMI, whoami_main},
    {"config", VERB_CONFIG, config_main},
};

static const struct verb_entry *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static int print_help(const char *name)
{
    const struct verb_entry *entry = name ? find_verb(name) : NULL;
    if (!name) {
        help_print();
    } else if (entry) {
        help_print_verb(entry->verb);
    } else {
        say("there is no verb '%s'", name);
        return usage();
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

static int print_version(void)
{
    printf("cloudwriter %s (library %s)\n", CW_VERSION_STRING, cw_version());
    return fflush(stdout) == 0 ? 0 : 1;
}

/* What these have done is done, whatever became of the words about it. */
enum {
    VERBS_THAT_ACT =
        VERB_PUT | VERB_PARQUET | VERB_GET | VERB_RM | VERB_CP | VERB_MV | VERB_MB | VERB_RB
};

static int run_verb(const struct verb_entry *entry, int argc, char **argv)
{
    struct options o;
    int code = 2;

    if (!options_parse(&o, entry->verb, argc, argv)) {
        say("try 'cloudwriter help %s'", entry->name);
    } else if (o.help) {
        help_print_verb(entry->verb);
        code = 0;
    } else {
        code = entry->run(&o);
        if (say_result_failed() && code == 0 && !(entry->verb & VERBS_THAT_ACT))
            code = 1;
    }
    options_free(&o);
    return code;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    const struct verb_entry *entry = find_verb(word);
    int e;

    occupy_standard_streams();
    e = stop_watch();
    if (e) {
        say("signals cannot be watched: %s", strerror(e));
        return 1;
    }
    if (entry)
        return run_verb(entry, argc - 2, argv + 2);
    if (strcmp(word, "--version") == 0)
        return print_version();
    if (strcmp(word, "help") == 0)
        return print_help(argc > 2 ? argv[2] : NULL);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return print_help(NULL);
    if (*word)
        say("there is no verb '%s'", word);
    else
        say("a verb is missing");
    return usage();
}
