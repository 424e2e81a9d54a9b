/* test_snappy_block.c - snappy's blocks: ours are read by libsnappy and by us, and its blocks by us
 *
 * Blocks lie in memory of just their size, so that a sanitizer sees what is beyond them.
 */
#include "harness.h"

#include <dlfcn.h>

#include "base/crc.h"
#include "port/block.h"

enum { MOST = 300000, FAR = 65536 };

typedef int (*snappy_fn)(const char *from, size_t n, char *to, size_t *to_n);

static snappy_fn library_compress, library_restore;
static cw__block *block;
static uint8_t plain[MOST];

static uint32_t dice(void)
{
    static uint64_t state = 88172645463325252u;

    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

/* Looked for at run time, as a machine need not have it; where CI=true it has to be there. */
static void find_library(void)
{
    void *library = dlopen("libsnappy.so.1", RTLD_NOW | RTLD_LOCAL), *symbol;
    const char *ci = getenv("CI");

    if (library && (symbol = dlsym(library, "snappy_compress")))
        memcpy(&library_compress, &symbol, sizeof symbol);
    if (library && (symbol = dlsym(library, "snappy_uncompress")))
        memcpy(&library_restore, &symbol, sizeof symbol);
    if (!library_compress || !library_restore) {
        REQUIRE(!ci || strcmp(ci, "true") != 0);
        fprintf(stderr, "    left out: what libsnappy says\n");
    }
}

static uint8_t *copy_of(const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    REQUIRE(copy);
    memcpy(copy, p, n);
    return copy;
}

static bool restores(const uint8_t *from, size_t from_n, const uint8_t *want, size_t n)
{
    uint8_t *packed = copy_of(from, from_n), *back = copy_of(want, n);

    memset(back, 0xee, n);
    bool same = cw__block_restore(block, CW__BLOCK_SNAPPY, back, n, packed, from_n) &&
                memcmp(back, want, n) == 0;
    free(back);
    free(packed);
    return same;
}

static bool library_restores(const uint8_t *from, size_t from_n, const uint8_t *want, size_t n)
{
    size_t got = n;
    char *back = malloc(n ? n : 1);

    REQUIRE(back);
    bool same = !library_restore || (library_restore((const char *)from, from_n, back, &got) == 0 &&
                                     got == n && memcmp(back, want, n) == 0);
    free(back);
    return same;
}

/* How many bytes are made of n, which have to come back. */
static size_t pack(const uint8_t *bytes, size_t n, unsigned hint)
{
    size_t room = cw__block_bound(CW__BLOCK_SNAPPY, n);
    uint8_t *from = copy_of(bytes, n), *to = malloc(room);

    REQUIRE(to);
    CHECK_INT(cw__block_compress(block, CW__BLOCK_SNAPPY, 0, hint, to, room - 1, from, n), 0);
    size_t used = cw__block_compress(block, CW__BLOCK_SNAPPY, 0, hint, to, room, from, n);
    CHECK(used > 0 && used <= room);
    CHECK(restores(to, used, bytes, n));
    CHECK(library_restores(to, used, bytes, n));
    free(to);
    free(from);
    return used;
}

static void both(const uint8_t *bytes, size_t n)
{
    pack(bytes, n, CW__BLOCK_ANY);
    pack(bytes, n, CW__BLOCK_NUMBERS);
}

static void fill_noise(size_t at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        plain[at + i] = (uint8_t)dice();
}

/* Words of a short list, which make repetitions of all lengths. */
static void fill_words(size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t word = dice() % 50, length = 2 + word * word % 17;
        for (size_t j = 0; j < length && i < n; j++)
            plain[i++] = (uint8_t)('a' + word * (j + 3) % 26);
        if (i < n)
            plain[i++] = dice() % 5 ? ' ' : (uint8_t)dice();
    }
}

static void short_blocks(void)
{
    for (size_t n = 0; n < 200; n++) {
        memset(plain, 'x', n);
        both(plain, n);
        fill_words(n);
        both(plain, n);
        fill_noise(0, n);
        both(plain, n);
    }
}

