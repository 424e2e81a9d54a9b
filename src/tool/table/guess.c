/* guess.c - the type of a column, from values that were seen */
#include "table/guess.h"
#include "memory.h"
#include "table/moment.h"
#include "table/number.h"
#include <stdlib.h>
#include <string.h>

enum {
    SEEN_BOOL = 1,
    SEEN_INT = 2,  /* within int64 */
    SEEN_UINT = 4, /* within uint64 alone */
    SEEN_DOUBLE = 8,
    SEEN_DATE = 16,
    SEEN_TIME = 32,
    SEEN_LOCAL = 64,
    SEEN_UTC = 128,
    SEEN_TEXT = 256, /* any other */
    SEEN_LIST = 512,
    SEEN_OBJECT = 1024,

    SEEN_NUMBERS = SEEN_INT | SEEN_UINT | SEEN_DOUBLE,
    SEEN_STRINGS = SEEN_DATE | SEEN_TIME | SEEN_LOCAL | SEEN_UTC | SEEN_TEXT,
    MOST_MEMBERS = 10000 /* an object of more is rather a map: it stays json */
};

void guess_free(struct guess *g)
{
    for (size_t i = 0; i < g->member_count; i++)
        guess_free(&g->members[i]);
    free(g->members);
    free(g->name);
    memset(g, 0, sizeof *g);
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool has_sign(char c)
{
    return c == '-' || c == '+';
}

/* "007" and "+1" are rather names than numbers: as a number they could not be written back. */
static bool is_dressed(const char *p, size_t n)
{
    size_t minus = n > 0 && *p == '-';
    return (n > 0 && *p == '+') || (n > minus + 1 && p[minus] == '0' && p[minus + 1] != '.' &&
                                    p[minus + 1] != 'e' && p[minus + 1] != 'E');
}

static unsigned see_number(struct guess *g, const char *p, size_t n)
{
    const int64_t exact = INT64_C(1) << 53;
    uint64_t u;
    int64_t v;
    double d;

    if (is_dressed(p, n))
        return 0;
    if (number_int64(p, n, &v)) {
        if (v == 0 && *p == '-')
            return SEEN_DOUBLE;
        g->negative |= v < 0;
        g->beyond |= v > exact || v < -exact;
        return SEEN_INT;
    }
    if (number_uint64(p, n, &u)) {
        g->beyond = true;
        return SEEN_UINT;
    }
    bool whole = true;
    for (size_t i = has_sign(*p); i < n; i++)
        whole = whole && p[i] >= '0' && p[i] <= '9';
    return !whole && number_double(p, n, &d) ? SEEN_DOUBLE : 0;
}

/* Nanoseconds reach from 1677 to 2262. */
static void note_reach(struct guess *g, int64_t micros)
{
    int64_t nanos;

    g->far |= __builtin_mul_overflow(micros, 1000, &nanos);
}

static unsigned see_moment(struct guess *g, const char *p, size_t n)
{
    enum moment_zone zone;
    int32_t days;
    int64_t v;

    if (n < 5 || p[0] < '0' || p[0] > '9')
        return 0;
    if (moment_date(p, n, &days)) {
        note_reach(g, days * INT64_C(86400000000));
        return SEEN_DATE;
    }
    if (moment_time(p, n, MOMENT_US, &v))
        return SEEN_TIME;
    bool micros = moment_timestamp(p, n, MOMENT_US, &v, &zone);
    if (!micros && !moment_timestamp(p, n, MOMENT_NS, &v, &zone))
        return 0;
    g->nanos |= !micros;
    if (micros)
        note_reach(g, v);
    return zone == ZONE_GIVEN ? SEEN_UTC : SEEN_LOCAL;
}

static bool is_bool(const char *p, size_t n)
{
    static const char *const words[] = {"true", "false", "True", "False", "TRUE", "FALSE"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == n && memcmp(p, words[i], n) == 0)
            return true;
    return false;
}

void guess_text(struct guess *g, const char *p, size_t n)
{
    unsigned seen = 0;

    if (n == 0 || g->seen & SEEN_TEXT)
        return;
    if (is_bool(p, n))
        seen = SEEN_BOOL;
    if (!seen)
        seen = see_moment(g, p, n);
    if (!seen)
        seen = see_number(g, p, n);
    g->seen |= seen ? seen : SEEN_TEXT;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static struct guess *add_member(struct guess *g, char *name)
{
    if (g->member_count == g->member_room) {
        g->member_room = g->member_room ? 2 * g->member_room : 4;
        g->members = tool_realloc(g->members, g->member_room * sizeof *g->members);
    }
    struct guess *m = &g->members[g->member_count++];
    *m = (struct guess){.name = name, .is_json = true};
    return m;
}

static struct guess *member(struct guess *g, const struct json_tape *t,
                            const struct json_token *token, size_t *hint)
{
    char *name = tool_alloc(token->n + 1);
    size_t n = json_unescape(t, token, name);

    for (size_t k = 0; k < g->member_count; k++) {
        size_t i = (*hint + k) % g->member_count;
        if (strlen(g->members[i].name) == n && memcmp(g->members[i].name, name, n) == 0) {
            free(name);
            *hint = i + 1;
            return &g->members[i];
        }
    }
    if (g->member_count >= MOST_MEMBERS) {
        free(name);
        return NULL;
    }
    return add_member(g, name);
}

static void guess_members(struct guess *g, const struct json_tape *t, size_t at)
{
    size_t hint = 0;

    for (size_t i = at + 1; i < t->tokens[at].next; i = t->tokens[i + 1].next) {
        struct guess *m = member(g, t, &t->tokens[i], &hint);
        if (m)
            guess_json(m, t, i + 1);
    }
}

static void guess_items(struct guess *g, const struct json_tape *t, size_t at)
{
    if (g->member_count == 0)
        add_member(g, NULL);
    for (size_t i = at + 1; i < t->tokens[at].next; i = t->tokens[i].next)
        guess_json(&g->members[0], t, i);
}

/* Members of both lists and objects would lie in one place; what has been both is json anyway. */
static bool is_mixed(const struct guess *g)
{
    return g->seen & SEEN_LIST && g->seen & SEEN_OBJECT;
}

static unsigned see_string(struct guess *g, const struct json_tape *t, const struct json_token *s)
{
    unsigned seen = s->n && !s->escaped ? see_moment(g, json_bytes(t, s), s->n) : 0;
    return seen ? seen : SEEN_TEXT;
}

void guess_json(struct guess *g, const struct json_tape *t, size_t at)
{
    const struct json_token *token = &t->tokens[at];

    g->is_json = true;
    switch (token->kind) {
    case JSON_NULL:
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        g->seen |= SEEN_BOOL;
        break;
    case JSON_NUMBER: {
        unsigned seen = see_number(g, json_bytes(t, token), token->n);
        /* More than 64 bits: exact as it is written, or not at all. */
        g->seen |= seen ? seen : (unsigned)(SEEN_UINT | SEEN_DOUBLE);
        break;
    }
    case JSON_STRING:
        g->seen |= see_string(g, t, token);
        break;
    case JSON_LIST:
        g->seen |= SEEN_LIST;
        if (!is_mixed(g))
            guess_items(g, t, at);
        break;
    default:
        g->seen |= SEEN_OBJECT;
        if (!is_mixed(g))
            guess_members(g, t, at);
        break;
    }
}

/* ---- the type -------------------------------------------------------------------------------- */

static bool within(const struct guess *g, unsigned kinds)
{
    return (g->seen & ~kinds) == 0;
}

static cw_type type_of_number(const struct guess *g, cw_type other)
{
    if (within(g, SEEN_INT))
        return CW_TYPE_INT64;
    if (within(g, SEEN_INT | SEEN_UINT))
        return g->negative ? other : CW_TYPE_UINT64;
    return g->beyond || g->seen & SEEN_UINT ? other : CW_TYPE_DOUBLE;
}

static cw_type type_of_text(const struct guess *g)
{
    if (within(g, SEEN_DATE))
        return CW_TYPE_DATE;
    if (within(g, SEEN_TIME))
        return CW_TYPE_TIME;
    if ((within(g, SEEN_DATE | SEEN_LOCAL) || within(g, SEEN_UTC)) && !(g->nanos && g->far))
        return CW_TYPE_TIMESTAMP;
    return CW_TYPE_STRING;
}

static cw_type type_of(const struct guess *g)
{
    cw_type other = g->is_json ? CW_TYPE_JSON : CW_TYPE_STRING;

    if (g->seen == 0)
        return CW_TYPE_STRING;
    if (within(g, SEEN_BOOL))
        return CW_TYPE_BOOL;
    if (within(g, SEEN_NUMBERS))
        return type_of_number(g, other);
    if (within(g, SEEN_STRINGS))
        return type_of_text(g);
    if (within(g, SEEN_LIST))
        return CW_TYPE_LIST;
    if (within(g, SEEN_OBJECT) && g->member_count > 0 && g->member_count < MOST_MEMBERS)
        return CW_TYPE_STRUCT;
    return other;
}

cw_status guess_add_members(const struct guess *g, cw_schema *s, cw_error *err)
{
    cw_status status = CW_OK;

    for (size_t i = 0; status == CW_OK && i < g->member_count; i++)
        status = guess_add(&g->members[i], g->members[i].name, s, err);
    return status;
}

cw_status guess_add(const struct guess *g, const char *name, cw_schema *s, cw_error *err)
{
    cw_field f = {.name = name, .type = type_of(g), .nullable = 1};
    cw_status status;

    if (f.type == CW_TYPE_TIME || f.type == CW_TYPE_TIMESTAMP) {
        f.unit = g->nanos ? CW_UNIT_NS : CW_UNIT_US;
        f.utc = f.type == CW_TYPE_TIMESTAMP && g->seen & SEEN_UTC;
    }
    if (f.type != CW_TYPE_LIST && f.type != CW_TYPE_STRUCT)
        return cw_schema_add(s, &f, err);
    status = cw_schema_begin(s, &f, err);
    if (status == CW_OK)
        status = guess_add_members(g, s, err);
    return status == CW_OK ? cw_schema_end(s, err) : status;
}
