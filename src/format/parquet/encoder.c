/* encoder.c - rows in by any way, row groups out to the writer
 *
 * Owns the writer, a copy of the schema, and all that rows pass through: the gatherer that takes
 * them apart, one buffer for each leaf column, the crew that encodes the buffers, and what the
 * footer will need.
 *
 *     open --> filling --take--> filling ... --close--> published, freed
 *                 |                 |
 *                 +---- failed -----+--close, abort--> nothing published, freed
 *
 * A row group ends exactly before the row that would take it beyond its limit of bytes, or with the
 * last row of its limit of rows. Both are sums over rows: so where row groups end depends on the
 * rows alone, not on the calls that brought them.
 *
 * The first error sticks. At close it becomes the writer's, which then aborts. What was made before
 * a fork belongs to the parent: the child may free the memory and nothing else, and not even that
 * where threads were encoding.
 */
#include "format/parquet/encoder.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"
#include "format/parquet/geo.h"
#include "format/parquet/in/arrow.h"
#include "format/parquet/schema/arrow_ipc.h"
#include "stream/writer.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

/* Rows are measured and taken in slices, so that measuring those that will not fit costs little. */
enum { SLICE_ROWS = 65536, LOOKS_PER_GROUP = 8 };

/* ---- errors, and where bytes go -------------------------------------------------------------- */

static bool inherited(const cw_parquet *p)
{
    return p->fork_generation != cw__fork_generation();
}

cw_status cw__parquet_fail(cw_parquet *p, const cw_error *err)
{
    if (p->error.status == CW_OK)
        p->error = *err;
    return p->error.status;
}

static cw_status standing(cw_parquet *p)
{
    if (p->error.status == CW_OK && inherited(p))
        cw__fail(&p->error, CW_E_STATE,
                 "this Parquet encoder belongs to the parent process: open one after the fork");
    return p->error.status;
}

cw_status cw__parquet_status(cw_parquet *p)
{
    return standing(p);
}

cw_status cw__parquet_put(cw_parquet *p, const void *bytes, size_t n, cw_error *err)
{
    cw_status st = cw_writer_write(p->writer, bytes, n);

    if (st != CW_OK)
        cw__error_copy(err, cw_writer_error(p->writer));
    p->offset += n;
    return st;
}

/* ---- taking rows ----------------------------------------------------------------------------- */

static uint64_t measure(const cw_parquet *p, const cw__view *columns, size_t from, size_t to)
{
    return cw__shred_measure(cw__gatherer_shredder(p->gatherer), columns, from, to);
}

/* How many of rows [from, to) fit into `room` bytes; *bytes: what those take. */
static size_t rows_that_fit(const cw_parquet *p, const cw__view *columns, size_t from, size_t to,
                            uint64_t room, uint64_t *bytes)
{
    size_t fits = from, beyond = to;
    uint64_t more = measure(p, columns, from, to);

    *bytes = more;
    if (more <= room)
        return to - from;
    *bytes = 0;
    while (beyond - fits > 1) {
        size_t middle = fits + (beyond - fits) / 2;

        more = measure(p, columns, fits, middle);
        if (*bytes + more <= room) {
            *bytes += more;
            fits = middle;
        } else {
            beyond = middle;
        }
    }
    return fits - from;
}

/* The next rows of [from, to) for this row group: 0 when it has to be closed first. */
static size_t next_rows(cw_parquet *p, const cw__view *columns, size_t from, size_t to,
                        uint64_t *bytes)
{
    const cw__budget *b = &p->settings.budget;
    uint64_t room = p->group_bytes < b->group_bytes ? b->group_bytes - p->group_bytes : 0;
    uint64_t rows = p->settings.group_rows - p->group_rows;
    size_t n = to - from;

    if (n > SLICE_ROWS)
        n = SLICE_ROWS;
    if (n > rows)
        n = (size_t)rows;
    n = rows_that_fit(p, columns, from, from + n, room, bytes);
    if (n > 0 || p->group_rows > 0)
        return n;
    *bytes = measure(p, columns, from, from + 1); /* a row larger than a row group is one */
    return 1;
}

static cw_status check_row(const cw_parquet *p, uint64_t bytes, size_t rows, uint64_t number,
                           cw_error *err)
{
    if (rows != 1 || bytes <= p->settings.budget.row_bytes)
        return CW_OK;
    return cw__fail(err, CW_E_TOO_LARGE,
                    "row %" PRIu64 " takes %" PRIu64
                    " bytes, and an eighth of memory_bytes is %" PRIu64 ": raise memory_bytes",
                    number, bytes, p->settings.budget.row_bytes);
}

