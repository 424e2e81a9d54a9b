/* fuzz_snappy.c - any bytes as one of snappy's blocks, and made into one */
#include "fuzz.h"

#include <string.h>

#include "port/block.h"

enum { MOST = 1 << 16 };

/* What a block says it becomes, where that is not much. */
static size_t said(const uint8_t *data, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < size && i < 4; i++) {
        n |= (size_t)(data[i] & 0x7F) << 7 * i;
        if (data[i] < 0x80)
            break;
    }
    return n <= MOST ? n : 0;
}

static void restore(cw__block *b, const uint8_t *data, size_t size)
{
    size_t n = said(data, size);
    uint8_t *back = malloc(n ? n : 1);

    MUST(back);
    (void)cw__block_restore(b, CW__BLOCK_SNAPPY, back, n, data, size);
    free(back);
}

static void there_and_back(cw__block *b, unsigned hint, const uint8_t *data, size_t size)
{
    size_t room = cw__block_bound(CW__BLOCK_SNAPPY, size);
    uint8_t *packed = malloc(room), *back = malloc(size ? size : 1);

    MUST(packed && back);
    size_t n = cw__block_compress(b, CW__BLOCK_SNAPPY, 0, hint, packed, room, data, size);
    MUST(n > 0 && n <= room);
    MUST(cw__block_restore(b, CW__BLOCK_SNAPPY, back, size, packed, n));
    MUST(size == 0 || memcmp(back, data, size) == 0);
    free(back);
    free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cw__block *b = cw__block_new();

    MUST(b);
    if (size <= MOST) {
        restore(b, data, size);
        there_and_back(b, CW__BLOCK_ANY, data, size);
        there_and_back(b, CW__BLOCK_NUMBERS, data, size);
    }
    cw__block_free(b);
    return 0;
}
