/* table.h - one table of every shape, and every way to write it
 *
 * The rows are made once, as C structs. From them come the same values as columns, as Arrow arrays
 * and as calls for each value; each way writes rows [from, to) of the table. All of them have to
 * make the same file.
 */
#ifndef CW_TESTS_PARQUET_TABLE_H
#define CW_TESTS_PARQUET_TABLE_H

#include "harness.h"

#include <cloudwriter/cloudwriter.h>

static const char table_schema[] = "message table {"
                                   "  required int64 id;"
                                   "  optional int32 n;"
                                   "  optional double x;"
                                   "  optional string s;"
                                   "  required boolean b;"
                                   "  optional list tags { optional string element; }"
                                   "  required list nums { required int32 element; }"
                                   "  optional struct at { required float x; optional int64 y; }"
                                   "  optional map m { required string key; optional int32 value; }"
                                   "}";

enum { TABLE_COLUMNS = 9, MOST_ITEMS = 4 };

typedef struct table_point {
    float x;
    int64_t y;
    bool y_null;
} table_point;

typedef struct table_pair {
    const char *key;
    int32_t value;
    bool value_null;
} table_pair;

typedef struct table_row {
    int64_t id;
    int32_t n;
    double x;
    const char *s;
    cw_items tags, nums, m;
    table_point at;
    bool b, n_null, x_null, at_null;
    const char *tag_items[MOST_ITEMS];
    int32_t num_items[MOST_ITEMS];
    table_pair m_items[MOST_ITEMS];
} table_row;

static const cw_member table_tag[] = {CW_ELEMENT(const char *)};
static const cw_member table_num[] = {CW_ELEMENT(int32_t)};
static const cw_member table_point_members[] = {
    CW_FIELD(table_point, x),
    CW_FIELD_NULL(table_point, y, y_null),
};
static const cw_member table_pair_members[] = {
    CW_FIELD(table_pair, key),
    CW_FIELD_NULL(table_pair, value, value_null),
};
static const cw_member table_members[] = {
    CW_FIELD(table_row, id),
    CW_FIELD_NULL(table_row, n, n_null),
    CW_FIELD_NULL(table_row, x, x_null),
    CW_FIELD(table_row, s),
    CW_FIELD(table_row, b),
    CW_FIELD_LIST(table_row, tags, const char *, table_tag),
    CW_FIELD_LIST(table_row, nums, int32_t, table_num),
    {"at", CW_MEMBER_STRUCT, offsetof(table_row, at), sizeof(table_point),
     offsetof(table_row, at_null), 0, table_point_members, 2},
    CW_FIELD_MAP(table_row, m, table_pair, table_pair_members),
};

/** A vector of Arrow: what a column or a child needs. */
typedef struct table_vector {
    size_t n;
    uint8_t *validity;
    int32_t *offsets; /* n + 1 */
    uint8_t *values;
    size_t bytes;
} table_vector;

enum table_vectors {
    V_ID,
    V_N,
    V_X,
    V_S,
    V_B,
    V_TAGS,
    V_TAG,
    V_NUMS,
    V_NUM,
    V_AT,
    V_AT_X,
    V_AT_Y,
    V_M,
    V_KEY,
    V_VALUE,
    VECTORS
};

typedef struct table {
    size_t rows;
    table_row *row;
    table_vector v[VECTORS];
} table;

/* ---- rows ---- */

static inline uint32_t table_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

static inline const char *table_word(uint64_t *seed)
{
    static const char *const words[] = {"",
                                        "a",
                                        "alpha",
                                        "bravo bravo",
                                        "ch\xc3\xa4rlie",
                                        "a longer string, that is of some length"};

    return words[table_random(seed) % 6];
}

