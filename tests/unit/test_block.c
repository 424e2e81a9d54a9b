/* test_block.c - blocks come back from what was made of them, and gzip from any number of members
 */
#include "harness.h"

#include "port/block.h"

enum { N = 3000, ROOM = 8192 };

static uint8_t plain[N], back[N], packed[ROOM];

static void fill(void)
{
    for (size_t i = 0; i < N; i++)
        plain[i] = (uint8_t)(i * i >> 7);
}

/* Members of `each` bytes, one after the other. */
static size_t pack(cw__block *b, size_t each)
{
    size_t n = 0;

    for (size_t at = 0; at < N; at += each) {
        size_t used = cw__block_compress(b, CW__BLOCK_GZIP, 0, CW__BLOCK_ANY, packed + n, ROOM - n,
                                         plain + at, N - at < each ? N - at : each);
        REQUIRE(used > 0);
        n += used;
    }
    return n;
}

static bool restores(cw__block *b, size_t n)
{
    memset(back, 0, sizeof back);
    return cw__block_restore(b, CW__BLOCK_GZIP, back, N, packed, n) && memcmp(back, plain, N) == 0;
}

static void gzip_members(void)
{
    static const size_t sizes[] = {N, N / 2, 1000, 700};
    cw__block *b = cw__block_new();

    REQUIRE(b);
    fill();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t n = pack(b, sizes[i]);
        CHECK(restores(b, n));
        CHECK(!restores(b, n - 1));
        CHECK(restores(b, n)); /* again, after a failure */
    }
    cw__block_free(b);
}

static void gzip_of_other_lengths(void)
{
    cw__block *b = cw__block_new();

    REQUIRE(b);
    fill();
    size_t n = pack(b, 1000);
    CHECK(!cw__block_restore(b, CW__BLOCK_GZIP, back, N - 1, packed, n));
    n = pack(b, N);
    CHECK(!cw__block_restore(b, CW__BLOCK_GZIP, back, 0, packed, 0));
    packed[n / 2] ^= 0x10;
    CHECK(!restores(b, n));
    cw__block_free(b);
}

int main(int argc, char **argv)
{
    TEST(gzip_members);
    TEST(gzip_of_other_lengths);
    return test_end();
}
