/* sys/sink.h - where the bytes of a writer land: write a backend of your own
 *
 * S3, files, memory and the compression filters are all made of this one interface. The calls of
 * one sink come from one thread at a time, in this order:
 *
 *     begin → (write | reserve+commit | flush)* → publish | abort → free
 *
 * After the first failure only abort and free follow. publish is called once; if it fails, abort
 * follows unless the answer was CW_E_INDETERMINATE. free is always the last call and must publish
 * nothing. Every call gets an `err` that is not NULL; a sink that fails fills in `err->message`
 * (the status is taken from what is returned).
 */
#ifndef CLOUDWRITER_SYS_SINK_H
#define CLOUDWRITER_SYS_SINK_H

#include <cloudwriter/status.h>

CW_BEGIN_DECLS

typedef struct cw_sink cw_sink;
struct cw_writer_options;
struct cw_object_info;
struct cw_stats;

typedef struct cw_sink_ops {
    size_t struct_size; /**< sizeof(cw_sink_ops) */
    const char *name;   /**< for messages: "s3", "file", … */

    /** Get ready. `o` is never NULL and is valid during the call only. NULL: nothing to do. */
    cw_status (*begin)(void *self, const struct cw_writer_options *o, cw_error *err);

    /** Take all `n` bytes, or fail. `p` is valid during the call only. Never with n = 0. */
    cw_status (*write)(void *self, const void *p, size_t n, cw_error *err);

    /**
     * Lend at least one byte of your own memory to be written into; commit takes the first `used`
     * of it. Both, or neither: with NULL the writer buffers small writes in front of `write`.
     */
    cw_status (*reserve)(void *self, void **p, size_t *cap, cw_error *err);
    cw_status (*commit)(void *self, size_t used, cw_error *err);

    /** Push on what you hold, without publishing. NULL: nothing to do. */
    cw_status (*flush)(void *self, cw_error *err);

    /** Make everything visible at once; CW_OK only when it is. Fills what it knows of `info`. */
    cw_status (*publish)(void *self, struct cw_object_info *info, cw_error *err);

    /** Make sure that nothing is ever visible, and leave nothing behind. */
    cw_status (*abort)(void *self, cw_error *err);

    /** Add what you know to `out`. NULL: nothing. */
    void (*stats)(void *self, struct cw_stats *out);

    /** Free `self`. */
    void (*free)(void *self);
} cw_sink_ops;

/**
 * Make a sink for cw_writer_open_sink. `ops` must outlive it; `self` moves only on CW_OK.
 * @return CW_OK; CW_E_INVALID_ARGUMENT when write, publish, abort or free is missing, or only one
 *         of reserve and commit is there; CW_E_NO_MEMORY
 */
CW_CHECKED cw_status cw_sink_new(cw_sink **out, const cw_sink_ops *ops, void *self, cw_error *err);

/** Free a sink that was not handed to a writer. NULL is fine. */
CW_API void cw_sink_free(cw_sink *s);

CW_END_DECLS

#endif
