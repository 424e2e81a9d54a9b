/* number.c - numbers as people and programs write them, read exactly or not at all */
#include "table/number.h"
#include "table/digits.h"
#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const uint64_t tens[] = {1u,
                                10u,
                                100u,
                                1000u,
                                10000u,
                                100000u,
                                1000000u,
                                10000000u,
                                100000000u,
                                1000000000u,
                                10000000000u,
                                100000000000u,
                                1000000000000u,
                                10000000000000u,
                                100000000000000u,
                                1000000000000000u,
                                10000000000000000u,
                                100000000000000000u,
                                1000000000000000000u,
                                10000000000000000000u};

/* ---- integers -------------------------------------------------------------------------------- */

/* Up to eight digits at once, however many: they are moved to the end of a word of zeros, so that
   nothing has to be foretold. */
static inline bool eight_digits(const char *p, size_t n, uint64_t *out)
{
    uint64_t v = n ? digits_load(p) : DIGITS_ZEROS;

    if (n && n < 8)
        v = v << (64 - 8 * n) | DIGITS_ZEROS >> (8 * n);
    *out = digits_number(v);
    return digits_all(v);
}

/* Up to 19 digits, which 64 bits always hold. */
static inline bool few_digits(const char *p, size_t n, uint64_t *out)
{
    uint64_t v = 0, eight;

    for (; n > 8; n -= 8, p += 8) {
        if (!eight_digits(p, 8, &eight))
            return false;
        v = v * 100000000 + eight;
    }
    if (!eight_digits(p, n, &eight))
        return false;
    *out = v * tens[n] + eight;
    return true;
}

bool number_uint64(const char *p, size_t n, uint64_t *out)
{
    uint64_t v;

    if (n > 1 && *p == '+')
        p++, n--;
    while (n > 19 && *p == '0')
        p++, n--;
    if (n == 0 || n > 20 || !few_digits(p, n < 19 ? n : 19, &v))
        return false;
    if (n == 20 && (!is_digit(p[19]) || __builtin_mul_overflow(v, UINT64_C(10), &v) ||
                    __builtin_add_overflow(v, (uint64_t)(p[19] - '0'), &v)))
        return false;
    *out = v;
    return true;
}

bool number_int64(const char *p, size_t n, int64_t *out)
{
    bool minus = n > 1 && *p == '-';
    uint64_t v;

    if (minus && p[1] == '+')
        return false;
    if (!number_uint64(p + minus, n - minus, &v) || v > (uint64_t)INT64_MAX + minus)
        return false;
    *out = (int64_t)(minus ? 0 - v : v);
    return true;
}

/* ---- floating point -------------------------------------------------------------------------- */

/* Digits, a point somewhere, an exponent: what a number may look like. */
struct shape {
    bool minus, point, exponent;
    const char *digits; /* with the point in it */
    size_t n;
    size_t fraction; /* digits behind the point */
    int32_t power;
};

static bool read_power(const char *p, size_t n, int32_t *out)
{
    bool minus = n > 0 && *p == '-';
    int32_t v = 0;

    if (n > 0 && (*p == '-' || *p == '+'))
        p++, n--;
    if (n == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(p[i]))
            return false;
        v = v < 100000 ? v * 10 + (p[i] - '0') : v;
    }
    *out = minus ? -v : v;
    return true;
}

static bool read_shape(const char *p, size_t n, struct shape *s)
{
    size_t i = 0, digits = 0;

    memset(s, 0, sizeof *s);
    if (n > 0 && (*p == '-' || *p == '+')) {
        s->minus = *p == '-';
        p++, n--;
    }
    for (; i < n && (is_digit(p[i]) || (p[i] == '.' && !s->point)); i++) {
        s->fraction += s->point;
        digits += p[i] != '.';
        s->point |= p[i] == '.';
    }
    s->digits = p;
    s->n = i;
    if (digits == 0)
        return false;
    if (i == n)
        return true;
    s->exponent = true;
    return (p[i] == 'e' || p[i] == 'E') && read_power(p + i + 1, n - i - 1, &s->power);
}

