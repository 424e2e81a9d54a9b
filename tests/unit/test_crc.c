/* test_crc.c - the three CRCs: published values, every level of the processor, combination
 *
 * The reference is the definition itself, a bit at a time, from the polynomials as they are
 * published (not reflected, and not scaled): it shares no step with the code under test.
 */
#include "base/crc.h"
#include "base/crc_engine.h"
#include <zlib.h>
#include "base/random.h"
#include "harness.h"

enum { SHORT_MAX = 2048, ALIGNMENTS = 64, LARGE = 3 * 64 * 1024 + 77 };

typedef struct subject {
    cw__crc_kind kind;
    int bits;
    uint64_t polynomial;
    uint64_t check; /* of "123456789" */
} subject;

static const subject subjects[] = {
    {CW__CRC32, 32, 0x04C11DB7, 0xCBF43926},
    {CW__CRC32C, 32, 0x1EDC6F41, 0xE3069283},
    {CW__CRC64NVME, 64, 0xAD93D23594C93659, 0xAE8B14860A799888},
};

static const subject *const end = subjects + sizeof subjects / sizeof *subjects;

static cw__crc_level best;
static unsigned char data[LARGE + ALIGNMENTS];

static uint64_t mask(const subject *s)
{
    return s->bits == 64 ? UINT64_MAX : UINT32_MAX;
}

/* The definition: long division of the bits, lowest of each byte first. */
static uint64_t reference_bit(const subject *s, uint64_t reg, unsigned bit)
{
    uint64_t top = reg >> (s->bits - 1) & 1;
    reg = reg << 1 & mask(s);
    return top ^ bit ? reg ^ s->polynomial : reg;
}

static uint64_t reference_byte(const subject *s, uint64_t reg, unsigned byte)
{
    for (int i = 0; i < 8; i++)
        reg = reference_bit(s, reg, byte >> i & 1);
    return reg;
}

static uint64_t reference_finish(const subject *s, uint64_t reg)
{
    uint64_t out = 0;
    for (int i = 0; i < s->bits; i++)
        out |= (reg >> i & 1) << (s->bits - 1 - i);
    return ~out & mask(s);
}

static uint64_t reference(const subject *s, const unsigned char *p, size_t n)
{
    uint64_t reg = mask(s);
    for (size_t i = 0; i < n; i++)
        reg = reference_byte(s, reg, p[i]);
    return reference_finish(s, reg);
}

static uint64_t at_level(const subject *s, cw__crc_level level, uint64_t crc, const void *p,
                         size_t n)
{
    return ~cw__crc_update(s->kind, level, ~crc & mask(s), p, n) & mask(s);
}

static uint64_t public_crc(const subject *s, uint64_t crc, const void *p, size_t n)
{
    switch (s->kind) {
    case CW__CRC32:
        return cw__crc32((uint32_t)crc, p, n);
    case CW__CRC32C:
        return cw__crc32c((uint32_t)crc, p, n);
    default:
        return cw__crc64nvme(crc, p, n);
    }
}

static uint64_t portable_crc(const subject *s, uint64_t crc, const void *p, size_t n)
{
    switch (s->kind) {
    case CW__CRC32:
        return cw__crc32_portable((uint32_t)crc, p, n);
    case CW__CRC32C:
        return cw__crc32c_portable((uint32_t)crc, p, n);
    default:
        return cw__crc64nvme_portable(crc, p, n);
    }
}

static uint64_t combine(const subject *s, uint64_t a, uint64_t b, uint64_t b_bytes)
{
    switch (s->kind) {
    case CW__CRC32:
        return cw__crc32_combine((uint32_t)a, (uint32_t)b, b_bytes);
    case CW__CRC32C:
        return cw__crc32c_combine((uint32_t)a, (uint32_t)b, b_bytes);
    default:
        return cw__crc64nvme_combine(a, b, b_bytes);
    }
}

static void published_values(void)
{
    for (const subject *s = subjects; s < end; s++) {
        CHECK(reference(s, (const unsigned char *)"123456789", 9) == s->check);
        CHECK(public_crc(s, 0, "123456789", 9) == s->check);
        CHECK(portable_crc(s, 0, "123456789", 9) == s->check);
        CHECK(public_crc(s, 0, NULL, 0) == 0);
    }
    static const unsigned char zeros[32];
    CHECK_INT(cw__crc32c(0, zeros, sizeof zeros), 0x8A9136AA); /* RFC 3720, B.4 */
    static unsigned char block[4096];
    CHECK(cw__crc64nvme(0, block, sizeof block) == 0x6482D367EB22B64E); /* NVM Express */
    memset(block, 0xFF, sizeof block);
    CHECK(cw__crc64nvme(0, block, sizeof block) == 0xC0DDBA7302ECA3AC);
}

static void this_machine_says_its_level(void)
{
    static const char *const names[] = {"portable", "pclmul", "vpclmul"};
    fprintf(stderr, "    best level here: %s\n", names[best]);
#if defined(__x86_64__) && defined(__GNUC__)
    CHECK(best > CW__CRC_PORTABLE || !__builtin_cpu_supports("pclmul"));
#endif
}

static void every_short_length_is_the_definition(void)
{
    for (const subject *s = subjects; s < end; s++) {
        uint64_t reg = mask(s);
        for (size_t n = 0; n <= SHORT_MAX; n++) {
            uint64_t want = reference_finish(s, reg);
            for (cw__crc_level level = CW__CRC_PORTABLE; level <= best; level++)
                CHECK(at_level(s, level, 0, data, n) == want);
            CHECK(public_crc(s, 0, data, n) == want);
            reg = reference_byte(s, reg, data[n]);
        }
    }
}

