/* help.h - what --help prints */
#ifndef CW_TOOL_HELP_H
#define CW_TOOL_HELP_H

#include "options.h"

void help_print(void);
void help_print_verb(enum verb verb);

#endif