static inline void table_fill_row(table_row *r, size_t i, uint64_t *seed)
{
    static const char nothing[1];
    size_t tags = table_random(seed) % (MOST_ITEMS + 1), nums = table_random(seed) % MOST_ITEMS;
    size_t pairs = table_random(seed) % 3;
    bool long_runs = i / 500 % 2;

    r->id = (int64_t)i * 3 - 1000;
    r->n = (int32_t)(long_runs ? 7 : table_random(seed) % 100);
    r->n_null = !long_runs && table_random(seed) % 4 == 0;
    r->x = (double)table_random(seed) / 16;
    r->x_null = long_runs;
    r->s = table_random(seed) % 5 ? table_word(seed) : NULL;
    r->b = table_random(seed) % 3 == 0;
    for (size_t k = 0; k < tags; k++)
        r->tag_items[k] = table_random(seed) % 6 ? table_word(seed) : NULL;
    r->tags = (cw_items){tags ? (const void *)r->tag_items : nothing, tags};
    if (table_random(seed) % 5 == 0)
        r->tags = (cw_items){NULL, 0};
    for (size_t k = 0; k < nums; k++)
        r->num_items[k] = (int32_t)table_random(seed);
    r->nums = (cw_items){nums ? (const void *)r->num_items : nothing, nums};
    r->at = (table_point){(float)(i % 64) / 2, (int64_t)table_random(seed), i % 3 == 0};
    r->at_null = table_random(seed) % 7 == 0;
    for (size_t k = 0; k < pairs; k++)
        r->m_items[k] = (table_pair){k ? "second" : "first", (int32_t)(i % 50), i % 4 == 0};
    r->m = (cw_items){pairs ? (const void *)r->m_items : nothing, pairs};
    if (table_random(seed) % 9 == 0)
        r->m = (cw_items){NULL, 0};
}

/* ---- vectors ---- */

static inline void table_room(table_vector *v, size_t most, size_t bytes)
{
    v->validity = calloc(1, most / 8 + 1);
    v->offsets = calloc(most + 1, sizeof *v->offsets);
    v->values = calloc(1, bytes + 1);
    REQUIRE(v->validity && v->offsets && v->values);
}

static inline void table_set(uint8_t *bits, size_t i)
{
    bits[i / 8] = (uint8_t)(bits[i / 8] | 1U << i % 8);
}

/* One more value; NULL: null. */
static inline void table_push(table_vector *v, const void *p, size_t width)
{
    if (p) {
        table_set(v->validity, v->n);
        memcpy(v->values + v->n * width, p, width);
    }
    v->n++;
}

static inline void table_push_text(table_vector *v, const char *s)
{
    size_t n = s ? strlen(s) : 0;

    if (s)
        table_set(v->validity, v->n);
    if (n)
        memcpy(v->values + v->bytes, s, n);
    v->bytes += n;
    v->offsets[++v->n] = (int32_t)v->bytes;
}

/* One more list, of which the items are pushed already: so many in all. */
static inline void table_push_list(table_vector *v, bool there, size_t items)
{
    if (there)
        table_set(v->validity, v->n);
    v->offsets[++v->n] = (int32_t)items;
}

static inline void table_push_row(table *t, const table_row *r)
{
    table_vector *v = t->v;

    table_push(&v[V_ID], &r->id, 8);
    table_push(&v[V_N], r->n_null ? NULL : &r->n, 4);
    table_push(&v[V_X], r->x_null ? NULL : &r->x, 8);
    table_push_text(&v[V_S], r->s);
    if (r->b)
        table_set(v[V_B].values, v[V_B].n);
    v[V_B].n++;
    for (size_t k = 0; k < r->tags.n; k++)
        table_push_text(&v[V_TAG], r->tag_items[k]);
    table_push_list(&v[V_TAGS], r->tags.p != NULL, v[V_TAG].n);
    for (size_t k = 0; k < r->nums.n; k++)
        table_push(&v[V_NUM], &r->num_items[k], 4);
    table_push_list(&v[V_NUMS], true, v[V_NUM].n);
    table_push_list(&v[V_AT], !r->at_null, 0);
    table_push(&v[V_AT_X], &r->at.x, 4);
    table_push(&v[V_AT_Y], r->at.y_null ? NULL : &r->at.y, 8);
    for (size_t k = 0; k < r->m.n; k++) {
        table_push_text(&v[V_KEY], r->m_items[k].key);
        table_push(&v[V_VALUE], r->m_items[k].value_null ? NULL : &r->m_items[k].value, 4);
    }
    table_push_list(&v[V_M], r->m.p != NULL, v[V_KEY].n);
}

static inline table *table_new(size_t rows, uint64_t seed)
{
    table *t = calloc(1, sizeof *t);

    REQUIRE(t);
    t->rows = rows;
    t->row = calloc(rows + 1, sizeof *t->row);
    REQUIRE(t->row);
    for (int i = 0; i < VECTORS; i++)
        table_room(&t->v[i], rows * MOST_ITEMS, rows * MOST_ITEMS * 40);
    for (size_t i = 0; i < rows; i++) {
        table_fill_row(&t->row[i], i, &seed);
        table_push_row(t, &t->row[i]);
    }
    return t;
}

static inline void table_free(table *t)
{
    for (int i = 0; i < VECTORS; i++) {
        free(t->v[i].validity);
        free(t->v[i].offsets);
        free(t->v[i].values);
    }
    free(t->row);
    free(t);
}

