/* test_parquet_shred.c - levels of nested data, each known by hand, from views of every layout
 *
 * Levels are written as digits, one for each slot: what a reader of the format would need to put
 * the rows together again.
 */
#include "format/parquet/in/shred.h"
#include "schema_text.h"

enum { MOST_LEAVES = 8 };

typedef struct shredded {
    cw_schema *s;
    cw__shredder *shredder;
    cw__column_buffer leaves[MOST_LEAVES];
    cw_error err;
} shredded;

static void begin(shredded *x, const char *fields)
{
    memset(x, 0, sizeof *x);
    x->s = parsed_fields(fields);
    REQUIRE(x->s->leaf_count <= MOST_LEAVES);
    CHECK_OK(cw__shredder_new(&x->shredder, x->s, &x->err), x->err);
    for (size_t i = 0; i < x->s->leaf_count; i++)
        cw__column_buffer_init(&x->leaves[i], &x->s->leaves[i]);
}

static void end(shredded *x)
{
    for (size_t i = 0; i < x->s->leaf_count; i++)
        cw__column_buffer_free(&x->leaves[i]);
    cw__shredder_free(x->shredder);
    cw_schema_free(x->s);
}

/* What the buffers hold is what was measured before; bytes of byte arrays included. */
static uint64_t held(const shredded *x)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < x->s->leaf_count; i++) {
        const cw__column_buffer *b = &x->leaves[i];
        size_t width = b->leaf->width;
        sum += b->slots * ((width ? width : 4) + (b->leaf->max_def > 0) + (b->leaf->max_rep > 0));
        sum += width ? 0 : b->values.n;
    }
    return sum;
}

static cw_status shred_all(shredded *x, const cw__view *columns, cw__row_range rows)
{
    return cw__shred_columns(x->shredder, x->leaves, columns, rows, 0, x->s->root.child_count,
                             &x->err);
}

static void shred(shredded *x, const cw__view *columns, size_t from, size_t to)
{
    uint64_t before = held(x), measured = cw__shred_measure(x->shredder, columns, from, to);

    CHECK_OK(shred_all(x, columns, (cw__row_range){from, to, 0}), x->err);
    CHECK_INT(held(x) - before, measured);
}

static void refused(shredded *x, const cw__view *columns, size_t rows, const char *message)
{
    CHECK_INT(shred_all(x, columns, (cw__row_range){0, rows, 1000}), CW_E_INVALID_ARGUMENT);
    CHECK_STR(x->err.message, message);
}

static void check_digits(const char *file, int line, const cw__levels *l, const char *want)
{
    char got[200];

    REQUIRE(l->n < sizeof got);
    for (size_t i = 0; i < l->n; i++)
        got[i] = (char)('0' + cw__levels_at(l, i));
    got[l->n] = '\0';
    test_str(file, line, "levels", got, want);
}
#define CHECK_LEVELS(x, leaf, def_digits, rep_digits)                                              \
    do {                                                                                           \
        check_digits(__FILE__, __LINE__, &(x)->leaves[leaf].def, def_digits);                      \
        check_digits(__FILE__, __LINE__, &(x)->leaves[leaf].rep, rep_digits);                      \
    } while (0)

static void check_int32s(const char *file, int line, const cw__column_buffer *b,
                         const int32_t *want, size_t n)
{
    test_int(file, line, "count", (int64_t)b->count, (int64_t)n);
    if (b->count == n && n)
        test_int(file, line, "values differ", memcmp(b->values.p, want, n * sizeof *want) != 0, 0);
}
#define CHECK_INT32S(x, leaf, ...)                                                                 \
    do {                                                                                           \
        static const int32_t want_[] = {__VA_ARGS__};                                              \
        check_int32s(__FILE__, __LINE__, &(x)->leaves[leaf], want_, sizeof want_ / sizeof *want_); \
    } while (0)

static const int32_t counting[] = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21};

/* int32s from counting[0] on. */
static cw__view ints(const cw__node *node, int64_t length, const uint8_t *validity)
{
    return (cw__view){.node = node,
                      .layout = CW__LAYOUT_FIXED,
                      .width = 4,
                      .length = length,
                      .validity = validity,
                      .values = counting,
                      .scale = 1};
}

