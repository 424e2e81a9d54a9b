/* test_parquet_metadata_pages.c - page headers, indexes and Bloom filter headers as bytes and back
 */
#include "metadata_bytes.h"

/* ---- pages ---- */

static const cw__page_header a_v2_page = {.type = CW__DATA_PAGE_V2,
                                          .uncompressed_bytes = 5000,
                                          .compressed_bytes = 4000,
                                          .has_crc = true,
                                          .crc = -7,
                                          .values = 300,
                                          .nulls = 20,
                                          .rows = 100,
                                          .encoding = CW__DELTA_BYTE_ARRAY,
                                          .def_bytes = 17,
                                          .rep_bytes = 19};

static void page_headers_have_the_bytes_of_the_format(void)
{
    cw__text t = {0};
    cw__page_header h = {.type = CW__DATA_PAGE,
                         .uncompressed_bytes = 100,
                         .compressed_bytes = 64,
                         .has_crc = true,
                         .crc = -1,
                         .values = 3,
                         .encoding = CW__RLE_DICTIONARY,
                         .def_encoding = CW__RLE,
                         .rep_encoding = CW__RLE};

    cw__page_header_write(&t, &h);
    CHECK_BYTES(&t, 0x15, 0x00, 0x15, 0xC8, 0x01, 0x15, 0x80, 0x01, 0x15, 0x01, /* to the CRC */
                0x1C, 0x15, 0x06, 0x15, 0x10, 0x15, 0x06, 0x15, 0x06, 0x00, 0x00);
    cw__text_reset(&t);
    h = (cw__page_header){.type = CW__DICTIONARY_PAGE,
                          .uncompressed_bytes = 1,
                          .compressed_bytes = 1,
                          .values = 1,
                          .encoding = CW__PLAIN};
    cw__page_header_write(&t, &h);
    CHECK_BYTES(&t, 0x15, 0x04, 0x15, 0x02, 0x15, 0x02, 0x4C, 0x15, 0x02, 0x15, 0x00, 0x00, 0x00);
    cw__text_free(&t);
}

static void check_page(const cw__page_header *h)
{
    cw__text t = {0};
    cw__page_header back;
    cw_error err = {0};
    size_t used = 0;

    cw__page_header_write(&t, h);
    cw__text_add(&t, "page");
    CHECK_OK(cw__page_header_read(&back, t.p, t.n, &used, &err), err);
    CHECK_INT(used, t.n - 4);
    CHECK_INT(back.type, h->type);
    CHECK_INT(back.uncompressed_bytes, h->uncompressed_bytes);
    CHECK_INT(back.compressed_bytes, h->compressed_bytes);
    CHECK_INT(back.has_crc, h->has_crc);
    CHECK_INT(back.crc, h->crc);
    CHECK_INT(back.values, h->values);
    CHECK_INT(back.encoding, h->encoding);
    CHECK_INT(back.def_encoding, h->def_encoding);
    CHECK_INT(back.rep_encoding, h->rep_encoding);
    CHECK_INT(back.nulls, h->nulls);
    CHECK_INT(back.rows, h->rows);
    CHECK_INT(back.def_bytes, h->def_bytes);
    CHECK_INT(back.rep_bytes, h->rep_bytes);
    CHECK_INT(back.is_compressed, h->is_compressed);
    CHECK_INT(back.has_statistics, h->has_statistics);
    CHECK_INT(back.statistics.null_count, h->statistics.null_count);
    CHECK_INT(back.statistics.has_nan_count, h->statistics.has_nan_count);
    cw__statistics_free(&back.statistics);
    for (size_t n = 0; n < used; n++) {
        uint8_t *cut = exactly(t.p, n);
        size_t ignored;
        CHECK_INT(cw__page_header_read(&back, cut, n, &ignored, &err), CW_E_INTEGRITY);
        free(cut);
    }
    cw__text_free(&t);
}

static void page_headers_read_back(void)
{
    cw__page_header h = a_v2_page;

    check_page(&h);
    h.is_compressed = true;
    h.has_crc = false;
    h.crc = 0;
    h.has_statistics = true;
    h.statistics = (cw__statistics){.has_null_count = true,
                                    .null_count = 20,
                                    .has_nan_count = true,
                                    .has_min = true,
                                    .min = binary("a"),
                                    .has_max = true,
                                    .max = binary("zz"),
                                    .max_exact = true};
    check_page(&h);
    h.type = CW__DATA_PAGE;
    h.nulls = h.rows = h.def_bytes = h.rep_bytes = 0;
    h.def_encoding = h.rep_encoding = CW__RLE;
    check_page(&h);
    cw__statistics_free(&h.statistics);
}

