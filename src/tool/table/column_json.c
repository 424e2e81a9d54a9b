/* column_json.c - the values of a column from tokens of JSON, with all that lies in them */
#include "table/column.h"
#include <stdio.h>
#include <string.h>

static bool is_decimal(cw_type type)
{
    return type == CW_TYPE_DECIMAL32 || type == CW_TYPE_DECIMAL64 || type == CW_TYPE_DECIMAL128 ||
           type == CW_TYPE_DECIMAL256;
}

static bool is_number(cw_type type)
{
    return (type >= CW_TYPE_INT8 && type <= CW_TYPE_DOUBLE) || is_decimal(type);
}

static bool refuse_token(const struct column *c, const struct json_tape *t,
                         const struct json_token *token, struct refusal *why)
{
    static const char *const kinds[] = {"null",     "true",   "false",    "a number",
                                        "a string", "a list", "an object"};
    char text[160], type[64];

    column_type_text(&c->field, type, sizeof type);
    snprintf(text, sizeof text, "is %s that is no %s", kinds[token->kind], type);
    return column_refuse(c, json_bytes(t, token), token->n, text, why);
}

/* Say in which field of a field it was. */
static bool refuse_within(const struct column *c, struct refusal *why)
{
    struct refusal inner = *why;

    snprintf(why->where, sizeof why->where, "%.60s.%.60s", c->field.name, inner.where);
    return false;
}

static void put_text(struct column *c, const struct json_tape *t, const struct json_token *token)
{
    char *to = (char *)column_grow(c, token->n);

    if (token->kind == JSON_STRING && c->field.type != CW_TYPE_JSON) {
        c->values_n += json_unescape(t, token, to);
    } else {
        /* Of a string as a JSON value the quotes belong to it. */
        size_t quote = token->kind == JSON_STRING;
        to = (char *)column_grow(c, token->n + 2 * quote);
        memcpy(to, json_bytes(t, token) - quote, token->n + 2 * quote);
        c->values_n += token->n + 2 * quote;
    }
    column_count(c, true);
}

static bool take_bool(struct column *c, const struct json_tape *t, const struct json_token *token,
                      struct refusal *why)
{
    if (token->kind != JSON_TRUE && token->kind != JSON_FALSE)
        return refuse_token(c, t, token, why);
    column_put_bool(c, token->kind == JSON_TRUE);
    column_count(c, true);
    return true;
}

/* The characters of a string, in `room` if they have to be unescaped; of a string that is longer
   than `size`, as they are written. */
static inline const char *characters(const struct json_tape *t, const struct json_token *token,
                                     char *room, size_t size, size_t *n)
{
    *n = token->n;
    if (!token->escaped || token->n > size)
        return json_bytes(t, token);
    *n = json_unescape(t, token, room);
    return room;
}

/* Strings for all that has no other form in JSON, and for numbers, which some write so. */
static bool take_fixed(struct column *c, const struct json_tape *t, const struct json_token *token,
                       struct refusal *why)
{
    enum { LONGEST = 4096 };
    char text[LONGEST + 8]; /* which converting may read */
    size_t n;
    const char *p = characters(t, token, text, LONGEST, &n);
    bool fits =
        token->kind == JSON_STRING || (token->kind == JSON_NUMBER && is_number(c->field.type));

    if (!fits || !c->convert(&c->field, p, n, column_grow(c, c->width)))
        return refuse_token(c, t, token, why);
    c->values_n += c->width;
    column_count(c, true);
    return true;
}

static bool take_text(struct column *c, const struct json_tape *t, const struct json_token *token,
                      struct refusal *why)
{
    if (token->kind != JSON_STRING && c->field.type != CW_TYPE_JSON)
        return refuse_token(c, t, token, why);
    put_text(c, t, token);
    return true;
}

/* ---- nested ---------------------------------------------------------------------------------- */

static bool take_list(struct column *c, const struct json_tape *t, size_t at, bool unknown,
                      struct refusal *why)
{
    const struct json_token *list = &t->tokens[at];