static bool is_word(const char *p, size_t n, const char *word)
{
    return strlen(word) == n && strncasecmp(p, word, n) == 0;
}

static bool read_special(const char *p, size_t n, double *out)
{
    bool minus = n > 0 && *p == '-';

    if (n > 0 && (*p == '-' || *p == '+'))
        p++, n--;
    if (is_word(p, n, "nan"))
        *out = (double)NAN;
    else if (is_word(p, n, "inf") || is_word(p, n, "infinity"))
        *out = (double)INFINITY;
    else
        return false;
    *out = minus ? -*out : *out;
    return true;
}

/* Up to 19 digits as an integer, the point left out. */
static bool mantissa_of(const struct shape *s, uint64_t *out)
{
    size_t whole = s->n - s->fraction - s->point;
    uint64_t front, back = 0, power = 1;

    if (s->n - s->point > 19 || !few_digits(s->digits, whole, &front))
        return false;
    if (s->fraction && !few_digits(s->digits + whole + 1, s->fraction, &back))
        return false;
    for (size_t i = 0; i < s->fraction; i++)
        power *= 10;
    *out = front * power + back;
    return true;
}

/*
 * A mantissa below 2^53 times or over a power of ten that a double has exactly: one operation, and
 * so rounded once. All else is for strtod.
 */
static bool easy_double(const struct shape *s, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    uint64_t mantissa;

    if (!mantissa_of(s, &mantissa) || mantissa >> 53)
        return false;
    int64_t power = (int64_t)s->power - (int64_t)s->fraction;
    if (power < -22 || power > 22)
        return false;
    double v = power < 0 ? (double)mantissa / powers[-power] : (double)mantissa * powers[power];
    *out = s->minus ? -v : v;
    return true;
}

enum { LONGEST_NUMBER = 4096 };

/* A copy with a NUL behind it, for strtod and its kin. */
static bool terminated(const char *p, size_t n, char out[LONGEST_NUMBER])
{
    if (n >= LONGEST_NUMBER)
        return false;
    memcpy(out, p, n);
    out[n] = '\0';
    return true;
}

bool number_double(const char *p, size_t n, double *out)
{
    char copy[LONGEST_NUMBER];
    struct shape s;

    if (!read_shape(p, n, &s))
        return read_special(p, n, out);
    if (easy_double(&s, out))
        return true;
    if (!terminated(p, n, copy))
        return false;
    *out = strtod(copy, NULL);
    return !isinf(*out);
}

bool number_float(const char *p, size_t n, float *out)
{
    char copy[LONGEST_NUMBER];
    struct shape s;
    double special;

    if (!read_shape(p, n, &s)) {
        if (!read_special(p, n, &special))
            return false;
        *out = (float)special;
        return true;
    }
    if (!terminated(p, n, copy))
        return false;
    *out = strtof(copy, NULL);
    return !isinf(*out);
}

/* On which side of its nearest double, `v`, a number is: -1 below, 1 above, 0 it is that double. */
static int side_of(const char *text, double v)
{
    int rounding = fegetround();

    fesetround(FE_DOWNWARD);
    double below = strtod(text, NULL);
    fesetround(FE_UPWARD);
    double above = strtod(text, NULL);
    fesetround(rounding);
    return below < v ? -1 : above > v;
}

/*
 * By way of the nearest double, which may be the middle between two halves where the number is not:
 * then the number itself says which half is nearer.
 */
bool number_half(const char *p, size_t n, uint16_t *out)
{
    char copy[LONGEST_NUMBER];
    int power = -13; /* of the halves below the normal ones */
    double v;

    if (!number_double(p, n, &v))
        return false;
    uint16_t sign = signbit(v) ? 0x8000 : 0;
    *out = sign | (isnan(v) ? 0x7E00 : 0x7C00);
    if (isnan(v) || isinf(v))
        return true;
    double a = fabs(v), units = a < 0x1p-14 ? a * 0x1p24 : frexp(a, &power) * 2048;
    if (units - floor(units) == 0.5 && terminated(p, n, copy))
        units += 0.25 * side_of(copy, v) * (sign ? -1 : 1);
    unsigned half = ((unsigned)(power + 13) << 10) + (unsigned)nearbyint(units);
    *out = (uint16_t)(sign | half);
    return a < 65536 && half < 0x7C00;
}

