/* client.h - one client for the run, from the command line and the environment */
#ifndef CW_TOOL_CLIENT_H
#define CW_TOOL_CLIENT_H

#include "options.h"

/** @return 0, or the exit code after saying what is wrong */
int client_make(struct options *o, cw_client **out);

#endif
