/* get_many.h - all objects below a URL, or that match a pattern, to files below a folder */
#ifndef CW_TOOL_GET_MANY_H
#define CW_TOOL_GET_MANY_H

#include "options.h"

int get_many(struct options *o);

#endif