    if (list->kind != JSON_LIST)
        return refuse_token(c, t, list, why);
    for (size_t i = at + 1; i < list->next; i = t->tokens[i].next)
        if (!column_take_json(&c->children[0], t, i, unknown, why))
            return refuse_within(c, why);
    column_count(c, true);
    return true;
}

/* The name of a member, unescaped if need be, is the field's? */
static bool is_named(const struct json_tape *t, const struct json_token *name,
                     const struct column *field)
{
    enum { LONGEST = 1024 };
    char text[LONGEST];
    size_t n;
    const char *p = characters(t, name, text, sizeof text, &n);

    return field->name_n == n && memcmp(p, field->field.name, n) == 0;
}

/* Members mostly come in the order of the line before: `guess` is the field behind the last one. */
static size_t find_field(const struct column *c, const struct json_tape *t,
                         const struct json_token *name, size_t guess)
{
    for (size_t i = 0; i < c->child_count; i++) {
        size_t at = guess + i < c->child_count ? guess + i : guess + i - c->child_count;
        if (is_named(t, name, &c->children[at]))
            return at;
    }
    return c->child_count;
}

static bool take_members(struct column *c, const struct json_tape *t, size_t at, bool unknown,
                         struct refusal *why)
{
    size_t guess = 0, end = t->tokens[at].next, value;

    for (size_t i = at + 1; i < end; i = t->tokens[value].next) {
        const struct json_token *name = &t->tokens[i];
        size_t field = find_field(c, t, name, guess);
        value = i + 1;
        if (field == c->child_count) {
            if (unknown)
                continue;
            return column_refuse(c, json_bytes(t, name), name->n,
                                 "is a name that no field of the schema has", why);
        }
        struct column *child = &c->children[field];
        if (child->count > c->count)
            return column_refuse(child, NULL, 0, "comes twice in an object", why);
        if (!column_take_json(child, t, value, unknown, why))
            return false;
        guess = field + 1 < c->child_count ? field + 1 : 0;
    }
    for (size_t i = 0; i < c->child_count; i++)
        if (c->children[i].count == c->count && !column_take_null(&c->children[i], why))
            return false;
    return true;
}

static bool take_struct(struct column *c, const struct json_tape *t, size_t at, bool unknown,
                        struct refusal *why)
{
    if (t->tokens[at].kind != JSON_OBJECT)
        return refuse_token(c, t, &t->tokens[at], why);
    if (!take_members(c, t, at, unknown, why))
        return c->field.name ? refuse_within(c, why) : false;
    column_count(c, true);
    return true;
}

/* An object whose names are the keys. */
static bool take_map(struct column *c, const struct json_tape *t, size_t at, bool unknown,
                     struct refusal *why)
{
    const struct json_token *map = &t->tokens[at];

    if (map->kind != JSON_OBJECT)
        return refuse_token(c, t, map, why);
    for (size_t i = at + 1; i < map->next; i = t->tokens[i + 1].next)
        if (!column_take_json(&c->children[0], t, i, unknown, why) ||
            !column_take_json(&c->children[1], t, i + 1, unknown, why))
            return refuse_within(c, why);
    column_count(c, true);
    return true;
}

bool column_take_json(struct column *c, const struct json_tape *t, size_t at, bool unknown,
                      struct refusal *why)
{
    const struct json_token *token = &t->tokens[at];

    if (token->kind == JSON_NULL)
        return column_take_null(c, why);
    switch (c->field.type) {
    case CW_TYPE_LIST:
        return take_list(c, t, at, unknown, why);
    case CW_TYPE_MAP:
        return take_map(c, t, at, unknown, why);
    case CW_TYPE_STRUCT:
        return take_struct(c, t, at, unknown, why);
    case CW_TYPE_BOOL:
        return take_bool(c, t, token, why);
    case CW_TYPE_NONE:
        return refuse_token(c, t, token, why);
    default:
        return c->width ? take_fixed(c, t, token, why) : take_text(c, t, token, why);
    }
}
