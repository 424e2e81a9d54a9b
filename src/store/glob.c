/* glob.c - patterns of keys
 *
 * A pattern is an automaton whose states are the offsets of its bytes, and a key is walked through
 * it with the set of all states that it may be in: no pattern takes more than its length for each
 * character of a key, and the set is empty as soon as nothing that begins so can match. Characters
 * are those of UTF-8, written as the number that their bytes make, so that their order is that of
 * the bytes; a byte that is part of none stands for itself.
 */
#include "store/glob.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdint.h>
#include <string.h>

enum { MOST_BYTES = 1024, WORDS = MOST_BYTES / 64 + 1, MOST_NESTED = 16 };

typedef enum kind {
    END,
    CHAR,
    ANY,     /* ? */
    SET,     /* [...] */
    STAR,    /* *: stays with all but a slash */
    DEEP,    /* **: stays with all */
    FOLDERS, /* ** and a slash where a name begins: no folder at all, or the DEEP behind it */
    OPEN,    /* { */
    LEAVE    /* , or } */
} kind;

typedef struct state {
    uint8_t kind;
    bool negated;   /* SET */
    uint16_t next;  /* after it */
    uint16_t other; /* OPEN and LEAVE: the next comma; FOLDERS: without folders; SET: its members */
    uint32_t character;
} state;

typedef struct states {
    uint64_t words[WORDS];
} states;

struct cw__glob {
    size_t skip, bytes;
    state *list; /* one for each byte, and the END */
    char *pattern, *prefix;
};

/* ---- characters ---- */

static size_t read_char(const char *text, uint32_t *c)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n = s[0] < 0xc0 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    uint32_t all = s[0];

    *c = s[0];
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 1;
        all = all << 8 | s[i];
    }
    *c = all;
    return n;
}

static size_t read_literal(const char *p, uint32_t *c)
{
    return p[0] == '\\' && p[1] ? 1 + read_char(p + 1, c) : read_char(p, c);
}

/* ---- reading a pattern ---- */

typedef struct brace {
    size_t open, last; /* of `last` the next comma is not known yet */
    bool fresh;
} brace;

typedef struct reading {
    cw__glob *g;
    brace braces[MOST_NESTED];
    size_t depth;
    bool fresh; /* a name begins here */
} reading;

/* Each answers where it goes on, 0 for what is not closed. */

static size_t read_set(reading *r, size_t at)
{
    const char *p = r->g->pattern;
    state *s = &r->g->list[at++];
    uint32_t c;

    s->kind = SET;
    s->negated = p[at] == '!' || p[at] == '^';
    at += s->negated;
    s->other = (uint16_t)at;
    do {
        if (!p[at])
            return 0;
        at += read_literal(p + at, &c);
    } while (p[at] != ']');
    return at + 1;
}

static size_t read_stars(reading *r, size_t at)
{
    const char *p = r->g->pattern;
    state *s = &r->g->list[at];

    if (p[at + 1] != '*') {
        s->kind = STAR;
        return at + 1;
    }
    s->kind = DEEP;
    if (p[at + 2] != '/' || !r->fresh)
        return at + 2;
    s->kind = FOLDERS;
    s->other = (uint16_t)(at + 3);
    r->g->list[at + 1] = (state){.kind = DEEP, .next = (uint16_t)(at + 2)};
    s->next = (uint16_t)(at + 1);
    return at + 2;
}

static size_t open_brace(reading *r, size_t at)
{
    if (r->depth == MOST_NESTED)
        return 0;
    r->braces[r->depth++] = (brace){at, at, r->fresh};
    r->g->list[at].kind = OPEN;
    return at + 1;
}

static size_t leave_brace(reading *r, size_t at)
{
    brace *b = &r->braces[r->depth - 1];
    state *list = r->g->list;

    list[at].kind = LEAVE;
    if (r->g->pattern[at] == ',') {
        list[b->last].other = (uint16_t)at;
        b->last = at;
        return at + 1;
    }
    for (size_t comma = list[b->open].other; comma; comma = list[comma].other)
        list[comma].next = (uint16_t)(at + 1);
    r->depth--;
    return at + 1;
}

static size_t read_one(reading *r, size_t at)
{
    state *s = &r->g->list[at];
    char c = r->g->pattern[at];

    switch (c) {
    case '?':
        s->kind = ANY;
        return at + 1;
    case '*':
        return read_stars(r, at);
    case '[':
        return read_set(r, at);
    case '{':
        return open_brace(r, at);
    case ',':
    case '}':
        if (r->depth)
            return leave_brace(r, at);
        break;
    default:
        break;
    }
    s->kind = CHAR;
    return at + read_literal(r->g->pattern + at, &s->character);
}

static cw_status read_pattern(cw__glob *g, cw_error *err)
{
    reading r = {.g = g, .fresh = true};
    size_t at = 0, next;

    for (; at < g->bytes; at = next) {
        size_t depth = r.depth;
        char c = g->pattern[at];

        next = read_one(&r, at);
        if (next == 0)
            break;
        if (!g->list[at].next)
            g->list[at].next = (uint16_t)next;
        if (g->list[at].kind == LEAVE && r.depth == depth)
            r.fresh = r.braces[depth - 1].fresh;
        else if (g->list[at].kind != OPEN)
            r.fresh = c == '/';
    }
    if (at < g->bytes || r.depth)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "'%.200s' is no pattern: a '[' or '{' is not closed, or more than %d are "
                        "nested",
                        g->pattern, MOST_NESTED);
    return CW_OK;
}

