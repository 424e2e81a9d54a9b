/* learned.c - what a client has learned about its endpoint from the answers */
#include "s3/learned.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "s3/partition.h"

#include <string.h>

struct cw__bucket_region {
    struct cw__bucket_region *next;
    char region[CW__LONGEST_REGION + 1];
    char bucket[];
};

int cw__learned_init(cw__learned *l)
{
    memset(l, 0, sizeof *l);
    return cw__mutex_init(&l->lock);
}

void cw__learned_destroy(cw__learned *l)
{
    while (l->regions) {
        struct cw__bucket_region *r = l->regions;
        l->regions = r->next;
        cw__free(r);
    }
    cw__mutex_destroy(&l->lock);
}

static struct cw__bucket_region *find(const cw__learned *l, const char *bucket)
{
    struct cw__bucket_region *r = l->regions;

    while (r && strcmp(r->bucket, bucket) != 0)
        r = r->next;
    return r;
}

void cw__learned_region(cw__learned *l, const char *bucket, char *out, size_t size)
{
    const struct cw__bucket_region *r;

    cw__mutex_lock(&l->lock);
    r = find(l, bucket);
    if (r)
        cw__copy_string(out, size, r->region);
    cw__mutex_unlock(&l->lock);
}

/* Out of memory: it is learned again next time. */
void cw__learn_region(cw__learned *l, const char *bucket, const char *region)
{
    size_t n = strlen(bucket) + 1;
    struct cw__bucket_region *r;

    cw__mutex_lock(&l->lock);
    r = find(l, bucket);
    if (!r && (r = cw__alloc_zero(sizeof *r + n))) {
        memcpy(r->bucket, bucket, n);
        r->next = l->regions;
        l->regions = r;
    }
    if (r)
        cw__copy_string(r->region, sizeof r->region, region);
    cw__mutex_unlock(&l->lock);
}

int64_t cw__learned_wall_ms(cw__learned *l)
{
    return cw__clock_wall_ms() + atomic_load(&l->clock_offset_ms);
}

void cw__learn_clock(cw__learned *l, int64_t server_wall_ms)
{
    atomic_store(&l->clock_offset_ms, server_wall_ms - cw__clock_wall_ms());
}