static cw__view list(const cw__node *node, int64_t length, const int32_t *offsets,
                     const uint8_t *validity, cw__view *items, size_t n)
{
    return (cw__view){.node = node,
                      .layout = CW__LAYOUT_LIST32,
                      .length = length,
                      .validity = validity,
                      .offsets = offsets,
                      .children = items,
                      .child_count = n,
                      .scale = 1};
}

static cw__view structure(const cw__node *node, int64_t length, const uint8_t *validity,
                          cw__view *fields, size_t n)
{
    return (cw__view){.node = node,
                      .layout = CW__LAYOUT_STRUCT,
                      .length = length,
                      .validity = validity,
                      .children = fields,
                      .child_count = n,
                      .scale = 1};
}

static const cw__node *top(const shredded *x)
{
    return x->s->root.children[0];
}

static const cw__node *below(const cw__node *n, size_t i)
{
    REQUIRE(i < n->child_count);
    return n->children[i];
}

/* ---- flat ---- */

static void required_columns_have_no_levels(void)
{
    shredded x;

    begin(&x, "required int32 a;");
    cw__view a = ints(top(&x), 4, NULL);
    shred(&x, &a, 0, 4);
    CHECK_LEVELS(&x, 0, "", "");
    CHECK_INT32S(&x, 0, 10, 11, 12, 13);
    CHECK_INT(x.leaves[0].rows, 4);
    end(&x);
}

static void flat_nulls_from_an_offset(void)
{
    static const uint8_t validity[] = {0xB0, 0x01}; /* from bit 3: 0 1 1 0 1 1 */
    shredded x;

    begin(&x, "optional int32 a;");
    cw__view a = ints(top(&x), 6, validity);
    a.first = 3;
    shred(&x, &a, 0, 6);
    CHECK_LEVELS(&x, 0, "011011", "");
    CHECK_INT32S(&x, 0, 14, 15, 17, 18);
    end(&x);
}

static void a_column_of_nothing(void)
{
    shredded x;

    begin(&x, "optional int32 a;");
    cw__view a = {.node = top(&x), .layout = CW__LAYOUT_NULL, .length = 3, .scale = 1};
    shred(&x, &a, 0, 3);
    CHECK_LEVELS(&x, 0, "000", "");
    CHECK_INT(x.leaves[0].count, 0);
    end(&x);
}

/* ---- lists ---- */

/* null, [], [10, null, 12], [13] */
static void lists_null_empty_and_with_nulls(void)
{
    static const int32_t offsets[] = {0, 0, 0, 3, 4};
    static const uint8_t lists_there[] = {0x0E}, items_there[] = {0x0D};
    shredded x;

    begin(&x, "optional list l { optional int32 element; }");
    cw__view items = ints(below(top(&x), 0), 4, items_there);
    cw__view l = list(top(&x), 4, offsets, lists_there, &items, 1);
    shred(&x, &l, 0, 4);
    CHECK_LEVELS(&x, 0, "013233", "000110");
    CHECK_INT32S(&x, 0, 10, 12, 13);
    CHECK_INT(x.leaves[0].rows, 4);
    CHECK_INT(x.leaves[0].slots, 6);
    end(&x);
}

static void required_lists_of_required_items(void)
{
    static const int32_t offsets[] = {2, 4, 4, 5};
    shredded x;

    begin(&x, "required list l { required int32 element; }");
    cw__view items = ints(below(top(&x), 0), 5, NULL);
    cw__view l = list(top(&x), 3, offsets, NULL, &items, 1);
    shred(&x, &l, 0, 3);
    CHECK_LEVELS(&x, 0, "1101", "0100");
    CHECK_INT32S(&x, 0, 12, 13, 14);
    end(&x);
}

