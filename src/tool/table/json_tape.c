/* json_tape.c - one JSON value as a row of tokens (RFC 8259, strictly)
 *
 * Recursion is bounded by DEEPEST. What a string holds is checked here, escapes and encoding, so
 * that whoever takes it later need not look again.
 */
#include "table/json_tape.h"
#include "hex.h"
#include "memory.h"
#include "table/digits.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 128 };

typedef struct reading {
    struct json_tape *tape;
    const char *p;
    size_t n, at;
    unsigned depth;
} reading;

static bool fail(reading *r, const char *wrong)
{
    r->tape->wrong = wrong;
    r->tape->wrong_at = r->at;
    return false;
}

static char look(const reading *r)
{
    return r->at < r->n ? r->p[r->at] : '\0';
}

static void skip_space(reading *r)
{
    while (r->at < r->n && (r->p[r->at] == ' ' || r->p[r->at] == '\t' || r->p[r->at] == '\r' ||
                            r->p[r->at] == '\n'))
        r->at++;
}

static struct json_token *add(reading *r, enum json_kind kind, size_t at)
{
    struct json_tape *t = r->tape;

    if (t->n == t->room) {
        t->room = t->room ? 2 * t->room : 64;
        t->tokens = tool_realloc(t->tokens, t->room * sizeof *t->tokens);
    }
    struct json_token *token = &t->tokens[t->n++];
    *token = (struct json_token){.at = (uint32_t)at, .next = (uint32_t)t->n, .kind = (uint8_t)kind};
    return token;
}

/* ---- strings --------------------------------------------------------------------------------- */

static int hex4(const char *p)
{
    int v = 0;

    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        v = v << 4 | digit;
    }
    return v;
}

static bool is_high(int v)
{
    return v >= 0xD800 && v < 0xDC00;
}

static bool is_low(int v)
{
    return v >= 0xDC00 && v < 0xE000;
}

/* Behind a backslash: how many bytes, or 0. */
static size_t escape_bytes(const reading *r, size_t at)
{
    const char *p = r->p + at;
    size_t left = r->n - at;

    if (left == 0)
        return 0;
    if (*p != 'u')
        return memchr("\"\\/bfnrt", *p, 8) ? 1 : 0;
    int v = left >= 5 ? hex4(p + 1) : -1;
    if (v < 0 || is_low(v))
        return 0;
    if (!is_high(v))
        return 5;
    return left >= 11 && p[5] == '\\' && p[6] == 'u' && is_low(hex4(p + 7)) ? 11 : 0;
}

/* Bit 7 of each byte that is a quote, a backslash, a control character, or above 127. */
static inline uint64_t special_bytes(uint64_t v)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t quote = v ^ (ones * '"'), slash = v ^ (ones * '\\');

    return ((quote - ones) | (slash - ones) | (v - ones * 0x20) | v) & tops;
}

static size_t skip_plain(const reading *r, size_t at)
{
    for (; at + 8 <= r->n; at += 8) {
        uint64_t special = special_bytes(digits_load(r->p + at));
        if (special)
            return at + (size_t)__builtin_ctzll(special) / 8; /* the first is never mistaken */
    }
    return at;
}

static bool read_string(reading *r)
{
    size_t begin = r->at + 1;
    struct json_token *s = add(r, JSON_STRING, begin);

    s->ascii = true;
    r->at = begin;
    for (;;) {
        r->at = skip_plain(r, r->at);
        unsigned char c = (unsigned char)look(r);
        if (r->at >= r->n)
            return fail(r, "a string is not closed");
        if (c == '"')
            break;
        if (c < 0x20)
            return fail(r, "a control character stands in a string");
        if (c == '\\') {
            size_t n = escape_bytes(r, r->at + 1);
            if (n == 0)
                return fail(r, "a backslash is followed by what is no escape");
            s->escaped = true;
            r->at += n;
        }
        s->ascii = s->ascii && c < 0x80;
        r->at++;
    }
    s->n = (uint32_t)(r->at - begin);
    if (!s->ascii && !utf8_is_valid(r->p + begin, s->n))
        return fail(r, "a string is not UTF-8");
    r->at++;
    return true;
}

static size_t put_utf8(char *out, unsigned c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* The escape at p, behind its backslash, which is known to be one: bytes read. */
static size_t unescape_one(const char *p, char *out, size_t *written)
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";

    if (*p != 'u') {
        const char *letter = strchr(letters, *p);
        *out = letter && *letter ? meant[letter - letters] : *p;
        *written = 1;
        return 1;
    }
    unsigned c = (unsigned)hex4(p + 1);
    if (!is_high((int)c)) {
        *written = put_utf8(out, c);
        return 5;
    }
    c = 0x10000 + ((c - 0xD800) << 10) + ((unsigned)hex4(p + 7) - 0xDC00);
    *written = put_utf8(out, c);
    return 11;
}

