/* text.h - a growing byte string, and small things that are done to text
 *
 * A cw__text is zero-initialised ({0}) and freed with cw__text_free. Appending when out of memory
 * sets `failed`, which sticks: append as much as you like and look once at the end. `p` is always
 * NUL-terminated once anything was appended; cw__text_str never answers NULL.
 */
#ifndef CW_BASE_TEXT_H
#define CW_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cloudwriter/export.h>

typedef struct cw__text {
    char *p;
    size_t n;
    size_t capacity;
    bool failed;
    bool secret; /* set it before the first addition: memory is wiped before it is given back */
} cw__text;

void cw__text_free(cw__text *t);
/** Empty it, keep the memory, forget a failure. */
void cw__text_reset(cw__text *t);
/** Have room for `n` bytes more, so that adding them cannot fail. false: out of memory. */
bool cw__text_reserve(cw__text *t, size_t n);
void cw__text_add(cw__text *t, const char *s);
void cw__text_add_n(cw__text *t, const void *p, size_t n);
void cw__text_add_char(cw__text *t, char c);
void cw__text_addf(cw__text *t, const char *fmt, ...) CW_PRINTF(2, 3);
const char *cw__text_str(const cw__text *t);

/** Percent-encode all but A-Z a-z 0-9 - _ . ~ (and '/' if `keep_slash`), once. */
void cw__text_add_encoded(cw__text *t, const char *s, size_t n, bool keep_slash);

/** Decode %XX and '+' (a space) in place, as lists in URL encoding want it. */
void cw__decode_url(char *s);

/** XML-escape & < > " and the control characters that XML 1.0 can hold. */
void cw__text_add_xml(cw__text *t, const char *s);

/** The value of a hexadecimal digit of either case, or -1. */
int cw__hex_digit(char c);

/** Lower-case hex; `out` has 2n+1 bytes. */
void cw__hex(const void *p, size_t n, char *out);

/** Base64 with padding; `out` has 4*((n+2)/3)+1 bytes. */
void cw__base64(const void *p, size_t n, char *out);

/** Equal, without regard to ASCII case. */
bool cw__equal_nocase(const char *a, const char *b);
bool cw__starts_with(const char *s, const char *prefix);
bool cw__ends_with_nocase(const char *s, const char *end);

char cw__lower(char c); /* ASCII */

/** Have `*to` be a copy of `from`: NULL of NULL, and of "". false: out of memory. */
bool cw__copy_given(char **to, const char *from);

/** Copy with truncation and a NUL; `size` > 0. */
void cw__copy_string(char *to, size_t size, const char *from);

/** A whole decimal number within [0, max], nothing else around it. */
bool cw__parse_u64(const char *s, uint64_t max, uint64_t *out);

#endif
