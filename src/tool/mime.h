/* mime.h - guess a content type from a name */
#ifndef CW_TOOL_MIME_H
#define CW_TOOL_MIME_H

/** By the extension, whatever its case; NULL when it says nothing. Static storage. */
const char *mime_of_name(const char *name);

#endif
