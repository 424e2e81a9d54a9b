/* column.h - the values of one field for the next batch, as the encoder takes them
 *
 * Values come from cells of CSV or from tokens of JSON and are converted exactly: a text that does
 * not stand for a value of the type, or that the type cannot hold, is refused and told.
 */
#ifndef CW_TOOL_COLUMN_H
#define CW_TOOL_COLUMN_H

#include "table/csv.h"
#include "table/json_tape.h"
#include <cloudwriter/cloudwriter.h>
#include <stdbool.h>
#include <string.h>

/** One value of a type with a width, from its text, behind which eight bytes may be read. */
typedef bool (*convert_fn)(const cw_field *f, const char *p, size_t n, void *to);

/** Texts that stand for null. */
struct nulls {
    const char **list;
    size_t count;
};

static inline bool nulls_have(const struct nulls *nulls, const char *p, size_t n)
{
    for (size_t i = 0; i < nulls->count; i++)
        if (strlen(nulls->list[i]) == n && memcmp(nulls->list[i], p, n) == 0)
            return true;
    return false;
}

struct column {
    cw_field field; /* strings belong to the schema */
    size_t name_n;  /* bytes of its name */
    struct column *children;
    size_t child_count;

    size_t width;       /* bytes of a value; 0: bits, text, nested */
    convert_fn convert; /* of a type with a width */
    unsigned char *values;
    size_t values_n, values_room;
    int32_t *offsets; /* text and lists */
    size_t offsets_room;
    unsigned char *validity;
    size_t validity_room;
    size_t count, nulls;
};

/** Why a value was refused. */
struct refusal {
    char where[128]; /* the field, below the column */
    char value[80];
    char why[160];
    bool mistyped; /* another type might have taken it */
};

/** For a field of a schema, with all below it. false: text cannot be this type, as `why` says. */
bool column_init(struct column *c, const cw_node *node, struct refusal *why);
void column_free(struct column *c);

/** Take cell `i` of each row of a batch. @return how many were taken; fewer: the next one is
 * refused */
size_t column_take_cells(struct column *c, const struct csv *csv, size_t i,
                         const struct nulls *nulls, struct refusal *why);

/** Take a value with all that is in it. `unknown`: members that no field names are left out. */
bool column_take_json(struct column *c, const struct json_tape *tape, size_t token, bool unknown,
                      struct refusal *why);
bool column_take_null(struct column *c, struct refusal *why);

/** As the encoder sees it. The column is empty afterwards, and fills the same memory again. */
void column_view(const struct column *c, cw_column *out, cw_column *children);
size_t column_nodes(const struct column *c); /* cw_columns that are below it */
void column_clear(struct column *c);

/* ---- for the two ways in ---- */

/** "decimal(12,2)" */
void column_type_text(const cw_field *f, char *out, size_t size);

unsigned char *column_grow(struct column *c, size_t bytes); /* where the next values go */
void column_count(struct column *c, bool valid);            /* one more value, or null, is there */
void column_reserve(struct column *c, size_t n);            /* room to count as many */
void column_make_null(struct column *c, size_t i);          /* of those counted, or reserved */
bool column_refuse(const struct column *c, const char *p, size_t n, const char *why,
                   struct refusal *out);

/** Write the bit of a boolean, or of a null; column_count then counts it. */
static inline void column_put_bool(struct column *c, bool v)
{
    if (c->count % 8 == 0)
        *column_grow(c, 1) = 0, c->values_n++;
    c->values[c->count / 8] |= (unsigned char)(v << c->count % 8);
}

#endif
