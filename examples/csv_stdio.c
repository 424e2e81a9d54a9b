/* csv_stdio.c - code that prints to a FILE *, writing to a bucket
 *
 *     csv_stdio s3://bucket/prices.csv
 *
 * print_prices knows nothing of buckets: it could as well be given stdout.
 */
#include <cloudwriter/cloudwriter.h>
#include <stdio.h>

static void print_prices(FILE *out)
{
    fprintf(out, "day,price\n");
    for (int day = 1; day <= 31; day++)
        fprintf(out, "2026-01-%02d,%d.%02d\n", day, 100 + day, day * 3 % 100);
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "mem://prices.csv";
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_error err;
    FILE *f;

    o.content_type = "text/csv";
    f = cw_fopen_with(url, "w", NULL, &o, &err);
    if (!f) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        return 1;
    }
    print_prices(f);

    /* As for any stream: what was printed is safe only when fclose says so. cw_fclose does the
     * same and tells why not. */
    if (cw_fclose(f, NULL, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        return 1;
    }
    return 0;
}
