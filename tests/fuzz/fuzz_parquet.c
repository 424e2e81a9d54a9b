/* fuzz_parquet.c - a Parquet file of anybody: opened, printed, verified
 *
 * Allocations that a file asks for are bounded by what the file could hold, or by what a page may
 * be.
 */
#include <cloudwriter/cloudwriter.h>
#include <stdint.h>

static int ignore_text(void *user, const char *text, size_t n)
{
    (void)user;
    (void)text;
    (void)n;
    return 0;
}

static int ignore_fault(void *user, const cw_parquet_fault *fault)
{
    (void)user;
    (void)fault;
    return 0;
}

static int put(const uint8_t *data, size_t n)
{
    cw_writer *w;

    if (cw_writer_open(&w, NULL, "mem://fuzz", NULL, NULL) != CW_OK)
        return -1;
    cw_writer_write(w, data, n);
    return cw_writer_close(w, NULL, NULL) == CW_OK ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cw_parquet_verified v;
    cw_parquet_file *f;
    cw_error err;

    if (put(data, n) != 0 || cw_parquet_file_open(&f, NULL, "mem://fuzz", &err) != CW_OK)
        return 0;
    for (int what = CW_PARQUET_PRINT_SCHEMA; what <= CW_PARQUET_PRINT_META_JSON; what++)
        if (cw_parquet_file_print(f, (cw_parquet_print)what, ignore_text, NULL, &err) != CW_OK)
            break;
    if (cw_parquet_file_verify(f, ignore_fault, NULL, &v, &err) != CW_OK)
        v.faults = 0;
    cw_parquet_file_close(f);
    return 0;
}