/* ---- walking ---- */

static bool has(const states *s, size_t at)
{
    return s->words[at / 64] >> at % 64 & 1;
}

/* A state, and all that it is as good as. */
static void enter(const cw__glob *g, states *s, size_t at)
{
    const state *x = &g->list[at];

    if (has(s, at))
        return;
    s->words[at / 64] |= UINT64_C(1) << at % 64;
    if (x->kind == FOLDERS)
        enter(g, s, x->other);
    if (x->kind == OPEN)
        for (size_t comma = x->other; comma; comma = g->list[comma].other)
            enter(g, s, comma + 1);
    if (x->kind >= STAR)
        enter(g, s, x->next);
}

static bool is_member(const cw__glob *g, const state *x, uint32_t c)
{
    const char *p = g->pattern;
    size_t at = x->other, end = x->next - 1u;
    uint32_t low, high;
    bool found = false;

    do {
        at += read_literal(p + at, &low);
        high = low;
        if (p[at] == '-' && at + 1 < end)
            at += 1 + read_literal(p + at + 1, &high);
        found = found || (low <= c && c <= high);
    } while (at < end);
    return found != x->negated;
}

static void step(const cw__glob *g, states *to, size_t at, uint32_t c)
{
    const state *x = &g->list[at];

    if (x->kind == DEEP || (x->kind == STAR && c != '/'))
        enter(g, to, at);
    else if ((x->kind == CHAR && c == x->character) || (x->kind == ANY && c != '/') ||
             (x->kind == SET && c != '/' && is_member(g, x, c)))
        enter(g, to, x->next);
}

/* Whether there is any state left. */
static bool walk(const cw__glob *g, states *s, uint32_t c)
{
    states to = {{0}};
    uint64_t any = 0;

    for (size_t w = 0; w <= g->bytes / 64; w++)
        for (uint64_t left = s->words[w]; left; left &= left - 1)
            step(g, &to, w * 64 + (size_t)__builtin_ctzll(left), c);
    for (size_t w = 0; w <= g->bytes / 64; w++)
        any |= to.words[w];
    *s = to;
    return any != 0;
}

bool cw__glob_match(const cw__glob *g, const char *key, size_t *dead)
{
    states s = {{0}};
    size_t n, at = g->skip, ignored;
    uint32_t c;

    if (!dead)
        dead = &ignored;
    *dead = 0;
    if (strnlen(key, g->skip) < g->skip)
        return false;
    enter(g, &s, 0);
    for (; key[at]; at += n) {
        n = read_char(key + at, &c);
        if (!walk(g, &s, c)) {
            *dead = at + n;
            return false;
        }
    }
    return has(&s, g->bytes);
}

/* ---- what all that matches begins with ---- */

/* The one character that can follow; 0: there are several, or the end. */
static uint32_t only_one(const cw__glob *g, const states *s)
{
    uint32_t c = 0;

    for (size_t at = 0; at <= g->bytes; at++) {
        const state *x = &g->list[at];
        if (!has(s, at) || x->kind >= FOLDERS)
            continue;
        if (x->kind != CHAR || (c && c != x->character))
            return 0;
        c = x->character;
    }
    return c;
}

static void find_prefix(cw__glob *g)
{
    states s = {{0}};
    size_t n = 0;
    uint32_t c;

    enter(g, &s, 0);
    while ((c = only_one(g, &s)) != 0) {
        for (int shift = 24; shift >= 0; shift -= 8)
            if (c >> shift)
                g->prefix[n++] = (char)(c >> shift);
        walk(g, &s, c);
    }
    g->prefix[n] = '\0';
}

const char *cw__glob_prefix(const cw__glob *g)
{
    return g->prefix;
}

/* ---- memory ---- */

cw_status cw__glob_new(cw__glob **out, const char *pattern, size_t skip, cw_error *err)
{
    size_t bytes = strlen(pattern);
    cw__glob *g;
    cw_status st;

    *out = NULL;
    if (bytes > MOST_BYTES)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "the pattern has %zu bytes; it may have %d",
                        bytes, MOST_BYTES);
    g = cw__alloc_zero(sizeof *g);
    if (!g)
        return cw__fail_memory(err, "reading a pattern");
    g->skip = skip;
    g->bytes = bytes;
    g->pattern = cw__strdup(pattern);
    g->prefix = cw__alloc(bytes + 1);
    g->list = cw__alloc_zero((bytes + 1) * sizeof *g->list);
    st = g->pattern && g->prefix && g->list ? read_pattern(g, err)
                                            : cw__fail_memory(err, "reading a pattern");
    if (st != CW_OK) {
        cw__glob_free(g);
        return st;
    }
    find_prefix(g);
    *out = g;
    return CW_OK;
}

void cw__glob_free(cw__glob *g)
{
    if (!g)
        return;
    cw__free(g->list);
    cw__free(g->prefix);
    cw__free(g->pattern);
    cw__free(g);
}
