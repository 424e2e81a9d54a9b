/* bytes.h - memory, growing buffers, encodings and header lists of the test server */
#ifndef TS_BYTES_H
#define TS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Allocation never returns NULL: a test server without memory has nothing left to test, it aborts.
 */
void *ts_alloc(size_t n);
void *ts_realloc(void *p, size_t n);
char *ts_strdup(const char *s);
char *ts_strndup(const char *s, size_t n);
void ts_copy(char *to, size_t size, const char *from);

typedef struct ts_buf {
    char *data; /* NUL-terminated when not NULL */
    size_t len, cap;
} ts_buf;

void ts_buf_add(ts_buf *b, const void *p, size_t n);
void ts_buf_puts(ts_buf *b, const char *s);
void ts_buf_printf(ts_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ts_buf_xml(ts_buf *b, const char *s);
void ts_buf_json(ts_buf *b, const char *s);
void ts_buf_uri(ts_buf *b, const char *s, bool keep_slash);
void ts_buf_free(ts_buf *b);

void ts_hex(char *to, const unsigned char *p, size_t n);
char *ts_base64(const void *p, size_t n);
/* @return the bytes decoded, or -1: not strict base64 or more than `size` bytes */
int ts_unbase64(unsigned char *to, size_t size, const char *s);
/* Decodes %XX (and '+' to a space if asked) of s[0..n). NULL: a bad escape or a NUL byte. */
char *ts_uri_decode(const char *s, size_t n, bool plus_is_space);

typedef struct ts_kv {
    char *name, *value;
} ts_kv;

typedef struct ts_kvs {
    ts_kv *v;
    size_t n, cap;
} ts_kvs;

void ts_kvs_add(ts_kvs *l, const char *name, const char *value);
/* Takes both strings over. */
void ts_kvs_move(ts_kvs *l, char *name, char *value);
const char *ts_kvs_get(const ts_kvs *l, const char *name); /* any case; NULL = none */
void ts_kvs_free(ts_kvs *l);

uint64_t ts_fnv(uint64_t h, const char *s);
/* @return the whole string as a number in lo..hi, or -1 */
int64_t ts_number(const char *s, int64_t lo, int64_t hi);

#endif
