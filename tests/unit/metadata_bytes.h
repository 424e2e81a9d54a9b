/* metadata_bytes.h - bytes of metadata, for the tests that write and read it */
#ifndef CW_TESTS_METADATA_BYTES_H
#define CW_TESTS_METADATA_BYTES_H

#include <stdlib.h>

#include "base/memory.h"
#include "format/parquet/meta/metadata.h"
#include "harness.h"

/* Memory of exactly `n` bytes, so that a sanitizer sees one byte too many. */
static inline uint8_t *exactly(const void *p, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    REQUIRE(copy);
    if (n)
        memcpy(copy, p, n);
    return copy;
}

static inline void check_bytes(const cw__text *t, const uint8_t *want, size_t n)
{
    CHECK(!t->failed);
    CHECK_INT(t->n, n);
    for (size_t i = 0; i < n && i < t->n; i++)
        if ((uint8_t)t->p[i] != want[i]) {
            CHECK_INT(i, -1);
            CHECK_INT((uint8_t)t->p[i], want[i]);
            return;
        }
}
#define CHECK_BYTES(t, ...)                                                                        \
    do {                                                                                           \
        static const uint8_t want_[] = {__VA_ARGS__};                                              \
        check_bytes(t, want_, sizeof want_);                                                       \
    } while (0)

static inline cw__binary binary(const char *s)
{
    cw__binary b = {cw__alloc(strlen(s) + 1), strlen(s)};

    REQUIRE(b.p);
    memcpy(b.p, s, b.n + 1);
    return b;
}

static inline bool is(const cw__binary *b, const char *s)
{
    return b->n == strlen(s) && memcmp(b->p, s, b->n) == 0;
}

/* Nothing of a footer is left over: whatever is cut off, the rest is none. */
static inline void check_cut(const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t *cut = exactly(p, i);
        cw__file_metadata m;
        cw_error err = {0};
        CHECK_INT(cw__file_metadata_read(&m, cut, i, &err), CW_E_INTEGRITY);
        free(cut);
    }
}

/* Any answer will do, but memory that is not its own is not touched. */
static inline void check_changed(const void *p, size_t n)
{
    static const uint8_t changes[] = {0x01, 0x04, 0x10, 0x80, 0xFF};
    size_t refused = 0;

    for (size_t i = 0; i < n * sizeof changes; i++) {
        uint8_t *changed = exactly(p, n);
        cw__file_metadata m;
        cw_error err = {0};
        changed[i / sizeof changes] ^= changes[i % sizeof changes];
        if (cw__file_metadata_read(&m, changed, n, &err) != CW_OK)
            refused++;
        cw__file_metadata_free(&m);
        free(changed);
    }
    CHECK(refused > n);
}

#endif
