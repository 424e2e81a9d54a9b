/* units.h - sizes and durations, as people write them and as they read them */
#ifndef CW_TOOL_UNITS_H
#define CW_TOOL_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** "1048576", "16MiB" or "16M" (2^20), "16MB" (10^6); K, M, G, T, P. Whole numbers. */
bool units_parse_bytes(const char *text, uint64_t *bytes);

/** "500ms", "30s", "5m", "2h", "7d", "2w"; a bare number is seconds. */
bool units_parse_duration(const char *text, uint64_t *ms);

/** A whole number up to `max`. */
bool units_parse_count(const char *text, uint64_t max, uint64_t *count);

enum { UNITS_TEXT = 32 };

/** "812 B", "12.3 MiB". Returns `out`. */
char *units_format_bytes(char out[UNITS_TEXT], double bytes);

/** "0:08", "1:02:03". Returns `out`. */
char *units_format_clock(char out[UNITS_TEXT], double seconds);

/** "2026-01-02T03:04:05Z", from milliseconds since 1970. Returns `out`. */
char *units_format_time(char out[UNITS_TEXT], int64_t ms);

#endif
