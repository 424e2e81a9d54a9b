/* test_parquet_arrow.c - Arrow arrays of every layout, and those that are refused
 *
 * A type is given as the lines of arrow_lines.h, its data as arrays by hand; what comes out is
 * looked at in the buffers of the one leaf.
 */
#include <cloudwriter/cloudwriter.h>

#include "arrow_lines.h"
#include "format/parquet/in/arrow.h"
#include "format/parquet/in/shred.h"
#include "schema_text.h"

enum { MOST_ARRAYS = 12, MOST_PARTS = 5, MOST_LEAVES = 2 };

typedef struct batch {
    arrow_lines *lines;
    struct ArrowArray arrays[MOST_ARRAYS]; /* the first is the batch */
    const void *buffers[MOST_ARRAYS][MOST_PARTS];
    struct ArrowArray *children[MOST_ARRAYS][MOST_PARTS];
    size_t n;
} batch;

static int released;

static void release(struct ArrowArray *a)
{
    a->release = NULL;
    released++;
}

/* Validity first, if the layout has any. */
static struct ArrowArray *add(batch *b, int64_t length, int64_t buffers, const void *b0,
                              const void *b1, const void *b2)
{
    size_t i = b->n++;

    REQUIRE(i < MOST_ARRAYS);
    b->buffers[i][0] = b0;
    b->buffers[i][1] = b1;
    b->buffers[i][2] = b2;
    b->arrays[i] = (struct ArrowArray){.length = length,
                                       .null_count = b0 ? -1 : 0,
                                       .n_buffers = buffers,
                                       .buffers = b->buffers[i],
                                       .children = b->children[i],
                                       .release = release};
    return &b->arrays[i];
}

static void put_below(struct ArrowArray *parent, struct ArrowArray *child)
{
    parent->children[parent->n_children++] = child;
}

/* One column "x", the lines of which begin with a blank. */
static struct ArrowArray *begin(batch *b, const char *lines, int64_t rows)
{
    char all[1000];

    snprintf(all, sizeof all, "+s||\n%s", lines);
    memset(b, 0, sizeof *b);
    b->lines = arrow_lines_new(all);
    return add(b, rows, 1, NULL, NULL, NULL);
}

static void end(batch *b)
{
    arrow_lines_free(b->lines);
}

/* ---- what is taken ---- */

typedef struct taken {
    cw_schema *s;
    cw__arrow_views *views;
    cw__shredder *shredder;
    cw__column_buffer to[MOST_LEAVES]; /* of which the first is looked at */
} taken;

/* Takes all rows of the batch. `schema` NULL: that of the data. */
static cw_status take(taken *t, const batch *b, const char *schema, cw_error *err)
{
    cw_status st;

    memset(t, 0, sizeof *t);
    if (schema)
        t->s = parsed(schema);
    else
        CHECK_OK(cw_schema_from_arrow(&t->s, b->lines->schemas, err), *err);
    REQUIRE(t->s && cw__shredder_new(&t->shredder, t->s, err) == CW_OK);
    REQUIRE(t->s->leaf_count <= MOST_LEAVES);
    for (size_t i = 0; i < t->s->leaf_count; i++)
        cw__column_buffer_init(&t->to[i], &t->s->leaves[i]);
    st = cw__arrow_view(&t->views, t->s, b->lines->schemas, b->arrays, err);
    if (st == CW_OK)
        st = cw__shred_columns(t->shredder, t->to, cw__arrow_columns(t->views),
                               (cw__row_range){0, (size_t)b->arrays[0].length, 0}, 0,
                               t->s->root.child_count, err);
    return st;
}

static void taken_free(taken *t)
{
    for (size_t i = 0; i < t->s->leaf_count; i++)
        cw__column_buffer_free(&t->to[i]);
    cw__arrow_views_free(t->views);
    cw__shredder_free(t->shredder);
    cw_schema_free(t->s);
}

