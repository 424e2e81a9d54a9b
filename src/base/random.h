/* random.h - bytes that nobody can guess, and jitter */
#ifndef CW_BASE_RANDOM_H
#define CW_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** From the operating system. false if it has none to give. */
bool cw__random_bytes(void *p, size_t n);

/** Uniform in [0, bound); 0 for 0. Not for secrets; thread-safe. */
uint64_t cw__random_below(uint64_t bound);

#endif