static void every_alignment_and_length_is_the_same_at_each_level(void)
{
    for (const subject *s = subjects; s < end; s++)
        for (size_t align = 0; align < ALIGNMENTS; align++)
            for (size_t n = 0; n <= SHORT_MAX; n++) {
                const uint64_t start = n * 0x9E3779B97F4A7C15 & mask(s);
                uint64_t want = portable_crc(s, start, data + align, n);
                for (cw__crc_level level = CW__CRC_PCLMUL; level <= best; level++)
                    CHECK(at_level(s, level, start, data + align, n) == want);
            }
}

/* Blocks of the exact size, so that a sanitizer sees a read outside of one. */
static void nothing_outside_is_read(void)
{
    for (size_t n = 1; n <= SHORT_MAX; n += n < 700 ? 1 : 37) {
        unsigned char *p = malloc(n);
        REQUIRE(p);
        memcpy(p, data, n);
        for (const subject *s = subjects; s < end; s++)
            for (cw__crc_level level = CW__CRC_PORTABLE; level <= best; level++)
                CHECK(at_level(s, level, 0, p, n) == portable_crc(s, 0, data, n));
        free(p);
    }
}

static void large_blocks(void)
{
    for (const subject *s = subjects; s < end; s++) {
        uint64_t want = reference(s, data, LARGE);
        for (cw__crc_level level = CW__CRC_PORTABLE; level <= best; level++)
            CHECK(at_level(s, level, 0, data, LARGE) == want);
        CHECK(public_crc(s, 0, data, LARGE) == want);
    }
    CHECK_INT(cw__crc32(0, data, LARGE), crc32(0, data, LARGE));
}

static void a_block_may_be_split_anywhere(void)
{
    for (const subject *s = subjects; s < end; s++) {
        uint64_t want = portable_crc(s, 0, data, SHORT_MAX);
        for (cw__crc_level level = CW__CRC_PORTABLE; level <= best; level++)
            for (size_t cut = 0; cut <= SHORT_MAX; cut++) {
                uint64_t a = at_level(s, level, 0, data, cut);
                CHECK(at_level(s, level, a, data + cut, SHORT_MAX - cut) == want);
            }
    }
}

static void combining_is_concatenation(void)
{
    for (const subject *s = subjects; s < end; s++) {
        uint64_t whole = public_crc(s, 0, data, SHORT_MAX);
        for (size_t cut = 0; cut <= SHORT_MAX; cut++) {
            uint64_t a = public_crc(s, 0, data, cut);
            uint64_t b = public_crc(s, 0, data + cut, SHORT_MAX - cut);
            CHECK(combine(s, a, b, SHORT_MAX - cut) == whole);
        }
        uint64_t a = public_crc(s, 0, data, 1000);
        uint64_t b = public_crc(s, 0, data + 1000, LARGE - 1000);
        CHECK(combine(s, a, b, LARGE - 1000) == public_crc(s, 0, data, LARGE));
    }
}

static void combining_has_a_neutral_element_and_is_associative(void)
{
    for (const subject *s = subjects; s < end; s++)
        for (int i = 0; i < 200; i++) {
            uint64_t a = cw__random_below(UINT64_MAX) & mask(s);
            uint64_t b = cw__random_below(UINT64_MAX) & mask(s);
            uint64_t c = cw__random_below(UINT64_MAX) & mask(s);
            uint64_t nb = cw__random_below(UINT64_C(1) << (1 + i % 60));
            uint64_t nc = cw__random_below(UINT64_C(1) << (1 + i % 50));
            CHECK(combine(s, a, 0, 0) == a);
            CHECK(combine(s, 0, b, nb) == b);
            CHECK(combine(s, combine(s, a, b, nb), c, nc) ==
                  combine(s, a, combine(s, b, c, nc), nb + nc));
        }
}

/* 5 TiB of zeros: a megabyte doubled, and zlib's answer for the CRC that it has. */
static void combining_reaches_the_largest_object(void)
{
    static const unsigned char zeros[1 << 20];
    for (const subject *s = subjects; s < end; s++) {
        uint64_t doubled = public_crc(s, 0, zeros, sizeof zeros), n = sizeof zeros;
        uint64_t by_steps = 0;
        for (uint64_t left = UINT64_C(5) << 20; left; left >>= 1) {
            if (left & 1)
                by_steps = combine(s, by_steps, doubled, n);
            doubled = combine(s, doubled, doubled, n);
            n *= 2;
        }
        uint64_t one = public_crc(s, 0, zeros, 1), at_once = 0;
        for (uint64_t bytes = UINT64_C(5) << 40, k = 1; bytes; bytes >>= 1, k *= 2) {
            if (bytes & 1)
                at_once = combine(s, at_once, one, k);
            one = combine(s, one, one, k);
        }
        CHECK(by_steps == at_once);
    }
    CHECK_INT(cw__crc32_combine(0x12345678, 0x9ABCDEF0, UINT64_C(5) << 40),
              crc32_combine(0x12345678, 0x9ABCDEF0, INT64_C(5) << 40));
}

int main(int argc, char **argv)
{
    best = cw__crc_best_level();
    REQUIRE(cw__random_bytes(data, sizeof data));
    TEST(published_values);
    TEST(this_machine_says_its_level);
    TEST(every_short_length_is_the_definition);
    TEST(every_alignment_and_length_is_the_same_at_each_level);
    TEST(nothing_outside_is_read);
    TEST(large_blocks);
    TEST(a_block_may_be_split_anywhere);
    TEST(combining_is_concatenation);
    TEST(combining_has_a_neutral_element_and_is_associative);
    TEST(combining_reaches_the_largest_object);
    return test_end();
}