/* null, [], [null], [[]], [[null]], [[11, 12], [13]] */
static void lists_of_lists_by(size_t step)
{
    static const int32_t outer[] = {0, 0, 0, 1, 2, 3, 5}, inner[] = {0, 0, 0, 1, 3, 4};
    static const uint8_t outer_there[] = {0x3E}, inner_there[] = {0x1E}, items_there[] = {0x0E};
    shredded x;

    begin(&x, "optional list l { optional list element { optional int32 element; } }");
    const cw__node *middle = below(top(&x), 0);
    cw__view items = ints(below(middle, 0), 4, items_there);
    cw__view lists = list(middle, 5, inner, inner_there, &items, 1);
    cw__view l = list(top(&x), 6, outer, outer_there, &lists, 1);
    for (size_t i = 0; i < 6; i += step) {
        shred(&x, &l, i, i);
        shred(&x, &l, i, i + step);
    }
    CHECK_LEVELS(&x, 0, "01234555", "00000021");
    CHECK_INT32S(&x, 0, 11, 12, 13);
    CHECK_INT(x.leaves[0].rows, 6);
    end(&x);
}

static void lists_of_lists(void)
{
    lists_of_lists_by(6);
}

/* {10: 10, 11: null}, null, {} */
static void maps(void)
{
    static const int32_t offsets[] = {0, 2, 2, 2};
    static const uint8_t there[] = {0x05}, values_there[] = {0x01};
    shredded x;

    begin(&x, "optional map m { required int32 key; optional int32 value; }");
    cw__view entries[] = {ints(below(top(&x), 0), 2, NULL),
                          ints(below(top(&x), 1), 2, values_there)};
    cw__view m = list(top(&x), 3, offsets, there, entries, 2);
    shred(&x, &m, 0, 3);
    CHECK_LEVELS(&x, 0, "2201", "0100");
    CHECK_LEVELS(&x, 1, "3201", "0100");
    CHECK_INT32S(&x, 0, 10, 11);
    CHECK_INT32S(&x, 1, 10);
    end(&x);
}

/* ---- structs ---- */

/* Row i is null at depth i; the last one is there. */
static void nulls_at_every_depth(void)
{
    static const uint8_t there[] = {0x3E, 0x3C, 0x38, 0x30, 0x20};
    cw__view v[5];
    shredded x;

    begin(&x, "optional struct a { optional struct b { optional struct c { optional struct d {"
              " optional int32 e; } } } }");
    const cw__node *nodes[5] = {top(&x)};
    for (size_t i = 1; i < 5; i++)
        nodes[i] = below(nodes[i - 1], 0);
    v[4] = ints(nodes[4], 6, &there[4]);
    for (size_t i = 4; i-- > 0;)
        v[i] = structure(nodes[i], 6, &there[i], &v[i + 1], 1);
    shred(&x, v, 0, 6);
    CHECK_LEVELS(&x, 0, "012345", "");
    CHECK_INT32S(&x, 0, 15);
    end(&x);
}

/* [{x: 10, l: [10, 11]}, {x: 11, l: []}], [], [{x: 12, l: null}] */
static void leaves_of_one_list_have_levels_of_their_own(void)
{
    static const int32_t outer[] = {0, 2, 2, 3}, inner[] = {0, 2, 2, 2};
    static const uint8_t inner_there[] = {0x03};
    shredded x;

    begin(&x, "required list o { required struct element { required int32 x;"
              " optional list l { required int32 element; } } }");
    const cw__node *s = below(top(&x), 0), *l = below(s, 1);
    cw__view items = ints(below(l, 0), 2, NULL);
    cw__view fields[] = {ints(below(s, 0), 3, NULL), list(l, 3, inner, inner_there, &items, 1)};
    cw__view structs = structure(s, 3, NULL, fields, 2);
    cw__view o = list(top(&x), 3, outer, NULL, &structs, 1);
    shred(&x, &o, 0, 3);
    CHECK_LEVELS(&x, 0, "1101", "0100");
    CHECK_LEVELS(&x, 1, "33201", "02100");
    CHECK_INT32S(&x, 0, 10, 11, 12);
    CHECK_INT32S(&x, 1, 10, 11);
    end(&x);
}

static void a_struct_of_nothing_reaches_all_its_leaves(void)
{
    shredded x;

    begin(&x,
          "optional struct s { required int32 x; optional list l { required int32 element; } }");
    cw__view s = {.node = top(&x), .layout = CW__LAYOUT_NULL, .length = 2, .scale = 1};
    shred(&x, &s, 0, 2);
    CHECK_LEVELS(&x, 0, "00", "");
    CHECK_LEVELS(&x, 1, "00", "00");
    end(&x);
}

