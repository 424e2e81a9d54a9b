/* parquet_sensors.c - a log whose row groups leave after a bounded time
 *
 *     parquet_sensors s3://bucket/sensors.parquet
 *
 * Readings are gathered until a row group is full, which may take hours. A program that would
 * rather hand them to the service every few seconds ends row groups itself. The object appears at
 * close, as always; until then the parts are safe with the service, not in this process.
 */
#include <cloudwriter/cloudwriter.h>
#include <stdio.h>
#include <time.h>

enum { READINGS = 50000, LONGEST_S = 10 };

struct reading {
    int64_t at; /* milliseconds since 1970 */
    int32_t sensor;
    float celsius;
};

static const cw_member members[] = {
    CW_FIELD(struct reading, at),
    CW_FIELD(struct reading, sensor),
    CW_FIELD(struct reading, celsius),
};

static struct reading read_sensor(int i)
{
    return (struct reading){1767225600000 + i, i % 16, 20 + (float)(i % 50) / 10};
}

static void log_readings(cw_parquet *p)
{
    time_t flushed = time(NULL);

    for (int i = 0; i < READINGS && cw_parquet_error(p)->status == CW_OK; i++) {
        struct reading r = read_sensor(i);

        cw_parquet_write_rows(p, members, 3, &r, 1, sizeof r);
        if (time(NULL) - flushed >= LONGEST_S) {
            cw_parquet_flush_row_group(p);
            flushed = time(NULL);
        }
    }
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "mem://sensors.parquet";
    cw_schema *schema = NULL;
    cw_parquet *p = NULL;
    cw_writer *w = NULL;
    cw_parquet_info info;
    cw_error err;

    if (cw_schema_parse(&schema,
                        "message log { required timestamp(ms,utc) at; required int32 sensor;"
                        " required float celsius; }",
                        &err) != CW_OK ||
        cw_writer_open(&w, NULL, url, NULL, &err) != CW_OK ||
        cw_parquet_open(&p, w, schema, NULL, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        cw_writer_abort(w, NULL);
        cw_schema_free(schema);
        return 1;
    }
    cw_schema_free(schema);
    log_readings(p);
    if (cw_parquet_close(p, &info, &err) == CW_OK)
        return info.rows != READINGS;
    fprintf(stderr, "%s: %s\n", url, err.message);
    return 1;
}
