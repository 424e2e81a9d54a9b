/* table.h - a source of CSV, TSV or JSON Lines as batches of columns
 *
 *     table_open -> [table_guess] -> table_bind -> table_next … -> table_close
 *
 * Memory: the window of the text, and one batch; both grow with the longest record alone.
 */
#ifndef CW_TOOL_TABLE_H
#define CW_TOOL_TABLE_H

#include "table/column.h"

enum table_format { TABLE_UNKNOWN = 0, TABLE_CSV, TABLE_TSV, TABLE_JSONL };

/** From the command line; all zero is the default. */
struct table_options {
    int format;         /* enum table_format; 0: by the name of the source */
    const char *schema; /* file; NULL: inferred */
    int infer_all;      /* … from the whole source, not its beginning */
    char delimiter;     /* 0: that of the format */
    char quote;         /* 0: '"' */
    int no_quote;       /* quotes are characters like others */
    int no_header;      /* the first line is a row already */
    int ignore_unknown; /* leave out what the schema does not name */
    struct nulls nulls;
};

struct table {
    const struct table_options *o;
    enum table_format format;
    bool guessed; /* the schema is from the beginning of the source alone */
    struct text text;

    struct csv csv;
    char **names; /* of the cells of a record */
    size_t name_count;
    size_t *cell_of; /* each column's */

    struct json_tape tape;
    size_t at;     /* in the window … */
    uint64_t line; /* … and ends of lines before it */

    struct column root; /* a struct of the columns; CSV uses its children alone */
    cw_column *views;   /* what the last table_next read */
    size_t rows;
};

/** What the name of a file tells. */
enum table_format table_format_of(const char *name);

/** Begin to read; `t` may be closed whatever the answer. The format is known. */
cw_status table_open(struct table *t, struct source *source, enum table_format format,
                     const struct table_options *o, cw_error *err);
void table_close(struct table *t);

/** A schema for the beginning of the text, which can be read still; or for all, which is gone. */
cw_status table_guess(struct table *t, bool all, cw_schema **out, cw_error *err);

/** Make ready for a schema, which stays the caller's and has to stay. */
cw_status table_bind(struct table *t, const cw_schema *schema, cw_error *err);

/** The next rows into `views`; `rows` is 0 at the end. */
cw_status table_next(struct table *t, cw_error *err);

/** Bytes of the source that rows were made of. */
uint64_t table_bytes(const struct table *t);

/* ---- the two kinds ---- */

cw_status table_csv_open(struct table *t, cw_error *err);
cw_status table_csv_guess(struct table *t, bool all, cw_schema *out, cw_error *err);
cw_status table_csv_bind(struct table *t, cw_error *err);
cw_status table_csv_next(struct table *t, cw_error *err);

cw_status table_json_open(struct table *t, cw_error *err);
cw_status table_json_guess(struct table *t, bool all, cw_schema *out, cw_error *err);
cw_status table_json_next(struct table *t, cw_error *err);

enum { TABLE_SAMPLE = 8 << 20 };
/** Have the beginning of the text in the window. */
cw_status table_sample(struct table *t, cw_error *err);

/** "x.csv, line 7, column 'price': '1,5' is no decimal(12,2)" */
cw_status table_refuse(const struct table *t, uint64_t line, const struct refusal *why,
                       cw_error *err);

#endif