/* The buffers' memory is looked at a few times for each row group. */
static void look_at_buffers(cw_parquet *p)
{
    if (p->group_bytes < p->look_at)
        return;
    p->look_at = p->group_bytes + p->settings.budget.group_bytes / LOOKS_PER_GROUP;
    cw__buffers_trim(p);
}

static cw_status take_some(cw_parquet *p, const cw__view *columns, size_t from, size_t n,
                           uint64_t bytes, uint64_t first_row, cw_error *err)
{
    cw_status st = check_row(p, bytes, n, first_row + from, err);

    if (st == CW_OK)
        st = cw__gather_rows(p->gatherer, p->buffers, columns,
                             (cw__row_range){from, from + n, first_row}, bytes, err);
    if (st != CW_OK)
        return st;
    p->group_rows += n;
    p->group_bytes += bytes;
    p->rows += n;
    p->input_bytes += bytes;
    look_at_buffers(p);
    return p->group_rows == p->settings.group_rows ? cw__row_group_close(p, err)
                                                   : cw__row_group_look(p, err);
}

cw_status cw__parquet_take(cw_parquet *p, const cw__view *columns, size_t rows)
{
    uint64_t first_row = p->rows;
    cw_status st = standing(p);
    cw_error err = {0};

    for (size_t from = 0; from < rows && st == CW_OK;) {
        uint64_t bytes = 0;
        size_t n = next_rows(p, columns, from, rows, &bytes);

        st = n ? take_some(p, columns, from, n, bytes, first_row, &err)
               : cw__row_group_close(p, &err);
        from += n;
    }
    return st == CW_OK || p->error.status != CW_OK ? p->error.status : cw__parquet_fail(p, &err);
}

void cw__parquet_rest(cw_parquet *p)
{
    if (!inherited(p))
        cw__row_group_drop(p);
}

/* ---- what the ways in see -------------------------------------------------------------------- */

cw__ways *cw__parquet_ways(cw_parquet *p)
{
    return &p->ways;
}

size_t cw__parquet_batch_bytes(const cw_parquet *p)
{
    enum { BATCHES = 16, MOST = 4 << 20 };
    uint64_t bytes = p->settings.budget.group_bytes / BATCHES;

    return bytes < MOST ? (size_t)bytes : MOST;
}

const cw_schema *cw__parquet_schema(const cw_parquet *p)
{
    return p->schema;
}

/* ---- open ------------------------------------------------------------------------------------ */

static cw_status add_entries(cw_parquet *p, cw_error *err)
{
    cw__text text = {0};
    cw_status st = CW_OK;

    if (p->settings.arrow_schema) {
        st = cw__arrow_ipc_schema(&text, p->schema, err);
        if (st == CW_OK)
            st = cw__settings_add_pair(&p->settings, "ARROW:schema", cw__text_str(&text), err);
    }
    cw__text_reset(&text);
    if (st == CW_OK && p->settings.geo_metadata) {
        st = cw__geo_entry(&text, p->schema, err);
        if (st == CW_OK)
            st = cw__settings_add_pair(&p->settings, "geo", cw__text_str(&text), err);
    }
    cw__text_free(&text);
    return st;
}

static cw_status make_buffers(cw_parquet *p, cw_error *err)
{
    p->buffers = cw__buffers_new(p->schema);
    return p->buffers ? CW_OK : cw__fail_memory(err, "opening a Parquet encoder");
}

static cw_status make_inside(cw_parquet *p, const cw_schema *schema, const cw_parquet_options *o,
                             cw_error *err)
{
    cw_status st = cw__schema_copy(&p->schema, schema, err);

    if (st == CW_OK)
        st = cw__settings_take(&p->settings, o, p->schema, err);
    if (st == CW_OK)
        st = add_entries(p, err);
    if (st == CW_OK)
        st = make_buffers(p, err);
    if (st == CW_OK)
        st = cw__crew_new(&p->crew, p->settings.budget.workers, err);
    if (st == CW_OK)
        st = cw__gatherer_new(&p->gatherer, p->schema, p->crew, p->settings.budget.workers, err);
    return st;
}

/* The threads of the parent were in the middle of something: none of it can be freed in the child.
   It is left as it is, where whoever looks for lost memory finds it. */
static void forsake(cw_parquet *p)
{
    static cw_parquet *_Atomic forsaken;

    p->next = atomic_load(&forsaken);
    while (!atomic_compare_exchange_weak(&forsaken, &p->next, p))
        ;
}