/* ---- other layouts ---- */

/* Items are shared, out of order, and left out. */
static void list_views(void)
{
    static const int64_t offsets[] = {2, 0, 9, 1}, sizes[] = {2, 3, 0, 1};
    shredded x;

    begin(&x, "optional list l { required int32 element; }");
    cw__view items = ints(below(top(&x), 0), 4, NULL);
    cw__view l = list(top(&x), 4, NULL, NULL, &items, 1);
    l.layout = CW__LAYOUT_LIST_VIEW64;
    l.offsets = offsets;
    l.sizes = sizes;
    shred(&x, &l, 0, 4);
    CHECK_LEVELS(&x, 0, "2222212", "0101100");
    CHECK_INT32S(&x, 0, 12, 13, 10, 11, 12, 11);
    end(&x);
}

/* What lies under a null list of a fixed size is passed over. */
static void lists_of_a_fixed_size(void)
{
    static const uint8_t there[] = {0x05};
    shredded x;

    begin(&x, "optional list l { required int32 element; }");
    cw__view items = ints(below(top(&x), 0), 6, NULL);
    cw__view l = list(top(&x), 3, NULL, there, &items, 1);
    l.layout = CW__LAYOUT_FIXED_LIST;
    l.width = 2;
    shred(&x, &l, 0, 3);
    CHECK_LEVELS(&x, 0, "22022", "01001");
    CHECK_INT32S(&x, 0, 10, 11, 14, 15);
    end(&x);
}

/* An index may be null, and so may be what an index stands for. */
static void dictionaries(void)
{
    static const uint8_t indices[] = {2, 0, 7, 1, 2}, there[] = {0x1B}, entries_there[] = {0x05};
    shredded x;

    begin(&x, "optional int32 a;");
    cw__view entries = ints(top(&x), 3, entries_there);
    cw__view a = {.node = top(&x),
                  .layout = CW__LAYOUT_DICTIONARY,
                  .width = 1,
                  .length = 5,
                  .validity = there,
                  .values = indices,
                  .children = &entries,
                  .child_count = 1,
                  .scale = 1};
    shred(&x, &a, 0, 5);
    CHECK_LEVELS(&x, 0, "11001", "");
    CHECK_INT32S(&x, 0, 12, 10, 12);
    end(&x);
}

/* Levels of one column come as bytes, then as bits, and as bytes again. */
static void dictionaries_and_plain_batches_in_turn(void)
{
    static const uint8_t indices[] = {2, 0, 1}, there[] = {0x05};
    shredded x;

    begin(&x, "optional int32 a;");
    cw__view entries = ints(top(&x), 3, NULL), plain = ints(top(&x), 3, there);
    cw__view a = {.node = top(&x),
                  .layout = CW__LAYOUT_DICTIONARY,
                  .width = 1,
                  .length = 3,
                  .validity = there,
                  .values = indices,
                  .children = &entries,
                  .child_count = 1,
                  .scale = 1};
    shred(&x, &plain, 0, 3);
    shred(&x, &a, 0, 3);
    shred(&x, &plain, 0, 3);
    shred(&x, &a, 0, 2);
    CHECK_LEVELS(&x, 0, "10110110110", "");
    CHECK_INT32S(&x, 0, 10, 12, 12, 11, 10, 12, 12);
    end(&x);
}

/* Runs of 2, 3 and 1, from the second value on. */
static void runs(void)
{
    static const int32_t ends[] = {2, 5, 6};
    static const uint8_t values_there[] = {0x05};
    shredded x;

    begin(&x, "optional int32 a;");
    cw__view values = ints(top(&x), 3, values_there);
    cw__view a = {.node = top(&x),
                  .layout = CW__LAYOUT_RUN_END,
                  .width = 4,
                  .signed_indices = true,
                  .first = 1,
                  .length = 5,
                  .values = ends,
                  .children = &values,
                  .child_count = 1,
                  .scale = 1};
    shred(&x, &a, 0, 5);
    CHECK_LEVELS(&x, 0, "10001", "");
    CHECK_INT32S(&x, 0, 10, 12);
    end(&x);
}

