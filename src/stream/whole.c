/* whole.c - an object in one call: put from memory, got into memory */
#include <cloudwriter/object.h>

#include "base/error.h"
#include "base/options.h"

cw_status cw_object_put(cw_client *c, const char *url, const void *p, size_t n,
                        const cw_writer_options *o, cw_object_info *info, cw_error *err)
{
    cw_writer *w;
    cw_status st = cw_writer_open(&w, c, url, o, err);

    if (st != CW_OK)
        return st;
    (void)!cw_writer_write(w, p, n); /* close tells */
    return cw_writer_close(w, info, err);
}

static cw_status refuse_size(const char *url, size_t room, cw_error *err)
{
    return cw__fail(err, CW_E_TOO_LARGE, "'%s' is larger than the %zu bytes that there is room for",
                    url, room);
}

/* All of it: the last read also compares the checksum, or finds the end of what was compressed. */
static cw_status read_whole(cw_reader *r, const char *url, void *p, size_t room, size_t *n,
                            cw_error *err)
{
    const void *more;
    size_t left = 0;
    cw_status st = cw_reader_read(r, p, room, n, err);

    if (st == CW_OK && *n == room)
        st = cw_reader_peek(r, &more, &left, err);
    if (left > 0)
        st = refuse_size(url, room, err);
    if (st != CW_OK)
        *n = 0;
    return st;
}

cw_status cw_object_get(void *p, size_t room, size_t *n, cw_client *c, const char *url,
                        const cw_reader_options *o, cw_error *err)
{
    cw_reader_options own;
    cw_reader *r = NULL;
    cw_status st;

    *n = 0;
    cw__error_clear(err);
    st = cw__options_take(&own, sizeof own, o, err);
    if (st == CW_OK)
        st = cw_reader_open_with(&r, c, url, &own, err);
    if (st != CW_OK)
        return st;
    if (!own.decompression && cw_reader_size(r) > room) {
        *n = cw_reader_size(r) < SIZE_MAX ? (size_t)cw_reader_size(r) : SIZE_MAX;
        st = refuse_size(url, room, err);
    } else {
        st = read_whole(r, url, p, room, n, err);
    }
    cw_reader_close(r);
    return st;
}
