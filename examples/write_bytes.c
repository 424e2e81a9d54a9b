/* write_bytes.c - the writer driven by hand: bytes in, one object out
 *
 *     write_bytes s3://bucket/key
 *
 * With s3://, keys and settings come from the environment, as with the AWS tools. mem:// and
 * file:// need none.
 */
#include <cloudwriter/cloudwriter.h>
#include <inttypes.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "mem://example";
    cw_writer *w;
    cw_object_info info;
    cw_error err;
    char line[64];

    if (cw_writer_open(&w, NULL, url, NULL, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        return 1;
    }

    /* Errors are kept: write as much as you like, and look once, at close. */
    for (int i = 1; i <= 1000; i++) {
        int n = snprintf(line, sizeof line, "line %d of 1000\n", i);
        cw_writer_write(w, line, (size_t)n);
    }
    cw_writer_printf(w, "that was %s\n", "all");

    /* Only this publishes. */
    if (cw_writer_close(w, &info, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        return 1;
    }
    printf("%s: %" PRIu64 " bytes\n", url, info.bytes);
    return 0;
}
