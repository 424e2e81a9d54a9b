/* table.c - a source of CSV, TSV or JSON Lines as batches of columns: what the kinds share */
#include "table/table.h"
#include "failure.h"
#include "memory.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum table_format table_format_of(const char *name)
{
    static const struct {
        const char *extension;
        enum table_format format;
    } known[] = {{"csv", TABLE_CSV},     {"tsv", TABLE_TSV},      {"tab", TABLE_TSV},
                 {"jsonl", TABLE_JSONL}, {"ndjson", TABLE_JSONL}, {"json", TABLE_JSONL}};
    const char *dot = name ? strrchr(name, '.') : NULL;

    for (size_t i = 0; dot && i < sizeof known / sizeof *known; i++)
        if (strcasecmp(dot + 1, known[i].extension) == 0)
            return known[i].format;
    return TABLE_UNKNOWN;
}

cw_status table_open(struct table *t, struct source *source, enum table_format format,
                     const struct table_options *o, cw_error *err)
{
    cw_status status;

    memset(t, 0, sizeof *t);
    t->o = o;
    t->format = format;
    text_begin(&t->text, source);
    status = text_more(&t->text, err);
    if (status != CW_OK)
        return status;
    return format == TABLE_JSONL ? table_json_open(t, err) : table_csv_open(t, err);
}

void table_close(struct table *t)
{
    csv_free(&t->csv);
    json_tape_free(&t->tape);
    text_free(&t->text);
    column_free(&t->root);
    for (size_t i = 0; i < t->name_count; i++)
        free(t->names[i]);
    free(t->names);
    free(t->cell_of);
    free(t->views);
    memset(t, 0, sizeof *t);
}

cw_status table_sample(struct table *t, cw_error *err)
{
    cw_status status = CW_OK;

    while (status == CW_OK && !t->text.ended && t->text.n < TABLE_SAMPLE)
        status = text_more(&t->text, err);
    return status;
}

cw_status table_guess(struct table *t, bool all, cw_schema **out, cw_error *err)
{
    cw_status status = cw_schema_new(out, err);

    if (status == CW_OK)
        status = t->format == TABLE_JSONL ? table_json_guess(t, all, *out, err)
                                          : table_csv_guess(t, all, *out, err);
    if (status != CW_OK) {
        cw_schema_free(*out);
        *out = NULL;
    }
    t->guessed = !all;
    return status;
}

cw_status table_bind(struct table *t, const cw_schema *schema, cw_error *err)
{
    struct refusal why;

    column_free(&t->root);
    if (!column_init(&t->root, cw_schema_root(schema), &why))
        return failure(err, CW_E_UNSUPPORTED, "column '%s' of the schema %s", why.where, why.why);
    t->views =
        tool_realloc(t->views, (t->root.child_count + column_nodes(&t->root)) * sizeof *t->views);
    return t->format == TABLE_JSONL ? CW_OK : table_csv_bind(t, err);
}

static void make_views(struct table *t)
{
    cw_column *pool = t->views + t->root.child_count;

    for (size_t i = 0; i < t->root.child_count; i++) {
        column_view(&t->root.children[i], &t->views[i], pool);
        pool += column_nodes(&t->root.children[i]);
    }
}

cw_status table_next(struct table *t, cw_error *err)
{
    cw_status status;

    column_clear(&t->root);
    t->rows = 0;
    status = t->format == TABLE_JSONL ? table_json_next(t, err) : table_csv_next(t, err);
    if (status == CW_OK)
        make_views(t);
    return status;
}

uint64_t table_bytes(const struct table *t)
{
    return t->text.before + (t->format == TABLE_JSONL ? t->at : t->csv.at);
}

cw_status table_refuse(const struct table *t, uint64_t line, const struct refusal *why,
                       cw_error *err)
{
    const char *hint =
        t->guessed && why->mistyped
            ? "; types were inferred from the beginning: use --infer all, or --schema"
            : "";
    bool shown = why->value[0] != '\0';

    bool named = why->where[0] != '\0';

    return failure(err, CW_E_INVALID_ARGUMENT, "%s, line %" PRIu64 "%s%s%s: %s%s%s%s%s",
                   t->text.source->name, line, named ? ", column '" : "", why->where,
                   named ? "'" : "", shown ? "'" : "", why->value, shown ? "' " : "", why->why,
                   hint);
}
