/* csv.c - rows of typed values, straight into an object
 *
 *     csv s3://bucket/parts.csv
 *
 * Quoting and numbers are taken care of: what is written reads back as the same values.
 */
#include <cloudwriter/cloudwriter.h>
#include <stdio.h>

static const struct {
    const char *name; /* NULL: not known */
    int64_t stock;
    double price;
    int sold;
} parts[] = {
    {"bolt, 5 mm", 12000, 0.05, 1},
    {"the \"good\" nut", 9000, 0.1, 1},
    {NULL, 3, 1234.5, 0},
    {"", 0, 1e-7, 0},
};

/* Errors stick to the writer, so none of these calls has to be looked at. */
static void write_rows(cw_csv *csv)
{
    static const char *const header[] = {"name", "stock", "price", "sold"};

    cw_csv_strings(csv, header, 4);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cw_csv_row(csv, "sifb", parts[i].name, parts[i].stock, parts[i].price, parts[i].sold);

    /* Or field by field. */
    cw_csv_string(csv, "washer");
    cw_csv_null(csv);
    cw_csv_double(csv, 0.02);
    cw_csv_bool(csv, 1);
    cw_csv_end_row(csv);
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "mem://parts.csv";
    cw_writer *w;
    cw_csv *csv;
    cw_error err;

    if (cw_writer_open(&w, NULL, url, NULL, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        return 1;
    }
    if (cw_csv_new(&csv, w, NULL, &err) != CW_OK) {
        fprintf(stderr, "%s\n", err.message);
        cw_writer_abort(w, NULL);
        return 1;
    }
    write_rows(csv);
    cw_csv_free(csv);
    if (cw_writer_close(w, NULL, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        return 1;
    }
    return 0;
}