/* ---- by rows, by columns ---- */

static inline cw_status table_by_rows(cw_parquet *p, const table *t, size_t from, size_t to)
{
    return cw_parquet_write_rows(p, table_members, TABLE_COLUMNS, t->row + from, to - from,
                                 sizeof *t->row);
}

static inline cw_column table_column(const table_vector *v, size_t first, const cw_column *children,
                                     size_t n)
{
    return (cw_column){v->values, v->offsets, v->validity, first, children, n};
}

static inline cw_status table_by_columns(cw_parquet *p, const table *t, size_t from, size_t to)
{
    const table_vector *v = t->v;
    const cw_column tag = table_column(&v[V_TAG], 0, NULL, 0);
    cw_column num = table_column(&v[V_NUM], 0, NULL, 0);
    cw_column at[2] = {table_column(&v[V_AT_X], 0, NULL, 0), table_column(&v[V_AT_Y], 0, NULL, 0)};
    cw_column m[2] = {table_column(&v[V_KEY], 0, NULL, 0), table_column(&v[V_VALUE], 0, NULL, 0)};
    cw_column c[TABLE_COLUMNS] = {
        table_column(&v[V_ID], from, NULL, 0),   table_column(&v[V_N], from, NULL, 0),
        table_column(&v[V_X], from, NULL, 0),    table_column(&v[V_S], from, NULL, 0),
        table_column(&v[V_B], from, NULL, 0),    table_column(&v[V_TAGS], from, &tag, 1),
        table_column(&v[V_NUMS], from, &num, 1), table_column(&v[V_AT], from, at, 2),
        table_column(&v[V_M], from, m, 2)};

    c[4].validity = NULL; /* none is null */
    return cw_parquet_write_columns(p, c, TABLE_COLUMNS, to - from);
}

/* ---- by Arrow ---- */

enum { MOST_CHILDREN = TABLE_COLUMNS };

typedef struct table_arrow {
    struct ArrowSchema type[VECTORS + 2], *types[VECTORS + 2][MOST_CHILDREN];
    struct ArrowArray array[VECTORS + 2], *arrays[VECTORS + 2][MOST_CHILDREN];
    const void *buffers[VECTORS + 2][3];
} table_arrow;

static inline void table_release_type(struct ArrowSchema *s)
{
    s->release = NULL;
}

static inline void table_release_array(struct ArrowArray *a)
{
    a->release = NULL;
}

static inline void table_adopt(table_arrow *a, int parent, int child)
{
    a->types[parent][a->type[parent].n_children++] = &a->type[child];
    a->arrays[parent][a->array[parent].n_children++] = &a->array[child];
}

static inline void table_describe(table_arrow *a, const table *t, int i, const char *format,
                                  const char *name, bool nullable)
{
    const table_vector *v = i < VECTORS ? &t->v[i] : NULL;
    bool text = strcmp(format, "u") == 0, list = !strcmp(format, "+l") || !strcmp(format, "+m");

    a->type[i] = (struct ArrowSchema){.format = format,
                                      .name = name,
                                      .flags = nullable ? ARROW_FLAG_NULLABLE : 0,
                                      .children = a->types[i],
                                      .release = table_release_type};
    a->array[i] = (struct ArrowArray){.length = v ? (int64_t)v->n : 0,
                                      .null_count = nullable ? -1 : 0,
                                      .n_buffers = text                        ? 3
                                                   : format[0] == '+' && !list ? 1
                                                                               : 2,
                                      .buffers = a->buffers[i],
                                      .children = a->arrays[i],
                                      .release = table_release_array};
    a->buffers[i][0] = v && nullable ? v->validity : NULL;
    a->buffers[i][1] = !v ? NULL : text || list ? (const void *)v->offsets : v->values;
    a->buffers[i][2] = v ? v->values : NULL;
}

