/* dictionary_range.c - the distinct ones of numbers that lie near to each other
 *
 * A table of the range says which of its places are taken: no hash, no comparison. Doubles that are
 * decimal numbers, as prices and measured values often are, have places as well: those of the whole
 * numbers that they are tenths, hundredths … of. That they are is proven by dividing, to the bit.
 *
 * Entries are in the order of their first appearance where they cannot be many, beside the values.
 * Where they can, they are much of the chunk, and ascending ones are compressed to less: 3 bytes
 * for one of 8 become 2, which is worth the second pass. Of decimal numbers those come together
 * that end in the same bits, ascending.
 */
#include <string.h>

#include "base/memory.h"
#include "format/parquet/encode/dictionary_build.h"

enum {
    MOST_RANGE = 1 << 20,
    STEP = 4096, /* values between two looks at the range: where it is large, that is mostly seen
                    at once */
    FEW = 32     /* values for each place: entries are not worth ordering */
};

/* What a value's place is counted in. */
typedef enum unit { OF_1_BYTE, OF_4_BYTES, OF_8_BYTES, DECIMAL } unit;

typedef struct number_range {
    unit unit;
    double scale; /* DECIMAL: times a value are a whole number */
    size_t apart; /* places that come one after the other in order: see find_decimals */
    int64_t low, high;
} number_range;

/* ---- whole numbers ---- */

static inline uint64_t bits_at(const void *values, size_t i)
{
    uint64_t bits;

    memcpy(&bits, (const uint8_t *)values + i * sizeof bits, sizeof bits);
    return bits;
}

static inline __attribute__((always_inline)) int64_t whole_at(const void *values, unit u, size_t i)
{
    int32_t v;

    if (u == OF_1_BYTE)
        return ((const uint8_t *)values)[i];
    if (u == OF_8_BYTES)
        return (int64_t)bits_at(values, i);
    memcpy(&v, (const uint8_t *)values + i * sizeof v, sizeof v);
    return v;
}

/* As signed numbers: the range is what matters, whatever they mean. */
static inline __attribute__((always_inline)) void widen_as(number_range *r, const void *values,
                                                           unit u, size_t from, size_t to)
{
    int64_t least = r->low, most = r->high;

    for (size_t i = from; i < to; i++) {
        int64_t v = whole_at(values, u, i);
        least = v < least ? v : least;
        most = v > most ? v : most;
    }
    r->low = least;
    r->high = most;
}

/* ---- decimal numbers ---- */

/* Added to a double of less than 2 to the 31st, leaves its nearest whole number in the low bits. */
static const double ROUND = 0x1.8p52;

