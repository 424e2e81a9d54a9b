/* test_shapes.c - objects of every size and every way of writing them, and keys of every kind */
#include "fixture.h"

enum { PART = 50 * 1000 };

static unsigned char *data;

/* ---- sizes ---- */

static cw_object_info send_and_compare(bed *b, const cw_writer_options *o, size_t n)
{
    cw_object_info info = {0};
    cw_error err;

    CHECK_OK(send_bytes(b, "key", o, data, n, &info, &err), err);
    check_object(b, "key", data, n);
    CHECK_INT(info.bytes, n);
    CHECK_INT(info.bytes_in, n);
    return info;
}

static void an_empty_object_is_one_request(void)
{
    bed b = bed_open(NULL, NULL);
    cw_object_info info = send_and_compare(&b, NULL, 0);

    CHECK_INT(info.requests, 1);
    CHECK_INT(info.parts, 0);
    CHECK_INT(requests(&b, NULL), 1);
    CHECK_INT(requests(&b, "PutObject"), 1);
    bed_close(&b);
}

static void what_fits_one_part_is_one_request(void)
{
    static const size_t sizes[] = {1, 2, PART / 2, PART - 1, PART};
    cw_writer_options o = parts_of(PART);

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        bed b = bed_open(NULL, NULL);

        CHECK_INT(send_and_compare(&b, &o, sizes[i]).parts, 0);
        CHECK_INT(requests(&b, NULL), 1);
        bed_close(&b);
    }
}

static void around_every_number_of_parts(void)
{
    bed b = bed_open(NULL, NULL);

    for (int policy = 0; policy < 2; policy++)
        for (size_t n = 1; n <= 9; n++)
            for (int d = -1; d <= 1; d++) {
                size_t bytes = n * PART + (size_t)(d + 1) - 1;
                uint64_t parts = (bytes + PART - 1) / PART;
                cw_writer_options o = parts_of(PART);

                o.part_policy = policy ? CW_PARTS_FIXED : CW_PARTS_GROWING;
                CHECK_INT(send_and_compare(&b, &o, bytes).parts, parts > 1 ? parts : 0);
            }
    bed_close(&b);
}

static void the_default_part_is_eight_mib(void)
{
    cw_client_options c = client_defaults();
    unsigned char *large = noise(8 * MIB + 1);
    cw_object_info info;
    cw_error err;

    c.memory_bytes = 128 * MIB;
    bed b = bed_open(NULL, &c);
    CHECK_OK(send_bytes(&b, "key", NULL, large, 8 * MIB, &info, &err), err);
    CHECK_INT(info.parts, 0);
    CHECK_OK(send_bytes(&b, "key", NULL, large, 8 * MIB + 1, &info, &err), err);
    CHECK_INT(info.parts, 2);
    check_object(&b, "key", large, 8 * MIB + 1);
    bed_close(&b);
    free(large);
}

static void parts_grow(void)
{
    enum { FIRST = 40, BYTES = 1000 * FIRST + 5 * 2 * FIRST };
    bed b = bed_open(NULL, NULL);
    cw_writer_options o = parts_of(FIRST);

    o.part_policy = CW_PARTS_GROWING;
    CHECK_INT(send_and_compare(&b, &o, BYTES).parts, 1005);
    CHECK_INT(send_and_compare(&b, &o, BYTES + 1).parts, 1006);
    bed_close(&b);
}

/* ---- the 10,000th part, and the next ---- */

enum { TINY = 16, MOST_PARTS = 10000 };

static cw_writer *fill_every_part(bed *b)
{
    cw_writer_options o = parts_of(TINY);
    cw_writer *w = open_writer(b, "key", &o);

    CHECK_INT(cw_writer_largest_object(&o, 0), TINY * MOST_PARTS);
    CHECK_INT(write_all(w, data, TINY * MOST_PARTS), CW_OK);
    return w;
}

static void the_last_possible_part(void)
{
    bed b = bed_open(NULL, NULL);
    cw_object_info info;
    cw_error err;
    cw_writer *w = fill_every_part(&b);

    CHECK_OK(cw_writer_close(w, &info, &err), err);
    check_object(&b, "key", data, TINY * MOST_PARTS);
    CHECK_INT(info.parts, MOST_PARTS);
    bed_close(&b);
}

