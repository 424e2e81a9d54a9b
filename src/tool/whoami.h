/* whoami.h - the verb whoami: which keys are used, and why not others */
#ifndef CW_TOOL_WHOAMI_H
#define CW_TOOL_WHOAMI_H

#include "options.h"

/** @return the exit code */
int whoami_main(struct options *o);

#endif
