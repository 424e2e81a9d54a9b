/* test_lent.c - Arrow batches whose numbers and texts stay where they are until they are written
 *
 * The same bytes as by columns, whatever the batches; each array released once, by the thread that
 * calls the encoder, also after a failure; and what a call that failed was given is untouched.
 */
#include "fault_alloc.h"
#include "parquet/arrow_batch.h"
#include "parquet/shelf.h"

#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 60000, COLUMNS = 7, NULLS_FROM = 30000, NULLS_TO = 31000 };

static const char schema_text[] =
    "message m { required int64 id; optional double price; required int32 kind; "
    "optional list ints { required int64 element; } "
    "required string name; optional string note; optional list words { required string element; } "
    "}";

/* ---- the table: rows [from, to) of columns that are made anew each time ---- */

typedef struct texts {
    int32_t *ends;
    char *bytes;
} texts;

typedef struct rows {
    size_t n;
    int64_t *id;
    double *price;
    uint8_t *there; /* prices; NULL: all of them */
    int32_t *kind;
    int32_t *starts; /* of the lists */
    int64_t *items;
    int32_t *ends; /* of the names */
    char *names;
    texts note;           /* nulls have bytes among some rows, and none among others */
    int32_t *word_starts; /* of the lists */
    texts words;
} rows;

static void *room(size_t n, size_t width)
{
    void *p = calloc(n + 1, width);

    REQUIRE(p);
    return p;
}

static uint64_t mixed(uint64_t i)
{
    i *= UINT64_C(0x9E3779B97F4A7C15);
    return i ^ i >> 29;
}

enum { MOST_TEXT = 80, MOST_WORDS = 3 };

static texts texts_make(size_t n)
{
    return (texts){room(n + 1, 4), room(n, MOST_TEXT)};
}

static void texts_free(texts *t)
{
    free(t->ends);
    free(t->bytes);
}

/* From ones that are all alike to ones that share nothing. */
static void texts_put(texts *t, size_t i, size_t row)
{
    uint64_t x = mixed(row);
    char *p = t->bytes + t->ends[i];
    int n = row < ROWS / 3
                ? snprintf(p, MOST_TEXT, "one of a few long texts: %u", (unsigned)(x % 99))
            : row < 2 * ROWS / 3 ? snprintf(p, MOST_TEXT, "%016llx%016llx", (unsigned long long)x,
                                            (unsigned long long)mixed(x))
                                 : snprintf(p, MOST_TEXT, "https://example.com/%u/%u",
                                            (unsigned)(row / 10), (unsigned)(x % 1000000));

    t->ends[i + 1] = t->ends[i] + n;
}

static void texts_put_nothing(texts *t, size_t i)
{
    t->ends[i + 1] = t->ends[i];
}

static void make_texts(rows *r, size_t from)
{
    r->note = texts_make(r->n);
    r->words = texts_make(r->n * MOST_WORDS);
    r->word_starts = room(r->n + 1, 4);
    for (size_t i = 0; i < r->n; i++) {
        size_t row = from + i, words = row % (MOST_WORDS + 1);
        int32_t *end = &r->word_starts[i + 1];
        bool null = r->there && !(r->there[i / 8] >> i % 8 & 1);
        if (null && row < (NULLS_FROM + NULLS_TO) / 2)
            texts_put_nothing(&r->note, i);
        else
            texts_put(&r->note, i, row);
        *end = end[-1];
        for (size_t k = 0; k < words; k++, ++*end)
            texts_put(&r->words, (size_t)*end, row + k);
    }
}

static rows rows_make(size_t from, size_t to)
{
    size_t n = to - from;
    rows r = {.n = n,
              .id = room(n, 8),
              .price = room(n, 8),
              .kind = room(n, 4),
              .starts = room(n + 1, 4),
              .items = room(n * 4, 8),
              .ends = room(n + 1, 4),
              .names = room(n, 8)};

    if (from < NULLS_TO && to > NULLS_FROM)
        r.there = room(n / 8 + 1, 1);
    for (size_t i = 0; i < n; i++) {
        size_t row = from + i;
        bool null = row >= NULLS_FROM && row < NULLS_TO && row % 3 == 0;
        r.id[i] = (int64_t)mixed(row);
        r.price[i] = null ? -1 : (double)(mixed(row) % 100000) / 100;
        if (r.there && !null)
            r.there[i / 8] |= (uint8_t)(1u << i % 8);
        r.kind[i] = (int32_t)(mixed(row) % 50);
        r.starts[i + 1] = r.starts[i];
        for (size_t k = 0; k < row % 4; k++)
            r.items[r.starts[i + 1]++] = (int64_t)(mixed(row * 4 + k) % 1000000);
        r.ends[i + 1] =
            r.ends[i] + snprintf(r.names + r.ends[i], 8, "n%u", (unsigned)(mixed(row) % 9999));
    }
    make_texts(&r, from);
    return r;
}

