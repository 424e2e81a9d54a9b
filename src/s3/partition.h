/* partition.h - the parts of AWS that know nothing of each other, by their regions' names */
#ifndef CW_S3_PARTITION_H
#define CW_S3_PARTITION_H

#include <stdbool.h>
#include "base/text.h"
#include <cloudwriter/client.h>

/** The name of a region is part of a host's, and no longer than that allows. */
enum { CW__LONGEST_REGION = 63 };

typedef struct cw__partition {
    const char *prefix; /* of its regions */
    const char *name;
    const char *domain;
    const char *dualstack_domain; /* S3 has its own way, below `domain` */
} cw__partition;

/** That of a region; regions that nobody has heard of are in "aws". */
const cw__partition *cw__partition_of(const char *region);

/** Is it a host of AWS, of whichever partition? */
bool cw__is_host_of_aws(const char *host);

/** Which of AWS's endpoints are wanted, of S3 and of what gives keys for it. */
typedef struct cw__variant {
    bool dualstack;
    bool fips;
} cw__variant;

cw__variant cw__variant_of(const cw_client_options *o);

/**
 * Append the URL of a service, without a slash at its end.
 * @param given  it, in so many words; NULL: "https://SERVICE.REGION.DOMAIN", the common rule
 */
void cw__add_service_url(cw__text *url, const char *given, const char *service, const char *region,
                         cw__variant v);

#endif
