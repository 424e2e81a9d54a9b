/* test_memory.c - all that an encoder holds stays within memory_bytes
 *
 * Each case writes several times its memory into a sink that keeps nothing, in a process of its
 * own, and looks at how far that process has grown: the pages that it touched, not what it asked
 * for. What the program itself holds, the batch, is made before.
 */
#include "harness.h"
#include "parquet/arrow_batch.h"

#include <cloudwriter/cloudwriter.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20, BATCH_ROWS = 1000, ARROW_ROWS = 20000 };

/* ---- a sink that keeps nothing ---- */

static cw_status sink_write(void *self, const void *p, size_t n, cw_error *err)
{
    (void)self, (void)p, (void)n, (void)err;
    return CW_OK;
}

static cw_status sink_publish(void *self, struct cw_object_info *info, cw_error *err)
{
    (void)self, (void)info, (void)err;
    return CW_OK;
}

static cw_status sink_abort(void *self, cw_error *err)
{
    (void)self, (void)err;
    return CW_OK;
}

static void sink_free(void *self)
{
    (void)self;
}

static cw_writer *open_nowhere(void)
{
    static const cw_sink_ops ops = {.struct_size = sizeof ops,
                                    .name = "nowhere",
                                    .write = sink_write,
                                    .publish = sink_publish,
                                    .abort = sink_abort,
                                    .free = sink_free};
    static char self;
    cw_sink *sink;
    cw_writer *w;
    cw_error err;

    REQUIRE(cw_sink_new(&sink, &ops, &self, &err) == CW_OK);
    REQUIRE(cw_writer_open_sink(&w, sink, NULL, &err) == CW_OK);
    return w;
}

/* ---- how much ---- */

static size_t status_kib(const char *name)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[200];
    size_t kib = 0;

    REQUIRE(f);
    while (fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtoul(line + strlen(name) + 1, NULL, 10);
    fclose(f);
    return kib;
}

/* ---- tables ---- */

typedef enum shape { NUMBERS, TEXT, SKEWED, FEW_VALUES, ARROW, ROWS } shape;

typedef struct scene {
    const char *name;
    shape shape;
    int columns;
    unsigned memory_mib, threads;
    unsigned input_mib;  /* that are written */
    unsigned text_bytes; /* of a value; 0: 40 */
} scene;

static size_t text_bytes(const scene *s)
{
    return s->text_bytes ? s->text_bytes : 40;
}

static size_t value_bytes(const scene *s)
{
    if (s->shape == TEXT)
        return text_bytes(s) + 4;
    return s->shape == NUMBERS || s->shape == ARROW ? 8 : s->shape == ROWS ? 40 : 4;
}

static uint64_t seed = 88172645463325252U;

