/* error.h - fill in a cw_error and return its status in one line
 *
 *     return cw__fail(err, CW_E_INVALID_ARGUMENT, "url '%s' has no bucket", url);
 */
#ifndef CW_BASE_ERROR_H
#define CW_BASE_ERROR_H

#include <cloudwriter/status.h>

/** Set status and message, clear the rest. `err` may be NULL. Returns `status`. */
cw_status cw__fail(cw_error *err, cw_status status, const char *fmt, ...) CW_PRINTF(3, 4);

/** The same for a failed system call: keeps the errno and appends its text. */
cw_status cw__fail_errno(cw_error *err, int os_errno, const char *fmt, ...) CW_PRINTF(3, 4);

/** Out of memory while `doing` something. */
cw_status cw__fail_memory(cw_error *err, const char *doing);

/** Back to CW_OK with every field empty. `err` may be NULL. */
void cw__error_clear(cw_error *err);

/** Copy where there is a place to copy to. Either may be NULL. */
void cw__error_copy(cw_error *to, const cw_error *from);

/** Append a sentence to the message, as far as it fits. */
void cw__error_append(cw_error *err, const char *fmt, ...) CW_PRINTF(2, 3);

#ifdef __clang_analyzer__
/* The analyzer reads one source file at a time: tell it that the status comes back. */
#define cw__fail(err, status, ...)       ((cw__fail)((err), (status), __VA_ARGS__), (status))
#define cw__fail_errno(err, number, ...) ((cw__fail_errno)((err), (number), __VA_ARGS__), CW_E_IO)
#define cw__fail_memory(err, doing)      ((cw__fail_memory)((err), (doing)), CW_E_NO_MEMORY)
#endif

#endif
