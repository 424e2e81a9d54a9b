/* test_real_shapes.c - every shape of an object arrives on a real server as it was written (real.h)
 */
#include "real.h"

/* ---- shapes -------------------------------------------------------------------------------- */

static void put_parts(const char *key, size_t n, uint64_t parts)
{
    cw_writer_options o = options();
    cw_object_info info = {0};
    CHECK_OK(put(key, &o, n, "", &info), err);
    CHECK_INT(info.bytes, n);
    CHECK_INT(info.parts, parts);
}

static void empty(void)
{
    put_parts("empty", 0, 0);
}

static void one_byte(void)
{
    put_parts("one", 1, 0);
}

static void part_sizes(void)
{
    put_parts("minus", PART - 1, 0);
    put_parts("plus", PART + 1, 2);
    put_parts("two-minus", 2 * PART - 1, 2);
    put_parts("two-plus", 2 * PART + 1, 3);
}

/* Exactly one part may be a PUT or an upload of one part: either is right. */
static void part_exact(void)
{
    cw_writer_options o = options();
    put_ok("exact", &o, PART, "");
    put_ok("two", &o, 2 * PART, "");
}

static void several_parts(void)
{
    put_parts("several", 6 * PART + 12345, 7);
}

static void fixed_parts(void)
{
    cw_writer_options o = options();
    o.part_policy = CW_PARTS_FIXED;
    o.part_bytes = 6 * MIB;
    o.size_hint = 20 * MIB;
    put_ok("fixed", &o, 20 * MIB, "");
}

static void defaults(void)
{
    put_ok("defaults", NULL, 20 * MIB, "");
}

static void flush_often(void)
{
    cw_writer_options o = options();
    expected e;
    cw_writer *w = open_writer("flushed", &o);
    expected_begin(&e, 77);
    for (int i = 0; i < 100; i++) {
        CHECK(write_content(w, &e, 120 * 1024) == CW_OK);
        CHECK(cw_writer_flush(w) == CW_OK);
    }
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    report_present("flushed", &e, "");
}

static void in_place(void)
{
    cw_writer_options o = options();
    expected e;
    cw_writer *w = open_writer("reserved", &o);
    expected_begin(&e, 5);
    while (e.bytes < 11 * MIB) {
        void *p = NULL;
        size_t cap = 0;
        REQUIRE(cw_writer_reserve(w, 1, &p, &cap) == CW_OK && cap >= 1);
        size_t used = cap > 1000 ? cap - 7 : cap;
        expected_fill(&e, p, used);
        CHECK(cw_writer_commit(w, used) == CW_OK);
    }
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    report_present("reserved", &e, "");
}

static void many_writers(void)
{
    enum { COUNT = 40 };
    cw_writer *w[COUNT];
    expected e[COUNT];
    char key[32];
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(key, sizeof key, "many/%02u", i);
        w[i] = open_writer(key, NULL);
        expected_begin(&e[i], i + 1);
        CHECK(write_content(w[i], &e[i], 64 * 1024 + i) == CW_OK);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(key, sizeof key, "many/%02u", i);
        CHECK_OK(cw_writer_close(w[i], NULL, &err), err);
        report_present(key, &e[i], "");
    }
}

static void overwrite(void)
{
    cw_writer_options o = options();
    put_ok("same", &o, PART + 1000, "");
    put_ok("same", &o, 10, "");
}

/* ---- compression, stdio, csv ---------------------------------------------------------------- */

static void gzip(void)
{
    cw_writer_options o = options();
    o.compression = CW_COMPRESSION_GZIP;
    put_ok("small.gz", &o, 1000, ", \"encoding\": \"gzip\"");
    put_ok("large.gz", &o, 24 * MIB, ", \"encoding\": \"gzip\"");
    put_ok("empty.gz", &o, 0, ", \"encoding\": \"gzip\"");
}

static void zstd(void)
{
    cw_writer_options o = options();
    o.compression = CW_COMPRESSION_ZSTD;
    put_ok("small.zst", &o, 1000, ", \"encoding\": \"zstd\"");
    o.compression_threads = 2;
    put_ok("large.zst", &o, 24 * MIB, ", \"encoding\": \"zstd\"");
}