static void free_encoder(cw_parquet *p)
{
    if (inherited(p) && p->closing) {
        forsake(p);
        return;
    }
    cw__row_group_drop(p);
    cw__crew_free(p->crew, inherited(p));
    cw__rows_plan_free(p->ways.rows);
    cw__value_builder_free(p->ways.values);
    cw__arrow_views_free(p->ways.arrow);
    cw__gatherer_free(p->gatherer);
    cw__buffers_free(p->buffers, p->schema);
    cw__buffers_free(p->spare, p->schema);
    cw__pieces_free(&p->chunk_memory);
    cw__kept_free(&p->kept);
    cw__settings_free(&p->settings);
    cw_schema_free(p->schema);
    cw__free(p);
}

static cw_status check_writer(const cw_writer *w, cw_error *err)
{
    cw_stats stats;

    if (cw_writer_error(w)->status != CW_OK) {
        cw__error_copy(err, cw_writer_error(w));
        return cw_writer_error(w)->status;
    }
    if (cw__writer_compresses(w))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the writer compresses: a Parquet file does that by itself, column by "
                        "column; leave `compression` off");
    cw_writer_stats(w, &stats);
    if (stats.bytes_in)
        return cw__fail(err, CW_E_STATE,
                        "the writer has %" PRIu64 " bytes already: a Parquet file begins with its "
                        "first",
                        stats.bytes_in);
    return CW_OK;
}

cw_status cw_parquet_open(cw_parquet **out, cw_writer *w, const cw_schema *schema,
                          const cw_parquet_options *o, cw_error *err)
{
    cw_parquet *p;
    cw_status st;

    cw__error_clear(err);
    *out = NULL;
    if (!w || !schema)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "a Parquet encoder needs a writer and a schema");
    st = check_writer(w, err);
    if (st != CW_OK)
        return st;
    p = cw__alloc_zero(sizeof *p);
    if (!p || cw__fork_watch() != 0) {
        cw__free(p);
        return cw__fail_memory(err, "opening a Parquet encoder");
    }
    p->fork_generation = cw__fork_generation();
    p->writer = w;
    st = make_inside(p, schema, o, err);
    if (st == CW_OK)
        st = cw__parquet_put(p, "PAR1", 4, err);
    if (st == CW_OK)
        *out = p;
    else
        free_encoder(p);
    return st;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Rows that were put value by value, then the row group, to its last byte. */
static cw_status finish_rows(cw_parquet *p)
{
    cw_error err = {0};
    cw_status st = cw__parquet_status(p);

    if (st == CW_OK)
        st = cw__values_hand_over(p);
    if (st == CW_OK &&
        (cw__row_group_close(p, &err) != CW_OK || cw__row_group_finish(p, &err) != CW_OK))
        st = cw__parquet_fail(p, &err);
    return st;
}

cw_status cw_parquet_flush_row_group(cw_parquet *p)
{
    cw_status st = finish_rows(p);

    if (st == CW_OK && cw_writer_flush(p->writer) != CW_OK)
        st = cw__parquet_fail(p, cw_writer_error(p->writer));
    return st;
}

static void tell(const cw_parquet *p, const cw_object_info *object, cw_parquet_info *info)
{
    info->rows = p->rows;
    info->row_groups = p->kept.count;
    info->bytes = p->offset;
    info->input_bytes = p->input_bytes;
    info->object = *object;
}

cw_status cw_parquet_close(cw_parquet *p, cw_parquet_info *info, cw_error *err)
{
    cw_object_info object = {0};
    cw_error why = {0};
    cw_status st = finish_rows(p);

    if (st == CW_OK && cw__footer_finish(p, &why) != CW_OK)
        st = cw__parquet_fail(p, &why);
    if (st != CW_OK) /* closing a writer that has failed aborts it */
        cw__writer_fail(p->writer, st, "%s", p->error.message);
    st = cw_writer_close(p->writer, &object, err);
    if (info)
        memset(info, 0, sizeof *info);
    if (info && st == CW_OK)
        tell(p, &object, info);
    free_encoder(p);
    return st;
}

cw_status cw_parquet_abort(cw_parquet *p, cw_error *err)
{
    cw_status st;

    if (!p) {
        cw__error_clear(err);
        return CW_OK;
    }
    st = cw_writer_abort(p->writer, err);
    free_encoder(p);
    return st;
}

const cw_error *cw_parquet_error(const cw_parquet *p)
{
    return &p->error;
}

const cw_writer *cw_parquet_writer(const cw_parquet *p)
{
    return p->writer;
}
