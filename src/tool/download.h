/* download.h - an object to a file, which is there whole or as it was before */
#ifndef CW_TOOL_DOWNLOAD_H
#define CW_TOOL_DOWNLOAD_H

#include "pull.h"

/** The owner sets the members of `pull`, `file` and `below`; the rest is zero. */
struct download {
    struct pull pull;
    char *file; /* NULL: standard output */
    bool below; /* one of many, and its folders are made */
    bool same;  /* the file was the object already */
    bool hush;  /* why it failed was said of another */
    char *part;
    cw_reader_info info;
    double seconds;
};

/** Do it, and tell what became of it. @return the exit code */
int download_run(struct download *d);

#endif
