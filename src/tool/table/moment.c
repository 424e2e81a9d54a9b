/* moment.c - dates, times of day and timestamps as ISO 8601 writes them */
#include "table/moment.h"
#include "table/digits.h"

static inline bool two_digits(const char *p, unsigned *out)
{
    unsigned a = (unsigned char)p[0] - (unsigned)'0', b = (unsigned char)p[1] - (unsigned)'0';

    *out = a * 10 + b;
    return a < 10 && b < 10;
}

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar. */
static int32_t days_of(unsigned year, unsigned month, unsigned day)
{
    enum { EPOCH = 719528 }; /* days from 0000-01-01 to it */
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    unsigned past = year - (month <= 2); /* the last year whose 29 February may be behind */
    unsigned leaps = year == 0 && month <= 2 ? 0 : past / 4 - past / 100 + past / 400 + 1;

    return (int32_t)(year * 365 + leaps + before[month - 1] + day - 1) - EPOCH;
}

/* The eight digits of YYYY-MM-DD side by side. */
static inline bool date_digits(const char *p, uint64_t *out)
{
    uint64_t v = digits_load(p);
    uint64_t day = (uint64_t)(unsigned char)p[8] | (uint64_t)(unsigned char)p[9] << 8;

    *out = (v & UINT32_MAX) | (v >> 8 & UINT64_C(0xFFFF00000000)) | day << 48;
    return p[4] == '-' && p[7] == '-' && digits_all(*out);
}

bool moment_date(const char *p, size_t n, int32_t *days)
{
    uint64_t pairs;

    if (n != 10 || !date_digits(p, &pairs))
        return false;
    pairs = digits_pairs(pairs);
    unsigned year = (unsigned)(pairs & 0xFF) * 100 + (unsigned)(pairs >> 16 & 0xFF);
    unsigned month = (unsigned)(pairs >> 32 & 0xFF), day = (unsigned)(pairs >> 48 & 0xFF);
    if (month < 1 || month > 12 || day < 1 || (day > 28 && day > days_in(year, month)))
        return false;
    *days = days_of(year, month, day);
    return true;
}

/* ".123" as units; what is finer than the unit has to be zeros. */
static bool read_fraction(const char *p, size_t n, unsigned digits, int64_t *units)
{
    int64_t v = 0;

    if (n < 2 || p[0] != '.')
        return false;
    for (size_t i = 1; i < n; i++) {
        if (p[i] < '0' || p[i] > '9' || (i > digits && p[i] != '0'))
            return false;
        if (i <= digits)
            v = v * 10 + (p[i] - '0');
    }
    for (size_t i = n - 1; i < digits; i++)
        v *= 10;
    *units = v;
    return true;
}

static int64_t units_of_second(unsigned digits)
{
    return digits == MOMENT_MS ? 1000 : digits == MOMENT_US ? 1000000 : 1000000000;
}

bool moment_time(const char *p, size_t n, unsigned digits, int64_t *units)
{
    unsigned h, m, s = 0;
    int64_t fraction = 0;

    if (n < 5 || p[2] != ':' || !two_digits(p, &h) || !two_digits(p + 3, &m) || h > 23 || m > 59)
        return false;
    if (n > 5 && (n < 8 || p[5] != ':' || !two_digits(p + 6, &s) || s > 59))
        return false;
    if (n > 8 && !read_fraction(p + 8, n - 8, digits, &fraction))
        return false;
    *units = ((int64_t)h * 3600 + (int64_t)m * 60 + s) * units_of_second(digits) + fraction;
    return true;
}

/* "+02:00", "-0200", "+02" */
static bool read_offset(const char *p, size_t n, int64_t *seconds)
{
    unsigned h, m = 0;

    if (n < 3 || (p[0] != '+' && p[0] != '-') || !two_digits(p + 1, &h) || h > 23)
        return false;
    const char *minutes = p + 3 + (n == 6);
    if (n > 3 && ((n != 5 && n != 6) || (n == 6 && p[3] != ':') || !two_digits(minutes, &m)))
        return false;
    if (m > 59)
        return false;
    *seconds = (int64_t)h * 3600 + (int64_t)m * 60;
    *seconds = p[0] == '-' ? -*seconds : *seconds;
    return true;
}

/* Take a zone off the end of a time: what is left. */
static bool take_zone(const char *p, size_t *n, int64_t *seconds, enum moment_zone *zone)
{
    size_t i = *n;

    *zone = ZONE_NONE;
    *seconds = 0;
    if (i && (p[i - 1] == 'Z' || p[i - 1] == 'z')) {
        *zone = ZONE_GIVEN;
        *n = i - 1;
        return true;
    }
    while (i > 0 && *n - i < 6 && p[i - 1] != '+' && p[i - 1] != '-')
        i--;
    if (i == 0 || *n - i >= 6)
        return true;
    *zone = ZONE_GIVEN;
    if (!read_offset(p + i - 1, *n - i + 1, seconds))
        return false;
    *n = i - 1;
    return true;
}

bool moment_timestamp(const char *p, size_t n, unsigned digits, int64_t *units,
                      enum moment_zone *zone)
{
    int64_t time = 0, offset = 0, second = units_of_second(digits), seconds;
    int32_t days;

    *zone = ZONE_NONE;
    if (n < 10 || !moment_date(p, 10, &days))
        return false;
    if (n > 10) {
        size_t left = n - 11;
        if (p[10] != 'T' && p[10] != ' ' && p[10] != 't')
            return false;
        if (!take_zone(p + 11, &left, &offset, zone) || !moment_time(p + 11, left, digits, &time))
            return false;
    }
    seconds = (int64_t)days * 86400 - offset;
    /* The last second of the past may be out of reach though its end is not. */
    if (seconds < 0 && time > 0) {
        seconds += 86400;
        time -= 86400 * second;
    }
    return !__builtin_mul_overflow(seconds, second, units) &&
           !__builtin_add_overflow(*units, time, units);
}
