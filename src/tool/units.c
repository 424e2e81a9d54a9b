/* units.c - sizes and durations, as people write them and as they read them */
#include "units.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct unit {
    const char *name;
    uint64_t factor;
};

#define KIB UINT64_C(1024)
#define MIB (KIB << 10)
#define GIB (KIB << 20)
#define TIB (KIB << 30)
#define PIB (KIB << 40)
#define KB  UINT64_C(1000)
#define MB  UINT64_C(1000000)
#define GB  UINT64_C(1000000000)
#define TB  UINT64_C(1000000000000)
#define PB  UINT64_C(1000000000000000)

static const struct unit byte_units[] = {
    {"", 1},      {"b", 1},   {"k", KIB}, {"kib", KIB}, {"kb", KB}, {"m", MIB},
    {"mib", MIB}, {"mb", MB}, {"g", GIB}, {"gib", GIB}, {"gb", GB}, {"t", TIB},
    {"tib", TIB}, {"tb", TB}, {"p", PIB}, {"pib", PIB}, {"pb", PB}, {NULL, 0},
};

static const struct unit time_units[] = {
    {"", 1000},     {"ms", 1},       {"s", 1000},      {"m", 60000},  {"min", 60000},
    {"h", 3600000}, {"d", 86400000}, {"w", 604800000}, {"sec", 1000}, {NULL, 0},
};

static bool parse_digits(const char **text, uint64_t *value)
{
    const char *p = *text;
    *value = 0;
    if (!isdigit((unsigned char)*p))
        return false;
    for (; isdigit((unsigned char)*p); p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        if (*value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    *text = p;
    return true;
}

static bool parse(const char *text, const struct unit *units, uint64_t *value)
{
    uint64_t n;
    if (!parse_digits(&text, &n))
        return false;
    while (*text == ' ')
        text++;
    for (; units->name; units++) {
        if (strcasecmp(text, units->name) == 0) {
            *value = n * units->factor;
            return n <= UINT64_MAX / units->factor;
        }
    }
    return false;
}

bool units_parse_bytes(const char *text, uint64_t *bytes)
{
    return parse(text, byte_units, bytes);
}

bool units_parse_duration(const char *text, uint64_t *ms)
{
    return parse(text, time_units, ms);
}

bool units_parse_count(const char *text, uint64_t max, uint64_t *count)
{
    return parse_digits(&text, count) && !*text && *count <= max;
}

char *units_format_bytes(char out[UNITS_TEXT], double bytes)
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t i = 0;
    while (bytes >= 1023.95 && i + 1 < sizeof names / sizeof *names) {
        bytes /= 1024;
        i++;
    }
    snprintf(out, UNITS_TEXT, i ? "%.1f %s" : "%.0f %s", bytes, names[i]);
    return out;
}

char *units_format_clock(char out[UNITS_TEXT], double seconds)
{
    unsigned long long s = seconds < 3.6e9 ? (unsigned long long)(seconds + 0.5) : 3600000000ULL;
    if (s >= 3600)
        snprintf(out, UNITS_TEXT, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, UNITS_TEXT, "%llu:%02llu", s / 60, s % 60);
    return out;
}

char *units_format_time(char out[UNITS_TEXT], int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm) || !strftime(out, UNITS_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(out, UNITS_TEXT, "-");
    return out;
}