static void one_byte_too_many(void)
{
    bed b = bed_open(NULL, NULL);
    cw_error err;
    cw_writer *w = fill_every_part(&b);

    CHECK_INT(cw_writer_write(w, "x", 1), CW_E_TOO_LARGE);
    CHECK(strstr(cw_writer_error(w)->message, "part_bytes"));
    CHECK_STATUS(cw_writer_close(w, NULL, &err), CW_E_TOO_LARGE, err);
    check_nothing(&b, "key");
    bed_close(&b);
}

static void a_hint_that_cannot_be_met(void)
{
    bed b = bed_open(NULL, NULL);
    cw_writer_options o = parts_of(TINY);
    cw_writer *w;
    cw_error err;

    o.size_hint = TINY * MOST_PARTS + 1;
    CHECK_STATUS(cw_writer_open(&w, b.client, "s3://bucket/key", &o, &err), CW_E_TOO_LARGE, err);
    CHECK(strstr(err.message, "part_bytes"));
    o.size_hint--;
    CHECK_OK(cw_writer_open(&w, b.client, "s3://bucket/key", &o, &err), err);
    CHECK_OK(cw_writer_abort(w, &err), err);
    CHECK_INT(requests(&b, NULL), 0);
    bed_close(&b);
}

/* ---- any way of writing ---- */

static uint64_t below(uint64_t *random, uint64_t n)
{
    return mix(random) % n;
}

static cw_status by_reserve(cw_writer *w, uint64_t *random, const unsigned char *p, size_t n,
                            size_t *took)
{
    size_t min = below(random, 4) ? 1 : below(random, 200000), room;
    void *to;
    cw_status st = cw_writer_reserve(w, min, &to, &room);

    *took = 0;
    if (st != CW_OK)
        return st;
    CHECK(room >= min && room > 0);
    *took = room < n ? room : n;
    if (below(random, 3) == 0)
        *took = below(random, *took + 1);
    memcpy(to, p, *took);
    return cw_writer_commit(w, *took);
}

/* One call that takes some of the `n` bytes, or none. */
static cw_status some_call(cw_writer *w, uint64_t *random, const unsigned char *p, size_t n,
                           size_t *took)
{
    uint64_t most = (uint64_t)1 << below(random, 22);

    *took = 0;
    switch (below(random, 8)) {
    case 0:
        return cw_writer_flush(w);
    case 1:
    case 2:
        return by_reserve(w, random, p, n, took);
    case 3:
        *took = below(random, 300);
        *took = *took < n ? *took : n;
        return cw_writer_printf(w, "%.*s", (int)*took, (const char *)p);
    default:
        *took = below(random, most + 1);
        *took = *took < n ? *took : n;
        return cw_writer_write(w, p, *took);
    }
}

/* Counts as it goes. */
static cw_status write_somehow(cw_writer *w, uint64_t *random, const unsigned char *p, size_t n)
{
    cw_status st = CW_OK;
    cw_stats stats;

    for (size_t at = 0, took; at < n && st == CW_OK; at += took) {
        st = some_call(w, random, p + at, n - at, &took);
        cw_writer_stats(w, &stats);
        if (st == CW_OK)
            CHECK_INT(stats.bytes_in, at + took);
    }
    return st;
}

/* Letters, for printf. */
static unsigned char *letters(size_t n)
{
    unsigned char *p = noise(n);

    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)('!' + p[i] % 90);
    return p;
}

static void any_way(bed *b, uint64_t seed, const cw_writer_options *o, const unsigned char *bytes,
                    size_t n)
{
    int before = test_failures_here;
    uint64_t random = seed;
    cw_object_info info;
    cw_error err;
    cw_writer *w = open_writer(b, "key", o);

    CHECK_INT(write_somehow(w, &random, bytes, n), CW_OK);
    CHECK_OK(cw_writer_close(w, &info, &err), err);
    CHECK_INT(info.bytes_in, n);
    if (o->compression == CW_COMPRESSION_NONE)
        check_object(b, "key", bytes, n);
    CHECK_INT(ts_upload_count(b->server), 0);
    if (test_failures_here > before)
        fprintf(stderr, "    … with seed %llu\n", (unsigned long long)seed);
}