static void rows_free(rows *r)
{
    free(r->id);
    free(r->price);
    free(r->there);
    free(r->kind);
    free(r->starts);
    free(r->items);
    free(r->ends);
    free(r->names);
    texts_free(&r->note);
    texts_free(&r->words);
    free(r->word_starts);
}

/* ---- by columns, and as an Arrow batch ---- */

static cw_status by_columns(cw_parquet *p, size_t from, size_t to)
{
    rows r = rows_make(from, to);
    const cw_column items = {.values = r.items};
    const cw_column words = {.values = r.words.bytes, .offsets = r.words.ends};
    const cw_column columns[COLUMNS] = {
        {.values = r.id},
        {.values = r.price, .validity = r.there},
        {.values = r.kind},
        {.offsets = r.starts, .children = &items, .child_count = 1},
        {.values = r.names, .offsets = r.ends},
        {.values = r.note.bytes, .offsets = r.note.ends, .validity = r.there},
        {.offsets = r.word_starts, .children = &words, .child_count = 1},
    };
    cw_status st = cw_parquet_write_columns(p, columns, COLUMNS, r.n);

    rows_free(&r);
    return st;
}

static struct ArrowSchema *item_types[1], *word_types[1];
static struct ArrowSchema item_type = {.format = "l", .name = "element"};
static struct ArrowSchema word_type = {.format = "u", .name = "element"};
static struct ArrowSchema types[COLUMNS] = {
    {.format = "l", .name = "id"},
    {.format = "g", .name = "price", .flags = ARROW_FLAG_NULLABLE},
    {.format = "i", .name = "kind"},
    {.format = "+l", .name = "ints", .n_children = 1, .children = item_types},
    {.format = "u", .name = "name"},
    {.format = "u", .name = "note", .flags = ARROW_FLAG_NULLABLE},
    {.format = "+l", .name = "words", .n_children = 1, .children = word_types},
};
static struct ArrowSchema *type_pointers[COLUMNS];
static struct ArrowSchema batch_type = {
    .format = "+s", .n_children = COLUMNS, .children = type_pointers};

static void link_types(void)
{
    item_types[0] = &item_type;
    word_types[0] = &word_type;
    for (size_t i = 0; i < COLUMNS; i++)
        type_pointers[i] = &types[i];
}

static struct ArrowArray numbers(size_t n, const void *values, size_t width, size_t shift)
{
    struct ArrowArray a = arrow_array((int64_t)n, 2);

    arrow_buffer(&a, 1, values, n * width, shift);
    return a;
}

static struct ArrowArray text_array(size_t n, const texts *t)
{
    struct ArrowArray a = arrow_array((int64_t)n, 3);

    arrow_buffer(&a, 1, t->ends, (n + 1) * 4, 0);
    arrow_buffer(&a, 2, t->bytes, (size_t)t->ends[n], 0);
    return a;
}

/* `skip`: rows that lie in front, in every column; `shift`: bytes that numbers lie off. */
static struct ArrowArray batch_of(size_t from, size_t to, size_t skip, size_t shift)
{
    rows r = rows_make(from - skip, to);
    struct ArrowArray batch = arrow_array((int64_t)(to - from), 1);
    struct ArrowArray words = text_array((size_t)r.word_starts[r.n], &r.words);
    struct ArrowArray items = numbers((size_t)r.starts[r.n], r.items, 8, shift);
    struct ArrowArray columns[COLUMNS] = {
        numbers(r.n, r.id, 8, shift), numbers(r.n, r.price, 8, 0),  numbers(r.n, r.kind, 4, shift),
        arrow_array((int64_t)r.n, 2), arrow_array((int64_t)r.n, 3), text_array(r.n, &r.note),
        arrow_array((int64_t)r.n, 2),
    };