static void periods(void)
{
    for (size_t period = 1; period < 80; period++) {
        fill_noise(0, period);
        for (size_t i = period; i < 1000; i++)
            plain[i] = plain[i - period];
        both(plain, 1000);
        CHECK(pack(plain, 1000, CW__BLOCK_ANY) < period + 80);
    }
}

/* A literal, then a copy: of every length about one where its form changes. */
static void lengths_of_elements(void)
{
    static const size_t steps[] = {60, 64, 68, 124, 128, 256, 512, 1024, 2048, 2060, FAR};

    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
        for (size_t d = 0; d < 9; d++) {
            size_t literal = steps[s] + d - 4, repeated = literal < 300 ? literal : 60 + d;
            fill_noise(0, literal + 200);
            memcpy(plain + literal, plain, repeated);
            both(plain, literal + 200);
            memmove(plain + literal + 20, plain + literal, repeated);
            both(plain, literal + 220);
        }
}

/* What is as far away as 16 bits tell, and farther, where places look alike. */
static void distances(void)
{
    for (size_t d = FAR - 3; d < FAR + 4; d++) {
        memset(plain, 0, MOST);
        fill_noise(100, 100);
        memcpy(plain + 100 + d, plain + 100, 100);
        memcpy(plain + 100 + 2 * d, plain + 100, 100);
        both(plain, 100 + 3 * (size_t)FAR);
    }
}

static void long_blocks(void)
{
    memset(plain, 7, MOST);
    both(plain, MOST);
    CHECK(pack(plain, MOST, CW__BLOCK_ANY) < MOST / 20);
    fill_words(MOST);
    both(plain, MOST);
    CHECK(pack(plain, MOST, CW__BLOCK_ANY) < MOST / 2);
    fill_noise(0, MOST);
    both(plain, MOST);
    CHECK(pack(plain, MOST, CW__BLOCK_ANY) < MOST + 32);
    for (size_t i = 0; i < MOST; i++) /* noise and repetitions by turns */
        plain[i] = i / 4096 % 2 ? plain[i - 4096 + i / 8192 % 2] : (uint8_t)dice();
    both(plain, MOST);
}

/* What files are made of must not change by itself: with the compiler, say, or the processor. */
static void always_the_same_bytes(void)
{
    static uint8_t packed[MOST];
    uint32_t seed = 1;

    for (size_t i = 0; i < FAR;) {
        seed = seed * 1664525u + 1013904223u;
        size_t n = 4 + (seed >> 28), back = 1 + (seed >> 8) % (i + 1);
        for (size_t end = i + n; i < end; i++)
            plain[i] = back < i ? plain[i - back] : (uint8_t)(seed >> 16);
        plain[i++] = (uint8_t)(seed >> 20);
    }
    size_t n =
        cw__block_compress(block, CW__BLOCK_SNAPPY, 0, CW__BLOCK_ANY, packed, MOST, plain, FAR);
    CHECK_INT(cw__crc32c(0, packed, n), 1505630528);
    n = cw__block_compress(block, CW__BLOCK_SNAPPY, 0, CW__BLOCK_NUMBERS, packed, MOST, plain, FAR);
    CHECK_INT(cw__crc32c(0, packed, n), 3137846217);
}

static void blocks_of_the_library(void)
{
    char *packed = malloc(2 * MOST);

    REQUIRE(packed);
    for (size_t n = 1; library_compress && n < MOST; n = n * 3 + dice() % 7) {
        size_t used = 2 * MOST;
        fill_words(n);
        REQUIRE(library_compress((const char *)plain, n, packed, &used) == 0);
        CHECK(restores((const uint8_t *)packed, used, plain, n));
    }
    free(packed);
}

static bool restores_text(const char *packed, size_t n, const char *want)
{
    return restores((const uint8_t *)packed, n, (const uint8_t *)want, strlen(want));
}
#define RESTORES(packed, want) restores_text(packed, sizeof(packed) - 1, want)

