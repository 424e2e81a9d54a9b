/* reserve_commit.c - let a device write into the part itself: no copy
 *
 *     reserve_commit s3://bucket/samples.bin
 *
 * The device is one that fills the memory it is given, as read(2), recv(2) or a capture card does.
 */
#include <cloudwriter/cloudwriter.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct device {
    uint16_t sample;
    size_t left; /* bytes it still has */
};

/* Up to `cap` bytes; 0 at the end. */
static size_t device_read(struct device *d, void *p, size_t cap)
{
    size_t n = cap < d->left ? cap : d->left;

    memset(p, 0, n);
    for (size_t i = 0; i + 2 <= n; i += 2) {
        d->sample = (uint16_t)(d->sample * 25173 + 13849);
        memcpy((char *)p + i, &d->sample, 2);
    }
    d->left -= n;
    return n;
}

static cw_status copy_device(cw_writer *w, struct device *d)
{
    for (;;) {
        void *p;
        size_t cap, n;
        cw_status status = cw_writer_reserve(w, 1, &p, &cap);

        if (status != CW_OK)
            return status;
        n = device_read(d, p, cap);
        status = cw_writer_commit(w, n); /* none is fine */
        if (n == 0 || status != CW_OK)
            return status;
    }
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "mem://samples.bin";
    struct device device = {.sample = 1, .left = 20 * 1000 * 1000};
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_object_info info;
    cw_writer *w;
    cw_error err;

    o.size_hint = device.left; /* known beforehand: parts of a fitting size from the start */
    if (cw_writer_open(&w, NULL, url, &o, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        return 1;
    }
    (void)copy_device(w, &device); /* what failed, close tells */
    if (cw_writer_close(w, &info, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        return 1;
    }
    printf("%s: %" PRIu64 " bytes in %" PRIu64 " parts\n", url, info.bytes, info.parts);
    return 0;
}
