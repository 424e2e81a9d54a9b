/* clock.h - time, from one place, so that a test can turn it */
#ifndef CW_BASE_CLOCK_H
#define CW_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Milliseconds of a clock that never steps. */
uint64_t cw__clock_mono_ms(void);

/** The same clock in microseconds. */
uint64_t cw__clock_mono_us(void);

/** Milliseconds since 1970-01-01 UTC. */
int64_t cw__clock_wall_ms(void);

/** Do nothing for a while. */
void cw__clock_sleep_ms(uint32_t ms);

/** For tests: replace the wall clock (NULL: the real one again). */
void cw__clock_set_wall(int64_t (*wall_ms)(void));

/** "20260102T030405Z" and its first 8 characters; `out` has 17 bytes. */
void cw__clock_format_amz(int64_t wall_ms, char out[17]);

/** Parse "Tue, 27 Mar 2007 19:36:42 GMT" (an HTTP Date) into ms. */
bool cw__clock_parse_http(const char *s, int64_t *wall_ms);

/** Parse "2026-01-02T03:04:05[.678]Z" (or with +hh:mm) into ms. */
bool cw__clock_parse_iso(const char *s, int64_t *wall_ms);

#endif