    if (r.there) {
        arrow_buffer(&columns[1], 0, r.there, r.n / 8 + 1, 0);
        arrow_buffer(&columns[5], 0, r.there, r.n / 8 + 1, 0);
    }
    arrow_buffer(&columns[3], 1, r.starts, (r.n + 1) * 4, 0);
    arrow_children(&columns[3], &items, 1);
    arrow_buffer(&columns[4], 1, r.ends, (r.n + 1) * 4, 0);
    arrow_buffer(&columns[4], 2, r.names, (size_t)r.ends[r.n], 0);
    arrow_buffer(&columns[6], 1, r.word_starts, (r.n + 1) * 4, 0);
    arrow_children(&columns[6], &words, 1);
    batch.offset = (int64_t)skip;
    arrow_children(&batch, columns, COLUMNS);
    rows_free(&r);
    return batch;
}

/* A call that fails leaves its batch as it was. */
static cw_status by_arrow(cw_parquet *p, struct ArrowArray batch)
{
    long before = arrow_alive;
    cw_status st = cw_parquet_write_arrow(p, &batch, &batch_type);

    if (st == CW_OK) {
        CHECK(!batch.release);
        return st;
    }
    REQUIRE(batch.release);
    for (size_t i = 0; i < COLUMNS; i++)
        CHECK(batch.children[i]->release);
    CHECK(arrow_alive <= before); /* earlier ones may have gone */
    batch.release(&batch);
    return st;
}

/* ---- files ---- */

typedef struct manner {
    cw_parquet_codec codec;
    unsigned threads;
    size_t step, skip, shift; /* step 0: of changing lengths */
} manner;

static cw_schema *schema;

static cw_parquet *open_file(shelf *s, const manner *m)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
    cw_parquet *p = NULL;
    cw_error err;
    cw_writer *w = shelf_open(s, &err);

    o.codec = m->codec;
    o.threads = m->threads;
    o.row_group_rows = 25000;
    o.page_rows = 7000;
    o.bloom_filters = CW_CHOICE_YES;
    if (w && cw_parquet_open(&p, w, schema, &o, &err) != CW_OK)
        cw_writer_abort(w, NULL);
    return p;
}

static size_t next_step(const manner *m, size_t from)
{
    static const size_t steps[] = {9000, 13, 17000, 1000, 8200, 30000};
    size_t n = m->step ? m->step : steps[from % 6];

    return n < ROWS - from ? n : ROWS - from;
}

static cw_status write_batches(cw_parquet *p, const manner *m)
{
    cw_status st = CW_OK;

    for (size_t from = 0, n; from < ROWS && st == CW_OK; from += n) {
        size_t skip = from < m->skip ? 0 : m->skip;
        n = next_step(m, from);
        st = by_arrow(p, batch_of(from, from + n, skip, m->shift));
    }
    return st;
}

static void check_released(void)
{
    CHECK_INT(arrow_alive, 0);
    CHECK(!arrow_foreign && !arrow_released_twice);
}

static void same_bytes(const shelf *right, const manner *m)
{
    shelf s = {0};
    cw_parquet *p = open_file(&s, m);
    cw_error err;

    REQUIRE(p);
    CHECK_INT(write_batches(p, m), CW_OK);
    CHECK_OK(cw_parquet_close(p, NULL, &err), err);
    CHECK(s.n == right->n && memcmp(s.p, right->p, s.n) == 0);
    check_released();
    shelf_clear(&s);
}

static void all_manners(cw_parquet_codec codec)
{
    static const size_t steps[] = {ROWS, 20000, 9000, 1000, 0};
    shelf right = {0};
    manner m = {.codec = codec};
    cw_parquet *p = open_file(&right, &m);
    cw_error err;

    REQUIRE(p);
    CHECK_INT(by_columns(p, 0, ROWS), CW_OK);
    CHECK_OK(cw_parquet_close(p, NULL, &err), err);
    for (m.threads = UNDER_TSAN ? 4 : 0; m.threads <= 4; m.threads += 4)
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
            for (m.shift = 0; m.shift < 2; m.shift++) {
                m.step = steps[i];
                m.skip = m.shift ? 0 : 13;
                same_bytes(&right, &m);
            }
    shelf_clear(&right);
}

static void the_same_bytes(void)
{
    all_manners(CW_CODEC_NONE);
    all_manners(CW_CODEC_ZSTD);
}

/* ---- how long they stay ---- */