/* ---- slices ---- */

/* Rows taken one by one, none at all in between, give what all of them at once do. */
static void slices_add_up(void)
{
    lists_of_lists_by(1);
}

/* Each of three views begins somewhere else. */
static void offsets_at_every_depth(void)
{
    static const int32_t offsets[] = {9, 1, 2, 4, 4};
    static const uint8_t there[] = {0x0A}; /* of the lists from the first on: 1 0 1 */
    shredded x;

    begin(&x, "required struct s { optional list l { required int32 element; } }");
    const cw__node *node = below(top(&x), 0);
    cw__view items = ints(below(node, 0), 4, NULL);
    items.first = 3;
    cw__view l = list(node, 3, offsets, there, &items, 1);
    l.first = 1;
    cw__view s = structure(top(&x), 3, NULL, &l, 1);
    s.first = 7; /* its children have their own */
    shred(&x, &s, 0, 3);
    CHECK_LEVELS(&x, 0, "201", "000");
    CHECK_INT32S(&x, 0, 14);
    end(&x);
}

/* More rows than are walked at once. */
static void many_rows_are_walked_in_strides(void)
{
    enum { MANY = 10000 };
    static int32_t offsets[MANY], sizes[MANY];
    shredded x;

    for (size_t i = 0; i < MANY; i++)
        sizes[i] = (int32_t)(i % 3);
    begin(&x, "required list l { required int32 element; }");
    cw__view items = ints(below(top(&x), 0), 2, NULL);
    cw__view l = list(top(&x), MANY, offsets, NULL, &items, 1);
    l.layout = CW__LAYOUT_LIST_VIEW32;
    l.sizes = sizes;
    shred(&x, &l, 0, MANY);
    CHECK_INT(x.leaves[0].rows, MANY);
    CHECK_INT(x.leaves[0].count, 9999);        /* 3333 times 0, 1 and 2, and a 0 */
    CHECK_INT(x.leaves[0].slots, 9999 + 3334); /* the empty ones are slots */
    CHECK_INT(cw__levels_count(&x.leaves[0].rep, 0, 9999 + 3334, 0), MANY);
    CHECK_INT(cw__levels_count(&x.leaves[0].def, 0, 9999 + 3334, 0), 3334);
    end(&x);
}

/* ---- in a row, and spread ---- */

enum { ROWS = 9000, ITEMS = 3 * ROWS };

/* Lists of structs of a text and a number, all of them with nulls that hide something or not. */
typedef struct many {
    int32_t offsets[ROWS + 1], sizes[ROWS], texts[ITEMS + 1];
    uint8_t lists_there[ROWS / 8 + 1], structs_there[ITEMS / 8 + 1], texts_there[ITEMS / 8 + 1];
    char bytes[ITEMS * 4];
    int64_t numbers[ITEMS];
} many;

static uint64_t any(void)
{
    static uint64_t state = 1;

    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
}

static bool bit_of(const uint8_t *bits, int32_t i)
{
    return bits[i / 8] >> i % 8 & 1;
}

static void scatter(uint8_t *bits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bits[i] = (uint8_t)(any() | any() | any());
}

/* What lies in lists that are null, and the bytes of texts that are, or below a null. */
static many *make_many(bool hides_items, bool hides_texts)
{
    many *m = calloc(1, sizeof *m);

    REQUIRE(m);
    scatter(m->lists_there, sizeof m->lists_there);
    scatter(m->structs_there, sizeof m->structs_there);
    scatter(m->texts_there, sizeof m->texts_there);
    for (int32_t i = 0; i < ROWS; i++) {
        m->sizes[i] = bit_of(m->lists_there, i) || hides_items ? (int32_t)(any() % 4) : 0;
        m->offsets[i + 1] = m->offsets[i] + m->sizes[i];
    }
    for (int32_t i = 0; i < ITEMS; i++) {
        bool there = bit_of(m->structs_there, i) && bit_of(m->texts_there, i);
        m->texts[i + 1] = m->texts[i] + (there || hides_texts ? (int32_t)(any() % 5) : 0);
        m->numbers[i] = (int64_t)any();
    }
    for (size_t i = 0; i < sizeof m->bytes; i++)
        m->bytes[i] = (char)('a' + any() % 26);
    return m;
}

