/* log.c - lines to the user's log callback, with secrets taken out
 *
 * A secret is found by the name in front of it, in the forms that headers, query strings, JSON
 * and XML have:  Name: value⏎   Name=value&   "Name": "value"   <Name>value</Name>
 * A name that is only mentioned, as in SignedHeaders=host;x-amz-security-token, is left alone.
 */
#include "base/log.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 1024 };

/* Found wherever they end a name, so "signature" covers X-Amz-Signature too. Lower case. */
static const char *const secret_names[] = {
    "authorization",     "signature",       "signatureprovided",
    "security-token",    "session-token",   "sessiontoken",
    "session_token",     "s3session-token", "token-0",
    "secret_access_key", "secretaccesskey", "server-side-encryption-customer-key",
};

static size_t match_name(const char *s, const char *name)
{
    size_t n = 0;
    while (name[n] && cw__lower(s[n]) == name[n])
        n++;
    return name[n] ? 0 : n;
}

static size_t secret_name_at(const char *s)
{
    for (size_t i = 0; i < sizeof secret_names / sizeof *secret_names; i++) {
        size_t n = match_name(s, secret_names[i]);
        if (n && strchr("\"' :=>", s[n]) && s[n])
            return n;
    }
    return 0;
}

/* The characters that end a value, by what stands between it and its name; NULL: no value. */
static const char *value_end(char **at)
{
    char *s = *at;
    s += *s == '"' || *s == '\'';
    s += strspn(s, " ");
    char separator = *s;
    if (!separator || !strchr(":=>", separator))
        return NULL;
    s++;
    if (separator != '>')
        s += strspn(s, " \t");
    const char *end = separator == ':' ? "\r\n" : separator == '>' ? "<" : "&,; \t\r\n\"'<>";
    if (*s == '"' || *s == '\'')
        end = *s++ == '"' ? "\"\r\n" : "'\r\n";
    *at = s;
    return end;
}

/* Stars in place of the value at `s`, never more than it is long. Answers what follows them. */
static char *blot(char *s, size_t n)
{
    size_t stars = n < 3 ? n : 3;
    memset(s, '*', stars);
    memmove(s + stars, s + n, strlen(s + n) + 1);
    return s + stars;
}

/* A line is a line: a server's text must not be able to forge another. */
static void flatten(char *line)
{
    for (; *line; line++)
        if ((unsigned char)*line < 0x20 || *line == 0x7F)
            *line = ' ';
}

void cw__log_redact(char *line)
{
    while (*line) {
        size_t n = secret_name_at(line);
        char *value = line + n;
        const char *end = n ? value_end(&value) : NULL;
        line = end ? blot(value, strcspn(value, end)) : line + 1;
    }
}

void cw__log_clean(char *text)
{
    cw__log_redact(text);
    flatten(text);
}

void cw__log_line(const cw__log *log, cw_log_level level, const char *fmt, ...)
{
    if (!log->fn || level == CW_LOG_OFF || level > log->level)
        return;
    char line[LINE_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (n < 0)
        return;
    cw__log_clean(line);
    log->fn(log->user, level, line);
}
