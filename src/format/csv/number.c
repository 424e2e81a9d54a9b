/* number.c - numbers as text, with the fewest digits that read back as the same value
 *
 * A finite value is c * 2^q. Every decimal strictly between the midpoints to its two neighbours
 * reads back as that value (and the midpoints themselves do when c is even, since readers round
 * half to even). The search for the shortest is Raffaello Giulietti's ("The Schubfach way to
 * render doubles"): pick k so that the interval, scaled by 10^-k, is between 1 and 10 wide or so;
 * then only four integers can be the answer: two multiples of ten, which are a digit shorter, and
 * the two around the value.
 *
 * The scaled values are needed only as floor(4x) with a sticky lowest bit, for which 128 bits of
 * 10^-k are enough. The powers are computed once, exactly, with long arithmetic at first use: 10 KB
 * that neither stand in the source nor in the file of the library.
 */
#include "format/csv/number.h"
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

/* ---- powers of ten --------------------------------------------------------------------------- */

enum {
    POWER_MIN = -292, /* 10^-k for the k of the largest double ... */
    POWER_MAX = 324,  /* ... and of the smallest */
    /* Long integers of 32-bit words, lowest first. 10^324 has 1,077 bits; for 10^-292 = 2^-1120 *
     * (2^1120 / 10^292) there are 149 bits before the last division's remainder is lost. */
    WORDS = 36,
    TOP = 1120
};

/* 10^e lies in (value - 1, value] * 2^-s for the s that brings value to 128 bits with the top one
 * set: rounded up. */
struct power {
    uint64_t hi, lo;
};

static struct power powers[POWER_MAX - POWER_MIN + 1];
static pthread_once_t powers_once = PTHREAD_ONCE_INIT;