static uint64_t noise(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static cw_schema *make_schema(const scene *s)
{
    cw_schema *schema;
    char name[20];
    cw_error err;

    REQUIRE(cw_schema_new(&schema, &err) == CW_OK);
    for (int i = 0; i < s->columns; i++) {
        cw_field f = {.name = name,
                      .type = s->shape == TEXT || s->shape == SKEWED || s->shape == ROWS
                                  ? CW_TYPE_STRING
                              : s->shape == FEW_VALUES ? CW_TYPE_INT32
                                                       : CW_TYPE_INT64,
                      .nullable = i % 2};

        snprintf(name, sizeof name, "column_%d", i);
        REQUIRE(cw_schema_add(schema, &f, &err) == CW_OK);
    }
    return schema;
}

/* Two batches' worth of noise, into which columns point at different places. */
typedef struct batch {
    cw_column *columns;
    uint64_t *numbers;
    char *text;
    int32_t *offsets, *no_offsets;
    size_t rows;
} batch;

static batch make_batch(const scene *s)
{
    batch b = {.rows = s->text_bytes ? 1 : s->columns > 1000 ? 10 : BATCH_ROWS};

    b.columns = calloc((size_t)s->columns, sizeof *b.columns);
    b.numbers = malloc(2 * BATCH_ROWS * 8);
    b.text = malloc(b.rows * text_bytes(s));
    b.offsets = malloc((BATCH_ROWS + 1) * 4);
    b.no_offsets = calloc(BATCH_ROWS + 1, 4);
    REQUIRE(b.columns && b.numbers && b.text && b.offsets && b.no_offsets);
    for (int i = 0; i <= BATCH_ROWS; i++)
        b.offsets[i] = (int32_t)((size_t)i * text_bytes(s));
    return b;
}

static void free_batch(batch *b)
{
    free(b->columns);
    free(b->numbers);
    free(b->text);
    free(b->offsets);
    free(b->no_offsets);
}

/* The next batch of values; of skewed tables one column at a time has any. */
static void turn(batch *b, const scene *s, size_t number)
{
    size_t fat = number / 400 % (size_t)s->columns;

    for (int i = 0; i < 2 * BATCH_ROWS; i++)
        b->numbers[i] = s->shape == FEW_VALUES ? (noise() % 1000) * UINT64_C(0x100000001) : noise();
    for (size_t i = 0; i < b->rows * text_bytes(s); i++)
        b->text[i] = (char)('a' + (int)(noise() % 26));
    for (int i = 0; i < s->columns; i++) {
        cw_column *c = &b->columns[i];

        c->values = s->shape == TEXT || s->shape == SKEWED ? (const void *)b->text
                                                           : b->numbers + (size_t)i % BATCH_ROWS;
        c->offsets = s->shape == SKEWED && (size_t)i != fat ? b->no_offsets : b->offsets;
        if (s->shape != TEXT && s->shape != SKEWED)
            c->offsets = NULL;
    }
}

/* Rows of fresh memory, which the encoder keeps as long as it likes; all else of it is small. */
static cw_status write_arrow(cw_parquet *p, const scene *s)
{
    size_t n = (size_t)s->columns;
    struct ArrowSchema type = {.format = "l"};
    struct ArrowSchema **types = malloc(n * sizeof(struct ArrowSchema *));
    struct ArrowArray *columns = malloc(n * sizeof *columns);
    uint64_t *values = malloc(ARROW_ROWS * sizeof *values);
    struct ArrowArray rows = arrow_array(ARROW_ROWS, 1);

    REQUIRE(types && columns && values);
    for (size_t i = 0; i < n; i++) {
        types[i] = &type;
        columns[i] = arrow_array(ARROW_ROWS, 2);
        for (size_t k = 0; k < ARROW_ROWS; k++)
            values[k] = noise();
        arrow_buffer(&columns[i], 1, values, ARROW_ROWS * sizeof *values, 0);
    }
    arrow_children(&rows, columns, n);
    free(columns);
    free(values);
    const struct ArrowSchema all = {.format = "+s", .n_children = s->columns, .children = types};
    cw_status st = cw_parquet_write_arrow(p, &rows, &all);
    free(types);
    return st;
}

/* Many short texts, and then, without a warning, long ones. */
static cw_status write_rows(cw_parquet *p, const scene *s, size_t number)
{
    static const cw_member member = {"column_0", CW_MEMBER_BYTES, 0, sizeof(cw_bytes), -1, 0, NULL,
                                     0};
    static char text[MIB];
    cw_bytes rows[BATCH_ROWS];
    size_t n = number % 8 < 7 ? BATCH_ROWS : 4 * s->memory_mib;

    memset(text, 'a' + (int)(number % 26), sizeof text);
    for (size_t i = 0; i < n; i++)
        rows[i] = (cw_bytes){text, number % 8 < 7 ? 1 : sizeof text / 2};
    return cw_parquet_write_rows(p, &member, 1, rows, n, sizeof *rows);
}

static cw_status write_some(cw_parquet *p, const scene *s, batch *b, size_t number)
{
    if (s->shape == ARROW)
        return write_arrow(p, s);
    if (s->shape == ROWS)
        return write_rows(p, s, number);
    turn(b, s, number);
    return cw_parquet_write_columns(p, b->columns, (size_t)s->columns, b->rows);
}

/* ---- a run ---- */

/* Answers the MiB that it grew by. */
static double grow(const scene *s)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
    cw_schema *schema = make_schema(s);
    batch b = make_batch(s);
    cw_parquet_info info = {0};
    size_t before, after, written = 0;
    cw_parquet *p;
    cw_error err;

    o.memory_bytes = (uint64_t)s->memory_mib * MIB;
    o.threads = s->threads;
    turn(&b, s, 0);
    before = status_kib("VmRSS:");
    CHECK_OK(cw_parquet_open(&p, open_nowhere(), schema, &o, &err), err);
    REQUIRE(p);
    for (size_t i = 0; written < (size_t)s->input_mib * MIB; i++) {
        if (write_some(p, s, &b, i) != CW_OK)
            break;
        written += (s->shape == ARROW ? ARROW_ROWS : b.rows) * (size_t)s->columns * value_bytes(s);
        if (s->shape == SKEWED)
            written += b.rows * 40;
    }
    CHECK_OK(cw_parquet_close(p, &info, &err), err);
    after = status_kib("VmHWM:");
    fprintf(stderr,
            "    %-28s %4u MiB, %u threads: %6.1f MiB; %3" PRIu64 " row groups, %6.1f MiB\n",
            s->name, s->memory_mib, s->threads, (double)(after - before) / 1024, info.row_groups,
            (double)info.bytes / MIB);
    free_batch(&b);
    cw_schema_free(schema);
    return (double)(after - before) / 1024;
}

