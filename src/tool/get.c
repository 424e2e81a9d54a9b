/* get.c - the verb get: an object to a file, or to standard output */
#include "get.h"
#include "download.h"
#include "get_many.h"
#include "memory.h"
#include "place.h"
#include "say.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_folder(const char *path)
{
    struct stat about;
    size_t n = strlen(path);

    return (n > 0 && path[n - 1] == '/') || (stat(path, &about) == 0 && S_ISDIR(about.st_mode));
}

/* false: that was said. */
static bool choose_file(struct download *d, const char *url, const char *to)
{
    const char *name = place_name(url);

    if (to && strcmp(to, "-") == 0)
        return true;
    if (to && !is_folder(to)) {
        d->file = tool_strdup(to);
        return true;
    }
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        say_about(url, "the last part of it is no name for a file: name one");
        return false;
    }
    d->file = to ? tool_format("%s%s%s", to, to[strlen(to) - 1] == '/' ? "" : "/", name)
                 : tool_strdup(name);
    return true;
}

static bool is_usable(const struct options *o)
{
    bool out = o->operand_count == 2 && strcmp(o->operands[1], "-") == 0;
    bool many = o->recursive || o->glob;

    if (o->operand_count < 1 || o->operand_count > 2)
        say("wanted: get URL [FILE|FOLDER|-], or get -r URL [FOLDER]");
    else if (out && (o->json || o->resume || many))
        say("--json, --continue, -r and --glob do not go with standard output");
    else if (many && (o->reader.version_id || o->reader.if_match))
        say("--version-id and --if-match are of one object");
    else if (!many && (o->same || o->dry_run || o->jobs))
        say("--same, --dry-run and --jobs go with -r or --glob");
    else if (o->resume && o->reader.decompression != CW_DECOMPRESSION_NONE)
        say("what is decompressed cannot be continued");
    else
        return true;
    return false;
}

static int run_one(void *user)
{
    return download_run(user);
}

static int run(struct options *o, struct download *d)
{
    int code = pull_client(o, o->operands, 1, &d->pull.client);

    if (code)
        return code;
    d->pull.progress = progress_new(options_want_progress(o), false, 1, 1, 0);
    progress_reads(d->pull.progress, 0);
    code = pull_watched(run_one, d, d->pull.progress);
    progress_end(d->pull.progress);
    progress_free(d->pull.progress);
    cw_client_release(d->pull.client);
    return code;
}

int get_main(struct options *o)
{
    struct download d = {.pull = {.o = o, .fd = -1, .most = UINT64_MAX, .lines = UINT64_MAX}};
    int code = 2;

    if (!is_usable(o))
        return 2;
    if (o->recursive || o->glob)
        return get_many(o);
    d.pull.url = o->operands[0];
    if (choose_file(&d, d.pull.url, o->operand_count == 2 ? o->operands[1] : NULL)) {
        if (!d.file) {
            d.pull.fd = STDOUT_FILENO;
            d.pull.name = "standard output";
        }
        code = run(o, &d);
    }
    free(d.file);
    return code;
}
