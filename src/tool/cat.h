/* cat.h - the verbs cat and head: objects to standard output */
#ifndef CW_TOOL_CAT_H
#define CW_TOOL_CAT_H

#include "options.h"

/** @return the exit code */
int cat_main(struct options *o);
int head_main(struct options *o);

#endif