static void stdio(void)
{
    static char line[64];
    expected e;
    FILE *f = cw_fopen(url_of("lines.txt"), "w", client, &err);
    REQUIRE(f);
    expected_begin(&e, 1);
    for (int i = 0; i < 400000; i++) {
        int n = snprintf(line, sizeof line, "%d\tline number %d\n", i, i);
        CHECK(fprintf(f, "%s", line) == n);
        REQUIRE(EVP_DigestUpdate(e.sha256, line, (size_t)n) == 1);
        e.bytes += (uint64_t)n;
    }
    CHECK_INT(ftell(f), (int64_t)e.bytes);
    CHECK_INT(fclose(f), 0);
    report_present("lines.txt", &e, "");
}

static void csv(void)
{
    static const char wanted[] = "name,value\n\"a,b\",0.1\n\"say \"\"hi\"\"\",42\n";
    expected e;
    cw_csv *c = NULL;
    cw_writer *w = open_writer("table.csv", NULL);
    CHECK_OK(cw_csv_new(&c, w, NULL, &err), err);
    REQUIRE(c);
    CHECK(cw_csv_string(c, "name") == CW_OK && cw_csv_string(c, "value") == CW_OK);
    CHECK(cw_csv_end_row(c) == CW_OK);
    CHECK(cw_csv_string(c, "a,b") == CW_OK && cw_csv_double(c, 0.1) == CW_OK);
    CHECK(cw_csv_end_row(c) == CW_OK);
    CHECK(cw_csv_string(c, "say \"hi\"") == CW_OK && cw_csv_int(c, 42) == CW_OK);
    CHECK(cw_csv_end_row(c) == CW_OK);
    cw_csv_free(c);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    expected_begin(&e, 1);
    REQUIRE(EVP_DigestUpdate(e.sha256, wanted, sizeof wanted - 1) == 1);
    e.bytes = sizeof wanted - 1;
    report_present("table.csv", &e, "");
}

/* ---- what an object is ---------------------------------------------------------------------- */

static cw_writer_options described(void)
{
    static const cw_pair metadata[] = {{"origin", "test real"}, {"answer", "42"}};
    cw_writer_options o = options();
    o.content_type = "text/x-real; charset=utf-8";
    o.content_disposition = "attachment; filename=\"real.txt\"";
    o.content_language = "en";
    o.cache_control = "max-age=60";
    o.metadata = metadata;
    o.metadata_count = 2;
    return o;
}

static const char described_as[] =
    ", \"metadata\": {\"origin\": \"test real\", \"answer\": \"42\"}"
    ", \"headers\": {\"ContentType\": \"text/x-real; charset=utf-8\", \"ContentLanguage\": \"en\","
    " \"ContentDisposition\": \"attachment; filename=\\\"real.txt\\\"\","
    " \"CacheControl\": \"max-age=60\"}";

static void metadata(void)
{
    cw_writer_options o = described();
    put_ok("small", &o, 100, described_as);
}

static void metadata_parts(void)
{
    cw_writer_options o = described();
    put_ok("parts", &o, PART + 100, described_as);
}

static void tags(void)
{
    static const cw_pair pairs[] = {{"team", "red + blue"}, {"cost", "1+1=2"}};
    static const char as[] = ", \"tags\": {\"team\": \"red + blue\", \"cost\": \"1+1=2\"}";
    cw_writer_options o = options();
    o.tags = pairs;
    o.tags_count = 2;
    put_ok("small", &o, 100, as);
    put_ok("parts", &o, PART + 100, as);
}

static void checksum(const char *name, cw_checksum kind)
{
    char key[64], more[128];
    cw_writer_options o = options();
    o.checksum = kind;
    snprintf(more, sizeof more, ", \"checksum\": \"%s\"", name);
    snprintf(key, sizeof key, "%s/single", name);
    put_ok(key, &o, 1000, more);
    snprintf(key, sizeof key, "%s/parts", name);
    put_ok(key, &o, 2 * PART + 3, more);
}

static void crc64nvme(void)
{
    checksum("crc64nvme", CW_CHECKSUM_CRC64NVME);
}

static void crc32c(void)
{
    checksum("crc32c", CW_CHECKSUM_CRC32C);
}

