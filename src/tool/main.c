/* main.c - the command `cloudwriter`: find the verb, run it, answer with its exit code
 *
 * Uses the public headers of the library only. 0 committed, 1 not committed, 2 wrong usage,
 * 4 indeterminate.
 */
#include "help.h"
#include "options.h"
#include "put.h"
#include "say.h"
#include "stop.h"
#include "uploads.h"
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

static bool find_verb(const char *name, enum verb *verb)
{
    bool put = strcmp(name, "put") == 0;
    *verb = put ? VERB_PUT : VERB_UPLOADS;
    return put || strcmp(name, "uploads") == 0;
}

static int print_help(const char *name)
{
    enum verb verb;
    if (!name) {
        help_print();
    } else if (find_verb(name, &verb)) {
        help_print_verb(verb);
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

static int run_verb(enum verb verb, int argc, char **argv)
{
    struct options o;
    int code = 2;

    if (!options_parse(&o, verb, argc, argv)) {
        say("try 'cloudwriter help %s'", verb == VERB_PUT ? "put" : "uploads");
    } else if (o.help) {
        help_print_verb(verb);
        code = 0;
    } else {
        code = verb == VERB_PUT ? put_main(&o) : uploads_main(&o);
        (void)say_result_failed();
    }
    options_free(&o);
    return code;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    enum verb verb;
    int e;

    occupy_standard_streams();
    e = stop_watch();
    if (e) {
        say("signals cannot be watched: %s", strerror(e));
        return 1;
    }
    if (find_verb(word, &verb))
        return run_verb(verb, argc - 2, argv + 2);
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
