/* filter.h - a sink that compresses on the way to the next one */
#ifndef CW_STREAM_FILTER_H
#define CW_STREAM_FILTER_H

#include <stdbool.h>
#include <cloudwriter/writer.h>

/**
 * Make a filter in front of `next`, which moves to it on CW_OK: freeing the filter frees both.
 * Level and threads are checked here; the compressor itself is made when the first byte comes.
 * @return CW_OK; CW_E_INVALID_ARGUMENT for a kind or level that does not exist; CW_E_UNSUPPORTED
 *         for threads that the library lacks; CW_E_NO_MEMORY
 */
cw_status cw__filter_new(cw_sink **out, cw_sink *next, cw_compression kind, int level,
                         unsigned threads, cw_error *err);

/** Whether a sink is such a filter. */
bool cw__filter_is(const cw_sink *s);

/** Free a filter alone: the sink behind it is the caller's again. */
void cw__filter_forget(cw_sink *filter);

#endif
