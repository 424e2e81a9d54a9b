/* error.c - fill in a cw_error
 *
 * Everything is formatted apart before it is stored: the arguments may point into the very error
 * that is being replaced, as in cw__fail(err, status, "part 3: %s", err->message).
 */
#include "base/error.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = sizeof(((cw_error *)0)->message) };

static size_t sequence_bytes(unsigned char lead)
{
    return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
}

/* A cut must not leave the head of a UTF-8 sequence behind. */
static void drop_cut_character(char *s, size_t n)
{
    size_t lead = n;
    while (lead > 0 && n - lead < 3 && ((unsigned char)s[lead - 1] & 0xC0) == 0x80)
        lead--;
    if (lead > 0 && sequence_bytes((unsigned char)s[lead - 1]) > n - lead + 1)
        s[lead - 1] = '\0';
}

static void CW_PRINTF(2, 0) format(char out[MESSAGE_BYTES], const char *fmt, va_list args)
{
    int n = vsnprintf(out, MESSAGE_BYTES, fmt, args);
    if (n < 0)
        out[0] = '\0';
    else if (n >= MESSAGE_BYTES)
        drop_cut_character(out, MESSAGE_BYTES - 1);
}

static cw_status store(cw_error *err, cw_status status, int os_errno, const char *message)
{
    cw__error_clear(err);
    err->status = status;
    err->os_errno = os_errno;
    memcpy(err->message, message, strlen(message) + 1);
    return status;
}

static const char *errno_text(int os_errno, char *buffer, size_t size)
{
#ifdef __GLIBC__
    return strerror_r(os_errno, buffer, size);
#else
    return strerror_r(os_errno, buffer, size) == 0 ? buffer : "unknown error";
#endif
}

static void append(cw_error *err, const char *text)
{
    size_t used = strlen(err->message);
    size_t room = MESSAGE_BYTES - 1 - used;
    size_t n = strlen(text);
    bool cut = n > room;
    if (cut)
        n = room;
    memcpy(err->message + used, text, n);
    err->message[used + n] = '\0';
    if (cut)
        drop_cut_character(err->message, used + n);
}

cw_status(cw__fail)(cw_error *err, cw_status status, const char *fmt, ...)
{
    if (!err)
        return status;
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    format(message, fmt, args);
    va_end(args);
    return store(err, status, 0, message);
}

cw_status(cw__fail_errno)(cw_error *err, int os_errno, const char *fmt, ...)
{
    if (!err)
        return CW_E_IO;
    char message[MESSAGE_BYTES];
    char reason[128];
    va_list args;
    va_start(args, fmt);
    format(message, fmt, args);
    va_end(args);
    store(err, CW_E_IO, os_errno, message);
    append(err, ": ");
    append(err, errno_text(os_errno, reason, sizeof reason));
    return err->status;
}

cw_status(cw__fail_memory)(cw_error *err, const char *doing)
{
    return cw__fail(err, CW_E_NO_MEMORY, "out of memory while %s", doing);
}

void cw__error_clear(cw_error *err)
{
    if (err)
        memset(err, 0, sizeof *err);
}

void cw__error_copy(cw_error *to, const cw_error *from)
{
    if (to && from && to != from)
        *to = *from;
}

void cw__error_append(cw_error *err, const char *fmt, ...)
{
    if (!err)
        return;
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    format(message, fmt, args);
    va_end(args);
    if (err->message[0] && message[0])
        append(err, " ");
    append(err, message);
}