static void any_way_with_small_parts(void)
{
    enum { ROUNDS = 150, MOST = 2 * MIB };
    unsigned char *bytes = letters(MOST);
    bed b = bed_open(NULL, NULL);
    uint64_t random = 7;

    for (int i = 0; i < ROUNDS; i++) {
        uint64_t seed = mix(&random);
        cw_writer_options o = parts_of(5000 + below(&random, 200000));

        o.part_policy = below(&random, 2) ? CW_PARTS_FIXED : CW_PARTS_GROWING;
        o.checksum = (cw_checksum)below(&random, CW_CHECKSUM_NONE + 1);
        any_way(&b, seed, &o, bytes, below(&random, MOST));
    }
    bed_close(&b);
    free(bytes);
}

/* S3's minimum, and memory so short that parts are sent before they are full. */
static void never_a_part_too_small(bool fixed)
{
    enum { ROUNDS = SLOWNESS > 1 ? 10 : 30, MOST = 36 * MIB };
    unsigned char *bytes = letters(MOST);
    ts_options s = server_defaults();
    uint64_t random = fixed ? 11 : 12;

    s.min_part_bytes = 0;
    s.equal_parts = fixed;
    for (int i = 0; i < ROUNDS; i++) {
        cw_client_options c = client_defaults();
        uint64_t seed = mix(&random), floor = fixed ? 16 : 14;

        c.memory_bytes = (floor + below(&random, 40)) * MIB;
        c.payload = CW_PAYLOAD_UNSIGNED;
        bed b = bed_open(&s, &c);
        cw_writer_options o = CW_WRITER_OPTIONS_INIT;
        o.part_policy = fixed ? CW_PARTS_FIXED : CW_PARTS_GROWING;
        o.part_bytes = below(&random, 2) ? 5 * MIB + below(&random, 100000) : 0;
        o.compression = (cw_compression)(below(&random, 4) ? 0 : CW_COMPRESSION_ZSTD);
        any_way(&b, seed, &o, bytes, below(&random, MOST));
        bed_close(&b);
    }
    free(bytes);
}

static void never_a_part_too_small_growing(void)
{
    never_a_part_too_small(false);
}

static void never_an_unequal_part(void)
{
    never_a_part_too_small(true);
}

/* Flush sends what has the minimum already, and nothing else. */
static void flush_sends_what_it_may(void)
{
    unsigned char *bytes = noise(12 * MIB);
    ts_options s = server_defaults();
    cw_object_info info;
    cw_error err;

    s.min_part_bytes = 0;
    for (int fixed = 0; fixed < 2; fixed++) {
        bed b = bed_open(&s, NULL);
        cw_writer_options o = parts_of(6 * MIB);

        o.part_policy = fixed ? CW_PARTS_FIXED : CW_PARTS_GROWING;
        cw_writer *w = open_writer(&b, "key", &o);
        for (size_t i = 0; i < 12; i++) {
            CHECK_INT(write_all(w, bytes + i * MIB, MIB), CW_OK);
            CHECK_INT(cw_writer_flush(w), CW_OK);
            CHECK_INT(cw_writer_flush(w), CW_OK);
        }
        CHECK_OK(cw_writer_close(w, &info, &err), err);
        CHECK_INT(info.parts, fixed ? 2 : 3);
        check_object(&b, "key", bytes, 12 * MIB);
        bed_close(&b);
    }
    free(bytes);
}

/* ---- keys ---- */

static void as_put_and_as_parts(bed *b, const char *key)
{
    int before = test_failures_here;
    cw_writer_options o = parts_of(PART);
    cw_error err;

    for (size_t n = 10; n <= PART + 10; n += PART) {
        CHECK_OK(send_bytes(b, key, &o, data, n, NULL, &err), err);
        check_object(b, key, data, n);
    }
    if (test_failures_here > before)
        fprintf(stderr, "    … under the key: %s\n", key);
}

