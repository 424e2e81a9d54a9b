/* say.h - everything that the command prints goes through here, one line at a time */
#ifndef CW_TOOL_SAY_H
#define CW_TOOL_SAY_H

/** "cloudwriter: TEXT" on standard error. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** "cloudwriter: WHAT: TEXT" on standard error. */
void say_about(const char *what, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** A line of results on standard output, as it is. */
void say_result(const char *line);

/** A result for people: control characters are made visible. */
void say_result_safe(const char *line);

/** The line that stays below all others on standard error; NULL takes it away. */
void say_status(const char *text);

/** Whether standard output took everything so far; says why not, once. */
int say_result_failed(void);

#endif
