/* config.h - the verb config: what is in effect, from where, and for other programs */
#ifndef CW_TOOL_CONFIG_H
#define CW_TOOL_CONFIG_H

#include "options.h"

/** @return the exit code */
int config_main(struct options *o);

#endif
