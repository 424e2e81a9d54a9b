/* rows.c - the rows of a text, encoded as Parquet
 *
 * The schema is given, or guessed: from the beginning, which stays in the window and is read again
 * there, or from all of a file, which is opened once more.
 */
#include "rows.h"
#include "failure.h"
#include "memory.h"
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_THREADS = 5, MOST_SCHEMA = 64 << 20 };

/* ---- the schema ------------------------------------------------------------------------------ */

static cw_status read_schema_file(const char *path, char **text, cw_error *err)
{
    struct source file = {.fd = -1};
    size_t n = 0, room = 64 << 10, got = 1;
    cw_status status = source_open_file(&file, path, err);

    *text = NULL;
    while (status == CW_OK && got > 0) {
        if (n > MOST_SCHEMA) {
            status = failure(err, CW_E_TOO_LARGE, "%s is no schema: it is too large", path);
            break;
        }
        *text = tool_realloc(*text, n + room + 1);
        status = source_read(&file, *text + n, room, &got, err);
        n += status == CW_OK ? got : 0;
        room = n + (64 << 10);
    }
    source_close(&file);
    if (status == CW_OK && memchr(*text, '\0', n))
        status = failure(err, CW_E_INVALID_ARGUMENT, "%s is no schema: it is no text", path);
    if (status == CW_OK)
        (*text)[n] = '\0';
    return status;
}

static cw_status given_schema(const char *path, cw_schema **out, cw_error *err)
{
    char *text;
    cw_status status = read_schema_file(path, &text, err);

    if (status == CW_OK && cw_schema_parse(out, text, err) != CW_OK) {
        char *told = tool_format("%s: %s", path, err->message);
        status = failure(err, err->status, "%s", told);
        free(told);
    }
    free(text);
    return status;
}

/* From all of the file, by a source of its own. */
static cw_status guess_whole(const struct rows *r, enum table_format format, cw_schema **out,
                             cw_error *err)
{
    struct source source = {.fd = -1,
                            .deadline_ms = r->source->deadline_ms,
                            .idle = r->source->idle,
                            .idle_user = r->source->idle_user};
    struct table table = {0};
    cw_status status;

    if (!r->path)
        return failure(err, CW_E_INVALID_ARGUMENT,
                       "--infer all reads twice, which %s cannot: name a file, or give --schema",
                       r->source->name);
    status = source_open_file(&source, r->path, err);
    if (status == CW_OK && !source.regular)
        status = failure(err, CW_E_INVALID_ARGUMENT, "--infer all reads twice, and %s is no file",
                         r->path);
    if (status == CW_OK)
        status = table_open(&table, &source, format, &r->o->table, err);
    if (status == CW_OK)
        status = table_guess(&table, true, out, err);
    table_close(&table);
    source_close(&source);
    return status;
}

static cw_status make_schema(const struct rows *r, struct table *table, cw_schema **out,
                             cw_error *err)
{
    if (r->o->table.schema)
        return given_schema(r->o->table.schema, out, err);
    if (r->o->table.infer_all)
        return guess_whole(r, table->format, out, err);
    return table_guess(table, false, out, err);
}

/* ---- the encoder ----------------------------------------------------------------------------- */

/* The processors that this process may use. */
static unsigned usual_threads(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return n > MOST_THREADS ? MOST_THREADS : (unsigned)n;
}

static cw_status open_encoder(struct rows *r, const cw_schema *schema, cw_error *err)
{
    cw_parquet_options o = r->o->parquet;
    cw_status status;

    o.struct_size = sizeof o;
    if (!o.threads)
        o.threads = usual_threads();
    status = cw_parquet_open(&r->encoder, r->writer, schema, &o, err);
    if (status == CW_OK)
        r->writer = NULL;
    return status;
}

/* An error of the encoder sticks to it, and is told by its close. */
static cw_status write_rows(struct rows *r, struct table *table, cw_error *err)
{
    for (;;) {
        cw_status status = table_next(table, err);
        r->read = table_bytes(table);
        if (status != CW_OK || table->rows == 0)
            return status;
        status = cw_parquet_write_columns(r->encoder, table->views, table->root.child_count,
                                          table->rows);
        if (status != CW_OK)
            return status;
        r->note(r->user);
    }
}

static enum table_format format_of(const struct rows *r)
{
    int asked = r->o->table.format;
    return asked ? (enum table_format)asked : table_format_of(r->path);
}

cw_status rows_encode(struct rows *r, cw_error *err)
{
    enum table_format format = format_of(r);
    struct table table = {0};
    cw_schema *schema = NULL;
    cw_status status;

    if (!format)
        return failure(err, CW_E_INVALID_ARGUMENT,
                       "the name of %s does not tell its format: use --format csv, tsv or jsonl",
                       r->source->name);
    status = table_open(&table, r->source, format, &r->o->table, err);
    if (status == CW_OK)
        status = make_schema(r, &table, &schema, err);
    if (status == CW_OK)
        status = table_bind(&table, schema, err);
    if (status == CW_OK)
        status = open_encoder(r, schema, err);
    if (status == CW_OK)
        status = write_rows(r, &table, err);
    table_close(&table);
    cw_schema_free(schema);
    return status;
}