/* Offsets and sizes are never in a row as far as the walk knows, offsets alone mostly are. */
static void shred_many(shredded *x, const many *m, bool sized, size_t step)
{
    begin(x, "optional list l { optional struct element { optional string t;"
             " required int64 n; } }");
    const cw__node *s = below(top(x), 0);
    cw__view fields[] = {{.node = below(s, 0),
                          .layout = CW__LAYOUT_BYTES32,
                          .length = ITEMS,
                          .validity = m->texts_there,
                          .offsets = m->texts,
                          .values = m->bytes,
                          .values_bytes = -1,
                          .scale = 1},
                         {.node = below(s, 1),
                          .layout = CW__LAYOUT_FIXED,
                          .width = 8,
                          .length = ITEMS,
                          .values = m->numbers,
                          .scale = 1}};
    cw__view structs = structure(s, ITEMS, m->structs_there, fields, 2);
    cw__view l = list(top(x), ROWS, m->offsets, m->lists_there, &structs, 1);
    if (sized) {
        l.layout = CW__LAYOUT_LIST_VIEW32;
        l.sizes = m->sizes;
    }
    for (size_t i = 0; i < ROWS; i += step)
        shred(x, &l, i, i + step < ROWS ? i + step : ROWS);
}

static bool same_bytes(const cw__grown *a, const cw__grown *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

static void same_buffers(const shredded *a, const shredded *b)
{
    for (size_t i = 0; i < a->s->leaf_count; i++) {
        const cw__column_buffer *x = &a->leaves[i], *y = &b->leaves[i];
        CHECK_INT(x->slots, y->slots);
        CHECK_INT(x->count, y->count);
        CHECK_INT(x->rows, y->rows);
        CHECK(same_bytes(&x->def.data, &y->def.data) && same_bytes(&x->rep.data, &y->rep.data));
        CHECK(same_bytes(&x->values, &y->values) && same_bytes(&x->offsets, &y->offsets));
    }
}

static void check_many(bool hides_items, bool hides_texts)
{
    many *m = make_many(hides_items, hides_texts);
    shredded spread, in_a_row, sliced;

    shred_many(&spread, m, true, ROWS);
    shred_many(&in_a_row, m, false, ROWS);
    shred_many(&sliced, m, false, 61);
    same_buffers(&spread, &in_a_row);
    same_buffers(&spread, &sliced);
    end(&spread);
    end(&in_a_row);
    end(&sliced);
    free(m);
}

static void rows_and_spread_slots_give_the_same(void)
{
    check_many(false, false);
}

static void what_nulls_hide_is_passed_over(void)
{
    check_many(false, true);
    check_many(true, true);
}

/* ---- what cannot be stored ---- */

static void nulls_in_required_fields_are_refused(void)
{
    static const int32_t offsets[] = {0, 2, 3};
    static const uint8_t there[] = {0x03}; /* the third item is null, in row 1 */
    shredded x;

    begin(&x, "required int32 a;");
    cw__view a = ints(top(&x), 3, there);
    refused(&x, &a, 3, "column 'a', row 1002: null, and the field is required");
    end(&x);

    begin(&x, "required list l { required int32 element; }");
    cw__view items = ints(below(top(&x), 0), 3, there);
    cw__view l = list(top(&x), 2, offsets, NULL, &items, 1);
    refused(&x, &l, 2, "column 'l.element', row 1001: null, and the field is required");
    end(&x);

    begin(&x, "required int32 a;");
    cw__view nothing = {.node = top(&x), .layout = CW__LAYOUT_NULL, .length = 1, .scale = 1};
    refused(&x, &nothing, 1, "column 'a', row 1000: null, and the field is required");
    end(&x);
}

/* Row 1000: [a, null], 1001: [], 1002: [null, bad] */
static void texts_that_are_none_are_refused_where_they_are(void)
{
    static const int32_t lists[] = {0, 2, 2, 4}, texts[] = {0, 1, 1, 1, 2};
    static const uint8_t there[] = {0x09};
    shredded x;

    begin(&x, "required list l { optional string element; }");
    cw__view items = {.node = below(top(&x), 0),
                      .layout = CW__LAYOUT_BYTES32,
                      .length = 4,
                      .validity = there,
                      .offsets = texts,
                      .values = "a\xFF",
                      .values_bytes = -1,
                      .scale = 1};
    cw__view l = list(top(&x), 3, lists, NULL, &items, 1);
    refused(&x, &l, 3, "column 'l.element', row 1002: the value is not UTF-8");
    end(&x);

    begin(&x, "optional string a;");
    items.node = top(&x);
    refused(&x, &items, 4, "column 'a', row 1003: the value is not UTF-8");
    end(&x);
}

/* Texts of one byte, of which every third is null and hides a byte that no text may have. */
static void texts_after_many_hidden_ones_are_refused_where_they_are(void)
{
    enum { TEXTS = 1000, BAD = 700 };
    int32_t offsets[TEXTS + 1];
    uint8_t bytes[TEXTS], there[TEXTS / 8] = {0};
    shredded x;

    for (int32_t i = 0; i <= TEXTS; i++)
        offsets[i] = i;
    for (size_t i = 0; i < TEXTS; i++) {
        bytes[i] = i % 3 ? 'a' : 0xFF;
        there[i / 8] |= (uint8_t)((i % 3 != 0) << i % 8);
    }
    begin(&x, "optional string a;");
    cw__view a = {.node = top(&x),
                  .layout = CW__LAYOUT_BYTES32,
                  .length = TEXTS,
                  .validity = there,
                  .offsets = offsets,
                  .values = bytes,
                  .values_bytes = -1,
                  .scale = 1};
    shred(&x, &a, 0, TEXTS);
    bytes[BAD] = 0xFF;
    refused(&x, &a, TEXTS, "column 'a', row 1700: the value is not UTF-8");
    end(&x);
}

static void indices_beyond_their_dictionary_are_refused(void)
{
    static const int8_t indices[] = {0, -1}, beyond[] = {0, 1, 2};
    shredded x;

    begin(&x, "required int32 a;");
    cw__view entries = ints(top(&x), 2, NULL);
    cw__view a = {.node = top(&x),
                  .layout = CW__LAYOUT_DICTIONARY,
                  .width = 1,
                  .signed_indices = true,
                  .length = 2,
                  .values = indices,
                  .children = &entries,
                  .child_count = 1,
                  .scale = 1};
    refused(&x, &a, 2, "column 'a', row 1001: the value is an index beyond its dictionary");
    a.values = beyond;
    refused(&x, &a, 3, "column 'a', row 1002: the value is an index beyond its dictionary");
    end(&x);
}

int main(int argc, char **argv)
{
    TEST(required_columns_have_no_levels);
    TEST(flat_nulls_from_an_offset);
    TEST(a_column_of_nothing);
    TEST(lists_null_empty_and_with_nulls);
    TEST(required_lists_of_required_items);
    TEST(lists_of_lists);
    TEST(maps);
    TEST(nulls_at_every_depth);
    TEST(leaves_of_one_list_have_levels_of_their_own);
    TEST(a_struct_of_nothing_reaches_all_its_leaves);
    TEST(list_views);
    TEST(lists_of_a_fixed_size);
    TEST(dictionaries);
    TEST(dictionaries_and_plain_batches_in_turn);
    TEST(runs);
    TEST(slices_add_up);
    TEST(offsets_at_every_depth);
    TEST(many_rows_are_walked_in_strides);
    TEST(rows_and_spread_slots_give_the_same);
    TEST(what_nulls_hide_is_passed_over);
    TEST(nulls_in_required_fields_are_refused);
    TEST(texts_that_are_none_are_refused_where_they_are);
    TEST(texts_after_many_hidden_ones_are_refused_where_they_are);
    TEST(indices_beyond_their_dictionary_are_refused);
    return test_end();
}