static inline double double_of(uint64_t bits)
{
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

static inline uint64_t bits_of(double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    return bits;
}

/* false: one is none. NaN compares with nothing, and the lesser zero comes back as the other. */
static bool widen_decimals(number_range *r, const void *values, size_t from, size_t to)
{
    double least = (double)r->low, most = (double)r->high;
    uint64_t differ = 0;
    bool inside = true;

    for (size_t i = from; i < to; i++) {
        uint64_t bits = bits_at(values, i);
        double whole = double_of(bits) * r->scale + ROUND - ROUND;
        differ |= bits ^ bits_of(whole / r->scale);
        inside &= whole >= INT32_MIN && whole <= INT32_MAX;
        least = whole < least ? whole : least;
        most = whole > most ? whole : most;
    }
    if (differ || !inside)
        return false;
    r->low = (int64_t)least;
    r->high = (int64_t)most;
    return true;
}

/* Zero, or not so small or large that it cannot be one; whole numbers look very small. */
static bool may_be_decimal(uint64_t bits)
{
    unsigned exponent = bits >> 52 & 0x7ff;

    return bits == 0 || (exponent > 1023 - 20 && exponent < 1023 + 31);
}

/* ---- the range ---- */

static inline bool widen(number_range *r, const void *values, size_t from, size_t to)
{
    if (r->unit == DECIMAL)
        return widen_decimals(r, values, from, to);
    if (r->unit == OF_4_BYTES)
        widen_as(r, values, OF_4_BYTES, from, to);
    else
        widen_as(r, values, OF_8_BYTES, from, to);
    return true;
}

/* Distinct values may be so many that it matters how they are stored. */
static bool is_wide(const number_range *r, size_t all)
{
    return (uint64_t)(r->high - r->low) >= all / FEW;
}

typedef enum finding { NEAR, FAR, NONE } finding;

/* Whether a table of the range pays for `all` values, by the first `n` of these runs. What is found
   depends on the values alone, not on where one run ends. */
static finding measure(number_range *r, const cw__numbers *run, size_t n, size_t all)
{
    size_t at = 0;

    r->low = r->unit == DECIMAL ? INT32_MAX : INT64_MAX;
    r->high = r->unit == DECIMAL ? INT32_MIN : INT64_MIN;
    while (n > 0) {
        size_t step = n < STEP ? n : STEP;
        for (n -= step; step > 0; run++, at = 0) {
            size_t here = run->n - at < step ? run->n - at : step;
            if (!widen(r, run->p, at, at + here))
                return NONE;
            step -= here;
            at += here;
            if (step == 0 && at < run->n)
                break;
        }
        uint64_t range = (uint64_t)r->high - (uint64_t)r->low;
        if (range >= MOST_RANGE || range / 4 > all)
            return FAR;
    }
    return NEAR;
}

/* To divide takes as long as a hash: where entries cannot be many, which the first values show, it
   is not worth it. */
static finding find_scaled(number_range *r, const cw__numbers *runs, size_t n, size_t all)
{
    static const size_t glances[] = {16, STEP};

    for (size_t i = 0; i < sizeof glances / sizeof *glances; i++) {
        finding f = measure(r, runs, n < glances[i] ? n : glances[i], all);
        if (f != NEAR)
            return f;
    }
    return is_wide(r, all) ? measure(r, runs, n, all) : FAR;
}

/* Those that lie halves, quarters … apart end in the same bits as doubles. */
static bool find_decimals(number_range *r, const cw__numbers *runs, size_t n, size_t all)
{
    static const double scales[] = {1, 10, 100, 1000, 10000};
    static const size_t aparts[] = {1, 5, 25, 125, 625};
    finding f = NONE;

    r->unit = DECIMAL;
    if (!may_be_decimal(bits_at(runs->p, 0)))
        return false;
    for (size_t i = 0; f == NONE && i < sizeof scales / sizeof *scales; i++) {
        r->scale = scales[i];
        r->apart = aparts[i];
        f = find_scaled(r, runs, n, all);
    }
    return f == NEAR;
}

static bool find_range(number_range *r, const cw__numbers *runs, size_t n, size_t width, size_t all)
{
    if (width == 1) {
        *r = (number_range){.unit = OF_1_BYTE, .high = UINT8_MAX};
        return true;
    }
    if (n == 0)
        return false;
    r->unit = width == 4 ? OF_4_BYTES : OF_8_BYTES;
    r->apart = 1;
    return measure(r, runs, n, all) == NEAR || (width == 8 && find_decimals(r, runs, n, all));
}

size_t cw__dictionary_places(const void *values, size_t n, size_t width, size_t all)
{
    number_range r;

    if ((width != 4 && width != 8) || !find_range(&r, &(cw__numbers){values, n}, n, width, all))
        return 0;
    return (size_t)(r.high - r.low) + 1;
}

/* ---- the table: a number for each place ---- */

/* Always inlined, with a known unit. */
static inline __attribute__((always_inline)) uint32_t place_of(const number_range *r, unit u,
                                                               const void *values, size_t i)
{
    if (u == DECIMAL)
        return (uint32_t)bits_of(double_of(bits_at(values, i)) * r->scale + ROUND) -
               (uint32_t)r->low;
    return (uint32_t)whole_at(values, u, i) - (uint32_t)r->low;
}

/* `first`: the number of the run's first value. Slots hold index + 1; 0: not seen. */
static inline __attribute__((always_inline)) cw__dictionary_answer
fill_as_seen(cw__dictionary_builder *b, uint32_t *slots, const number_range *r, unit u,
             const cw__numbers *run, size_t first, size_t width)
{
    uint32_t *indices = b->d->indices + first;

    for (size_t i = 0; i < run->n; i++) {
        uint32_t *slot = &slots[place_of(r, u, run->p, i)];
        if (*slot == 0) {
            cw__dictionary_answer answer = cw__dictionary_add(b, first + i, width);
            if (answer != CW__DICTIONARY_BUILT)
                return answer;
            *slot = (uint32_t)b->d->count;
        }
        indices[i] = *slot - 1;
    }
    return CW__DICTIONARY_BUILT;
}

/* Slots are 1 where they are taken, and become how many are up to there. Here and there in a large
   table takes longer than the compressor saves. */
static cw__dictionary_answer number_slots(cw__dictionary_builder *b, uint32_t *slots, size_t places,
                                          size_t apart, size_t width)
{
    enum { MOST_NEAR = 1 << 16 };
    uint32_t count = 0;

    apart = places <= MOST_NEAR ? apart : 1;
    for (size_t first = 0; first < apart; first++)
        for (size_t i = first; i < places; i += apart)
            slots[i] = count += slots[i];
    b->d->count = count;
    b->d->bytes = count * width;
    if (count > b->most_entries || b->d->bytes > b->most_bytes)
        return CW__DICTIONARY_TOO_LARGE;
    while (b->d->firsts_room < count)
        if (!cw__dictionary_grow(b->d))
            return CW__DICTIONARY_NO_MEMORY;
    return CW__DICTIONARY_BUILT;
}

static inline __attribute__((always_inline)) void take_slots(uint32_t *slots, const number_range *r,
                                                             unit u, const cw__numbers *run)
{
    for (size_t i = 0; i < run->n; i++)
        slots[place_of(r, u, run->p, i)] = 1;
}

/* Runs are told from the last to the first, so that the first one of equal values stays. */
static inline __attribute__((always_inline)) void
point_to_slots(cw__dictionary *d, const uint32_t *slots, const number_range *r, unit u,
               const cw__numbers *run, size_t first)
{
    uint32_t *indices = d->indices + first;

    for (size_t i = run->n; i-- > 0;) {
        uint32_t entry = slots[place_of(r, u, run->p, i)] - 1;
        indices[i] = entry;
        d->firsts[entry] = (uint32_t)(first + i);
    }
}

/* ---- by the unit, which the loops are to know ---- */

static cw__dictionary_answer fill_seen(cw__dictionary_builder *b, uint32_t *slots,
                                       const number_range *r, const cw__numbers *run, size_t first)
{
    if (r->unit == OF_1_BYTE)
        return fill_as_seen(b, slots, r, OF_1_BYTE, run, first, 1);
    if (r->unit == OF_4_BYTES)
        return fill_as_seen(b, slots, r, OF_4_BYTES, run, first, 4);
    return fill_as_seen(b, slots, r, OF_8_BYTES, run, first, 8);
}

static cw__dictionary_answer fill_in_order(cw__dictionary_builder *b, uint32_t *slots,
                                           const number_range *r, const cw__numbers *runs,
                                           size_t run_count, size_t n)
{
    size_t places = (size_t)(r->high - r->low) + 1, first = n;

    for (size_t i = 0; i < run_count; i++)
        if (r->unit == OF_4_BYTES)
            take_slots(slots, r, OF_4_BYTES, &runs[i]);
        else if (r->unit == OF_8_BYTES)
            take_slots(slots, r, OF_8_BYTES, &runs[i]);
        else
            take_slots(slots, r, DECIMAL, &runs[i]);
    cw__dictionary_answer answer =
        number_slots(b, slots, places, r->apart, r->unit == OF_4_BYTES ? 4 : 8);
    for (size_t i = run_count; i-- > 0 && answer == CW__DICTIONARY_BUILT;) {
        first -= runs[i].n;
        if (r->unit == OF_4_BYTES)
            point_to_slots(b->d, slots, r, OF_4_BYTES, &runs[i], first);
        else if (r->unit == OF_8_BYTES)
            point_to_slots(b->d, slots, r, OF_8_BYTES, &runs[i], first);
        else
            point_to_slots(b->d, slots, r, DECIMAL, &runs[i], first);
    }
    return answer;
}

static cw__dictionary_answer fill(cw__dictionary_builder *b, uint32_t *slots, const number_range *r,
                                  const cw__numbers *runs, size_t run_count, size_t n)
{
    cw__dictionary_answer answer = CW__DICTIONARY_BUILT;

    if (r->unit == DECIMAL || (r->unit != OF_1_BYTE && is_wide(r, n)))
        return fill_in_order(b, slots, r, runs, run_count, n);
    for (size_t i = 0, first = 0; i < run_count && answer == CW__DICTIONARY_BUILT; i++) {
        answer = fill_seen(b, slots, r, &runs[i], first);
        first += runs[i].n;
    }
    return answer;
}

bool cw__dictionary_fill_range(cw__dictionary_answer *answer, cw__dictionary_builder *b,
                               const cw__numbers *runs, size_t run_count, size_t n, size_t width)
{
    number_range r;

    if (!find_range(&r, runs, n, width, n))
        return false;
    uint32_t *slots = cw__alloc_zero(((size_t)(r.high - r.low) + 1) * sizeof *slots);
    *answer = slots ? fill(b, slots, &r, runs, run_count, n) : CW__DICTIONARY_NO_MEMORY;
    cw__free(slots);
    return true;
}