static void a_page_header_is_of_its_type(void)
{
    static const uint8_t index_page[] = {0x15, 0x02, 0x15, 0x00, 0x15, 0x00, 0x00};
    static const uint8_t no_details[] = {0x15, 0x00, 0x15, 0x00, 0x15, 0x00, 0x00};
    static const uint8_t other[] = {0x15, 0x00, 0x15, 0x00, 0x15, 0x00, 0x4C, 0x00, 0x00};
    cw__page_header h;
    cw_error err = {0};
    size_t used;

    CHECK_OK(cw__page_header_read(&h, index_page, sizeof index_page, &used, &err), err);
    CHECK_INT(cw__page_header_read(&h, no_details, sizeof no_details, &used, &err), CW_E_INTEGRITY);
    CHECK_INT(cw__page_header_read(&h, other, sizeof other, &used, &err), CW_E_INTEGRITY);
}

/* ---- statistics ---- */

/* What was not counted is not said; the deprecated pair, fields 1 and 2, never
 * is. */
static void statistics_say_only_what_is_known(void)
{
    cw__text t = {0};
    cw__page_header h = a_v2_page;

    h.has_crc = false;
    h.has_statistics = true;
    h.statistics = (cw__statistics){.has_min = true, .min = binary("a")};
    cw__page_header_write(&t, &h);
    static const uint8_t only_min[] = {0x1C, 0x68, 0x01, 'a', 0x22, 0x00, 0x00, 0x00};
    REQUIRE(t.n > sizeof only_min);
    CHECK(memcmp(t.p + t.n - sizeof only_min, only_min, sizeof only_min) == 0);
    cw__text_reset(&t);
    cw__statistics_free(&h.statistics);
    h.statistics = (cw__statistics){.has_null_count = true, .has_nan_count = true, .nan_count = 2};
    cw__page_header_write(&t, &h);
    static const uint8_t counts[] = {0x1C, 0x36, 0x00, 0x66, 0x04, 0x00, 0x00, 0x00};
    CHECK(memcmp(t.p + t.n - sizeof counts, counts, sizeof counts) == 0);
    cw__text_free(&t);
}

static void old_statistics_are_read(void)
{
    static const uint8_t page[] = {0x15, 0x00, 0x15, 0x00, 0x15, 0x00, 0x2C, /* v1 */
                                   0x15, 0x02, 0x15, 0x00, 0x15, 0x06, 0x15, 0x06, 0x1C,
                                   0x18, 0x01, 'z',  0x18, 0x01, 'b',  0x00, 0x00, 0x00};
    cw__page_header h;
    cw_error err = {0};
    size_t used;

    CHECK_OK(cw__page_header_read(&h, page, sizeof page, &used, &err), err);
    CHECK(h.has_statistics && h.statistics.has_old_min && h.statistics.has_old_max);
    CHECK(!h.statistics.has_min && !h.statistics.has_max && !h.statistics.has_exactness);
    CHECK(is(&h.statistics.old_max, "z") && is(&h.statistics.old_min, "b"));
    cw__statistics_free(&h.statistics);
}

/* ---- indexes, Bloom filters ---- */

static void check_offset_index_cut(const cw__text *t)
{
    for (size_t n = 0; n < t->n; n++) {
        uint8_t *cut = exactly(t->p, n);
        cw__offset_index x;
        cw_error err = {0};
        CHECK_INT(cw__offset_index_read(&x, cut, n, &err), CW_E_INTEGRITY);
        free(cut);
    }
}

static void offset_indexes(void)
{
    cw__page_location pages[] = {{4, 10, 0}, {14, 200, 1000}};
    int64_t bytes[] = {1, 300};
    cw__offset_index x = {.pages = pages, .n = 2, .unencoded_bytes = bytes}, back;
    cw__text t = {0};
    cw_error err = {0};

    cw__offset_index_write(&t, &x);
    CHECK_BYTES(&t, 0x19, 0x2C, 0x16, 0x08, 0x15, 0x14, 0x16, 0x00, 0x00, /* first */
                0x16, 0x1C, 0x15, 0x90, 0x03, 0x16, 0xD0, 0x0F, 0x00,     /* second */
                0x19, 0x26, 0x02, 0xD8, 0x04, 0x00);
    CHECK_OK(cw__offset_index_read(&back, t.p, t.n, &err), err);
    REQUIRE(back.n == 2 && back.unencoded_bytes);
    CHECK_INT(back.pages[1].offset, 14);
    CHECK_INT(back.pages[1].bytes, 200);
    CHECK_INT(back.pages[1].first_row, 1000);
    CHECK_INT(back.unencoded_bytes[1], 300);
    cw__offset_index_free(&back);
    check_offset_index_cut(&t);
    cw__text_free(&t);
}