/* ---- decimals -------------------------------------------------------------------------------- */

static bool times_ten_plus(uint64_t v[NUMBER_WORDS], unsigned digit)
{
    __extension__ typedef unsigned __int128 wide;
    wide carry = digit;

    for (int i = 0; i < NUMBER_WORDS; i++) {
        carry += (wide)v[i] * 10;
        v[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry == 0;
}

static void negate(uint64_t v[NUMBER_WORDS])
{
    uint64_t carry = 1;

    for (int i = 0; i < NUMBER_WORDS; i++) {
        v[i] = ~v[i] + carry;
        carry = carry && v[i] == 0;
    }
}

/* Digits of any number; zeros in front and behind may go. */
static bool long_decimal(const struct shape *s, unsigned precision, unsigned scale,
                         uint64_t out[NUMBER_WORDS])
{
    size_t whole = s->n - s->fraction - s->point, at = 0, significant = 0;
    const char *fraction = s->digits + whole + s->point;

    memset(out, 0, NUMBER_WORDS * sizeof *out);
    for (; at < whole + scale; at++) {
        char c = '0';
        if (at < whole)
            c = s->digits[at];
        else if (at - whole < s->fraction)
            c = fraction[at - whole];
        significant += significant > 0 || c != '0';
        if (significant > precision || !times_ten_plus(out, (unsigned)(c - '0')))
            return false;
    }
    for (size_t i = scale; i < s->fraction; i++)
        if (fraction[i] != '0')
            return false;
    return true;
}

/* Few digits and no more of a fraction than the scale: the usual case. */
static bool short_decimal(const struct shape *s, unsigned precision, unsigned scale,
                          uint64_t out[NUMBER_WORDS])
{
    uint64_t v;

    if (s->fraction > scale || s->n - s->point + (scale - s->fraction) > 19 || !mantissa_of(s, &v))
        return false;
    v *= tens[scale - s->fraction];
    if (precision < 19 && v >= tens[precision])
        return false;
    out[0] = v;
    out[1] = out[2] = out[3] = 0;
    return true;
}

/* "123.45", with as many digits behind the point as the scale has. */
static inline bool usual_decimal(const char *p, size_t n, unsigned precision, unsigned scale,
                                 uint64_t out[NUMBER_WORDS])
{
    uint64_t whole, fraction, v;
    size_t front = n - scale - 1;

    if (scale == 0 || scale > 8 || n < scale + 2 || front > 8 || front + scale > precision ||
        p[front] != '.' || !eight_digits(p, front, &whole) ||
        !eight_digits(p + front + 1, scale, &fraction))
        return false;
    v = whole * tens[scale] + fraction;
    out[0] = v;
    out[1] = out[2] = out[3] = 0;
    return true;
}

bool number_decimal(const char *p, size_t n, unsigned precision, unsigned scale,
                    uint64_t out[NUMBER_WORDS])
{
    struct shape s;

    if (usual_decimal(p, n, precision, scale, out))
        return true;
    if (!read_shape(p, n, &s) || s.exponent)
        return false;
    if (!short_decimal(&s, precision, scale, out) && !long_decimal(&s, precision, scale, out))
        return false;
    if (s.minus)
        negate(out);
    return true;
}

/* ---- booleans -------------------------------------------------------------------------------- */

bool number_bool(const char *p, size_t n, bool *out)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true}, {"false", false}, {"t", true},   {"f", false}, {"1", true},
                 {"0", false},   {"yes", true},    {"no", false}, {"y", true},  {"n", false}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (is_word(p, n, words[i].word)) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}
