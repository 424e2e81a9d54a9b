/* folders.h - folders for files that are written below a file:// URL or a path */
#ifndef CW_TOOL_FOLDERS_H
#define CW_TOOL_FOLDERS_H

#include <cloudwriter/status.h>

/**
 * Make the last `below` folders that `url` lies in, where they are missing. Objects in a bucket
 * need none: does nothing there.
 */
cw_status folders_make(const char *url, size_t below, cw_error *err);

#endif
