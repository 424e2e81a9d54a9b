/* part_size.c - how large each part is
 *
 * A growing sequence starts at 8 MiB and doubles every 1,000 parts, until one part is a quarter of
 * the memory for parts: so one can be filled while three are on their way.
 *
 *     parts    1…1000   1001…2000   2001…10000      (128 MiB budget)
 *     size      8 MiB      16 MiB    about 28 MiB
 *
 * With a size hint the first part is as large as needed for the whole to fit 10,000 parts. Where
 * the service wants equal parts they are fixed, at 16 MiB (156 GiB in all) without a size hint.
 */
#include "s3/part_size.h"

#include "base/error.h"
#include "base/pool.h"

static const uint64_t mib = 1024 * 1024;

enum { DEFAULT_MIB = 8, EQUAL_MIB = 16, DOUBLE_AFTER = 1000, PARTS_IN_MEMORY = 4 };

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* A quarter of the memory, but not below what the service takes while the memory has that. */
static uint64_t comfortable(uint64_t slab_bytes)
{
    uint64_t quarter = slab_bytes / PARTS_IN_MEMORY / CW__SLAB_BYTES * CW__SLAB_BYTES;

    return least(most(quarter, CW__MIN_PART_BYTES), slab_bytes);
}

uint64_t cw__part_sizes_of(const cw__part_sizes *s, unsigned number)
{
    uint64_t bytes = s->first;

    for (unsigned n = DOUBLE_AFTER; !s->fixed && n < number && bytes < s->cap; n += DOUBLE_AFTER)
        bytes = least(bytes * 2, s->cap);
    return bytes;
}

uint64_t cw__part_sizes_largest(const cw__part_sizes *s)
{
    uint64_t total = 0;

    for (unsigned n = 1; n <= CW__MAX_PARTS; n += DOUBLE_AFTER)
        total += cw__part_sizes_of(s, n) * DOUBLE_AFTER;
    return least(total, s->most);
}

bool cw__part_sizes_may_cut(const cw__part_sizes *s, uint64_t bytes)
{
    return !s->fixed && bytes >= CW__MIN_PART_BYTES;
}

/* Raise the first part, in whole MiB, until `hint` fits; the cap bounds it. */
static void make_room(cw__part_sizes *s, uint64_t hint)
{
    uint64_t even = (hint + CW__MAX_PARTS - 1) / CW__MAX_PARTS;

    if (cw__part_sizes_largest(s) < hint)
        s->first = most(s->first, least((even + mib - 1) / mib * mib, s->cap));
}

static cw_status check(const cw__part_sizes *s, uint64_t hint, uint64_t slab_bytes, cw_error *err)
{
    if (s->first > slab_bytes || s->first > CW__MAX_PART_BYTES)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "part_bytes is %llu, but a part may have %llu here: raise the client's "
                        "memory_bytes or lower part_bytes",
                        (unsigned long long)s->first,
                        (unsigned long long)least(slab_bytes, CW__MAX_PART_BYTES));
    if (hint > s->most)
        return cw__fail(err, CW_E_TOO_LARGE,
                        "size_hint is %llu bytes, but an object of this service has %llu at most",
                        (unsigned long long)hint, (unsigned long long)s->most);
    if (hint > cw__part_sizes_largest(s))
        return cw__fail(
            err, CW_E_TOO_LARGE,
            "size_hint is %llu bytes, but these options hold %llu: raise part_bytes, or "
            "the client's memory_bytes, which bounds it",
            (unsigned long long)hint, (unsigned long long)cw__part_sizes_largest(s));
    return CW_OK;
}

cw_status cw__part_sizes_init(cw__part_sizes *out, const cw_writer_options *o,
                              const cw__provider *p, uint64_t slab_bytes, cw_error *err)
{
    bool equal = p && cw__provider_is(p, CW__EQUAL_PARTS);

    out->fixed = equal || o->part_policy == CW_PARTS_FIXED;
    out->most = least(p ? cw__provider_most_bytes(p) : UINT64_MAX, CW__MAX_OBJECT_BYTES);
    out->cap = least(comfortable(slab_bytes), CW__MAX_PART_BYTES);
    out->first =
        o->part_bytes ? o->part_bytes : least((equal ? EQUAL_MIB : DEFAULT_MIB) * mib, out->cap);
    out->cap = most(out->cap, out->first);
    if (!o->part_bytes)
        make_room(out, o->size_hint);
    return check(out, o->size_hint, slab_bytes, err);
}