/** The columns are those of index V_ID …; ENTRIES is what a map has in between, ROOT the batch. */
static inline void table_to_arrow(table_arrow *a, const table *t)
{
    enum { ENTRIES = VECTORS, ROOT };
    static const int top[TABLE_COLUMNS] = {V_ID, V_N, V_X, V_S, V_B, V_TAGS, V_NUMS, V_AT, V_M};

    memset(a, 0, sizeof *a);
    table_describe(a, t, V_ID, "l", "id", false);
    table_describe(a, t, V_N, "i", "n", true);
    table_describe(a, t, V_X, "g", "x", true);
    table_describe(a, t, V_S, "u", "s", true);
    table_describe(a, t, V_B, "b", "b", false);
    table_describe(a, t, V_TAGS, "+l", "tags", true);
    table_describe(a, t, V_TAG, "u", "element", true);
    table_describe(a, t, V_NUMS, "+l", "nums", false);
    table_describe(a, t, V_NUM, "i", "element", false);
    table_describe(a, t, V_AT, "+s", "at", true);
    table_describe(a, t, V_AT_X, "f", "x", false);
    table_describe(a, t, V_AT_Y, "l", "y", true);
    table_describe(a, t, V_M, "+m", "m", true);
    table_describe(a, t, V_KEY, "u", "key", false);
    table_describe(a, t, V_VALUE, "i", "value", true);
    table_describe(a, t, ENTRIES, "+s", "entries", false);
    table_describe(a, t, ROOT, "+s", "", false);
    a->array[ENTRIES].length = (int64_t)t->v[V_KEY].n;
    table_adopt(a, V_TAGS, V_TAG);
    table_adopt(a, V_NUMS, V_NUM);
    table_adopt(a, V_AT, V_AT_X);
    table_adopt(a, V_AT, V_AT_Y);
    table_adopt(a, ENTRIES, V_KEY);
    table_adopt(a, ENTRIES, V_VALUE);
    table_adopt(a, V_M, ENTRIES);
    for (int i = 0; i < TABLE_COLUMNS; i++)
        table_adopt(a, ROOT, top[i]);
}

/* A slice: the batch has an offset into its children. */
static inline cw_status table_by_arrow(cw_parquet *p, const table *t, size_t from, size_t to)
{
    enum { ROOT = VECTORS + 1 };
    table_arrow a;
    cw_status st;

    table_to_arrow(&a, t);
    a.array[ROOT].offset = (int64_t)from;
    a.array[ROOT].length = (int64_t)(to - from);
    st = cw_parquet_write_arrow(p, &a.array[ROOT], &a.type[ROOT]);
    CHECK_INT(st == CW_OK, a.array[ROOT].release == NULL); /* it moves on CW_OK only */
    return st;
}

/* ---- by values ---- */

static inline void table_put_int(cw_parquet *p, bool null, int64_t v)
{
    if (null)
        cw_parquet_put_null(p);
    else
        cw_parquet_put_int(p, v);
}

static inline void table_put_row(cw_parquet *p, const table_row *r)
{
    cw_parquet_put_int(p, r->id);
    table_put_int(p, r->n_null, r->n);
    if (r->x_null)
        cw_parquet_put_null(p);
    else
        cw_parquet_put_double(p, r->x);
    cw_parquet_put_string(p, r->s);
    cw_parquet_put_bool(p, r->b);
    if (r->tags.p) {
        cw_parquet_begin(p);
        for (size_t k = 0; k < r->tags.n; k++)
            cw_parquet_put_string(p, r->tag_items[k]);
        cw_parquet_end(p);
    } else {
        cw_parquet_put_null(p);
    }
    cw_parquet_begin(p);
    for (size_t k = 0; k < r->nums.n; k++)
        cw_parquet_put_int(p, r->num_items[k]);
    cw_parquet_end(p);
    if (r->at_null) {
        cw_parquet_put_null(p);
    } else {
        cw_parquet_begin(p);
        cw_parquet_put_double(p, (double)r->at.x);
        table_put_int(p, r->at.y_null, r->at.y);
        cw_parquet_end(p);
    }
    if (r->m.p) {
        cw_parquet_begin(p);
        for (size_t k = 0; k < r->m.n; k++) {
            cw_parquet_put_string(p, r->m_items[k].key);
            table_put_int(p, r->m_items[k].value_null, r->m_items[k].value);
        }
        cw_parquet_end(p);
    } else {
        cw_parquet_put_null(p);
    }
}

static inline cw_status table_by_values(cw_parquet *p, const table *t, size_t from, size_t to)
{
    cw_status st = CW_OK;

    for (size_t i = from; i < to && st == CW_OK; i++) {
        table_put_row(p, &t->row[i]);
        st = cw_parquet_end_row(p);
    }
    return st;
}

/* ---- all the ways ---- */

typedef cw_status (*table_way)(cw_parquet *p, const table *t, size_t from, size_t to);

static const struct {
    const char *name;
    table_way write;
} table_ways[] = {
    {"columns", table_by_columns},
    {"rows", table_by_rows},
    {"arrow", table_by_arrow},
    {"values", table_by_values},
};

enum { TABLE_WAYS = sizeof table_ways / sizeof *table_ways };

#endif
