/* json.c - a small JSON document as a tree
 *
 * Owns two arrays that are made in one go and never move: `texts`, where strings are decoded to
 * (they only shrink), and `values`, in the order of the document. A container is followed by what
 * it holds, and knows where that ends:
 *
 *     {"a": [1], "b": 2}   ->   object | string a | array | 1 | string b | 2
 *
 * A member's name is a value in front of the member.
 */
#include "base/json.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/utf8.h"

enum { LARGEST = 1024 * 1024, DEEPEST = 32 };

typedef enum kind { OBJECT, ARRAY, STRING, NUMBER, WORD } kind;

struct cw__json_value {
    kind kind;
    uint32_t after;   /* how many values further on the next one stands, from this one */
    const char *text; /* of a string or a number */
};

struct cw__json {
    char *texts;
    size_t text_room, text_used;
    cw__json_value *values;
    size_t value_room, value_count;
};

typedef struct reader {
    cw__json *out;
    const char *p;
    size_t n, at;
    int depth;
    const char *wrong; /* what stops it; NULL so far */
} reader;

static bool read_value(reader *r);

static bool stop(reader *r, const char *wrong)
{
    if (!r->wrong)
        r->wrong = wrong;
    return false;
}

static void skip_blanks(reader *r)
{
    while (r->at < r->n && (r->p[r->at] == ' ' || r->p[r->at] == '\t' || r->p[r->at] == '\n' ||
                            r->p[r->at] == '\r'))
        r->at++;
}

static char peek(const reader *r)
{
    return r->at < r->n ? r->p[r->at] : '\0';
}

static bool take(reader *r, char c)
{
    if (r->at >= r->n || r->p[r->at] != c)
        return false;
    r->at++;
    return true;
}

/* There is room: no document has more values than bytes. */
static size_t add_value(reader *r, kind k, const char *text)
{
    cw__json *j = r->out;
    j->values[j->value_count] = (cw__json_value){.kind = k, .after = 1, .text = text};
    return j->value_count++;
}

static void put(reader *r, unsigned c)
{
    r->out->texts[r->out->text_used++] = (char)c;
}

/* ---- strings ---- */

static bool read_hex4(reader *r, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        int digit = cw__hex_digit(peek(r));
        if (digit < 0)
            return stop(r, "\\u is not followed by four hexadecimal digits");
        *out = *out << 4 | (unsigned)digit;
    }
    return true;
}

/* Never longer than the six bytes of its escape. */
static void put_code_point(reader *r, unsigned c)
{
    if (c < 0x80) {
        put(r, c);
        return;
    }
    if (c < 0x800) {
        put(r, 0xC0 | c >> 6);
    } else if (c < 0x10000) {
        put(r, 0xE0 | c >> 12);
        put(r, 0x80 | (c >> 6 & 0x3F));
    } else {
        put(r, 0xF0 | c >> 18);
        put(r, 0x80 | (c >> 12 & 0x3F));
        put(r, 0x80 | (c >> 6 & 0x3F));
    }
    put(r, 0x80 | (c & 0x3F));
}

static bool read_unicode(reader *r)
{
    unsigned c, low;
    if (!read_hex4(r, &c))
        return false;
    if (c == 0)
        return stop(r, "a string holds a NUL");
    if (c >= 0xDC00 && c <= 0xDFFF)
        return stop(r, "half a surrogate pair");
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (!take(r, '\\') || !take(r, 'u') || !read_hex4(r, &low) || low < 0xDC00 || low > 0xDFFF)
            return stop(r, "half a surrogate pair");
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    put_code_point(r, c);
    return true;
}

static bool read_escape(reader *r)
{
    static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    char c = peek(r);
    const char *found = c ? strchr(letters, c) : NULL;
    r->at++;
    if (c == 'u')
        return read_unicode(r);
    if (!found)
        return stop(r, "an unknown escape");
    put(r, (unsigned char)means[found - letters]);
    return true;
}

static bool read_string(reader *r)
{
    size_t start = r->out->text_used;
    r->at++;
    while (r->at < r->n && r->p[r->at] != '"') {
        unsigned char c = (unsigned char)r->p[r->at++];
        if (c < 0x20)
            return stop(r, "a control character in a string");
        if (c != '\\')
            put(r, c);
        else if (!read_escape(r))
            return false;
    }
    if (!take(r, '"'))
        return stop(r, "a string does not end");
    put(r, '\0');
    add_value(r, STRING, r->out->texts + start);
    return true;
}

/* ---- numbers and words ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool skip_digits(reader *r)
{
    size_t start = r->at;
    while (is_digit(peek(r)))
        r->at++;
    return r->at > start;
}

static bool read_number(reader *r)
{
    size_t start = r->at, text = r->out->text_used;
    bool ok;
    take(r, '-');
    ok = take(r, '0') || skip_digits(r);
    if (ok && take(r, '.'))
        ok = skip_digits(r);
    if (ok && (peek(r) == 'e' || peek(r) == 'E')) {
        r->at++;
        if (!take(r, '+'))
            take(r, '-');
        ok = skip_digits(r);
    }
    if (!ok)
        return stop(r, "no number, nor any other value");
    for (size_t i = start; i < r->at; i++)
        put(r, (unsigned char)r->p[i]);
    put(r, '\0');
    add_value(r, NUMBER, r->out->texts + text);
    return true;
}

static bool read_word(reader *r)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if (r->n - r->at >= n && memcmp(r->p + r->at, words[i], n) == 0) {
            r->at += n;
            add_value(r, WORD, NULL);
            return true;
        }
    }
    return read_number(r);
}

/* ---- containers ---- */

