/* parse.c - a schema from its text form
 *
 * One token is looked at, at a time; groups are the builder's, so nothing recurses. Every error
 * begins with "line L, column C: ", counted in characters from 1, of the token that is wrong.
 */
#include "format/parquet/schema/tree.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/parquet/schema/words.h"

typedef enum token_kind { END, WORD, NUMBER, QUOTED, SIGN, UNKNOWN } token_kind;

typedef struct token {
    token_kind kind;
    cw__text text; /* without the quotes */
    unsigned line, column;
} token;

typedef struct parser {
    const char *at;
    unsigned line, column;
    token now;
    cw__text name, crs;
    cw_schema *s;
    cw_error *err;
} parser;

/* ---- tokens ---------------------------------------------------------------------------------- */

static void step(parser *p)
{
    if (*p->at == '\n') {
        p->line++;
        p->column = 1;
    } else if (((unsigned char)p->at[1] & 0xC0) != 0x80) {
        p->column++;
    }
    p->at++;
}

static cw_status fail_here(parser *p, const char *what)
{
    return cw__fail(p->err, CW_E_INVALID_ARGUMENT, "line %u, column %u: %s", p->line, p->column,
                    what);
}

static cw_status fail_token(const parser *p, const char *what)
{
    return cw__fail(p->err, CW_E_INVALID_ARGUMENT, "line %u, column %u: %s", p->now.line,
                    p->now.column, what);
}

static cw_status fail_why(const parser *p, unsigned line, unsigned column, const cw_error *why)
{
    return cw__fail(p->err, why->status, "line %u, column %u: %s", line, column, why->message);
}

