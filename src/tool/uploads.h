/* uploads.h - the verb uploads: list and abort what was left behind */
#ifndef CW_TOOL_UPLOADS_H
#define CW_TOOL_UPLOADS_H

#include "options.h"

/** @return the exit code */
int uploads_main(struct options *o);

#endif
