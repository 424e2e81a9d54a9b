/* fuzz_arrow.c - Arrow data of anybody: refused with a reason, or a file that verifies
 *
 * Input: how hostile the data is, its noise, numbers of rows, columns and batches, then what
 * arrow_any.h takes. A batch is released exactly if it was taken, and what is in it once, by then
 * or with the encoder.
 */
#include <cloudwriter/cloudwriter.h>

#include "arrow_any.h"

enum { MOST_BATCHES = 3 };

static bool is_refusal(cw_status st, const cw_error *err)
{
    return (st == CW_E_INVALID_ARGUMENT || st == CW_E_UNSUPPORTED) && err->status == st &&
           err->message[0];
}

static int no_fault(void *user, const cw_parquet_fault *fault)
{
    (void)user;
    fprintf(stderr, "%s\n", fault->message);
    MUST(!fault);
    return 0;
}

static void verify(uint64_t rows)
{
    cw_parquet_verified v;
    cw_parquet_file *f;
    cw_error err;
    MUST(cw_parquet_file_open(&f, NULL, "mem://fuzz-arrow", &err) == CW_OK);
    MUST(cw_parquet_file_verify(f, no_fault, NULL, &v, &err) == CW_OK);
    MUST(v.faults == 0 && cw_parquet_file_rows(f) == rows);
    cw_parquet_file_close(f);
}

static void finish(cw_parquet *p, cw_status status, uint64_t rows)
{
    cw_parquet_info info;
    cw_error err = {0};
    cw_status st = cw_parquet_close(p, &info, &err);
    if (status != CW_OK) {
        MUST(st == status && is_refusal(st, &err));
        return;
    }
    MUST(st == CW_OK && info.rows == rows);
    verify(rows);
}

/* ---- batch by batch ---- */

/* `like`: whose types the schema is of. */
static void write_batches(const struct ArrowSchema *like, const made *batches, size_t n)
{
    cw_schema *schema = NULL;
    cw_parquet *p = NULL;
    cw_writer *w = NULL;
    cw_error err = {0};
    uint64_t rows = 0;
    cw_status st = cw_schema_from_arrow(&schema, like, &err);
    MUST(st == CW_OK ? schema != NULL : !schema && is_refusal(st, &err));
    if (st != CW_OK)
        return;
    MUST(cw_writer_open(&w, NULL, "mem://fuzz-arrow", NULL, &err) == CW_OK);
    MUST(cw_parquet_open(&p, w, schema, NULL, &err) == CW_OK);
    cw_schema_free(schema);
    size_t taken = 0;
    for (size_t i = 0; i < n && st == CW_OK; i++) {
        struct ArrowArray *a = batches[i].array;
        bool was_there = a->release != NULL;
        uint64_t length = (uint64_t)a->length;
        in.released = 0;
        st = cw_parquet_write_arrow(p, a, batches[i].type);
        MUST(in.released == (st == CW_OK));
        MUST((a->release != NULL) == (was_there && st != CW_OK));
        MUST(st == CW_OK || is_refusal(st, cw_parquet_error(p)));
        rows += st == CW_OK ? length : 0;
        taken += st == CW_OK;
    }
    finish(p, st, rows);
    for (size_t i = 0; i < n; i++)
        MUST(all_released(i, i < taken));
}

/* ---- as a stream ---- */

typedef struct source {
    const struct ArrowSchema *type;
    const made *batches;
    size_t n, next;
    int given, released;
    bool fails; /* instead of ending */
} source;

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    const source *x = stream->private_data;
    *out = *x->type;
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    source *x = stream->private_data;
    memset(out, 0, sizeof *out);
    if (x->next == x->n)
        return x->fails ? 5 : 0;
    *out = *x->batches[x->next++].array;
    x->given += out->release != NULL;
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    return stream->release ? "it came to a bad end" : NULL;
}

static void release_stream(struct ArrowArrayStream *stream)
{
    source *x = stream->private_data;
    x->released++;
    stream->release = NULL;
}

static void write_stream(const struct ArrowSchema *type, const made *batches, size_t n, bool fails)
{
    source x = {.type = type, .batches = batches, .n = n, .fails = fails};
    struct ArrowArrayStream stream = {get_schema, get_next, get_last_error, release_stream, &x};
    cw_parquet_info info;
    cw_error err = {0};
    cw_status st =
        cw_parquet_write_arrow_stream(NULL, "mem://fuzz-arrow", &stream, NULL, &info, &err);
    MUST(x.released == 1 && in.released == x.given);
    MUST(!(st == CW_OK && fails && x.next == n && x.given == (int)n));
    MUST(st == CW_OK || (st == err.status && err.message[0]));
    for (size_t i = 0; st == CW_OK && i < x.next; i++)
        MUST(all_released(i, batches[i].array->release != NULL));
    if (st == CW_OK)
        verify(info.rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    made batches[MOST_BATCHES];
    memset(&in, 0, sizeof in);
    in.at = data;
    in.end = size ? data + size : data;
    unsigned mode = take();
    in.noise = take();
    int64_t rows = take() % 32, columns = 1 + take() % 3;
    size_t n = 1 + take() % MOST_BATCHES;
    if (mode & 4)
        rows *= 70;
    in.large = mode & 128;
    if (in.large)
        rows *= 5;
    in.hostile = mode & 1;
    const uint8_t *again = in.at;
    uint32_t noise_again = in.noise;
    for (size_t i = 0; i < n; i++) {
        if (mode & (2 | 32)) { /* a stream has one type, so all have the same */
            in.at = again;
            in.noise = noise_again;
        }
        batches[i] = make_batch(rows, columns);
        if (mode & 1 && mode & 8)
            break_type(batches[i].type->children[take() % columns]);
    }
    const struct ArrowSchema *like = batches[mode & 16 ? n - 1 : 0].type;
    if (mode & 32)
        write_stream(like, batches, n, mode & 64);
    else
        write_batches(like, batches, n);
    forget_all();
    return 0;
}