/* The token that is there, as a message may show it. */
static void show(const parser *p, char *out, size_t size)
{
    static const size_t most = 40;
    const cw__text *t = &p->now.text;
    size_t n = t->n < most ? t->n : most;
    if (p->now.kind == END) {
        cw__copy_string(out, size, "the end");
        return;
    }
    while (n > 0 && n < t->n && ((unsigned char)t->p[n] & 0xC0) == 0x80)
        n--;
    snprintf(out, size, "'%.*s'%s", (int)n, cw__text_str(t), n < t->n ? "…" : "");
    for (char *c = out; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
}

static cw_status fail_wanted(const parser *p, const char *wanted)
{
    char there[64];
    show(p, there, sizeof there);
    return cw__fail(p->err, CW_E_INVALID_ARGUMENT, "line %u, column %u: %s, instead of %s",
                    p->now.line, p->now.column, wanted, there);
}

static void skip_blanks(parser *p)
{
    for (;;) {
        while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')
            step(p);
        if (*p->at != '#')
            return;
        while (*p->at && *p->at != '\n')
            step(p);
    }
}

/* What follows a backslash. */
static cw_status escape(parser *p)
{
    static const char from[] = "\"\\nrt", to[] = "\"\\\n\r\t";
    const char *simple = *p->at ? strchr(from, *p->at) : NULL;
    if (simple) {
        cw__text_add_char(&p->now.text, to[simple - from]);
        step(p);
        return CW_OK;
    }
    int high = *p->at == 'x' ? cw__hex_digit(p->at[1]) : -1;
    int low = high >= 0 ? cw__hex_digit(p->at[2]) : -1;
    if (low < 0 || high * 16 + low == 0)
        return fail_here(p, "after \\ comes one of \" \\ n r t, or x and two digits, not 00");
    cw__text_add_char(&p->now.text, (char)(high * 16 + low));
    for (int i = 0; i < 3; i++)
        step(p);
    return CW_OK;
}

static cw_status take_quoted(parser *p)
{
    cw_status status = CW_OK;
    p->now.kind = QUOTED;
    step(p);
    while (status == CW_OK && *p->at && *p->at != '"') {
        if (*p->at == '\\') {
            step(p);
            status = escape(p);
        } else {
            cw__text_add_char(&p->now.text, *p->at);
            step(p);
        }
    }
    if (status == CW_OK && !*p->at)
        return fail_token(p, "the quotes are not closed");
    if (status == CW_OK)
        step(p);
    return status;
}

static void take_word(parser *p)
{
    bool negative = *p->at == '-' && cw__is_digit(p->at[1]);
    p->now.kind = negative || cw__is_digit(*p->at) ? NUMBER : WORD;
    while (cw__continues_name(*p->at)) {
        cw__text_add_char(&p->now.text, *p->at);
        step(p);
    }
}

/* One character: a sign of the grammar, or something that is not of it. */
static void take_sign(parser *p)
{
    p->now.kind = strchr("{}(),;=", *p->at) ? SIGN : UNKNOWN;
    do {
        cw__text_add_char(&p->now.text, *p->at);
        step(p);
    } while (((unsigned char)*p->at & 0xC0) == 0x80);
}

static cw_status advance(parser *p)
{
    cw_status status = CW_OK;
    skip_blanks(p);
    cw__text_reset(&p->now.text);
    p->now.line = p->line;
    p->now.column = p->column;
    if (!*p->at)
        p->now.kind = END;
    else if (*p->at == '"')
        status = take_quoted(p);
    else if (cw__continues_name(*p->at))
        take_word(p);
    else
        take_sign(p);
    if (p->now.text.failed)
        return cw__fail_memory(p->err, "reading a schema");
    return status;
}

static bool is_sign(const parser *p, char sign)
{
    return p->now.kind == SIGN && p->now.text.p[0] == sign;
}

static bool is_word(const parser *p, const char *word)
{
    return p->now.kind == WORD && strcmp(p->now.text.p, word) == 0;
}

static cw_status expect(parser *p, char sign, const char *wanted)
{
    return is_sign(p, sign) ? advance(p) : fail_wanted(p, wanted);
}

static cw_status keep(parser *p, cw__text *to)
{
    cw__text_reset(to);
    cw__text_add(to, cw__text_str(&p->now.text));
    return to->failed ? cw__fail_memory(p->err, "reading a schema") : CW_OK;
}

/* ---- types ----------------------------------------------------------------------------------- */

/* What other systems call a type, and what is meant. */
static const char *meant_by(const char *word)
{
    static const struct {
        const char *word, *meant;
    } table[] = {
        {"int", "int32 or int64"},
        {"integer", "int32 or int64"},
        {"uint", "uint32 or uint64"},
        {"byte", "int8 or uint8"},
        {"tinyint", "int8"},
        {"short", "int16"},
        {"smallint", "int16"},
        {"long", "int64"},
        {"bigint", "int64"},
        {"duration", "int64"},
        {"ulong", "uint64"},
        {"bool", "boolean"},
        {"bit", "boolean"},
        {"half", "float16"},
        {"halffloat", "float16"},
        {"float32", "float"},
        {"real", "float or double"},
        {"float64", "double"},
        {"number", "double or decimal"},
        {"numeric", "decimal"},
        {"decimal128", "decimal"},
        {"text", "string"},
        {"str", "string"},
        {"utf8", "string"},
        {"char", "string"},
        {"varchar", "string"},
        {"large_string", "string"},
        {"bytes", "binary"},
        {"blob", "binary"},
        {"bytea", "binary"},
        {"varbinary", "binary"},
        {"byte_array", "binary"},
        {"large_binary", "binary"},
        {"fixed_len_byte_array", "fixed"},
        {"fixed_size_binary", "fixed"},
        {"date32", "date"},
        {"date64", "date"},
        {"datetime", "timestamp"},
        {"timestamptz", "timestamp"},
        {"time32", "time"},
        {"time64", "time"},
        {"array", "list"},
        {"group", "struct, list or map"},
        {"record", "struct"},
        {"row", "struct"},
        {"object", "struct"},
        {"message", "struct"},
        {"dict", "map"},
        {"none", "null"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (cw__equal_nocase(word, table[i].word))
            return table[i].meant;
    for (int type = CW_TYPE_BOOL; cw__type_name((cw_type)type); type++)
        if (cw__equal_nocase(word, cw__type_name((cw_type)type)))
            return cw__type_name((cw_type)type);
    return NULL;
}

static cw_status find_type(const parser *p, cw_type *type)
{
    char there[64];
    const char *meant;
    if (p->now.kind != WORD)
        return fail_wanted(p, "a type is needed");
    for (int i = CW_TYPE_BOOL; cw__type_name((cw_type)i); i++)
        if (is_word(p, cw__type_name((cw_type)i))) {
            *type = (cw_type)i;
            return CW_OK;
        }
    show(p, there, sizeof there);
    meant = meant_by(p->now.text.p);
    return cw__fail(p->err, CW_E_INVALID_ARGUMENT, "line %u, column %u: there is no type %s%s%s%s",
                    p->now.line, p->now.column, there, meant ? ": write " : "", meant ? meant : "",
                    meant ? "" : " here");
}

static cw_status take_number(parser *p, uint64_t max, const char *wanted, uint64_t *out)
{
    if (p->now.kind != NUMBER || !cw__parse_u64(p->now.text.p, max, out))
        return fail_wanted(p, wanted);
    return advance(p);
}

static cw_status take_decimal(parser *p, cw_field *f)
{
    static const char wanted[] = "a decimal has a precision and a scale, such as (12,2)";
    uint64_t precision = 0, scale = 0;
    cw_status status = expect(p, '(', wanted);
    if (status == CW_OK)
        status = take_number(p, UINT16_MAX, wanted, &precision);
    if (status == CW_OK && is_sign(p, ',')) {
        status = advance(p);
        if (status == CW_OK)
            status = take_number(p, UINT16_MAX, wanted, &scale);
    }
    f->precision = (unsigned)precision;
    f->scale = (unsigned)scale;
    return status == CW_OK ? expect(p, ')', "a ) is needed") : status;
}

static cw_status take_fixed(parser *p, cw_field *f)
{
    static const char wanted[] = "fixed has a number of bytes, such as (16)";
    uint64_t width = 0;
    cw_status status = expect(p, '(', wanted);
    if (status == CW_OK)
        status = take_number(p, INT32_MAX, wanted, &width);
    f->width = (uint32_t)width;
    return status == CW_OK ? expect(p, ')', "a ) is needed") : status;
}

static cw_status take_unit(parser *p, cw_field *f)
{
    for (int unit = CW_UNIT_MS; cw__unit_name((cw_unit)unit); unit++)
        if (is_word(p, cw__unit_name((cw_unit)unit))) {
            f->unit = (cw_unit)unit;
            return advance(p);
        }
    return fail_wanted(p, "a unit is needed: ms, us or ns");
}

static cw_status take_zone(parser *p, cw_field *f)
{
    cw_status status = CW_OK;
    if (p->now.kind == QUOTED && f->type == CW_TYPE_TIMESTAMP) {
        status = keep(p, &p->crs);
        f->utc = 1;
        f->timezone = cw__text_str(&p->crs);
    } else if (is_word(p, "utc")) {
        f->utc = 1;
    } else if (!is_word(p, "local")) {
        return fail_wanted(p, f->type == CW_TYPE_TIMESTAMP
                                  ? "utc, local or a time zone in quotes is needed"
                                  : "utc or local is needed");
    }
    return status == CW_OK ? advance(p) : status;
}

static cw_status take_moment(parser *p, cw_field *f)
{
    cw_status status = expect(p, '(', "a unit and utc or local are needed, such as (us,utc)");
    if (status == CW_OK)
        status = take_unit(p, f);
    if (status == CW_OK)
        status = expect(p, ',', "utc or local is needed too, such as (us,utc)");
    if (status == CW_OK)
        status = take_zone(p, f);
    return status == CW_OK ? expect(p, ')', "a ) is needed") : status;
}

static cw_status take_edges(parser *p, cw_field *f)
{
    for (int edges = 0; cw__edges_name((cw_edges)edges); edges++)
        if (is_word(p, cw__edges_name((cw_edges)edges))) {
            f->edges = (cw_edges)edges;
            return advance(p);
        }
    return fail_wanted(p, "edges are spherical, vincenty, thomas, andoyer or karney");
}

static cw_status take_geo(parser *p, cw_field *f)
{
    if (!is_sign(p, '('))
        return CW_OK;
    cw_status status = advance(p);
    if (status == CW_OK && p->now.kind != QUOTED)
        return fail_wanted(p, "a coordinate system in quotes is needed");
    if (status == CW_OK)
        status = keep(p, &p->crs);
    f->crs = cw__text_str(&p->crs);
    if (status == CW_OK)
        status = advance(p);
    if (status == CW_OK && f->type == CW_TYPE_GEOGRAPHY && is_sign(p, ',')) {
        status = advance(p);
        if (status == CW_OK)
            status = take_edges(p, f);
    }
    return status == CW_OK ? expect(p, ')', "a ) is needed") : status;
}

static cw_status take_type(parser *p, cw_field *f)
{
    cw_status status = find_type(p, &f->type);
    if (status == CW_OK)
        status = advance(p);
    if (status != CW_OK)
        return status;
    switch (f->type) {
    case CW_TYPE_DECIMAL32:
    case CW_TYPE_DECIMAL64:
    case CW_TYPE_DECIMAL128:
    case CW_TYPE_DECIMAL256:
        return take_decimal(p, f);
    case CW_TYPE_FIXED:
        return take_fixed(p, f);
    case CW_TYPE_TIME:
    case CW_TYPE_TIMESTAMP:
        return take_moment(p, f);
    case CW_TYPE_GEOMETRY:
    case CW_TYPE_GEOGRAPHY:
        return take_geo(p, f);
    default:
        return CW_OK;
    }
}

/* ---- fields ---------------------------------------------------------------------------------- */

static cw_status take_nullability(parser *p, cw_field *f)
{
    if (is_word(p, "repeated"))
        return fail_token(p, "a repeated field is written as a list: optional list name { "
                             "required … element; }");
    if (!is_word(p, "required") && !is_word(p, "optional"))
        return fail_wanted(p, p->now.kind == END ? "a } is needed"
                                                 : "a field begins with required or optional");
    f->nullable = is_word(p, "optional");
    return advance(p);
}

static cw_status take_name(parser *p, cw__text *to)
{
    if (p->now.kind != WORD && p->now.kind != QUOTED)
        return fail_wanted(p, p->now.kind == NUMBER || p->now.kind == UNKNOWN
                                  ? "a name is needed, in quotes if it is unusual"
                                  : "a name is needed");
    cw_status status = keep(p, to);
    return status == CW_OK ? advance(p) : status;
}

static cw_status take_field_id(parser *p, cw_field *f)
{
    static const char wanted[] = "a field id is a number of 32 bits";
    uint64_t id = 0;
    if (!is_sign(p, '='))
        return CW_OK;
    cw_status status = advance(p);
    if (status != CW_OK)
        return status;
    bool negative = p->now.kind == NUMBER && p->now.text.p[0] == '-';
    const char *digits = cw__text_str(&p->now.text) + negative;
    if (p->now.kind != NUMBER || !cw__parse_u64(digits, (uint64_t)INT32_MAX + negative, &id))
        return fail_wanted(p, wanted);
    f->has_field_id = 1;
    f->field_id = (int32_t)(negative ? -(int64_t)id : (int64_t)id);
    return advance(p);
}

/* What the builder finds wrong is at the place where the field begins. */
static cw_status add_field(parser *p, const cw_field *f, unsigned line, unsigned column)
{
    cw_error why = {0};
    cw__node *n = NULL;
    if (cw__schema_put(p->s, f, &n, &why) != CW_OK)
        return fail_why(p, line, column, &why);
    if (cw__is_group(f->type) && f->type != CW_TYPE_VARIANT) {
        p->s->open = n;
        return expect(p, '{', "its fields are needed, in { and }");
    }
    return expect(p, ';', "a ; is needed");
}

static cw_status take_field(parser *p)
{
    cw_field f = {0};
    unsigned line = p->now.line, column = p->now.column;
    cw_status status = take_nullability(p, &f);
    if (status == CW_OK)
        status = take_type(p, &f);
    if (status == CW_OK)
        status = take_name(p, &p->name);
    f.name = cw__text_str(&p->name);
    if (status == CW_OK)
        status = take_field_id(p, &f);
    return status == CW_OK ? add_field(p, &f, line, column) : status;
}

/* The } of a group. */
static cw_status end_group(parser *p)
{
    cw_error why = {0};
    if (cw_schema_end(p->s, &why) != CW_OK)
        return fail_why(p, p->now.line, p->now.column, &why);
    return advance(p);
}

static cw_status take_fields(parser *p)
{
    for (;;) {
        cw_status status;
        if (!is_sign(p, '}'))
            status = take_field(p);
        else if (p->s->open->parent)
            status = end_group(p);
        else if (p->s->root.child_count == 0)
            status = fail_token(p, "the message has no fields");
        else
            return advance(p);
        if (status != CW_OK)
            return status;
    }
}

static cw_status take_title(parser *p)
{
    cw_error why = {0};
    unsigned line = p->now.line, column = p->now.column;
    cw_status status = take_name(p, &p->name);
    if (status == CW_OK && cw__schema_rename(p->s, cw__text_str(&p->name), &why) != CW_OK)
        return fail_why(p, line, column, &why);
    return status;
}

static cw_status finish(parser *p)
{
    cw_error why = {0};
    if (cw__schema_finish(p->s, &why) != CW_OK)
        return fail_why(p, p->line, p->column, &why);
    return CW_OK;
}

static cw_status take_message(parser *p)
{
    cw_status status = advance(p);
    if (status == CW_OK && !is_word(p, "message"))
        return fail_wanted(p, "a schema begins with message");
    if (status == CW_OK)
        status = advance(p);
    if (status == CW_OK)
        status = take_title(p);
    if (status == CW_OK)
        status = expect(p, '{', "a { is needed");
    if (status == CW_OK)
        status = take_fields(p);
    if (status == CW_OK && p->now.kind != END)
        return fail_wanted(p, "the end is needed after the message's }");
    return status == CW_OK ? finish(p) : status;
}

cw_status cw_schema_parse(cw_schema **out, const char *text, cw_error *err)
{
    parser p = {.at = text, .line = 1, .column = 1, .err = err};
    cw__error_clear(err);
    if (out)
        *out = NULL;
    if (!out || !text)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "a text and a place for the schema are needed");
    cw_status status = cw_schema_new(&p.s, err);
    if (status != CW_OK)
        return status;
    status = take_message(&p);
    cw__text_free(&p.now.text);
    cw__text_free(&p.name);
    cw__text_free(&p.crs);
    if (status == CW_OK)
        *out = p.s;
    else
        cw_schema_free(p.s);
    return status;
}
