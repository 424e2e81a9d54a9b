/* intake.h - the body of a reply that is taken as it arrives: exactly the bytes that were wanted
 *
 * Without one, an exchange collects what is answered and judges it at the end. With one, the bytes
 * of a success go to `put` piece by piece, and an attempt that breaks off is followed by one for
 * the rest. Each byte is given once and in order. What is not a piece of the wanted object, at the
 * wanted place, of the wanted length, is refused before a byte of it is given.
 */
#ifndef CW_S3_INTAKE_H
#define CW_S3_INTAKE_H

#include "s3/reply.h"
#include "s3/request.h"

typedef struct cw__intake {
    /* set by the owner */
    uint64_t from;         /* of the object */
    uint64_t bytes;        /* wanted, at least 1 */
    uint64_t object_bytes; /* all that the object has */
    const char *etag;      /* that it has; "" if it has none */
    /** `n` bytes at `at`, counted from `from`. On the loop's thread. */
    void (*put)(void *user, uint64_t at, const void *p, size_t n);
    /** Where the bytes from `at` on may be received, for `put` to find them there. Nullable. */
    void *(*room)(void *user, uint64_t at, size_t *n);
    void *user;

    uint64_t got; /* over all attempts */

    /* its own, of one attempt */
    uint64_t got_before;
    bool looked;  /* at the head, which is right */
    bool muddled; /* it has a Content-Range that says nothing */
    bool ranged;  /* it has one, of */
    uint64_t first, last, total;
} cw__intake;

/** An attempt is about to be laid out: ask for what is missing. */
void cw__intake_begin(cw__intake *in, cw__request *r);

void cw__intake_header(cw__intake *in, const char *name, const char *value);

/** Where the next bytes are to lie, as cw__http_call wants it told; 0: it is not known, or none are
 * wanted. There has to be `room`. */
size_t cw__intake_room(const cw__intake *in, struct iovec *pieces, size_t most);

/** A piece of the body of a success. false: it is not what was wanted, and `err` says why. */
bool cw__intake_take(cw__intake *in, const cw__reply *r, int http_status, const void *p, size_t n,
                     cw_error *err);

/** Are bytes missing? */
bool cw__intake_lacks(const cw__intake *in);

/** Did this attempt bring so much that the next one need not count as a repetition? */
bool cw__intake_fruitful(const cw__intake *in);

#endif