static void check_taken(const char *file, int line, const batch *b, const char *def,
                        const void *values, size_t bytes)
{
    char got[100];
    cw_error err = {0};
    taken t;

    test_status(file, line, "taking it", take(&t, b, NULL, &err), CW_OK, &err);
    REQUIRE(t.to[0].def.n < sizeof got);
    for (size_t i = 0; i < t.to[0].def.n; i++)
        got[i] = (char)('0' + cw__levels_at(&t.to[0].def, i));
    got[t.to[0].def.n] = '\0';
    test_str(file, line, "levels", got, def);
    test_int(file, line, "bytes", (int64_t)t.to[0].values.n, (int64_t)bytes);
    if (t.to[0].values.n == bytes && bytes && memcmp(t.to[0].values.p, values, bytes) != 0)
        test_say(file, line, "the values are others");
    taken_free(&t);
}
#define CHECK_INTS(b, def, ...)                                                                    \
    do {                                                                                           \
        static const int32_t want_[] = {__VA_ARGS__};                                              \
        check_taken(__FILE__, __LINE__, b, def, want_, sizeof want_);                              \
    } while (0)
#define CHECK_TEXT(b, def, text) check_taken(__FILE__, __LINE__, b, def, text, strlen(text))

static const int32_t ints[] = {10, 11, 12, 13, 14, 15};
static const uint8_t some[] = {0x35}; /* 1 0 1 0 1 1 */

static void numbers(void)
{
    batch b;
    struct ArrowArray *x, *root = begin(&b, " i|x|n|", 3);

    put_below(root, x = add(&b, 4, 2, some, ints, NULL));
    x->offset = 2;
    CHECK_INTS(&b, "101", 12, 14);
    root->offset = 1; /* counts into the column as well */
    CHECK_INTS(&b, "011", 14, 15);
    x->null_count = 0; /* what the bits say does not matter then */
    CHECK_INTS(&b, "111", 13, 14, 15);
    end(&b);
}

static void booleans_and_nothing(void)
{
    static const uint8_t want[] = {1, 0, 1};
    batch b;

    begin(&b, " b|x||", 3);
    put_below(b.arrays, add(&b, 3, 2, NULL, some, NULL));
    check_taken(__FILE__, __LINE__, &b, "", want, sizeof want);
    end(&b);
    begin(&b, " n|x|n|", 3);
    put_below(b.arrays, add(&b, 3, 0, NULL, NULL, NULL));
    CHECK_TEXT(&b, "000", "");
    end(&b);
}

static void text_of_each_kind(void)
{
    static const int32_t narrow[] = {0, 1, 3, 3};
    static const int64_t wide[] = {0, 1, 3, 3};
    static const char far_away[] = "thirteen char";
    static const int64_t sizes[] = {13};
    batch b;
    struct ArrowArray *x;
    uint8_t views[32] = {2, 0, 0, 0, 'h', 'i'};

    begin(&b, " u|x|n|", 3);
    put_below(b.arrays, add(&b, 3, 3, some, narrow, "abc"));
    CHECK_TEXT(&b, "101", "a");
    end(&b);
    begin(&b, " Z|x||", 3);
    put_below(b.arrays, add(&b, 3, 3, NULL, wide, "abc"));
    CHECK_TEXT(&b, "", "abc");
    end(&b);
    views[16] = 13;
    begin(&b, " vu|x||", 2);
    put_below(b.arrays, x = add(&b, 2, 4, NULL, views, far_away));
    b.buffers[1][3] = sizes;
    CHECK_TEXT(&b, "", "hithirteen char");
    end(&b);
}

/* Validity, then values or offsets, of a list of the six numbers. */
static struct ArrowArray *begin_list(batch *b, const char *lines, int64_t rows, int64_t buffers,
                                     const void *b1, const void *b2)
{
    struct ArrowArray *l, *root = begin(b, lines, rows);

    put_below(root, l = add(b, rows, buffers, NULL, b1, b2));
    put_below(l, add(b, 6, 2, NULL, ints, NULL));
    return l;
}