static void long_times_ten(uint32_t w[WORDS])
{
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (uint64_t)w[i] * 10;
        w[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

/* Rounds down; true if there was a remainder. */
static bool long_over_ten(uint32_t w[WORDS])
{
    uint64_t rest = 0;
    for (int i = WORDS - 1; i >= 0; i--) {
        rest = rest << 32 | w[i];
        w[i] = (uint32_t)(rest / 10);
        rest %= 10;
    }
    return rest != 0;
}

static bool long_bit(const uint32_t w[WORDS], int i)
{
    return i >= 0 && (w[i / 32] >> (i % 32) & 1);
}

/* The highest 128 bits, and one more in the last place if anything lies below them. */
static struct power long_top(const uint32_t w[WORDS], bool inexact)
{
    struct power p = {0, 0};
    int top = WORDS * 32 - 1;

    while (!long_bit(w, top))
        top--;
    for (int i = top; i > top - 64; i--)
        p.hi = p.hi << 1 | long_bit(w, i);
    for (int i = top - 64; i > top - 128; i--)
        p.lo = p.lo << 1 | long_bit(w, i);
    for (int i = top - 128; i >= 0 && !inexact; i--)
        inexact = long_bit(w, i);
    p.lo += inexact;
    p.hi += inexact && p.lo == 0;
    return p;
}

static void powers_compute(void)
{
    uint32_t w[WORDS] = {1};
    bool inexact = false;

    for (int e = 0; e <= POWER_MAX; e++) {
        powers[e - POWER_MIN] = long_top(w, false);
        long_times_ten(w);
    }
    memset(w, 0, sizeof w);
    w[TOP / 32] = 1;
    for (int e = -1; e >= POWER_MIN; e--) {
        inexact |= long_over_ten(w);
        powers[e - POWER_MIN] = long_top(w, inexact);
    }
}

/* ---- shortest digits ------------------------------------------------------------------------- */

struct decimal {
    uint64_t digits; /* the value is digits * 10^exponent */
    int exponent;
};

/* The 128 bits of a * b. */
static uint64_t multiply(uint64_t a, uint64_t b, uint64_t *lo)
{
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0;
    uint64_t mid = a1 * b0 + (low >> 32);
    uint64_t mid2 = a0 * b1 + (uint32_t)mid;
    *lo = mid2 << 32 | (uint32_t)low;
    return a1 * b1 + (mid >> 32) + (mid2 >> 32);
}

/* floor(c * power / 2^128), its lowest bit set if anything was cut off that is not the error of the
 * power itself. */
static uint64_t scale(struct power p, uint64_t c)
{
    uint64_t unused, mid, hi;
    uint64_t low = multiply(p.lo, c, &unused);
    hi = multiply(p.hi, c, &mid);
    mid += low;
    hi += mid < low;
    return hi | (mid > 1);
}

static int floor_log10_pow2(int e) /* floor(e * log10(2)), exact for |e| <= 1,650 */
{
    return (int)((e * INT64_C(315653)) >> 20);
}

static int floor_log10_three_quarters_pow2(int e) /* floor(log10(3/4 * 2^e)), likewise */
{
    return (int)((e * INT64_C(1262611) - 524031) >> 22);
}

static int floor_log2_pow10(int e) /* floor(e * log2(10)), likewise */
{
    return (int)((e * INT64_C(1741647)) >> 19);
}

/* `narrow`: the neighbour below is half as far as the one above, as below a power of two. */
static struct decimal shortest(uint64_t c, int q, bool narrow)
{
    int k = narrow ? floor_log10_three_quarters_pow2(q) : floor_log10_pow2(q);
    int h = q + floor_log2_pow10(-k) + 1;
    struct power p = powers[-k - POWER_MIN];
    uint64_t odd = c & 1;
    uint64_t x = scale(p, (4 * c) << h); /* four times the scaled value, and its interval */
    uint64_t lower = scale(p, (4 * c - (narrow ? 1 : 2)) << h) + odd;
    uint64_t upper = scale(p, (4 * c + 2) << h) - odd;
    uint64_t s = x / 4;
    uint64_t tens = s / 10;
    bool down, up;

    if (s >= 10) {
        down = lower <= 40 * tens;
        up = 40 * tens + 40 <= upper;
        if (down != up)
            return (struct decimal){tens + up, k + 1};
    }
    down = lower <= 4 * s;
    up = 4 * s + 4 <= upper;
    if (down == up)
        up = x > 4 * s + 2 || (x == 4 * s + 2 && (s & 1));
    return (struct decimal){s + up, k};
}

static struct decimal shortest_ieee(uint64_t fraction, int biased, int fraction_bits, int bias)
{
    uint64_t hidden = UINT64_C(1) << fraction_bits;

    pthread_once(&powers_once, powers_compute);
    if (biased == 0)
        return shortest(fraction, 1 - bias - fraction_bits, false);
    return shortest(fraction | hidden, biased - bias - fraction_bits, fraction == 0 && biased > 1);
}

/* ---- text ------------------------------------------------------------------------------------ */

static size_t write_uint(char *out, uint64_t v)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    char text[20];
    size_t at = sizeof text;

    for (; v >= 100; v /= 100) {
        at -= 2;
        memcpy(text + at, pairs + 2 * (v % 100), 2);
    }
    if (v >= 10) {
        at -= 2;
        memcpy(text + at, pairs + 2 * v, 2);
    } else {
        text[--at] = (char)('0' + v);
    }
    memcpy(out, text + at, sizeof text - at);
    return sizeof text - at;
}

static size_t write_int(char *out, int64_t v)
{
    if (v >= 0)
        return write_uint(out, (uint64_t)v);
    out[0] = '-';
    return 1 + write_uint(out + 1, 0 - (uint64_t)v);
}

/* `n` digits in front of `point` of them: 12345 with 2 is 12.345. */
static size_t insert_point(char *digits, size_t n, size_t point)
{
    if (point >= n) {
        memset(digits + n, '0', point - n);
        return point;
    }
    memmove(digits + point + 1, digits + point, n - point);
    digits[point] = '.';
    return n + 1;
}

static size_t prepend_zeros(char *digits, size_t n, size_t zeros)
{
    memmove(digits + 2 + zeros, digits, n);
    memset(digits, '0', 2 + zeros);
    digits[1] = '.';
    return n + 2 + zeros;
}

static size_t write_decimal(char *out, struct decimal d)
{
    size_t n;
    int first; /* the power of ten of the first digit */

    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    n = write_uint(out, d.digits);
    first = d.exponent + (int)n - 1;
    if (first >= 0 && first < 17)
        return insert_point(out, n, (size_t)first + 1);
    if (first < 0 && first >= -5)
        return prepend_zeros(out, n, (size_t)(-1 - first));
    if (n > 1)
        n = insert_point(out, n, 1);
    out[n++] = 'e';
    return n + write_int(out + n, first);
}

static size_t write_special(char *out, bool nan, bool negative)
{
    const char *text = nan ? "nan" : negative ? "-inf" : "inf";
    size_t n = strlen(text);
    memcpy(out, text, n);
    return n;
}

/* Whole numbers that a double holds exactly: more than half of what is printed in practice. */
static bool is_small_whole(double v)
{
    return v < 0x1p53 && v == (double)(int64_t)v;
}

size_t cw__number_uint(char out[CW__NUMBER_BYTES], uint64_t v)
{
    return write_uint(out, v);
}

size_t cw__number_int(char out[CW__NUMBER_BYTES], int64_t v)
{
    return write_int(out, v);
}

size_t cw__number_double(char out[CW__NUMBER_BYTES], double v)
{
    uint64_t bits;
    size_t sign;
    double size = fabs(v);

    memcpy(&bits, &v, sizeof bits);
    if (!isfinite(v))
        return write_special(out, isnan(v), bits >> 63);
    sign = bits >> 63;
    if (sign)
        out[0] = '-';
    if (is_small_whole(size))
        return sign + write_uint(out + sign, (uint64_t)size);
    return sign + write_decimal(out + sign, shortest_ieee(bits & ((UINT64_C(1) << 52) - 1),
                                                          (int)(bits >> 52 & 0x7FF), 52, 1023));
}

size_t cw__number_float(char out[CW__NUMBER_BYTES], float v)
{
    uint32_t bits;
    size_t sign;
    float size = fabsf(v);

    memcpy(&bits, &v, sizeof bits);
    if (!isfinite(v))
        return write_special(out, isnan(v), bits >> 31);
    sign = bits >> 31;
    if (sign)
        out[0] = '-';
    if (size < 0x1p24F && is_small_whole((double)size))
        return sign + write_uint(out + sign, (uint64_t)size);
    return sign + write_decimal(out + sign, shortest_ieee(bits & ((UINT32_C(1) << 23) - 1),
                                                          (int)(bits >> 23 & 0xFF), 23, 127));
}
