/* log.h - lines to the user's log callback, with secrets taken out */
#ifndef CW_BASE_LOG_H
#define CW_BASE_LOG_H

#include <cloudwriter/client.h>

typedef struct cw__log {
    cw_log_fn fn; /* NULL: nobody listens */
    void *user;
    cw_log_level level;
} cw__log;

/** One line, cut at 1,023 bytes. Costs nothing when nobody listens at this level. */
void cw__log_line(const cw__log *log, cw_log_level level, const char *fmt, ...) CW_PRINTF(3, 4);

/**
 * Blot out in place what must not be shown: the values after "Signature=", "X-Amz-Signature=",
 * "x-amz-security-token", "X-Amz-Security-Token=", "x-amz-server-side-encryption-customer-key",
 * and "Authorization:". Used on every log line and on text that a server sent.
 */
void cw__log_redact(char *line);

/** The same, and all of it on one line. */
void cw__log_clean(char *text);

#endif
