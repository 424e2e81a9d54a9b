/* parquet_rows.c - an array of C structs becomes a Parquet file
 *
 *     parquet_rows s3://bucket/trades.parquet
 *
 * Each member is named once; its C type says how it is read, the schema what it becomes.
 */
#include <cloudwriter/cloudwriter.h>
#include <stdbool.h>
#include <stdio.h>

struct trade {
    int64_t at; /* microseconds since 1970 */
    const char *symbol;
    double price;
    int64_t quantity;
    bool quantity_unknown;
};

static const struct trade trades[] = {
    {1767225600000000, "ACME", 17.25, 100, false},
    {1767225600250000, "ACME", 17.5, 0, true},
    {1767225601000000, NULL, 3.125, 7, false}, /* NULL: the symbol is not known */
};

static const cw_member members[] = {
    CW_FIELD(struct trade, at),
    CW_FIELD(struct trade, symbol),
    CW_FIELD(struct trade, price),
    CW_FIELD_NULL(struct trade, quantity, quantity_unknown),
};

static const char columns[] = "message trades {"
                              "  required timestamp(us,utc) at;"
                              "  optional string symbol;"
                              "  required double price;"
                              "  optional int64 quantity;"
                              "}";

static cw_status write_trades(const char *url, cw_parquet_info *info, cw_error *err)
{
    cw_schema *schema = NULL;
    cw_writer *w = NULL;
    cw_parquet *p;
    cw_status st = cw_schema_parse(&schema, columns, err);

    if (st == CW_OK)
        st = cw_writer_open(&w, NULL, url, NULL, err);
    if (st == CW_OK && (st = cw_parquet_open(&p, w, schema, NULL, err)) != CW_OK)
        cw_writer_abort(w, NULL); /* it is the encoder's only on CW_OK */
    cw_schema_free(schema);
    if (st != CW_OK)
        return st;
    /* Errors stick: the answer of close is the one to look at. */
    cw_parquet_write_rows(p, members, sizeof members / sizeof *members, trades,
                          sizeof trades / sizeof *trades, sizeof *trades);
    return cw_parquet_close(p, info, err);
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "mem://trades.parquet";
    cw_parquet_info info;
    cw_error err;

    if (write_trades(url, &info, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        return 1;
    }
    printf("%s: %d rows in %d bytes\n", url, (int)info.rows, (int)info.bytes);
    return info.rows != 3;
}
