/* parquet_columns.c - columns of numbers and text, batch by batch, become a Parquet file
 *
 *     parquet_columns s3://bucket/points.parquet
 *
 * A column is a pointer to its values; text has offsets, what may be null a bitmap. The encoder
 * ends row groups and pages where it sees fit, however the batches are cut.
 */
#include <cloudwriter/cloudwriter.h>
#include <stdio.h>

enum { ROWS = 1000, BATCHES = 20 };

static const char text[] = "message points {"
                           "  required int64 id;"
                           "  required float x;"
                           "  optional string label;"
                           "}";

/* Every third label is "point", the others are null. */
static cw_status write_batch(cw_parquet *p, int64_t first)
{
    static int64_t ids[ROWS];
    static float x[ROWS];
    static int32_t offsets[ROWS + 1];
    static char labels[5 * ROWS + 1];
    static uint8_t there[ROWS / 8 + 1];

    for (int i = 0; i < ROWS; i++) {
        int n = i % 3 == 0 ? snprintf(labels + offsets[i], 6, "point") : 0;

        ids[i] = first + i;
        x[i] = (float)i / 4;
        offsets[i + 1] = offsets[i] + n;
        if (n)
            there[i / 8] = (uint8_t)(there[i / 8] | 1 << i % 8);
    }
    const cw_column columns[] = {
        {.values = ids},
        {.values = x},
        {.values = labels, .offsets = offsets, .validity = there},
    };
    return cw_parquet_write_columns(p, columns, 3, ROWS);
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "mem://points.parquet";
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
    cw_schema *schema = NULL;
    cw_parquet *p = NULL;
    cw_writer *w = NULL;
    cw_parquet_info info;
    cw_error err;

    o.threads = 2;
    if (cw_schema_parse(&schema, text, &err) != CW_OK ||
        cw_writer_open(&w, NULL, url, NULL, &err) != CW_OK ||
        cw_parquet_open(&p, w, schema, &o, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        cw_writer_abort(w, NULL);
        cw_schema_free(schema);
        return 1;
    }
    cw_schema_free(schema);
    for (int i = 0; i < BATCHES; i++)
        write_batch(p, (int64_t)i * ROWS); /* errors stick; close tells */
    if (cw_parquet_close(p, &info, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        return 1;
    }
    return info.rows != ROWS * BATCHES;
}
