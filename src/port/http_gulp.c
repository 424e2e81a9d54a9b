/* http_gulp.c - a reply that comes fast is taken in gulps
 *
 * Where a reply comes as fast as the processor can take it, each look at the socket finds little
 * that is new, and most of the work is to look: to be woken, to poll, to acknowledge a few bytes.
 * So poll(2) is told to keep silent until a mebibyte lies ready (SO_RCVLOWAT), all of which is then
 * read. That takes a third off the kernel's part.
 *
 *     from here on  --it comes fast-->      in gulps      of a body of known length
 *      as it comes  <--it has slowed down, or stopped, or the rest is hardly a gulp--
 *
 * The last bytes of a body have to be seen when they are there. What libcurl has read and has not
 * passed on yet counts as missing here, although the socket will not bring it again: that is why
 * gulps end well before the body does. Nothing of the next reply can be in the socket by then. They
 * end at every tick of the stall clocks too, and begin again when the pace has been looked at: so
 * the bytes of a sender that falls silent in the middle of one are late by a second at most.
 */
#include "port/http_transfer.h"

#include "base/clock.h"

#include <sys/socket.h>

enum {
    GULP = 1024 * 1024,
    HELD_BY_LIBCURL = 256 * 1024, /* at most: its buffer, and what TLS has of a record */
    STRETCH = 512 * 1024,         /* after each the pace so far is looked at */
    FAST = 200                    /* bytes in a microsecond: there a gulp takes 5 ms to come */
};

/* Where this cannot be set, bytes are taken as they come. */
static void set(cw__transfer *x, bool gulps)
{
    int bytes = gulps ? GULP : 1, fd = x->ours != CURL_SOCKET_BAD ? x->ours : x->fd;
    if (gulps != x->gulps && fd != CURL_SOCKET_BAD &&
        setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes) == 0)
        x->gulps = gulps;
}

static void begin(cw__transfer *x)
{
    curl_off_t bytes = 0;
    curl_easy_getinfo(x->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &bytes);
    x->body_bytes = bytes > 0 && !x->encoded ? (uint64_t)bytes : 0;
    x->body_us = cw__clock_mono_us();
}

static bool is_fast(const cw__transfer *x)
{
    return x->body_got >= FAST * (cw__clock_mono_us() - x->body_us);
}

void cw__transfer_gulp(cw__transfer *x, size_t n)
{
    uint64_t before = x->body_got;
    if (before == 0)
        begin(x);
    x->body_got += n;
    if (x->body_bytes < x->body_got + GULP + (x->direct ? 0 : HELD_BY_LIBCURL))
        set(x, false);
    else if (x->body_got / STRETCH > before / STRETCH)
        set(x, is_fast(x));
}

void cw__transfer_sip(cw__transfer *x)
{
    set(x, false);
}