static void lists_of_each_kind(void)
{
    static const int32_t offsets[] = {0, 2, 2, 3}, sizes[] = {1, 0, 2};
    static const int64_t wide_offsets[] = {1, 2, 2, 4}, wide_sizes[] = {1, 0, 2};
    batch b;

    begin_list(&b, " +l|x||\n  i|item||", 3, 2, offsets, NULL);
    CHECK_INTS(&b, "1101", 10, 11, 12);
    end(&b);
    begin_list(&b, " +L|x||\n  i|item||", 3, 2, wide_offsets, NULL);
    CHECK_INTS(&b, "1011", 11, 12, 13);
    end(&b);
    begin_list(&b, " +vl|x||\n  i|item||", 3, 3, offsets, sizes);
    CHECK_INTS(&b, "1011", 10, 12, 13);
    end(&b);
    begin_list(&b, " +vL|x||\n  i|item||", 3, 3, wide_offsets, wide_sizes);
    CHECK_INTS(&b, "1011", 11, 12, 13);
    end(&b);
    begin_list(&b, " +w:2|x||\n  i|item||", 2, 1, NULL, NULL)->offset = 1;
    b.arrays[0].length = 1;
    b.arrays[1].length = 1;
    CHECK_INTS(&b, "11", 12, 13);
    end(&b);
}

static struct ArrowArray *begin_map(batch *b)
{
    static const int32_t offsets[] = {0, 1, 1, 3};
    struct ArrowArray *m, *entries, *root = begin(b, " +m|x||\n  +s|e||\n   i|k||\n   i|v||", 3);

    put_below(root, m = add(b, 3, 2, NULL, offsets, NULL));
    put_below(m, entries = add(b, 3, 1, NULL, NULL, NULL));
    put_below(entries, add(b, 4, 2, NULL, ints, NULL));
    put_below(entries, add(b, 4, 2, NULL, ints, NULL));
    return entries;
}

static void maps_and_structs(void)
{
    batch b;
    struct ArrowArray *s;

    begin_map(&b)->offset = 1;
    CHECK_INTS(&b, "1011", 11, 12, 13);
    end(&b);
    begin(&b, " +s|x|n|\n  i|f|n|", 3);
    put_below(b.arrays, s = add(&b, 3, 1, some, NULL, NULL));
    s->offset = 1; /* into its field as well: 0 1 0 of the struct, 11 12 13 */
    put_below(s, add(&b, 4, 2, NULL, ints, NULL));
    CHECK_INTS(&b, "020", 12);
    end(&b);
}

static void dictionaries_and_runs(void)
{
    static const uint8_t indices[] = {2, 0, 5};
    static const int16_t ends[] = {9, 2, 3};
    batch b;
    struct ArrowArray *x, *run_ends;

    begin(&b, " C|x||\n  i|d|d|", 3);
    put_below(b.arrays, x = add(&b, 3, 2, NULL, indices, NULL));
    x->dictionary = add(&b, 6, 2, NULL, ints, NULL);
    CHECK_INTS(&b, "", 12, 10, 15);
    end(&b);
    begin(&b, " +r|x||\n  s|e||\n  i|v||", 3);
    put_below(b.arrays, x = add(&b, 3, 0, NULL, NULL, NULL));
    put_below(x, run_ends = add(&b, 2, 2, NULL, ends, NULL));
    run_ends->offset = 1;
    put_below(x, add(&b, 2, 2, NULL, ints, NULL));
    CHECK_INTS(&b, "", 10, 10, 11);
    end(&b);
}

/* ---- what is refused ---- */

static void check_refused(const char *file, int line, batch *b, const char *schema,
                          const char *message)
{
    cw_error err = {0};
    taken t;

    test_status(file, line, "taking it", take(&t, b, schema, &err), CW_E_INVALID_ARGUMENT, &err);
    test_str(file, line, "the message", err.message, message);
    taken_free(&t);
    end(b);
}
#define CHECK_REFUSED(b, message)        check_refused(__FILE__, __LINE__, b, NULL, message)
#define CHECK_MISFIT(b, schema, message) check_refused(__FILE__, __LINE__, b, schema, message)
#define OF_X                             "Arrow data of column 'x': "

