/* parquet_nested.c - lists, maps and structs, put value by value into a Parquet file
 *
 *     parquet_nested s3://bucket/orders.parquet
 *
 * The calls follow the schema: one for each field of a row, what is nested between begin and end.
 */
#include <cloudwriter/cloudwriter.h>
#include <stdio.h>

static const char text[] = "message orders {"
                           "  required int64 id;"
                           "  optional struct customer {"
                           "    required string name;"
                           "    optional string mail;"
                           "  }"
                           "  required list items {"
                           "    required struct element { required string part; required int32 n; }"
                           "  }"
                           "  optional map labels { required string key; optional string value; }"
                           "}";

static void put_item(cw_parquet *p, const char *part, int n)
{
    cw_parquet_begin(p);
    cw_parquet_put_string(p, part);
    cw_parquet_put_int(p, n);
    cw_parquet_end(p);
}

static void put_orders(cw_parquet *p)
{
    cw_parquet_put_int(p, 1);
    cw_parquet_begin(p); /* customer */
    cw_parquet_put_string(p, "Ada");
    cw_parquet_put_null(p);
    cw_parquet_end(p);
    cw_parquet_begin(p); /* items */
    put_item(p, "bolt", 100);
    put_item(p, "nut", 100);
    cw_parquet_end(p);
    cw_parquet_begin(p); /* labels: key, value, key, value */
    cw_parquet_put_string(p, "urgent");
    cw_parquet_put_string(p, "yes");
    cw_parquet_end(p);
    cw_parquet_end_row(p);

    cw_parquet_put_int(p, 2);
    cw_parquet_put_null(p); /* no customer */
    cw_parquet_begin(p);    /* no items */
    cw_parquet_end(p);
    cw_parquet_put_null(p);
    cw_parquet_end_row(p);
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "mem://orders.parquet";
    cw_schema *schema = NULL;
    cw_parquet *p = NULL;
    cw_writer *w = NULL;
    cw_error err;

    if (cw_schema_parse(&schema, text, &err) != CW_OK ||
        cw_writer_open(&w, NULL, url, NULL, &err) != CW_OK ||
        cw_parquet_open(&p, w, schema, NULL, &err) != CW_OK) {
        cw_writer_abort(w, NULL);
    } else {
        put_orders(p); /* errors stick; close tells */
        if (cw_parquet_close(p, NULL, &err) == CW_OK)
            err.status = CW_OK;
    }
    cw_schema_free(schema);
    if (err.status != CW_OK)
        fprintf(stderr, "%s: %s\n", url, err.message);
    return err.status != CW_OK;
}
