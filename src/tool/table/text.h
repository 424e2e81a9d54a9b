/* text.h - the text of a source, seen through a window that moves on
 *
 * Records are read where they lie in the window, p[0..n). What has been used is given up by
 * text_use; text_more may move the rest, and what pointed into the window points nowhere then.
 */
#ifndef CW_TOOL_TEXT_H
#define CW_TOOL_TEXT_H

#include "source.h"
#include <stddef.h>

enum {
    TEXT_STEP = 512 << 10,   /* bytes read at once */
    TEXT_LONGEST = 64 << 20, /* of a record */
    TEXT_PADDING = 64        /* readable behind the window, whatever is there */
};

struct text {
    struct source *source;
    const char *p;
    size_t n;
    uint64_t before; /* bytes of the source in front of the window */
    uint64_t line;   /* of the window's first byte, from 1 */
    bool ended;      /* the window has the rest */
    bool begun;
    char *buffer;
    size_t room;
};

void text_begin(struct text *t, struct source *source);
void text_free(struct text *t);

/** Read on; at the end set `ended`. Marks of byte order are looked at, and that of UTF-8 skipped.
 */
cw_status text_more(struct text *t, cw_error *err);

/** Give up `n` bytes in front that hold `lines` ends of lines. */
void text_use(struct text *t, size_t n, uint64_t lines);

#endif