static void check_column_index_cut(const cw__text *t)
{
    for (size_t n = 0; n < t->n; n++) {
        uint8_t *cut = exactly(t->p, n);
        cw__column_index x;
        cw_error err = {0};
        CHECK_INT(cw__column_index_read(&x, cut, n, &err), CW_E_INTEGRITY);
        free(cut);
    }
}

/* A list of booleans takes a byte for each: 1 is true, 2 false. */
static void column_indexes(void)
{
    bool null_pages[] = {false, true};
    uint8_t low[] = {'a'}, high[] = {'b', 'c'};
    cw__binary mins[] = {{low, 1}, {NULL, 0}}, maxs[] = {{high, 2}, {NULL, 0}};
    int64_t nulls[] = {0, 5}, defs[] = {0, 3, 5, 0}, nans[] = {1, 0};
    cw__column_index x = {.n = 2,
                          .null_pages = null_pages,
                          .mins = mins,
                          .maxs = maxs,
                          .null_counts = nulls,
                          .nan_counts = nans,
                          .def_histograms = defs,
                          .def_n = 4,
                          .order = CW__ASCENDING};
    cw__column_index back;
    cw__text t = {0};
    cw_error err = {0};

    cw__column_index_write(&t, &x);
    CHECK_BYTES(&t, 0x19, 0x21, 0x02, 0x01, 0x19, 0x28, 0x01, 'a', 0x00, 0x19, 0x28, 0x02, 'b', 'c',
                0x00, 0x15, 0x02, 0x19, 0x26, 0x00, 0x0A, 0x29, 0x46, 0x00, 0x06, 0x0A, 0x00, 0x19,
                0x26, 0x02, 0x00, 0x00);
    CHECK_OK(cw__column_index_read(&back, t.p, t.n, &err), err);
    REQUIRE(back.present && back.n == 2 && back.null_counts && back.nan_counts);
    CHECK(!back.null_pages[0] && back.null_pages[1]);
    CHECK(is(&back.mins[0], "a") && is(&back.maxs[0], "bc") && is(&back.maxs[1], ""));
    CHECK_INT(back.null_counts[1], 5);
    CHECK_INT(back.nan_counts[0], 1);
    CHECK_INT(back.order, CW__ASCENDING);
    CHECK(!back.rep_histograms && back.def_histograms && back.def_n == 4);
    cw__column_index_free(&back);
    check_column_index_cut(&t);
    cw__text_free(&t);
}

static void column_indexes_have_all_of_each_page(void)
{
    static const uint8_t short_maxs[] = {0x19, 0x21, 0x02, 0x02, 0x19, 0x28, 0x00,
                                         0x00, 0x19, 0x18, 0x00, 0x15, 0x00, 0x00};
    cw__column_index x;
    cw_error err = {0};

    CHECK_INT(cw__column_index_read(&x, short_maxs, sizeof short_maxs, &err), CW_E_INTEGRITY);
}

static void bloom_headers(void)
{
    cw__text t = {0};
    cw_error err = {0};
    size_t bytes = 0, used = 0;

    cw__bloom_header_write(&t, 1024);
    CHECK_BYTES(&t, 0x15, 0x80, 0x10, 0x1C, 0x1C, 0x00, 0x00, 0x1C, 0x1C, 0x00, 0x00, 0x1C, 0x1C,
                0x00, 0x00, 0x00);
    CHECK_OK(cw__bloom_header_read(&bytes, t.p, t.n, &used, &err), err);
    CHECK_INT(bytes, 1024);
    CHECK_INT(used, t.n);
    for (size_t n = 0; n < t.n; n++) {
        uint8_t *cut = exactly(t.p, n);
        CHECK_INT(cw__bloom_header_read(&bytes, cut, n, &used, &err), CW_E_INTEGRITY);
        free(cut);
    }
    cw__text_reset(&t);
    cw__bloom_header_write(&t, 33);
    CHECK_INT(cw__bloom_header_read(&bytes, t.p, t.n, &used, &err), CW_E_INTEGRITY);
    cw__text_free(&t);
}

int main(int argc, char **argv)
{
    TEST(page_headers_have_the_bytes_of_the_format);
    TEST(page_headers_read_back);
    TEST(a_page_header_is_of_its_type);
    TEST(statistics_say_only_what_is_known);
    TEST(old_statistics_are_read);
    TEST(offset_indexes);
    TEST(column_indexes);
    TEST(column_indexes_have_all_of_each_page);
    TEST(bloom_headers);
    return test_end();
}
