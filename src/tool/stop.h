/* stop.h - SIGINT, SIGTERM and SIGHUP: the first asks to stop, the second ends the process */
#ifndef CW_TOOL_STOP_H
#define CW_TOOL_STOP_H

#include <stdbool.h>

/** Catch the signals; ignore SIGPIPE. @return 0, or an errno */
int stop_watch(void);

/** Whether a signal came, or stop_ask was called. */
bool stop_asked(void);

/** Ask as a signal does: no further file can be written. @return whether nothing has before */
bool stop_ask(void);

/** Whether it is stop_ask that asked. */
bool stop_asked_here(void);

/** What asked, in a few words. */
const char *stop_reason(void);

/** Readable once stop_asked, for poll. Never read from it. */
int stop_fd(void);

#endif
