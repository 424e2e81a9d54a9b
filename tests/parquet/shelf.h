/* shelf.h - a sink that keeps what was published, and fails when it is told to */
#ifndef CW_TESTS_PARQUET_SHELF_H
#define CW_TESTS_PARQUET_SHELF_H

#include "harness.h"

#include <cloudwriter/cloudwriter.h>

typedef struct shelf {
    unsigned char *p;
    size_t n, room;
    size_t most; /* bytes that it takes before it fails; 0: any number */
    bool fails_to_publish;
    bool published, aborted, freed;
} shelf;

static inline cw_status shelf_write(void *self, const void *p, size_t n, cw_error *err)
{
    shelf *s = self;

    if (s->most && s->n + n > s->most) {
        snprintf(err->message, sizeof err->message, "the shelf is full");
        return CW_E_IO;
    }
    if (s->n + n > s->room) {
        s->room = (s->n + n) * 2;
        s->p = realloc(s->p, s->room);
        REQUIRE(s->p);
    }
    memcpy(s->p + s->n, p, n);
    s->n += n;
    return CW_OK;
}

static inline cw_status shelf_publish(void *self, struct cw_object_info *info, cw_error *err)
{
    shelf *s = self;

    if (s->fails_to_publish) {
        snprintf(err->message, sizeof err->message, "the shelf is closed");
        return CW_E_UNAVAILABLE;
    }
    s->published = true;
    info->bytes = s->n;
    return CW_OK;
}

static inline cw_status shelf_abort(void *self, cw_error *err)
{
    (void)err;
    ((shelf *)self)->aborted = true;
    return CW_OK;
}

static inline void shelf_free(void *self)
{
    ((shelf *)self)->freed = true;
}

/** A writer onto the shelf, which is emptied. NULL: `err` says why. */
static inline cw_writer *shelf_open(shelf *s, cw_error *err)
{
    static const cw_sink_ops ops = {.struct_size = sizeof ops,
                                    .name = "shelf",
                                    .write = shelf_write,
                                    .publish = shelf_publish,
                                    .abort = shelf_abort,
                                    .free = shelf_free};
    cw_sink *sink;
    cw_writer *w;

    s->n = 0;
    s->published = s->aborted = s->freed = false;
    if (cw_sink_new(&sink, &ops, s, err) != CW_OK)
        return NULL;
    if (cw_writer_open_sink(&w, sink, NULL, err) == CW_OK)
        return w;
    cw_sink_free(sink);
    return NULL;
}

static inline void shelf_clear(shelf *s)
{
    free(s->p);
    memset(s, 0, sizeof *s);
}

#endif
