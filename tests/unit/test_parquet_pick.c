/* test_parquet_pick.c - values among nulls, with the processor's instructions and without
 *
 * The two have to agree; the portable ones are held against what a loop over single bits says.
 * Memory ends where the values do, so that a sanitizer sees what is read beyond them.
 */
#include "format/parquet/column/pick.h"

#include "base/bits.h"
#include "format/parquet/in/mask.h"
#include "harness.h"

enum { MOST = 300, WORDS = 7, SLOTS = 64 * WORDS };

static uint64_t state = 42;

static uint64_t any(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 11 ^ state << 29;
}

static void *exactly(size_t n)
{
    void *p = malloc(n ? n : 1);
    REQUIRE(p);
    return p;
}

/* `n` bits from `bit` on: all, none, few or half of them. */
static uint8_t *some_bits(size_t bit, size_t n, int kind)
{
    uint8_t *bits = exactly((bit + n + 7) / 8);

    for (size_t i = 0; i < (bit + n + 7) / 8; i++)
        bits[i] = kind == 0 ? 0xFF : kind == 1 ? 0 : (uint8_t)(kind == 2 ? any() & any() : any());
    return bits;
}

static const size_t lengths[] = {0, 1, 7, 8, 63, 64, 65, 127, 128, 200, MOST};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

/* ---- values ---- */

static void check_pick(size_t n, size_t width, size_t bit, int kind)
{
    uint8_t a[(MOST + CW__PICK_SLACK) * 8], b[sizeof a], *bits = some_bits(bit, n, kind);
    uint8_t *from = exactly(n * width);
    size_t k = 0;

    for (size_t i = 0; i < n * width; i++)
        from[i] = (uint8_t)any();
    size_t count = cw__pick(a, from, n, width, bits, bit);
    CHECK_INT(cw__pick_portable(b, from, n, width, bits, bit), count);
    CHECK(memcmp(a, b, count * width) == 0);
    for (size_t i = 0; i < n; i++)
        if (cw__bit(bits, bit + i) && k < count)
            CHECK(memcmp(a + k++ * width, from + i * width, width) == 0);
    CHECK_INT(k, count);
    free(from);
    free(bits);
}

static void values_are_picked(void)
{
    for (size_t i = 0; i < LENGTHS; i++)
        for (size_t bit = 0; bit < 9; bit += 4)
            for (int kind = 0; kind < 4; kind++) {
                check_pick(lengths[i], 4, bit, kind);
                check_pick(lengths[i], 8, bit, kind);
            }
}

/* Nulls have bytes or none. */
static void check_offsets(size_t n, size_t bit, int kind, bool hides)
{
    uint32_t a[MOST + CW__PICK_SLACK + 1] = {7}, b[MOST + CW__PICK_SLACK + 1] = {7};
    uint32_t c[MOST + CW__PICK_SLACK + 1] = {7}, end = 7;
    uint8_t *bits = some_bits(bit, n, kind);
    int32_t *from = exactly((n + 1) * sizeof *from);
    int64_t *wide = exactly((n + 1) * sizeof *wide);
    bool hidden_a = true, hidden_b = true, hidden_c = true, hidden = false;
    size_t k = 0;

    wide[0] = from[0] = 1000;
    for (size_t i = 0; i < n; i++) {
        bool there = cw__bit(bits, bit + i);
        int32_t length = there || hides ? (int32_t)(any() % 20) : 0;
        wide[i + 1] = from[i + 1] = from[i] + length;
        hidden |= !there && length;
    }
    size_t count = cw__pick_offsets32(a, from, n, bits, bit, &hidden_a);
    CHECK_INT(cw__pick_offsets32_portable(b, from, n, bits, bit, &hidden_b), count);
    CHECK_INT(cw__pick_offsets64(c, wide, n, bits, bit, &hidden_c), count);
    CHECK(memcmp(a, b, (count + 1) * sizeof *a) == 0 && memcmp(a, c, (count + 1) * sizeof *a) == 0);
    CHECK(hidden_a == hidden && hidden_b == hidden && hidden_c == hidden);
    for (size_t i = 0; i < n; i++)
        if (cw__bit(bits, bit + i) && k < count) {
            CHECK_INT(a[k++], end);
            end += (uint32_t)(from[i + 1] - from[i]);
        }
    CHECK_INT(k, count);
    CHECK_INT(a[count], end);
    free(wide);
    free(from);
    free(bits);
}

static void offsets_are_picked(void)
{
    for (size_t i = 0; i < LENGTHS; i++)
        for (size_t bit = 0; bit < 9; bit += 4)
            for (int kind = 0; kind < 4; kind++) {
                check_offsets(lengths[i], bit, kind, false);
                check_offsets(lengths[i], bit, kind, true);
            }
}

/* ---- slots ---- */

static bool has(const uint64_t *words, size_t i)
{
    return words[i / 64] >> i % 64 & 1;
}

/* A span of all slots, of none in some words, and of any; what is there lies in it. */
static size_t some_slots(uint64_t *span, uint64_t *there, int kind)
{
    size_t places = 0;

    for (size_t w = 0; w < WORDS; w++) {
        span[w] = kind == 0 ? UINT64_MAX : kind == 1 && w % 2 ? 0 : any() | any();
        there[w] = span[w] & (any() | any());
        places += (size_t)__builtin_popcountll(span[w]);
    }
    return places;
}

static void check_masks(int kind, size_t bit)
{
    uint64_t span[WORDS], there[WORDS], a[WORDS], b[WORDS];
    size_t places = some_slots(span, there, kind), k = 0;
    uint8_t *validity = some_bits(bit, places, 3);

    cw__mask_nulls(a, there, span, WORDS, validity, bit);
    cw__mask_nulls_portable(b, there, span, WORDS, validity, bit);
    CHECK(memcmp(a, b, sizeof a) == 0);
    for (size_t i = 0; i < SLOTS; i++) {
        bool valid = has(span, i) && cw__bit(validity, bit + k++);
        CHECK_INT(has(a, i), has(there, i) && valid);
    }
    memset(a, 0xAA, sizeof a);
    memset(b, 0xAA, sizeof b);
    cw__mask_places(a, there, span, WORDS);
    cw__mask_places_portable(b, there, span, WORDS);
    k = 0;
    for (size_t i = 0; i < SLOTS; i++)
        if (has(span, i)) {
            CHECK_INT(has(a, k), has(there, i));
            CHECK_INT(has(b, k++), has(there, i));
        }
    CHECK_INT(k, places);
    free(validity);
}

static void nulls_and_places(void)
{
    for (int kind = 0; kind < 3; kind++)
        for (size_t bit = 0; bit < 9; bit++)
            check_masks(kind, bit);
}

static void levels_of_what_is_there(void)
{
    uint64_t span[WORDS], there[WORDS];
    uint8_t from[SLOTS], a[SLOTS], b[SLOTS];

    (void)some_slots(span, there, 2);
    for (size_t i = 0; i < SLOTS; i++)
        from[i] = (uint8_t)(any() % 128);
    cw__mask_levels(a, from, there, WORDS, 127);
    cw__mask_levels_portable(b, from, there, WORDS, 127);
    for (size_t i = 0; i < SLOTS; i++) {
        CHECK_INT(a[i], has(there, i) ? 127 : from[i]);
        CHECK_INT(b[i], a[i]);
    }
}

int main(int argc, char **argv)
{
    TEST(values_are_picked);
    TEST(offsets_are_picked);
    TEST(nulls_and_places);
    TEST(levels_of_what_is_there);
    return test_end();
}
