/* ahead.h - the bytes of an object in order, fetched before they are asked for
 *
 *        given back      lent       arriving, in any order        not asked for yet
 *     ...............|---------|=====...|==========|==........|.......................
 *                    ^ position                               ^ planned
 *
 * The object is fetched as ranges, several at once, into slabs of the client's pool. It begins with
 * a small one. They grow with each that is planned, and there are more of them at once when the
 * reader has to wait although the I/O thread has time to spare: as long as that thread, or the
 * reader, is what limits the speed, more at once would only take memory. So they would where they
 * come so fast already that one thread can hardly take in more: then the bytes of few ranges stay
 * in the processor's cache, and each is cheaper. Where half as many would be fast enough twice
 * over, there are half as many from then on.
 *
 * Memory is never waited for. What others of the client need comes first: nothing is planned that
 * would leave less than a quarter of its slabs, or 5 MiB; then cw__ahead_peek answers CW_E_BUDGET,
 * and the reader has to fetch what it wants by itself.
 *
 * Locking: the reader's thread appends ranges and takes them off at the front; the I/O thread
 * starts them and fills them. `lock` guards the list and all counts but those of a range's bytes.
 * These, and the bytes, need no lock: they are written before `got` is raised and read after it was
 * seen. Who waits for bytes says so in `awaited` before looking at `got` again.
 */
#ifndef CW_STORE_AHEAD_H
#define CW_STORE_AHEAD_H

#include "s3/checksum.h"
#include "store/get.h"

typedef struct cw__ahead cw__ahead;

typedef struct cw__ahead_limits {
    uint64_t memory_bytes; /* of slabs; 0: half of the client's */
    unsigned connections;  /* ranges that arrive at once */
    uint64_t range_bytes;  /* of one request, once they have grown */
} cw__ahead_limits;

/** A CRC that is computed as bytes arrive, while the processor has them at hand. */
typedef struct cw__ahead_sum {
    cw_checksum which; /* DEFAULT: none */
    uint64_t crc;      /* of what came before, and of each range that was read to its end */
} cw__ahead_sum;

/** Nothing is fetched yet. `o` must stay, with its client, and so must `sum`. */
cw_status cw__ahead_new(cw__ahead **out, const cw__pinned *o, const cw__ahead_limits *limits,
                        cw__ahead_sum *sum, cw_error *err);

/** Cancels what is on its way. NULL is fine. */
void cw__ahead_free(cw__ahead *a);

/**
 * The same in the child of a fork: the memory of what was on its way stays, as it is the I/O
 * thread's, which is not there. NULL is fine.
 */
void cw__ahead_abandon(cw__ahead *a);

/**
 * Go on at `offset`. true: it has arrived already, and only what lies before it is dropped. false:
 * all is cancelled and dropped, and nothing is fetched before the next peek, a small range first.
 */
bool cw__ahead_move(cw__ahead *a, uint64_t offset);

/**
 * The bytes from `offset`, before the end, where they lie; at least one. Waits, but not for more
 * than `want`. If that is not where cw__ahead_skip came to, it begins anew there.
 * After a failure the next call tries anew.
 * @return CW_OK; CW_E_BUDGET: there is no memory for it now; …
 */
cw_status cw__ahead_peek(cw__ahead *a, uint64_t offset, size_t want, const void **p, size_t *n,
                         cw_error *err);

/** Give back the first `n` of those. */
void cw__ahead_skip(cw__ahead *a, size_t n);

/** Requests sent so far, retries included, and how many of them were retries. */
void cw__ahead_count(cw__ahead *a, uint64_t *requests, uint64_t *retries);

#endif
