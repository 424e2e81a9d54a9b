/* json.h - a small JSON document as a tree
 *
 * Strict: one value, nothing behind it, UTF-8, no comments, no member twice in an object. The
 * documents that are read with it hold secrets, so every byte it kept is wiped when it is freed,
 * and no message quotes the document.
 */
#ifndef CW_BASE_JSON_H
#define CW_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cloudwriter/status.h>

typedef struct cw__json cw__json;
typedef struct cw__json_value cw__json_value; /* lives as long as its tree */

/**
 * Parse `n` bytes.
 * @return CW_OK; CW_E_PROTOCOL (with the place) when it is not one whole document, is nested deeper
 *         than 32 or larger than 1 MiB, or has a NUL in a string; CW_E_NO_MEMORY
 */
cw_status cw__json_parse(cw__json **out, const char *p, size_t n, cw_error *err);
/** NULL is fine. */
void cw__json_free(cw__json *j);

const cw__json_value *cw__json_root(const cw__json *j);

/** The member of that name; NULL when there is none, or `v` is no object. `v` may be NULL. */
const cw__json_value *cw__json_member(const cw__json_value *v, const char *name);

/** The text of a string; NULL of anything else. `v` may be NULL. */
const char *cw__json_string(const cw__json_value *v);

/** A number without a fraction or exponent that fits; false of anything else. */
bool cw__json_int(const cw__json_value *v, int64_t *out);

#endif