static void elements(void)
{
    CHECK(RESTORES("\0", ""));
    CHECK(RESTORES("\3\010abc", "abc"));
    CHECK(RESTORES("\203\0\010abc", "abc")); /* a length in more bytes than it needs */
    CHECK(RESTORES("\3\360\2abc", "abc"));   /* literals of a length that is apart */
    CHECK(RESTORES("\3\364\2\0abc", "abc"));
    CHECK(RESTORES("\3\370\2\0\0abc", "abc"));
    CHECK(RESTORES("\3\374\2\0\0\0abc", "abc"));
    CHECK(RESTORES("\7\010abc\1\3", "abcabca"));       /* copies: near, … */
    CHECK(RESTORES("\5\010abc\6\3\0", "abcab"));       /* … of two bytes, … */
    CHECK(RESTORES("\6\010abc\13\2\0\0\0", "abcbcb")); /* … far, of what they write */
    CHECK(!RESTORES("\6\010abc\13\2\0\0\0", "abcbca"));
}

static void malformed(void)
{
    CHECK(!RESTORES("", ""));
    CHECK(!RESTORES("\200", ""));
    CHECK(!RESTORES("\200\200\200\200\200\0", "")); /* a length of 6 bytes */
    CHECK(!RESTORES("\200\200\200\200\20", ""));    /* … of 33 bits */
    CHECK(!RESTORES("\4\010abc", "abc"));           /* … of another block */
    CHECK(!RESTORES("\3\004ab", "abc"));            /* too few bytes */
    CHECK(!RESTORES("\3\014abcd", "abc"));          /* too many */
    CHECK(!RESTORES("\3\010abcd", "abc"));
    CHECK(!RESTORES("\3\010ab", "abc")); /* a literal that is cut */
    CHECK(!RESTORES("\3\360", "abc"));
    CHECK(!RESTORES("\3\374\2\0\0", "abc"));
    CHECK(!RESTORES("\3\374\377\377\377\377abc", "abc"));
    CHECK(!RESTORES("\7\010abc\1", "abcabca")); /* copies that are cut, … */
    CHECK(!RESTORES("\7\010abc\16\3", "abcabca"));
    CHECK(!RESTORES("\7\010abc\17\3\0\0", "abcabca"));
    CHECK(!RESTORES("\7\010abc\1\0", "abcabca")); /* … of what is not there */
    CHECK(!RESTORES("\7\010abc\1\4", "abcabca"));
    CHECK(!RESTORES("\7\010abc\17\3\0\0\200", "abcabca"));
    CHECK(!RESTORES("\6\010abc\1\3", "abcabc")); /* … longer than the block */
}

/* Cut, it is found out; changed, it is what libsnappy says. */
static void damage(void)
{
    enum { N = 3000 };
    static uint8_t packed[2 * N];
    static char other[N];

    fill_words(N);
    size_t n = cw__block_compress(block, CW__BLOCK_SNAPPY, 0, CW__BLOCK_ANY, packed, sizeof packed,
                                  plain, N);
    for (size_t cut = 0; cut < n; cut++)
        CHECK(!restores(packed, cut, plain, N));
    for (unsigned i = 0; library_restore && i < 20000; i++) {
        size_t at = dice() % n, got = N;
        uint8_t kept = packed[at];
        packed[at] = (uint8_t)dice();
        memset(other, 0, N);
        bool sound = library_restore((const char *)packed, n, other, &got) == 0 && got == N;
        CHECK(restores(packed, n, (const uint8_t *)other, N) == sound);
        packed[at] = kept;
    }
}

int main(int argc, char **argv)
{
    find_library();
    REQUIRE((block = cw__block_new()) != NULL);
    TEST(short_blocks);
    TEST(periods);
    TEST(lengths_of_elements);
    TEST(distances);
    TEST(long_blocks);
    TEST(always_the_same_bytes);
    TEST(blocks_of_the_library);
    TEST(elements);
    TEST(malformed);
    TEST(damage);
    cw__block_free(block);
    return test_end();
}
