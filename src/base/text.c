/* text.c - a growing byte string, and small things that are done to text
 *
 * No function here looks at the locale.
 */
#include "base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/memory.h"

enum { FIRST_CAPACITY = 240 }; /* a request's texts seldom grow beyond it */

/* As realloc, but nothing of it stays behind. */
static char *move_secret(const cw__text *t, size_t capacity)
{
    char *p = cw__alloc(capacity);
    if (p && t->p) {
        memcpy(p, t->p, t->n + 1);
        cw__wipe(t->p, t->capacity);
        cw__free(t->p);
    }
    return p;
}

/* Room for `n` bytes more and a NUL. After a failure there is never room again until a reset. */
static bool make_room(cw__text *t, size_t n)
{
    if (t->failed || n >= SIZE_MAX - t->n)
        goto fail;
    size_t need = t->n + n + 1;
    if (need <= t->capacity)
        return true;
    size_t capacity = t->capacity <= SIZE_MAX / 2 ? t->capacity * 2 : SIZE_MAX;
    if (capacity < FIRST_CAPACITY)
        capacity = FIRST_CAPACITY;
    if (capacity < need)
        capacity = need;
    char *p = t->secret ? move_secret(t, capacity) : cw__realloc(t->p, capacity);
    if (!p)
        goto fail;
    t->p = p;
    t->capacity = capacity;
    return true;
fail:
    t->failed = true;
    return false;
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

static const char *xml_escape(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return NULL;
    }
}

void cw__text_free(cw__text *t)
{
    if (t->secret && t->p)
        cw__wipe(t->p, t->capacity);
    cw__free(t->p);
    *t = (cw__text){0};
}

void cw__text_reset(cw__text *t)
{
    t->n = 0;
    t->failed = false;
    if (t->p)
        t->p[0] = '\0';
}

void cw__text_add_n(cw__text *t, const void *p, size_t n)
{
    if (!make_room(t, n))
        return;
    if (n)
        memcpy(t->p + t->n, p, n);
    t->n += n;
    t->p[t->n] = '\0';
}

bool cw__text_reserve(cw__text *t, size_t n)
{
    return make_room(t, n);
}

void cw__text_add(cw__text *t, const char *s)
{
    cw__text_add_n(t, s, strlen(s));
}

void cw__text_add_char(cw__text *t, char c)
{
    cw__text_add_n(t, &c, 1);
}

void cw__text_addf(cw__text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) {
        t->failed = true;
        return;
    }
    if (!make_room(t, (size_t)n))
        return;
    va_start(args, fmt);
    vsnprintf(t->p + t->n, (size_t)n + 1, fmt, args);
    va_end(args);
    t->n += (size_t)n;
}

const char *cw__text_str(const cw__text *t)
{
    return t->p ? t->p : "";
}

void cw__text_add_encoded(cw__text *t, const char *s, size_t n, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (is_unreserved(s[i]) || (keep_slash && s[i] == '/'))
            cw__text_add_char(t, s[i]);
        else
            cw__text_add_n(t, (char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
    }
}

int cw__hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void cw__decode_url(char *s)
{
    char *to = s;

    for (; *s; s++) {
        int high = *s == '%' ? cw__hex_digit(s[1]) : -1;
        int low = high >= 0 ? cw__hex_digit(s[2]) : -1;
        if (low >= 0) {
            *to++ = (char)(high << 4 | low);
            s += 2;
        } else {
            *to++ = *s == '+' ? ' ' : *s;
        }
    }
    *to = '\0';
}

void cw__text_add_xml(cw__text *t, const char *s)
{
    for (; *s; s++) {
        const char *escape = xml_escape(*s);
        if (escape)
            cw__text_add(t, escape);
        else
            cw__text_add_char(t, *s);
    }
}

void cw__hex(const void *p, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *in = p;
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[in[i] >> 4];
        *out++ = digits[in[i] & 15];
    }
    *out = '\0';
}

void cw__base64(const void *p, size_t n, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = p;
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        unsigned v = (unsigned)in[i] << 16;
        v |= left > 1 ? (unsigned)in[i + 1] << 8 : 0;
        v |= left > 2 ? in[i + 2] : 0;
        *out++ = digits[v >> 18];
        *out++ = digits[v >> 12 & 63];
        *out++ = left > 1 ? digits[v >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[v & 63] : '=';
    }
    *out = '\0';
}

char cw__lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool cw__equal_nocase(const char *a, const char *b)
{
    while (*a && cw__lower(*a) == cw__lower(*b)) {
        a++;
        b++;
    }
    return cw__lower(*a) == cw__lower(*b);
}

bool cw__starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool cw__ends_with_nocase(const char *s, const char *end)
{
    size_t n = strlen(s), end_n = strlen(end);
    return n >= end_n && cw__equal_nocase(s + n - end_n, end);
}

bool cw__copy_given(char **to, const char *from)
{
    *to = from && *from ? cw__strdup(from) : NULL;
    return *to || !from || !*from;
}

void cw__copy_string(char *to, size_t size, const char *from)
{
    size_t n = strnlen(from, size - 1);
    memcpy(to, from, n);
    to[n] = '\0';
}

bool cw__parse_u64(const char *s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (!*s)
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return false;
        uint64_t digit = (uint64_t)(*s - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (value > max)
        return false;
    *out = value;
    return true;
}