static struct ArrowArray *begin_ints(batch *b)
{
    struct ArrowArray *x, *root = begin(b, " i|x||", 3);

    put_below(root, x = add(b, 3, 2, NULL, ints, NULL));
    return x;
}

static void counts_that_cannot_be(void)
{
    batch b;

    begin_ints(&b)->length = -1;
    CHECK_REFUSED(&b, OF_X "a length of -1 from 0 cannot be");
    begin_ints(&b)->offset = INT64_MAX;
    CHECK_REFUSED(&b, OF_X "a length of 3 from 9223372036854775807 cannot be");
    begin_ints(&b)->length = 2;
    CHECK_REFUSED(&b, OF_X "it is shorter than the struct around it");
    begin_ints(&b)->n_buffers = 3;
    CHECK_REFUSED(&b, OF_X "it has 3 buffers and not 2");
    begin_ints(&b)->n_children = -1;
    CHECK_REFUSED(&b, OF_X "it has -1 children and not 0");
    begin_ints(&b)->buffers = NULL;
    CHECK_REFUSED(&b, OF_X "its buffers or children are missing");
    begin_ints(&b)->buffers[1] = NULL;
    CHECK_REFUSED(&b, OF_X "its values are missing");
    begin_ints(&b)->release = NULL;
    CHECK_REFUSED(&b, OF_X "it is missing, or was released");
}

static void batches_that_are_none(void)
{
    static const uint8_t there[] = {0x03};
    batch b;

    begin_ints(&b);
    b.arrays[0].release = NULL;
    CHECK_REFUSED(&b, "the Arrow data is not a batch of columns");
    begin_ints(&b);
    b.buffers[0][0] = there;
    b.arrays[0].null_count = 1;
    CHECK_REFUSED(&b, "row 2 of the batch is null");
    begin_ints(&b);
    CHECK_MISFIT(&b, "message m { required int32 x; required int32 y; }",
                 "the Arrow data has 1 columns, the schema has 2");
}

static void offsets_that_fall_or_go_beyond(void)
{
    static const int32_t falling[] = {0, 3, 2, 3}, negative[] = {-1, 0, 1, 2},
                         beyond[] = {0, 1, 2, 7}, sizes[] = {1, -1, 1};
    static const char message[] = OF_X "its offsets fall, or go beyond what they count";
    batch b;
    struct ArrowArray *root;

    begin_list(&b, " +l|x||\n  i|item||", 3, 2, falling, NULL);
    CHECK_REFUSED(&b, message);
    begin_list(&b, " +l|x||\n  i|item||", 3, 2, negative, NULL);
    CHECK_REFUSED(&b, message);
    begin_list(&b, " +l|x||\n  i|item||", 3, 2, beyond, NULL);
    CHECK_REFUSED(&b, message);
    begin_list(&b, " +l|x||\n  i|item||", 3, 2, NULL, NULL);
    CHECK_REFUSED(&b, OF_X "its offsets are missing");
    begin_list(&b, " +vl|x||\n  i|item||", 3, 3, beyond, sizes);
    CHECK_REFUSED(&b, OF_X "list 1 goes beyond its items");
    begin_list(&b, " +w:3|x||\n  i|item||", 3, 1, NULL, NULL);
    CHECK_REFUSED(&b, OF_X "its items are too few");
    root = begin(&b, " u|x||", 3);
    put_below(root, add(&b, 3, 3, NULL, falling, "abc"));
    CHECK_REFUSED(&b, message);
    root = begin(&b, " u|x||", 3);
    put_below(root, add(&b, 3, 3, NULL, beyond, NULL));
    CHECK_REFUSED(&b, OF_X "its values are missing");
}

static struct ArrowArray *begin_view(batch *b, int32_t n, int32_t buffer, int32_t offset)
{
    static uint8_t view[16];
    static int64_t sizes[1];
    struct ArrowArray *x, *root = begin(b, " vz|x||", 1);

