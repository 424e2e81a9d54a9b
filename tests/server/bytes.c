/* bytes.c - memory, growing buffers, encodings and header lists of the test server */
#include "bytes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void *ts_realloc(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);

    if (!q) {
        fputs("cw_test_server: out of memory\n", stderr);
        abort();
    }
    return q;
}

void *ts_alloc(size_t n)
{
    void *p = ts_realloc(NULL, n);

    memset(p, 0, n);
    return p;
}

char *ts_strndup(const char *s, size_t n)
{
    char *d = ts_realloc(NULL, n + 1);

    memcpy(d, s, n);
    d[n] = 0;
    return d;
}

char *ts_strdup(const char *s)
{
    return s ? ts_strndup(s, strlen(s)) : NULL;
}

void ts_copy(char *to, size_t size, const char *from)
{
    if (size)
        snprintf(to, size, "%s", from);
}

static void grow(ts_buf *b, size_t more)
{
    size_t need = b->len + more + 1;

    if (need <= b->cap)
        return;
    b->cap = need < 128 ? 128 : need + need / 2;
    b->data = ts_realloc(b->data, b->cap);
}

void ts_buf_add(ts_buf *b, const void *p, size_t n)
{
    grow(b, n);
    if (n)
        memcpy(b->data + b->len, p, n);
    b->len += n;
    b->data[b->len] = 0;
}

void ts_buf_puts(ts_buf *b, const char *s)
{
    ts_buf_add(b, s, strlen(s));
}

void ts_buf_printf(ts_buf *b, const char *fmt, ...)
{
    va_list ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n > 0) {
        grow(b, (size_t)n);
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void ts_buf_xml(ts_buf *b, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (c == '&')
            ts_buf_puts(b, "&amp;");
        else if (c == '<')
            ts_buf_puts(b, "&lt;");
        else if (c == '>')
            ts_buf_puts(b, "&gt;");
        else if (c == '"')
            ts_buf_puts(b, "&quot;");
        else if (c < 0x20)
            ts_buf_printf(b, "&#x%x;", c);
        else
            ts_buf_add(b, s, 1);
    }
}

void ts_buf_json(ts_buf *b, const char *s)
{
    ts_buf_puts(b, "\"");
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (c == '"' || c == '\\')
            ts_buf_printf(b, "\\%c", c);
        else if (c < 0x20)
            ts_buf_printf(b, "\\u%04x", c);
        else
            ts_buf_add(b, s, 1);
    }
    ts_buf_puts(b, "\"");
}

static bool unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void ts_buf_uri(ts_buf *b, const char *s, bool keep_slash)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (unreserved(c) || (c == '/' && keep_slash))
            ts_buf_add(b, s, 1);
        else
            ts_buf_printf(b, "%%%02X", c);
    }
}

void ts_buf_free(ts_buf *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}

void ts_hex(char *to, const unsigned char *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        *to++ = digits[p[i] >> 4];
        *to++ = digits[p[i] & 15];
    }
    *to = 0;
}

static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *ts_base64(const void *p, size_t n)
{
    const unsigned char *s = p;
    char *out = ts_realloc(NULL, (n + 2) / 3 * 4 + 1), *o = out;

    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        unsigned v = (unsigned)s[i] << 16;

        if (left > 1)
            v |= (unsigned)s[i + 1] << 8;
        if (left > 2)
            v |= s[i + 2];
        *o++ = b64[v >> 18];
        *o++ = b64[v >> 12 & 63];
        *o++ = left > 1 ? b64[v >> 6 & 63] : '=';
        *o++ = left > 2 ? b64[v & 63] : '=';
    }
    *o = 0;
    return out;
}

int ts_unbase64(unsigned char *to, size_t size, const char *s)
{
    size_t n = strlen(s), pad = 0, out = 0;

    if (n % 4)
        return -1;
    while (pad < 2 && n > pad && s[n - 1 - pad] == '=')
        pad++;
    for (size_t i = 0; i < n; i += 4) {
        unsigned v = 0;

        for (size_t j = 0; j < 4; j++) {
            const char *at = i + j < n - pad ? strchr(b64, s[i + j]) : b64;
            if (!at)
                return -1;
            v = v << 6 | (unsigned)(at - b64);
        }
        for (size_t j = 0; j < 3 && out < n / 4 * 3 - pad; j++) {
            if (out == size)
                return -1;
            to[out++] = (unsigned char)(v >> (16 - 8 * j));
        }
    }
    return (int)out;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

char *ts_uri_decode(const char *s, size_t n, bool plus_is_space)
{
    char *out = ts_realloc(NULL, n + 1), *o = out;

    for (size_t i = 0; i < n; i++) {
        if (s[i] == '+' && plus_is_space) {
            *o++ = ' ';
        } else if (s[i] != '%') {
            *o++ = s[i];
        } else {
            int hi = i + 1 < n ? hex_digit(s[i + 1]) : -1,
                lo = i + 2 < n ? hex_digit(s[i + 2]) : -1;

            if (hi < 0 || lo < 0 || hi + lo == 0) {
                free(out);
                return NULL;
            }
            *o++ = (char)(hi * 16 + lo);
            i += 2;
        }
    }
    *o = 0;
    return out;
}

void ts_kvs_move(ts_kvs *l, char *name, char *value)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        l->v = ts_realloc(l->v, l->cap * sizeof *l->v);
    }
    l->v[l->n++] = (ts_kv){name, value};
}

void ts_kvs_add(ts_kvs *l, const char *name, const char *value)
{
    ts_kvs_move(l, ts_strdup(name), ts_strdup(value));
}

const char *ts_kvs_get(const ts_kvs *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcasecmp(l->v[i].name, name))
            return l->v[i].value;
    return NULL;
}

void ts_kvs_free(ts_kvs *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->v[i].name);
        free(l->v[i].value);
    }
    free(l->v);
    memset(l, 0, sizeof *l);
}

uint64_t ts_fnv(uint64_t h, const char *s)
{
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3u;
    return (h ^ 0x100) * 0x100000001b3u;
}

int64_t ts_number(const char *s, int64_t lo, int64_t hi)
{
    char *end;

    if (!s || *s < '0' || *s > '9')
        return -1;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    return errno || *end || v < lo || v > hi ? -1 : v;
}
