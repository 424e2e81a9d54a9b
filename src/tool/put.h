/* put.h - the verb put: sources to objects */
#ifndef CW_TOOL_PUT_H
#define CW_TOOL_PUT_H

#include "options.h"

/** @return the exit code */
int put_main(struct options *o);

#endif