/* Gathered in slices, of which one alone would be few enough: the array would be kept for it. */
static void what_is_copied_is_not_kept_as_well(void)
{
    enum { MANY = 90000, SHORT_WORD = 5 };
    static struct ArrowSchema number = {.format = "i", .name = "n", .flags = ARROW_FLAG_NULLABLE};
    static struct ArrowSchema word = {.format = "z", .name = "word"};
    struct ArrowSchema *both[] = {&number, &word};
    struct ArrowSchema type = {.format = "+s", .n_children = 2, .children = both};
    struct ArrowArray columns[] = {arrow_array(MANY, 2), arrow_array(MANY, 3)};
    struct ArrowArray all = arrow_array(MANY, 1);
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
    int32_t *ends = room(MANY + 1, sizeof *ends);
    char *bytes = room(MANY, SHORT_WORD);
    shelf s = {0};
    cw_schema *two;
    cw_parquet *p = NULL;
    cw_error err;
    cw_writer *w = shelf_open(&s, &err);

    for (int32_t i = 0; i <= MANY; i++)
        ends[i] = SHORT_WORD * i;
    memset(bytes, 0x55, (size_t)MANY * SHORT_WORD); /* every second bit */
    arrow_buffer(&columns[0], 0, bytes, MANY / 8 + 1, 0);
    arrow_buffer(&columns[0], 1, ends, MANY * sizeof *ends, 0);
    arrow_buffer(&columns[1], 1, ends, (MANY + 1) * sizeof *ends, 0);
    arrow_buffer(&columns[1], 2, bytes, (size_t)MANY * SHORT_WORD, 0);
    arrow_children(&all, columns, 2);
    REQUIRE(w);
    CHECK_OK(cw_schema_parse(&two, "message m { optional int32 n; required binary word; }", &err),
             err);
    CHECK_OK(cw_parquet_open(&p, w, two, &o, &err), err);
    REQUIRE(p);
    CHECK_INT(cw_parquet_write_arrow(p, &all, &type), CW_OK);
    CHECK_INT(arrow_alive, 0);
    CHECK_INT(cw_parquet_abort(p, &err), CW_OK);
    check_released();
    cw_schema_free(two);
    shelf_clear(&s);
    free(ends);
    free(bytes);
}

static void values_stay_and_the_rest_goes(void)
{
    manner m = {.codec = CW_CODEC_NONE};
    shelf s = {0};
    cw_parquet *p = open_file(&s, &m);
    cw_error err;

    REQUIRE(p);
    CHECK_INT(by_arrow(p, batch_of(0, 20000, 0, 0)), CW_OK);
    CHECK_INT(arrow_alive, 7); /* ids, prices, kinds, items, names, notes, words; not lists, the
                                  batch */
    CHECK_INT(by_arrow(p, batch_of(20000, 21000, 0, 0)), CW_OK);
    CHECK_INT(arrow_alive, 7); /* small ones are copied */
    CHECK_INT(by_arrow(p, batch_of(21000, 30000, 0, 0)), CW_OK);
    CHECK_INT(arrow_alive, 5); /* the row group before is written; kinds are small now */
    CHECK_INT(cw_parquet_flush_row_group(p), CW_OK);
    CHECK_INT(arrow_alive, 0);
    CHECK_INT(by_arrow(p, batch_of(0, 10000, 0, 0)), CW_OK);
    CHECK(arrow_alive > 0);
    CHECK_INT(cw_parquet_abort(p, &err), CW_OK);
    check_released();
    shelf_clear(&s);
}

/* Arrow forbids it: the same array is of two columns. One of them is copied. */
static void an_array_is_there_twice(void)
{
    for (manner m = {.codec = CW_CODEC_NONE}; m.threads <= 4; m.threads += 4) {
        shelf right = {0}, s = {0};
        cw_parquet *p = open_file(&right, &m);
        struct ArrowArray batch = batch_of(0, 20000, 0, 0);
        cw_error err;

        REQUIRE(p);
        batch.children[1]->release(batch.children[1]);
        *batch.children[1] = numbers(20000, batch.children[0]->buffers[1], 8, 0);
        CHECK_INT(by_arrow(p, batch), CW_OK);
        CHECK_OK(cw_parquet_close(p, NULL, &err), err);

        p = open_file(&s, &m);
        batch = batch_of(0, 20000, 0, 0);
        REQUIRE(p);
        batch.children[1]->release(batch.children[1]);
        batch.children[1] = batch.children[0];
        CHECK_INT(by_arrow(p, batch), CW_OK);
        CHECK_INT(arrow_alive, 6); /* ids, kinds, items, names, notes, words */
        CHECK_OK(cw_parquet_close(p, NULL, &err), err);
        CHECK(s.n == right.n && memcmp(s.p, right.p, s.n) == 0);
        check_released();
        shelf_clear(&s);
        shelf_clear(&right);
    }
}