static void crc32(void)
{
    checksum("crc32", CW_CHECKSUM_CRC32);
}

static void sha256(void)
{
    checksum("sha256", CW_CHECKSUM_SHA256);
}

static void no_checksum(void)
{
    cw_writer_options o = options();
    o.checksum = CW_CHECKSUM_NONE;
    o.payload = CW_PAYLOAD_UNSIGNED;
    put_ok("none", &o, 2 * PART + 3, "");
}

static void payloads(void)
{
    cw_writer_options o = options();
    o.payload = CW_PAYLOAD_SIGNED;
    put_ok("signed", &o, PART + 3, "");
    o.payload = CW_PAYLOAD_UNSIGNED;
    put_ok("unsigned", &o, PART + 3, "");
}

static void sse_c(void)
{
    static const unsigned char secret[32] = "0123456789abcdef0123456789abcde";
    cw_writer_options o = options();
    o.sse = CW_SSE_C;
    o.sse_customer_key = secret;
    put_ok("single", &o, 1000, ", \"sse_c\": \"0123456789abcdef0123456789abcde\\u0000\"");
    put_ok("parts", &o, PART + 1000, ", \"sse_c\": \"0123456789abcdef0123456789abcde\\u0000\"");
}

/* ---- keys ----------------------------------------------------------------------------------- */

static void put_key(const char *key)
{
    put_ok(key, NULL, 100 + strlen(key), "");
}

/* Every printable byte but the slash, which has cases of its own; each alone and all together. */
static void keys_printable(void)
{
    char all[128], one[16];
    size_t n = 0;
    for (char c = '!'; c <= '~'; c++) {
        if (c == '/' || c == '\\')
            continue;
        all[n++] = c;
        snprintf(one, sizeof one, "x%cy", c);
        put_key(one);
    }
    all[n] = '\0';
    put_key(all);
}

static void keys_space_plus(void)
{
    put_key("a b");
    put_key("a+b");
    put_key("a%20b");
    put_key("a%2Bb");
    put_key("100%");
}

static void keys_utf8(void)
{
    put_key("gr\xc3\xb6\xc3\x9f"
            "e/\xe6\x97\xa5\xe6\x9c\xac/\xf0\x9f\x93\xa6");
}

static void keys_backslash(void)
{
    put_key("back\\slash");
}

static void keys_double_slash(void)
{
    put_key("a//b");
}

static void keys_dots(void)
{
    put_key("a/../b");
    put_key("a/./b");
}

static void keys_parts(void)
{
    cw_writer_options o = options();
    put_ok("multi part/+ & \xc3\xa9", &o, PART + 1, "");
}

/* ---- the list -------------------------------------------------------------------------------- */

static const real_case cases[] = {
    {"empty", empty, false},
    {"one_byte", one_byte, false},
    {"part_sizes", part_sizes, false},
    {"part_exact", part_exact, false},
    {"several_parts", several_parts, false},
    {"fixed_parts", fixed_parts, false},
    {"defaults", defaults, false},
    {"flush_often", flush_often, false},
    {"in_place", in_place, false},
    {"many_writers", many_writers, false},
    {"overwrite", overwrite, false},
    {"gzip", gzip, false},
    {"zstd", zstd, false},
    {"stdio", stdio, false},
    {"csv", csv, false},
    {"metadata", metadata, false},
    {"metadata_parts", metadata_parts, false},
    {"tags", tags, false},
    {"crc64nvme", crc64nvme, false},
    {"crc32c", crc32c, false},
    {"crc32", crc32, false},
    {"sha256", sha256, false},
    {"no_checksum", no_checksum, false},
    {"payloads", payloads, false},
    {"sse_c", sse_c, false},
    {"keys_printable", keys_printable, false},
    {"keys_space_plus", keys_space_plus, false},
    {"keys_utf8", keys_utf8, false},
    {"keys_backslash", keys_backslash, false},
    {"keys_double_slash", keys_double_slash, false},
    {"keys_dots", keys_dots, false},
    {"keys_parts", keys_parts, false},
    {NULL, NULL, false},
};

int main(int argc, char **argv)
{
    return real_main(cases, argc, argv);
}