    memcpy(view, &n, 4);
    memcpy(view + 8, &buffer, 4);
    memcpy(view + 12, &offset, 4);
    put_below(root, x = add(b, 1, 4, NULL, view, "twenty bytes of text"));
    b->buffers[1][3] = sizes;
    sizes[0] = 20;
    return x;
}

static void views_beyond_their_buffers(void)
{
    static const int64_t absurd[] = {INT64_MIN};
    static const char message[] = OF_X "value 0 lies beyond its buffer";
    batch b;

    begin_view(&b, 20, 0, 1);
    CHECK_REFUSED(&b, message);
    begin_view(&b, 20, 1, 0);
    CHECK_REFUSED(&b, message);
    begin_view(&b, 20, -1, 0);
    CHECK_REFUSED(&b, message);
    begin_view(&b, 20, 0, -1);
    CHECK_REFUSED(&b, message);
    begin_view(&b, -1, 0, 0);
    CHECK_REFUSED(&b, message);
    begin_view(&b, 13, 0, 0)->buffers[3] = absurd;
    CHECK_REFUSED(&b, message);
    begin_view(&b, 13, 0, 0)->buffers[2] = NULL;
    CHECK_REFUSED(&b, message);
    begin_view(&b, 13, 0, 0)->buffers[3] = NULL;
    CHECK_REFUSED(&b, OF_X "its views are missing");
    begin_view(&b, 13, 0, 0)->n_buffers = 2;
    CHECK_REFUSED(&b, OF_X "it has 2 buffers and not 3 or more");
}

static void maps_without_pairs(void)
{
    batch b;

    begin_map(&b)->n_children = 1;
    CHECK_REFUSED(&b, OF_X "the entries of a map are not pairs");
    begin_map(&b)->release = NULL;
    CHECK_REFUSED(&b, OF_X "the entries of a map are not pairs");
    begin_map(&b)->offset = 2;
    CHECK_REFUSED(&b, OF_X "the keys or values of a map are too few");
}

/* 2 runs of 3 values. */
static struct ArrowArray *begin_runs(batch *b, const int16_t *ends)
{
    struct ArrowArray *x, *root = begin(b, " +r|x||\n  s|e||\n  i|v||", 3);

    put_below(root, x = add(b, 3, 0, NULL, NULL, NULL));
    put_below(x, add(b, 2, 2, NULL, ends, NULL));
    put_below(x, add(b, 2, 2, NULL, ints, NULL));
    return x;
}

static void runs_that_do_not_rise_or_reach(void)
{
    static const int16_t sound[] = {1, 3}, level[] = {3, 3}, negative[] = {-1, 3}, few[] = {1, 2};
    batch b;

    begin_runs(&b, level);
    CHECK_REFUSED(&b, OF_X "its runs do not rise");
    begin_runs(&b, negative);
    CHECK_REFUSED(&b, OF_X "its runs do not rise");
    begin_runs(&b, few);
    CHECK_REFUSED(&b, OF_X "its runs end before its values do");
    begin_runs(&b, sound)->children[1]->length = 1;
    CHECK_REFUSED(&b, OF_X "it has another number of runs than of values");
    begin_runs(&b, sound)->children[0] = NULL;
    CHECK_REFUSED(&b, OF_X "it has no run ends and values");
}

static void dictionaries_that_are_missing_or_too_many(void)
{
    static const uint8_t indices[] = {0, 6, 0};
    batch b;
    struct ArrowArray *x, *root = begin(&b, " C|x||\n  i|d|d|", 3);

    put_below(root, add(&b, 3, 2, NULL, indices, NULL));
    CHECK_REFUSED(&b, OF_X "its dictionary or its indices are missing");
    begin(&b, " C|x||\n  i|d|d|", 3);
    put_below(b.arrays, x = add(&b, 3, 2, NULL, indices, NULL));
    x->dictionary = add(&b, 6, 2, NULL, ints, NULL);
    CHECK_REFUSED(&b, "column 'x', row 1: the value is an index beyond its dictionary");
    root = begin(&b, " C|x||\n  C|d|d|\n   C|d|d|\n    i|d|d|", 3);
    put_below(root, x = add(&b, 3, 2, NULL, indices, NULL));
    for (int i = 0; i < 3; i++, x = x->dictionary)
        x->dictionary = add(&b, 6, 2, NULL, ints, NULL);
    CHECK_MISFIT(&b, "message m { required int32 x; }",
                 OF_X "it has dictionaries within dictionaries");
}