/* ---- failures ---- */

static void the_sink_fails(void)
{
    for (manner m = {.codec = CW_CODEC_NONE, .step = 9000}; m.threads <= 4; m.threads += 4)
        for (size_t most = 1000; most < 1500000; most += 170001) {
            shelf s = {.most = most};
            cw_parquet *p = open_file(&s, &m);
            cw_error err;

            REQUIRE(p);
            cw_status st = write_batches(p, &m);
            CHECK(st == CW_OK || st == CW_E_IO);
            CHECK(cw_parquet_close(p, NULL, &err) == CW_E_IO);
            CHECK(!s.published);
            check_released();
            shelf_clear(&s);
        }
}

/* The second batch ends a row group, which threads begin with, and is wrong behind that. */
static void a_batch_is_wrong(void)
{
    for (manner m = {.codec = CW_CODEC_ZSTD}; m.threads <= 4; m.threads += 4) {
        shelf s = {0};
        cw_parquet *p = open_file(&s, &m);
        struct ArrowArray batch = batch_of(20000, 60000, 0, 0);
        arrow_memory *names = batch.children[4]->private_data;
        cw_error err;

        REQUIRE(p);
        ((char *)names->blocks[2])[names->bytes[2] - 1] = (char)0xFF;
        CHECK_INT(by_arrow(p, batch_of(0, 20000, 0, 0)), CW_OK);
        CHECK_INT(by_arrow(p, batch), CW_E_INVALID_ARGUMENT);
        CHECK_INT(by_arrow(p, batch_of(0, 20000, 0, 0)), CW_E_INVALID_ARGUMENT);
        CHECK_STATUS(cw_parquet_close(p, NULL, &err), CW_E_INVALID_ARGUMENT, err);
        check_released();
        shelf_clear(&s);
    }
}

static bool allocation_fails(long nth, const manner *m)
{
    shelf s = {0};
    cw_error err;
    long calls;

    fault_install();
    fault_arm(nth, nth);
    cw_parquet *p = open_file(&s, m);
    cw_status st = p ? write_batches(p, m) : CW_E_NO_MEMORY;
    if (p) {
        cw_status end = cw_parquet_close(p, NULL, &err);
        CHECK_INT(end, st == CW_OK ? end : st);
        st = end;
    }
    calls = fault_disarm();
    CHECK(st == CW_OK || st == CW_E_NO_MEMORY);
    CHECK(s.published == (st == CW_OK));
    CHECK_INT(fault_end(), 0);
    check_released();
    shelf_clear(&s);
    return calls >= nth;
}

static void an_allocation_fails(void)
{
    manner m = {.codec = CW_CODEC_NONE, .step = 20000};

    for (m.threads = UNDER_TSAN ? 3 : 0; m.threads <= 3; m.threads += 3) {
        long nth = 1;
        while (allocation_fails(nth, &m) && nth < 5000 && test_failures_here < 10)
            nth += 1 + nth / 60;
        CHECK(nth > 100 && nth < 5000);
    }
}

/* ---- fork ---- */

static void a_child_releases_nothing(void)
{
    for (manner m = {.codec = CW_CODEC_NONE}; m.threads <= 4; m.threads += 4) {
        shelf s = {0};
        cw_parquet *p = open_file(&s, &m);
        cw_error err;
        int status;

        REQUIRE(p);
        CHECK_INT(by_arrow(p, batch_of(0, 20000, 0, 0)), CW_OK);
        long before = arrow_alive;
        pid_t pid = fork();
        REQUIRE(pid >= 0);
        if (pid == 0) {
            cw_parquet_abort(p, NULL);
            _exit(arrow_alive != before);
        }
        REQUIRE(waitpid(pid, &status, 0) == pid);
        CHECK_INT(status, 0);
        CHECK_OK(cw_parquet_close(p, NULL, &err), err);
        check_released();
        shelf_clear(&s);
    }
}

int main(int argc, char **argv)
{
    cw_error err;

    link_types();
    REQUIRE(cw_schema_parse(&schema, schema_text, &err) == CW_OK);
    TEST(the_same_bytes);
    TEST(what_is_copied_is_not_kept_as_well);
    TEST(values_stay_and_the_rest_goes);
    TEST(an_array_is_there_twice);
    TEST(the_sink_fails);
    TEST(a_batch_is_wrong);
    TEST(an_allocation_fails);
    TEST(a_child_releases_nothing);
    cw_schema_free(schema);
    return test_end();
}