static bool is_there_already(const cw__json_value *object, const cw__json_value *name)
{
    for (const cw__json_value *v = object + 1; v < name; v += 1 + v[1].after)
        if (strcmp(v->text, name->text) == 0)
            return true;
    return false;
}

static bool read_member(reader *r, size_t object)
{
    size_t name = r->out->value_count;
    if (peek(r) != '"')
        return stop(r, "a member without a name");
    if (!read_string(r))
        return false;
    if (is_there_already(&r->out->values[object], &r->out->values[name]))
        return stop(r, "a member stands twice in an object");
    skip_blanks(r);
    return take(r, ':') ? read_value(r) : stop(r, "a name without a value");
}

static bool read_items(reader *r, size_t self, char close)
{
    skip_blanks(r);
    if (take(r, close))
        return true;
    do {
        skip_blanks(r);
        if (!(close == '}' ? read_member(r, self) : read_value(r)))
            return false;
        skip_blanks(r);
    } while (take(r, ','));
    return take(r, close) || stop(r, "an object or array does not end");
}

static bool read_container(reader *r, kind k, char close)
{
    size_t self = add_value(r, k, NULL);
    r->at++;
    if (++r->depth > DEEPEST)
        return stop(r, "nested too deep");
    if (!read_items(r, self, close))
        return false;
    r->depth--;
    r->out->values[self].after = (uint32_t)(r->out->value_count - self);
    return true;
}

static bool read_value(reader *r)
{
    skip_blanks(r);
    switch (peek(r)) {
    case '{':
        return read_container(r, OBJECT, '}');
    case '[':
        return read_container(r, ARRAY, ']');
    case '"':
        return read_string(r);
    default:
        return read_word(r);
    }
}

static bool read_document(reader *r)
{
    if (!read_value(r))
        return false;
    skip_blanks(r);
    return r->at == r->n || stop(r, "something follows the document");
}

/* ---- the tree ---- */

/* As many values as the document can have at most: each but the first has a byte of its own, and
 * one that separates it. */
static size_t most_values(const char *p, size_t n)
{
    size_t count = 2;
    for (size_t i = 0; i < n; i++)
        count += p[i] == ',' || p[i] == ':' || p[i] == '[' || p[i] == '{';
    return count;
}

static cw_status make(cw__json **out, const char *p, size_t n, cw_error *err)
{
    cw__json *j = cw__alloc_zero(sizeof *j);
    *out = j;
    if (!j)
        return cw__fail_memory(err, "reading JSON");
    j->value_room = most_values(p, n);
    j->text_room = n + j->value_room;
    j->texts = cw__alloc(j->text_room);
    j->values = cw__alloc(j->value_room * sizeof *j->values);
    return j->texts && j->values ? CW_OK : cw__fail_memory(err, "reading JSON");
}

cw_status cw__json_parse(cw__json **out, const char *p, size_t n, cw_error *err)
{
    reader r = {.p = p, .n = n};
    cw_status status;
    *out = NULL;
    if (n > LARGEST)
        return cw__fail(err, CW_E_PROTOCOL, "no JSON that is wanted here has %zu bytes", n);
    if (!cw__is_utf8(p, n))
        return cw__fail(err, CW_E_PROTOCOL, "no JSON: it is not UTF-8");
    status = make(&r.out, p, n, err);
    if (status == CW_OK && !read_document(&r))
        status = cw__fail(err, CW_E_PROTOCOL, "no JSON: %s, at byte %zu", r.wrong, r.at);
    if (status == CW_OK)
        *out = r.out;
    else
        cw__json_free(r.out);
    return status;
}

void cw__json_free(cw__json *j)
{
    if (!j)
        return;
    cw__wipe(j->texts, j->texts ? j->text_room : 0);
    cw__free(j->texts);
    cw__free(j->values);
    cw__free(j);
}

const cw__json_value *cw__json_root(const cw__json *j)
{
    return j->values;
}

const cw__json_value *cw__json_member(const cw__json_value *v, const char *name)
{
    if (!v || v->kind != OBJECT)
        return NULL;
    for (const cw__json_value *at = v + 1, *end = v + v->after; at < end; at += 1 + at[1].after)
        if (strcmp(at->text, name) == 0)
            return at + 1;
    return NULL;
}

const char *cw__json_string(const cw__json_value *v)
{
    return v && v->kind == STRING ? v->text : NULL;
}

bool cw__json_int(const cw__json_value *v, int64_t *out)
{
    const char *s = v && v->kind == NUMBER ? v->text : "";
    bool negative = *s == '-';
    int64_t n = 0;
    s += negative;
    if (!is_digit(*s))
        return false;
    for (; is_digit(*s); s++) {
        int digit = *s - '0';
        if (n < (INT64_MIN + digit) / 10)
            return false;
        n = n * 10 - digit;
    }
    if (*s || (!negative && n == INT64_MIN))
        return false;
    *out = negative ? n : -n;
    return true;
}
