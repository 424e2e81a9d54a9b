/* glob.h - patterns of keys: *, **, ?, [a-z], {this,that}, and \ before what stands for itself */
#ifndef CW_STORE_GLOB_H
#define CW_STORE_GLOB_H

#include <cloudwriter/status.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct cw__glob cw__glob;

/**
 * @param skip  bytes of every key that stand before what the pattern is about
 * @return CW_OK; CW_E_INVALID_ARGUMENT for a pattern that is none; CW_E_NO_MEMORY
 */
cw_status cw__glob_new(cw__glob **out, const char *pattern, size_t skip, cw_error *err);
void cw__glob_free(cw__glob *g);

/** What all that matches begins with, behind the bytes that are skipped. */
const char *cw__glob_prefix(const cw__glob *g);

/**
 * @param dead  nullable; so many bytes of the key that nothing which begins with them matches; 0:
 *              something could that begins with the whole of it
 */
bool cw__glob_match(const cw__glob *g, const char *key, size_t *dead);

#endif
