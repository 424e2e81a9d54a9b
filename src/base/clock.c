/* clock.c - time, and the three ways in which S3 writes it
 *
 * Dates are computed here, in the proleptic Gregorian calendar: timegm and strptime depend on the
 * locale or are not everywhere.
 */
#include "base/clock.h"
#include <stdatomic.h>
#include <string.h>
#include <time.h>

typedef int64_t (*wall_fn)(void);

typedef struct moment {
    int year, month, day; /* month and day count from 1 */
    int hour, minute, second;
} moment;

static const int64_t MS_PER_DAY = INT64_C(86400000);
static const int64_t LAST_MS = INT64_C(253402300799999); /* of the year 9999 */

static _Atomic(wall_fn) test_wall;

static int64_t now_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint64_t cw__clock_mono_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void cw__clock_sleep_ms(uint32_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01. The year is taken to begin in March, so that the leap day is its last. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;
    int64_t leap_days = y / 4 - y / 100 + y / 400;
    return y * 365 + leap_days + (m * 153 + 2) / 5 + day - 1 - 719468;
}

static moment moment_of(int64_t ms)
{
    int64_t day = ms / MS_PER_DAY;
    int second = (int)(ms % MS_PER_DAY / 1000);
    moment t = {.year = 1970 + (int)(day / 366), .month = 1};
    while (days_of(t.year + 1, 1, 1) <= day)
        t.year++;
    while (t.month < 12 && days_of(t.year, t.month + 1, 1) <= day)
        t.month++;
    t.day = (int)(day - days_of(t.year, t.month, 1)) + 1;
    t.hour = second / 3600;
    t.minute = second / 60 % 60;
    t.second = second % 60;
    return t;
}

/* A second of 60 is a leap second, and counts as the first of the next minute. */
static bool ms_of(const moment *t, int64_t *ms)
{
    if (t->month < 1 || t->month > 12 || t->day < 1 || t->day > days_in_month(t->year, t->month) ||
        t->hour > 23 || t->minute > 59 || t->second > 60)
        return false;
    int64_t seconds = (int64_t)t->hour * 3600 + t->minute * 60 + t->second;
    *ms = days_of(t->year, t->month, t->day) * MS_PER_DAY + seconds * 1000;
    return true;
}

static char *put_digits(char *out, int value, int width)
{
    for (int i = width; i-- > 0; value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + width;
}

/* Exactly `width` digits. Every reader below moves *s on only where it answers true. */
static bool read_digits(const char **s, int width, int *value)
{
    int v = 0;
    for (int i = 0; i < width; i++) {
        char c = (*s)[i];
        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (c - '0');
    }
    *s += width;
    *value = v;
    return true;
}

static bool read_text(const char **s, const char *text)
{
    size_t n = strlen(text);
    if (strncmp(*s, text, n) != 0)
        return false;
    *s += n;
    return true;
}

/* Which of the names, each of three letters, counted from 1. */
static bool read_name(const char **s, const char *names, int *which)
{
    for (int i = 0; names[3 * i]; i++) {
        if (strncmp(*s, names + 3 * i, 3) == 0) {
            *s += 3;
            *which = i + 1;
            return true;
        }
    }
    return false;
}

static bool read_time(const char **s, moment *t)
{
    return read_digits(s, 2, &t->hour) && read_text(s, ":") && read_digits(s, 2, &t->minute) &&
           read_text(s, ":") && read_digits(s, 2, &t->second);
}

/* ".678": any number of digits, of which the first three count. */
static bool read_fraction(const char **s, int64_t *ms)
{
    int64_t weight = 100;
    int digit;
    *ms = 0;
    if (!read_text(s, "."))
        return true;
    if (!read_digits(s, 1, &digit))
        return false;
    do {
        *ms += digit * weight;
        weight /= 10;
    } while (read_digits(s, 1, &digit));
    return true;
}

static bool read_zone(const char **s, int64_t *offset_ms)
{
    int hours, minutes;
    *offset_ms = 0;
    if (read_text(s, "Z"))
        return true;
    int64_t sign = **s == '-' ? -1 : 1;
    if (!read_text(s, "+") && !read_text(s, "-"))
        return false;
    if (!read_digits(s, 2, &hours) || !read_text(s, ":") || !read_digits(s, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *offset_ms = sign * (hours * 60 + minutes) * 60000;
    return true;
}

uint64_t cw__clock_mono_ms(void)
{
    return (uint64_t)now_ms(CLOCK_MONOTONIC);
}

int64_t cw__clock_wall_ms(void)
{
    wall_fn fn = atomic_load(&test_wall);
    return fn ? fn() : now_ms(CLOCK_REALTIME);
}

void cw__clock_set_wall(int64_t (*wall_ms)(void))
{
    atomic_store(&test_wall, wall_ms);
}

void cw__clock_format_amz(int64_t wall_ms, char out[17])
{
    if (wall_ms < 0)
        wall_ms = 0;
    if (wall_ms > LAST_MS)
        wall_ms = LAST_MS;
    moment t = moment_of(wall_ms);
    out = put_digits(out, t.year, 4);
    out = put_digits(out, t.month, 2);
    out = put_digits(out, t.day, 2);
    *out++ = 'T';
    out = put_digits(out, t.hour, 2);
    out = put_digits(out, t.minute, 2);
    out = put_digits(out, t.second, 2);
    *out++ = 'Z';
    *out = '\0';
}

bool cw__clock_parse_http(const char *s, int64_t *wall_ms)
{
    moment t;
    int weekday;
    int64_t ms;
    if (!read_name(&s, "MonTueWedThuFriSatSun", &weekday) || !read_text(&s, ", ") ||
        !read_digits(&s, 2, &t.day) || !read_text(&s, " ") ||
        !read_name(&s, "JanFebMarAprMayJunJulAugSepOctNovDec", &t.month) || !read_text(&s, " ") ||
        !read_digits(&s, 4, &t.year) || !read_text(&s, " ") || !read_time(&s, &t) ||
        !read_text(&s, " GMT") || *s || !ms_of(&t, &ms))
        return false;
    *wall_ms = ms;
    return true;
}

bool cw__clock_parse_iso(const char *s, int64_t *wall_ms)
{
    moment t;
    int64_t ms, fraction, offset;
    if (!read_digits(&s, 4, &t.year) || !read_text(&s, "-") || !read_digits(&s, 2, &t.month) ||
        !read_text(&s, "-") || !read_digits(&s, 2, &t.day) || !read_text(&s, "T") ||
        !read_time(&s, &t) || !read_fraction(&s, &fraction) || !read_zone(&s, &offset) || *s ||
        !ms_of(&t, &ms))
        return false;
    *wall_ms = ms + fraction - offset;
    return true;
}
