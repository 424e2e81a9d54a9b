/* writer.h - make a writer around a sink (the public face is cloudwriter/writer.h) */
#ifndef CW_STREAM_WRITER_H
#define CW_STREAM_WRITER_H

#include <stdbool.h>
#include <cloudwriter/writer.h>

/** `o` is complete (as cw__options_take leaves it). `sink` moves only on CW_OK. */
cw_status cw__writer_new(cw_writer **out, cw_sink *sink, const cw_writer_options *o, cw_error *err);

/**
 * For faces: what was to be written is wrong in itself, so nothing may be published any more.
 * Sticks like any failure; an earlier one stays. Returns the writer's first error.
 */
cw_status cw__writer_fail(cw_writer *w, cw_status status, const char *fmt, ...) CW_PRINTF(3, 4);

/** For faces whose format is read by offsets: whether what is written will be compressed whole. */
bool cw__writer_compresses(const cw_writer *w);

#endif
