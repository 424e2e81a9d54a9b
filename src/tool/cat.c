/* cat.c - the verbs cat and head: objects to standard output
 *
 * The first failure ends it: what follows would stand in the wrong place.
 */
#include "cat.h"
#include "pull.h"
#include "report.h"
#include "say.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEFAULT_LINES = 10 };

struct show {
    const struct options *o;
    cw_client *client;
    uint64_t most, lines;
};

/* Whoever reads the output may have had enough: that needs no words. */
static int fail_about(const struct pull *p, const cw_error *err)
{
    char *text;

    if (p->output_errno == EPIPE)
        return 1;
    text = report_error_text(err);
    say_about(p->url, "%s", text);
    free(text);
    return err->status == CW_E_INVALID_ARGUMENT ? 2 : 1;
}

static int show_one(const struct show *s, const char *url)
{
    struct pull p = {.o = s->o,
                     .client = s->client,
                     .url = url,
                     .fd = STDOUT_FILENO,
                     .name = "standard output",
                     .most = s->most,
                     .lines = s->lines};
    cw_error err;
    cw_status st = pull_open(&p, &err);

    if (st == CW_OK)
        st = pull_run(&p, &err);
    pull_close(&p);
    return st == CW_OK ? 0 : fail_about(&p, &err);
}

static int show_all(void *user)
{
    const struct show *s = user;
    int code = 0;

    for (size_t i = 0; i < s->o->operand_count && code == 0; i++)
        code = show_one(s, s->o->operands[i]);
    return code;
}

static int show(struct options *o, uint64_t most, uint64_t lines)
{
    struct show s = {.o = o, .most = most, .lines = lines};
    int code;

    if (o->operand_count == 0) {
        say("name an object: s3://bucket/key, or a path");
        return 2;
    }
    code = pull_client(o, o->operands, o->operand_count, &s.client);
    if (code == 0)
        code = pull_watched(show_all, &s, NULL);
    cw_client_release(s.client);
    return code;
}

int cat_main(struct options *o)
{
    return show(o, UINT64_MAX, UINT64_MAX);
}

int head_main(struct options *o)
{
    uint64_t lines = o->head_lines_given ? o->head_lines : DEFAULT_LINES;

    if (o->head_bytes_given && o->head_lines_given) {
        say("--bytes and --lines do not go together");
        return 2;
    }
    return o->head_bytes_given ? show(o, o->head_bytes, UINT64_MAX) : show(o, UINT64_MAX, lines);
}
