/* moment.h - dates, times of day and timestamps as ISO 8601 writes them */
#ifndef CW_TOOL_MOMENT_H
#define CW_TOOL_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Digits of a fraction of a second: 3, 6 or 9. */
enum { MOMENT_MS = 3, MOMENT_US = 6, MOMENT_NS = 9 };

/** YYYY-MM-DD: days since 1970-01-01. */
bool moment_date(const char *p, size_t n, int32_t *days);

/** hh:mm[:ss[.fraction]]: units since midnight. Digits finer than the unit have to be zeros. */
bool moment_time(const char *p, size_t n, unsigned digits, int64_t *units);

enum moment_zone { ZONE_NONE, ZONE_GIVEN };

/**
 * A date and, after T, t or a space, a time; then Z, or an offset such as +02:00, +0200 or +02, or
 * nothing. A date alone is its midnight. Units since 1970-01-01T00:00:00, in UTC where a zone is
 * given. false: it is none, or the unit does not reach so far.
 */
bool moment_timestamp(const char *p, size_t n, unsigned digits, int64_t *units,
                      enum moment_zone *zone);

#endif
