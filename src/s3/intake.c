/* intake.c - the body of a reply that is taken as it arrives: exactly the bytes that were wanted */
#include "s3/intake.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A connection that is cut again and again is worth another as long as each brings this much. */
enum { FRUITFUL_BYTES = 64 * 1024 };

void cw__intake_begin(cw__intake *in, cw__request *r)
{
    char range[64];

    in->got_before = in->got;
    in->looked = in->muddled = in->ranged = false;
    snprintf(range, sizeof range, "bytes=%" PRIu64 "-%" PRIu64, in->from + in->got,
             in->from + in->bytes - 1);
    cw__request_set_header(r, "range", range);
}

/* "bytes 0-99/1000"; the total may be "*". */
static bool parse_range(cw__intake *in, const char *value)
{
    char text[80], *dash, *slash;

    if (!cw__starts_with(value, "bytes "))
        return false;
    cw__copy_string(text, sizeof text, value + sizeof "bytes " - 1);
    dash = strchr(text, '-');
    slash = strchr(text, '/');
    if (!dash || !slash || slash < dash)
        return false;
    *dash = *slash = '\0';
    in->total = in->object_bytes;
    return cw__parse_u64(text, UINT64_MAX, &in->first) &&
           cw__parse_u64(dash + 1, UINT64_MAX, &in->last) &&
           (strcmp(slash + 1, "*") == 0 || cw__parse_u64(slash + 1, UINT64_MAX, &in->total));
}

void cw__intake_header(cw__intake *in, const char *name, const char *value)
{
    if (!cw__equal_nocase(name, "content-range"))
        return;
    in->ranged = parse_range(in, value);
    in->muddled = in->muddled || !in->ranged;
}

static bool refuse(cw_error *err, cw_status st, const char *why)
{
    cw__fail(err, st, "%s", why);
    return false;
}

/* A service that ignores Range sends the whole object: right if that is what was wanted. */
static bool is_the_piece(const cw__intake *in, const cw__reply *r, int http_status)
{
    uint64_t first = in->from + in->got, left = in->bytes - in->got;

    if (http_status != 206)
        return first == 0 && (!r->has_content_length || r->content_length == left);
    return in->ranged && !in->muddled && in->first == first && in->last == first + left - 1;
}

static bool look(cw__intake *in, const cw__reply *r, int http_status, cw_error *err)
{
    bool other = in->etag[0] && r->etag[0] && strcmp(in->etag, r->etag) != 0;

    if (other || (in->ranged && in->total != in->object_bytes))
        return refuse(err, CW_E_PRECONDITION, "it was replaced while it was read");
    if (is_the_piece(in, r, http_status))
        return in->looked = true;
    cw__fail(err, CW_E_PROTOCOL,
             "asked for %" PRIu64 " bytes from %" PRIu64
             ", the service answered %d with another piece",
             in->bytes - in->got, in->from + in->got, http_status);
    return false;
}

size_t cw__intake_room(const cw__intake *in, struct iovec *pieces, size_t most)
{
    uint64_t at = in->got;
    size_t count = 0;

    while (in->looked && count < most && at < in->bytes) {
        struct iovec *piece = &pieces[count++];
        piece->iov_base = in->room(in->user, at, &piece->iov_len);
        if (piece->iov_len > in->bytes - at)
            piece->iov_len = (size_t)(in->bytes - at);
        at += piece->iov_len;
    }
    return count;
}

bool cw__intake_take(cw__intake *in, const cw__reply *r, int http_status, const void *p, size_t n,
                     cw_error *err)
{
    if (!in->looked && !look(in, r, http_status, err))
        return false;
    if (n > in->bytes - in->got)
        return refuse(err, CW_E_PROTOCOL, "the service answered more bytes than were asked for");
    in->put(in->user, in->got, p, n);
    in->got += n;
    return true;
}

bool cw__intake_lacks(const cw__intake *in)
{
    return in->got < in->bytes;
}

bool cw__intake_fruitful(const cw__intake *in)
{
    return in->got - in->got_before >= FRUITFUL_BYTES;
}
