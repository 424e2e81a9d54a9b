/* text.c - the text of a source, seen through a window that moves on */
#include "table/text.h"
#include "failure.h"
#include "memory.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void text_begin(struct text *t, struct source *source)
{
    memset(t, 0, sizeof *t);
    t->source = source;
    t->line = 1;
}

void text_free(struct text *t)
{
    free(t->buffer);
    t->buffer = NULL;
}

void text_use(struct text *t, size_t n, uint64_t lines)
{
    t->p += n;
    t->n -= n;
    t->before += n;
    t->line += lines;
}

static bool begins_with(const struct text *t, const char *bytes, size_t n)
{
    return t->n >= n && memcmp(t->p, bytes, n) == 0;
}

/* What cannot be a table of text is named, before it becomes strange errors further on. */
static cw_status look_at_beginning(struct text *t, cw_error *err)
{
    const char *name = t->source->name;

    if (begins_with(t, "\x1f\x8b", 2))
        return failure(err, CW_E_INVALID_ARGUMENT,
                       "%s is compressed by gzip: use --exec 'gzip -dc FILE'", name);
    if (begins_with(t, "\x28\xb5\x2f\xfd", 4))
        return failure(err, CW_E_INVALID_ARGUMENT,
                       "%s is compressed by zstd: use --exec 'zstd -dc FILE'", name);
    if (begins_with(t, "\xff\xfe", 2) || begins_with(t, "\xfe\xff", 2))
        return failure(err, CW_E_INVALID_ARGUMENT,
                       "%s is UTF-16: use --exec 'iconv -f UTF-16 -t UTF-8 FILE'", name);
    if (begins_with(t, "PAR1", 4))
        return failure(err, CW_E_INVALID_ARGUMENT, "%s is a Parquet file already", name);
    if (begins_with(t, "\xef\xbb\xbf", 3))
        text_use(t, 3, 0);
    return CW_OK;
}

/* What is left comes to the front of a buffer that is large enough. */
static void make_room(struct text *t, size_t bytes)
{
    if (t->n)
        memmove(t->buffer, t->p, t->n);
    if (bytes > t->room) {
        t->room = bytes;
        t->buffer = tool_realloc(t->buffer, bytes);
    }
    t->p = t->buffer;
}

static cw_status read_step(struct text *t, size_t want, cw_error *err)
{
    size_t begun = t->n, got = 1;
    cw_status status = CW_OK;

    while (status == CW_OK && got > 0 && t->n - begun < want) {
        status = source_read(t->source, t->buffer + t->n, want - (t->n - begun), &got, err);
        t->n += status == CW_OK ? got : 0;
        if (t->source->blocking && t->n > begun && t->begun)
            break; /* rather what is there than wait for more */
    }
    if (status == CW_OK && got == 0) {
        t->ended = true;
        status = source_finish(t->source, t->before + t->n, err);
    }
    return status;
}

cw_status text_more(struct text *t, cw_error *err)
{
    cw_status status;
    size_t want = t->n / 8 > TEXT_STEP ? t->n / 8 : TEXT_STEP;

    if (t->n > TEXT_LONGEST)
        return failure(err, CW_E_TOO_LARGE,
                       "%s, line %" PRIu64 ": a record is longer than %d MiB; is there a quote "
                       "that is not closed?",
                       t->source->name, t->line, TEXT_LONGEST >> 20);
    make_room(t, t->n + want + TEXT_PADDING);
    status = read_step(t, want, err);
    memset(t->buffer + t->n, 0, TEXT_PADDING);
    if (status == CW_OK && !t->begun) {
        t->begun = true;
        status = look_at_beginning(t, err);
    }
    return status;
}
