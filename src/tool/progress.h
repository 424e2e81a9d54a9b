/* progress.h - how far everything is, in one line */
#ifndef CW_TOOL_PROGRESS_H
#define CW_TOOL_PROGRESS_H

#include <cloudwriter/writer.h>
#include <stdbool.h>
#include <stddef.h>

struct progress;

/**
 * @param slots        files that are on their way at once
 * @param files        of the whole run
 * @param total_bytes  of the whole run; 0: not known
 */
struct progress *progress_new(bool shown, bool compressed, size_t slots, size_t files,
                              uint64_t total_bytes);
void progress_free(struct progress *p);

/** It is objects that are read; and the bytes of the whole run, once they are known: until then 0.
 */
void progress_reads(struct progress *p, uint64_t total_bytes);

/** An object more is to be read, which was found only now. */
void progress_found(struct progress *p, uint64_t bytes);

/** Where the file in a slot is. From any thread. */
void progress_note(struct progress *p, size_t slot, const cw_stats *now);

/** The file in a slot is done with; its bytes count, unless it failed. */
void progress_file_done(struct progress *p, size_t slot, bool committed);

/** Draw, at most ten times a second. */
void progress_draw(struct progress *p);

/** Take the line away. */
void progress_end(struct progress *p);

#endif