static bool in_child(const scene *s)
{
    int status;
    pid_t pid = fork();

    REQUIRE(pid >= 0);
    if (pid == 0) {
        double mib;

        test_failures_here = 0;
        mib = grow(s);
        CHECK(mib <= s->memory_mib);
        _exit(test_failures_here != 0);
    }
    REQUIRE(waitpid(pid, &status, 0) == pid);
    return status == 0;
}

static const scene scenes[] = {
    {"random numbers", NUMBERS, 8, 64, 0, 200, 0},
    {"random numbers", NUMBERS, 8, 64, 5, 200, 0},
    {"random numbers", NUMBERS, 8, 256, 5, 300, 0},
    {"Arrow batches", ARROW, 8, 64, 0, 200, 0},
    {"Arrow batches", ARROW, 8, 64, 5, 200, 0},
    {"Arrow batches", ARROW, 1, 64, 0, 200, 0},
    {"Arrow batches", ARROW, 2, 256, 5, 400, 0},
    {"one column", NUMBERS, 1, 64, 0, 100, 0},
    {"two columns", NUMBERS, 2, 16, 0, 60, 0},
    {"two columns of text", TEXT, 2, 16, 0, 60, 0},
    {"few values", FEW_VALUES, 1, 64, 0, 100, 0},
    {"few values", FEW_VALUES, 6, 64, 5, 100, 0},
    {"text", TEXT, 5, 64, 0, 200, 0},
    {"text", TEXT, 5, 256, 5, 300, 0},
    {"one column of text", TEXT, 1, 64, 0, 150, 0},
    {"skewed", SKEWED, 100, 64, 0, 200, 0},
    {"skewed", SKEWED, 100, 64, 5, 200, 0},
    {"1,000 columns", NUMBERS, 1000, 64, 0, 150, 0},
    {"1,000 columns", NUMBERS, 1000, 256, 5, 200, 0},
    {"10,000 columns", NUMBERS, 10000, 64, 0, 60, 0},
    {"10,000 columns", NUMBERS, 10000, 256, 5, 200, 0},
    {"10,000 columns of text", TEXT, 10000, 256, 0, 200, 0},
    {"large values", TEXT, 2, 64, 0, 200, 3500000},
    {"large values", TEXT, 1, 256, 5, 600, 28000000},
    {"large values", TEXT, 2, 256, 5, 400, 14000000},
    {"large values", TEXT, 8, 256, 5, 400, 3500000},
    {"one column of text", TEXT, 1, 64, 5, 150, 0},
    {"one column of text", TEXT, 1, 256, 5, 300, 0},
    {"long texts after short ones", ROWS, 1, 16, 0, 1, 0},
    {"a little memory", NUMBERS, 8, 4, 0, 20, 0},
    {"a little memory, text", TEXT, 5, 4, 3, 20, 0},
};

static void stays_within_its_memory(void)
{
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        CHECK(in_child(&scenes[i]));
}

/* An encoder that is open and has no rows yet. */
static void begins_with_little(void)
{
    const scene s = {.columns = 10000, .shape = NUMBERS};
    cw_schema *schema = make_schema(&s);
    size_t before = status_kib("VmRSS:");
    cw_parquet *p;
    cw_error err;

    CHECK_OK(cw_parquet_open(&p, open_nowhere(), schema, NULL, &err), err);
    CHECK(status_kib("VmRSS:") - before < 12 * 1024);
    fprintf(stderr, "    10,000 columns, no rows: %zu KiB\n", status_kib("VmRSS:") - before);
    CHECK_OK(cw_parquet_close(p, NULL, &err), err);
    cw_schema_free(schema);
}

int main(int argc, char **argv)
{
    TEST(stays_within_its_memory);
    TEST(begins_with_little);
    return test_end();
}
