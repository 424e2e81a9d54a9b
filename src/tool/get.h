/* get.h - the verb get: an object to a file */
#ifndef CW_TOOL_GET_H
#define CW_TOOL_GET_H

#include "options.h"

/** @return the exit code */
int get_main(struct options *o);

#endif