size_t json_unescape(const struct json_tape *t, const struct json_token *s, char *out)
{
    const char *p = json_bytes(t, s), *end = p + s->n;
    size_t n = 0;

    while (p < end) {
        const char *slash = s->escaped ? memchr(p, '\\', (size_t)(end - p)) : NULL;
        size_t plain = (size_t)((slash ? slash : end) - p), written;
        memcpy(out + n, p, plain);
        n += plain;
        p += plain;
        if (slash) {
            p += 1 + unescape_one(p + 1, out + n, &written);
            n += written;
        }
    }
    return n;
}

/* ---- the other scalars ----------------------------------------------------------------------- */

static size_t count_digits(const reading *r, size_t at)
{
    size_t n = 0;

    while (at + n < r->n && r->p[at + n] >= '0' && r->p[at + n] <= '9')
        n++;
    return n;
}

static bool read_number(reading *r)
{
    size_t begin = r->at, n;
    struct json_token *token = add(r, JSON_NUMBER, begin);

    r->at += look(r) == '-';
    n = count_digits(r, r->at);
    if (n == 0 || (n > 1 && look(r) == '0'))
        return fail(r, n ? "a number begins with a needless zero" : "this is no JSON value");
    r->at += n;
    if (look(r) == '.') {
        if ((n = count_digits(r, r->at + 1)) == 0)
            return fail(r, "a number has no digit behind its point");
        r->at += 1 + n;
    }
    if (look(r) == 'e' || look(r) == 'E') {
        r->at++;
        r->at += look(r) == '-' || look(r) == '+';
        if ((n = count_digits(r, r->at)) == 0)
            return fail(r, "a number has no digit in its exponent");
        r->at += n;
    }
    token->n = (uint32_t)(r->at - begin);
    return true;
}

static bool read_word(reading *r, const char *word, enum json_kind kind)
{
    size_t n = strlen(word);

    if (r->n - r->at < n || memcmp(r->p + r->at, word, n) != 0)
        return fail(r, "this is no JSON value");
    add(r, kind, r->at)->n = (uint32_t)n;
    r->at += n;
    return true;
}

/* ---- lists and objects ----------------------------------------------------------------------- */

static bool read_value(reading *r);

static bool read_name(reading *r)
{
    skip_space(r);
    if (look(r) != '"')
        return fail(r, "an object wants a name in quotes here");
    if (!read_string(r))
        return false;
    skip_space(r);
    if (look(r) != ':')
        return fail(r, "a colon is missing behind a name");
    r->at++;
    return true;
}

static bool read_members(reading *r, bool named, char closing)
{
    r->at++;
    skip_space(r);
    if (look(r) == closing) {
        r->at++;
        return true;
    }
    for (;;) {
        if ((named && !read_name(r)) || !read_value(r))
            return false;
        skip_space(r);
        char c = look(r);
        if (c != closing && c != ',')
            return fail(r, named ? "a comma or } is missing" : "a comma or ] is missing");
        r->at++;
        if (c == closing)
            return true;
    }
}

static bool read_group(reading *r, enum json_kind kind)
{
    size_t begin = r->at, index = r->tape->n;

    if (++r->depth > DEEPEST)
        return fail(r, "lists and objects lie too deep within each other");
    add(r, kind, begin);
    if (!read_members(r, kind == JSON_OBJECT, kind == JSON_OBJECT ? '}' : ']'))
        return false;
    r->depth--;
    r->tape->tokens[index].n = (uint32_t)(r->at - begin);
    r->tape->tokens[index].next = (uint32_t)r->tape->n;
    return true;
}

static bool read_value(reading *r)
{
    skip_space(r);
    switch (look(r)) {
    case '"':
        return read_string(r);
    case '{':
        return read_group(r, JSON_OBJECT);
    case '[':
        return read_group(r, JSON_LIST);
    case 't':
        return read_word(r, "true", JSON_TRUE);
    case 'f':
        return read_word(r, "false", JSON_FALSE);
    case 'n':
        return read_word(r, "null", JSON_NULL);
    default:
        return read_number(r);
    }
}

bool json_read(struct json_tape *t, const char *text, size_t n)
{
    reading r = {.tape = t, .p = text, .n = n};

    t->text = text;
    t->n = 0;
    t->wrong = NULL;
    if (!read_value(&r))
        return false;
    skip_space(&r);
    return r.at == n || fail(&r, "something stands behind the value");
}

void json_tape_free(struct json_tape *t)
{
    free(t->tokens);
    memset(t, 0, sizeof *t);
}
