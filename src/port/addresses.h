/* addresses.h - the addresses behind a name, which of them is to be used next, and which not for
 * now
 *
 * A large service answers a name with many addresses, and a library that takes the first of them
 * sends all its connections to one machine. Here the connections of a client are spread over all
 * of them, those with the fewest first, and none goes for a while to one that did not take a
 * connection, stalled, or is far slower than the best.
 *
 * Names are resolved on a thread of their own, of a few milliseconds' life, that nobody waits for:
 * until its answer is there libcurl finds its way by itself. A name with one address is left to
 * libcurl altogether. Shared by the I/O threads of a client; thread-safe.
 */
#ifndef CW_PORT_ADDRESSES_H
#define CW_PORT_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/log.h"

enum { CW__ADDRESS_BYTES = 46, CW__MOST_ADDRESSES = 16 };

typedef struct cw__addresses cw__addresses;
typedef struct cw__host cw__host; /* lives as long as the book */

/** NULL when out of memory. `log` must outlive all use but cw__addresses_free. */
cw__addresses *cw__addresses_new(const cw__log *log);

/** A thread that still resolves lets go of it later. NULL is fine. */
void cw__addresses_free(cw__addresses *b);

/** The host of a URL; NULL where there is nothing to spread: an address, or one name too many. */
cw__host *cw__addresses_host(cw__addresses *b, const char *url);

/** Have it resolved if that is due. Does not wait. */
void cw__host_resolve(cw__addresses *b, cw__host *h, uint64_t now_ms);

/**
 * The addresses in the order to try them, as libcurl's RESOLVE wants them ("host:port:a,b").
 * @return the place of the first; -1: not known, or never more than one
 */
int cw__host_order(cw__addresses *b, cw__host *h, uint64_t now_ms, char *out, size_t size);

/**
 * A request goes to this address.
 * @param crowded  is it to be left alone, or has more than its share of connections: this one had
 *                 better not be used again
 * @return its place, for cw__host_end; -1: it is not known
 */
int cw__host_begin(cw__addresses *b, cw__host *h, const char *ip, uint64_t now_ms, bool *crowded);

/** The request is over; after so many milliseconds for so many bytes, if it was answered. */
void cw__host_end(cw__addresses *b, cw__host *h, int place, uint64_t bytes, uint64_t ms,
                  uint64_t now_ms);

/** It took no connection, or nothing moved on one: leave it alone for a while. */
void cw__host_failed(cw__addresses *b, cw__host *h, int place, uint64_t now_ms);

/** Of all hosts: addresses to choose from, where there is a choice, and those left alone now. */
void cw__addresses_count(cw__addresses *b, uint64_t now_ms, unsigned *known, unsigned *avoided);

/** For tests: fill in up to `most` addresses, answer how many. NULL: the system's resolver. */
typedef int cw__resolver(const char *host, char (*out)[CW__ADDRESS_BYTES], int most);
void cw__addresses_set_resolver(cw__resolver *resolver);

#endif