/* Values as wide as the field's are not the field's for that. */
static void types_that_do_not_fit_the_field(void)
{
    static const struct {
        const char *format, *type;
    } cases[] = {
        {"f", "int32"},
        {"I", "int32"},
        {"l", "date"},
        {"l", "double"},
        {"tsm:", "timestamp(us,utc)"},
        {"tdD", "int32"},
        {"ttm", "time(us,utc)"},
        {"d:9,3", "decimal(9,2)"},
        {"l", "decimal(9,2)"},
        {"w:8", "int64"},
        {"i", "string"},
        {"e", "fixed(2)"},
    };
    static const int64_t values[8];
    batch b;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[40], schema[80], message[120];
        snprintf(line, sizeof line, " %s|x||", cases[i].format);
        snprintf(schema, sizeof schema, "message m { required %s x; }", cases[i].type);
        begin(&b, line, 1);
        put_below(b.arrays, add(&b, 1, 2, NULL, values, NULL));
        char name[40];
        snprintf(name, sizeof name, "%s", cases[i].type);
        name[strcspn(name, "(")] = '\0';
        snprintf(message, sizeof message, OF_X "format '%s' does not fit the field's type, %s",
                 cases[i].format, name);
        CHECK_MISFIT(&b, schema, message);
    }
}

/* ---- who releases ---- */

static cw_parquet *opened(const batch *b)
{
    cw_schema *s;
    cw_parquet *p;
    cw_writer *w;
    cw_error err;

    CHECK_OK(cw_schema_from_arrow(&s, b->lines->schemas, &err), err);
    CHECK_OK(cw_writer_open(&w, NULL, "mem://test-arrow", NULL, &err), err);
    CHECK_OK(cw_parquet_open(&p, w, s, NULL, &err), err);
    cw_schema_free(s);
    return p;
}

static void a_batch_is_released_if_it_was_taken(void)
{
    batch b;
    cw_parquet_info info;
    cw_error err = {0};

    begin_ints(&b);
    cw_parquet *p = opened(&b);
    released = 0;
    CHECK_INT(cw_parquet_write_arrow(p, b.arrays, b.lines->schemas), CW_OK);
    CHECK_INT(released, 1);
    CHECK(!b.arrays[0].release && b.arrays[1].release);
    CHECK_INT(cw_parquet_write_arrow(p, b.arrays, b.lines->schemas), CW_E_INVALID_ARGUMENT);
    CHECK_INT(released, 1);
    b.arrays[0].release = release; /* the first error stays */
    CHECK_INT(cw_parquet_write_arrow(p, b.arrays, b.lines->schemas), CW_E_INVALID_ARGUMENT);
    CHECK_INT(released, 1);
    CHECK(b.arrays[0].release);
    CHECK_INT(cw_parquet_close(p, &info, &err), CW_E_INVALID_ARGUMENT);
    end(&b);
}

int main(int argc, char **argv)
{
    TEST(numbers);
    TEST(booleans_and_nothing);
    TEST(text_of_each_kind);
    TEST(lists_of_each_kind);
    TEST(maps_and_structs);
    TEST(dictionaries_and_runs);
    TEST(counts_that_cannot_be);
    TEST(batches_that_are_none);
    TEST(offsets_that_fall_or_go_beyond);
    TEST(views_beyond_their_buffers);
    TEST(maps_without_pairs);
    TEST(runs_that_do_not_rise_or_reach);
    TEST(dictionaries_that_are_missing_or_too_many);
    TEST(types_that_do_not_fit_the_field);
    TEST(a_batch_is_released_if_it_was_taken);
    return test_end();
}
