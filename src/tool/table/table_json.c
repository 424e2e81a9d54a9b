/* table_json.c - JSON Lines as batches of columns: an object on each line */
#include "failure.h"
#include "table/guess.h"
#include "table/table.h"
#include <inttypes.h>
#include <string.h>

enum { BATCH_ROWS = 1024, BATCH_BYTES = 512 << 10 };

static bool is_blank(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r')
            return false;
    return true;
}

cw_status table_json_open(struct table *t, cw_error *err)
{
    size_t i = 0;

    while (i < t->text.n && strchr(" \t\r\n", t->text.p[i]) && t->text.p[i])
        i++;
    if (i < t->text.n && t->text.p[i] == '[')
        return failure(err, CW_E_INVALID_ARGUMENT,
                       "%s is one JSON list, where an object on each line is wanted: use "
                       "--exec 'jq -c .[] FILE'",
                       t->text.source->name);
    return CW_OK;
}

/* The next line that is not blank, whole: false if the window has no more of them. */
static bool next_line(struct table *t, const char **line, size_t *n)
{
    while (t->at < t->text.n) {
        const char *p = t->text.p + t->at;
        size_t left = t->text.n - t->at;
        const char *end = memchr(p, '\n', left);
        if (!end && !t->text.ended)
            return false;
        *line = p;
        *n = end ? (size_t)(end - p) : left;
        t->at += *n + (end != NULL);
        t->line++;
        if (!is_blank(p, *n))
            return true;
    }
    return false;
}

static cw_status read_on(struct table *t, cw_error *err)
{
    text_use(&t->text, t->at, t->line);
    t->at = 0;
    t->line = 0;
    return text_more(&t->text, err);
}

static uint64_t line_number(const struct table *t)
{
    return t->text.line + t->line - 1; /* of the one that was read last */
}

static cw_status read_object(struct table *t, const char *line, size_t n, cw_error *err)
{
    const char *name = t->text.source->name;

    if (!json_read(&t->tape, line, n))
        return failure(err, CW_E_INVALID_ARGUMENT, "%s, line %" PRIu64 ", byte %zu: %s", name,
                       line_number(t), t->tape.wrong_at + 1, t->tape.wrong);
    if (t->tape.tokens[0].kind != JSON_OBJECT)
        return failure(err, CW_E_INVALID_ARGUMENT, "%s, line %" PRIu64 ": this is no JSON object",
                       name, line_number(t));
    return CW_OK;
}

/* ---- the guess ------------------------------------------------------------------------------- */

static cw_status guess_lines(struct table *t, bool all, struct guess *g, cw_error *err)
{
    cw_status status = CW_OK;
    const char *line;
    size_t n;

    while (status == CW_OK) {
        if (next_line(t, &line, &n)) {
            status = read_object(t, line, n, err);
            if (status == CW_OK)
                guess_json(g, &t->tape, 0);
        } else if (t->text.ended || !all) {
            break;
        } else {
            status = read_on(t, err);
        }
    }
    return status;
}

cw_status table_json_guess(struct table *t, bool all, cw_schema *out, cw_error *err)
{
    struct guess g = {0};
    size_t at = t->at;
    uint64_t line = t->line;
    cw_status status = all ? CW_OK : table_sample(t, err);

    if (status == CW_OK)
        status = guess_lines(t, all, &g, err);
    if (!all) {
        t->at = at;
        t->line = line;
    }
    if (status == CW_OK && g.member_count == 0)
        status = failure(err, CW_E_INVALID_ARGUMENT,
                         "%s has no object with a member, so that no columns can be inferred: "
                         "use --schema",
                         t->text.source->name);
    if (status == CW_OK)
        status = guess_add_members(&g, out, err);
    guess_free(&g);
    return status;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static cw_status take_lines(struct table *t, cw_error *err)
{
    struct refusal why;
    size_t begin = t->at, n;
    const char *line;
    cw_status status = CW_OK;

    while (t->rows < BATCH_ROWS && t->at - begin < BATCH_BYTES && next_line(t, &line, &n)) {
        status = read_object(t, line, n, err);
        if (status != CW_OK)
            return status;
        if (!column_take_json(&t->root, &t->tape, 0, t->o->ignore_unknown, &why))
            return table_refuse(t, line_number(t), &why, err);
        t->rows++;
    }
    return CW_OK;
}

cw_status table_json_next(struct table *t, cw_error *err)
{
    for (;;) {
        cw_status status = take_lines(t, err);
        if (status != CW_OK || t->rows > 0 || (t->text.ended && t->at == t->text.n))
            return status;
        status = read_on(t, err);
        if (status != CW_OK)
            return status;
    }
}
