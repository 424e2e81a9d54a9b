/* custom_sink.c - a backend of one's own: here, a board whose readers see a whole text or none
 *
 * What write gets is kept aside; publish makes it visible in one step; abort forgets it.
 */
#include <cloudwriter/cloudwriter.h>
#include <stdio.h>
#include <string.h>

static char board[100]; /* what readers see */

struct draft {
    char text[sizeof board];
    size_t n;
};

static cw_status draft_write(void *self, const void *p, size_t n, cw_error *err)
{
    struct draft *d = self;

    if (n >= sizeof d->text - d->n) {
        snprintf(err->message, sizeof err->message, "the board has no room for that");
        return CW_E_TOO_LARGE;
    }
    memcpy(d->text + d->n, p, n);
    d->n += n;
    return CW_OK;
}

static cw_status draft_publish(void *self, struct cw_object_info *info, cw_error *err)
{
    struct draft *d = self;

    (void)err;
    memcpy(board, d->text, sizeof board);
    info->bytes = d->n;
    return CW_OK;
}

static cw_status draft_abort(void *self, cw_error *err)
{
    (void)self, (void)err; /* nothing was shown to anyone */
    return CW_OK;
}

static void draft_free(void *self)
{
    (void)self; /* it lives in main */
}

static cw_status write_draft(const char *text, int publish)
{
    static const cw_sink_ops ops = {.struct_size = sizeof ops,
                                    .name = "board",
                                    .write = draft_write,
                                    .publish = draft_publish,
                                    .abort = draft_abort,
                                    .free = draft_free};
    struct draft draft = {.n = 0};
    cw_sink *sink;
    cw_writer *w;
    cw_error err;
    cw_status status = cw_sink_new(&sink, &ops, &draft, &err);

    if (status == CW_OK && (status = cw_writer_open_sink(&w, sink, NULL, &err)) != CW_OK)
        cw_sink_free(sink); /* it moves only on CW_OK */
    if (status != CW_OK)
        return status;
    cw_writer_printf(w, "%s", text);
    return publish ? cw_writer_close(w, NULL, &err) : cw_writer_abort(w, &err);
}

int main(void)
{
    if (write_draft("lunch at 12", 1) != CW_OK || write_draft("lunch at - no, wait", 0) != CW_OK)
        return 1;
    printf("the board says: %s\n", board);
    return strcmp(board, "lunch at 12") != 0;
}
