/* parquet_csv.c - lines of text become rows, value by value, as they are read
 *
 *     parquet_csv s3://bucket/stock.parquet < stock.csv
 *
 * Without input it takes a few lines of its own. Of the text only a line is held, of the rows a row
 * group. A line that is no row ends it all, and nothing appears. For CSV as it comes in the wild,
 * with quotes and types to be found out, there is `cloudwriter parquet`.
 */
#include <cloudwriter/cloudwriter.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static const char sample[] = "bolt;12000;0.05\nnut;9000;0.1\nwasher;;0.02\n";

/* name;stock;price, the second of which may be missing. */
static int put_line(cw_parquet *p, const char *line)
{
    char name[64];
    int64_t stock;
    double price;
    int n = sscanf(line, "%63[^;];%" SCNd64 ";%lf", name, &stock, &price);
    int missing = n == 1 && sscanf(line, "%63[^;];;%lf", name, &price) == 2;

    if (n != 3 && !missing)
        return 0;
    cw_parquet_put_string(p, name);
    if (missing)
        cw_parquet_put_null(p);
    else
        cw_parquet_put_int(p, stock);
    cw_parquet_put_double(p, price);
    return cw_parquet_end_row(p) == CW_OK;
}

static int put_lines(cw_parquet *p, FILE *from)
{
    char line[256];
    int number = 0, good = 1;

    while (good && fgets(line, sizeof line, from)) {
        number++;
        good = put_line(p, line);
    }
    if (!good && cw_parquet_error(p)->status == CW_OK)
        fprintf(stderr, "line %d is no row: %s", number, line);
    return good && !ferror(from);
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "mem://stock.parquet";
    FILE *from = isatty(STDIN_FILENO) ? NULL : stdin;
    cw_schema *schema = NULL;
    cw_parquet *p = NULL;
    cw_writer *w = NULL;
    cw_error err;
    int c = from ? getc(from) : EOF;

    if (c == EOF)
        from = fmemopen((void *)(uintptr_t)sample, sizeof sample - 1, "r");
    else
        ungetc(c, from);
    if (cw_schema_parse(&schema,
                        "message stock { required string name; optional int64 stock;"
                        " required double price; }",
                        &err) != CW_OK ||
        cw_writer_open(&w, NULL, url, NULL, &err) != CW_OK ||
        cw_parquet_open(&p, w, schema, NULL, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        cw_writer_abort(w, NULL);
        cw_schema_free(schema);
        return 1;
    }
    cw_schema_free(schema);
    if (!from || !put_lines(p, from)) {
        cw_parquet_abort(p, NULL);
        return 1;
    }
    if (cw_parquet_close(p, NULL, &err) == CW_OK)
        return 0;
    fprintf(stderr, "%s: %s\n", url, err.message);
    return 1;
}