static void keys_of_every_byte(void)
{
    bed b = bed_open(NULL, NULL);
    char all[300] = "", key[8];
    size_t n = 0;

    for (int c = 0x20; c < 0x7f; c++) {
        snprintf(key, sizeof key, "a%cb", c);
        as_put_and_as_parts(&b, key);
        snprintf(key, sizeof key, "%c", c);
        as_put_and_as_parts(&b, key);
        all[n++] = (char)c;
    }
    as_put_and_as_parts(&b, all);
    CHECK_INT(ts_object_count(b.server, NULL), 2 * 95 + 1);
    bed_close(&b);
}

static void keys_that_others_spoil(void)
{
    static const char *const keys[] = {
        "a b",
        "a+b",
        "a%2Bb",
        "a%20b",
        "%",
        "a//b",
        "/a",
        "//",
        "a/",
        "a/../b",
        "../a",
        "..",
        ".",
        "a/./b",
        "./a",
        "a/..",
        "a?b=c&d",
        "a#b",
        "a\\b",
        "~a-b_c.d",
        "'\"<>&;:@=$,!*()[]{}|^`",
        " a ",
        "\xc3\xa9t\xc3\xa9",
        "\xe6\x97\xa5\xe6\x9c\xac/\xf0\x9f\x98\x80",
        "e\xcc\x81",
        "a\tb",
        "a\nb",
        "uploads",
        "a?uploadId=x",
        "s3://bucket/key",
    };
    char longest[1025];
    bed b = bed_open(NULL, NULL);

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        as_put_and_as_parts(&b, keys[i]);
    CHECK_INT(ts_object_count(b.server, NULL), sizeof keys / sizeof *keys);
    for (size_t i = 0; i < 1024; i++)
        longest[i] = "/%\xc3\xa9+ "[i % 6];
    longest[1024] = '\0';
    as_put_and_as_parts(&b, longest);
    bed_close(&b);
}

/* No XML can hold these, and so no answer to a Create; a PUT needs none. */
static void keys_that_no_document_can_hold(void)
{
    static const char *const keys[] = {"\x01\x02\x7f", "\xff\xfe", "a\xc3", "\x1b[0m"};
    bed b = bed_open(NULL, NULL);
    cw_error err;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        CHECK_OK(send_bytes(&b, keys[i], NULL, data, 10, NULL, &err), err);
        check_object(&b, keys[i], data, 10);
    }
    bed_close(&b);
}

static void a_key_too_long_is_refused_at_open(void)
{
    bed b = bed_open(NULL, NULL);
    char url[1100] = "s3://bucket/";
    cw_writer *w;
    cw_error err;

    memset(url + 12, 'k', 1025);
    CHECK_STATUS(cw_writer_open(&w, b.client, url, NULL, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_writer_open(&w, b.client, "s3://bucket/", NULL, &err), CW_E_INVALID_ARGUMENT,
                 err);
    CHECK_STATUS(cw_writer_open(&w, b.client, "s3://bucket", NULL, &err), CW_E_INVALID_ARGUMENT,
                 err);
    CHECK_INT(requests(&b, NULL), 0);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    data = noise(10 * PART);
    WITHIN(2000, an_empty_object_is_one_request);
    WITHIN(2000, what_fits_one_part_is_one_request);
    WITHIN(4000, around_every_number_of_parts);
    WITHIN(4000, the_default_part_is_eight_mib);
    WITHIN(6000, parts_grow);
    WITHIN(15000, the_last_possible_part);
    WITHIN(15000, one_byte_too_many);
    WITHIN(2000, a_hint_that_cannot_be_met);
    WITHIN(15000, any_way_with_small_parts);
    WITHIN(25000, never_a_part_too_small_growing);
    WITHIN(25000, never_an_unequal_part);
    WITHIN(4000, flush_sends_what_it_may);
    WITHIN(8000, keys_of_every_byte);
    WITHIN(4000, keys_that_others_spoil);
    WITHIN(2000, keys_that_no_document_can_hold);
    WITHIN(2000, a_key_too_long_is_refused_at_open);
    free(data);
    return test_end();
}
