/* stop.h - SIGINT, SIGTERM and SIGHUP: the first asks to stop, the second ends the process */
#ifndef CW_TOOL_STOP_H
#define CW_TOOL_STOP_H

#include <stdbool.h>

/** Catch the signals; ignore SIGPIPE. @return 0, or an errno */
int stop_watch(void);

/** Whether a signal came. */
bool stop_asked(void);

/** Readable once a signal came, for poll. Never read from it. */
int stop_fd(void);

#endif
