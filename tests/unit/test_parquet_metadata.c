/* test_parquet_metadata.c - footers as bytes and back, damaged, and with fields unknown */
#include "fault_alloc.h"
#include "format/parquet/meta/elements.h"
#include "metadata_bytes.h"
#include "schema_text.h"

/* ---- the footer ---- */

static const char nested[] =
    "message nested {"
    " required string name = -5;"
    " optional fixed(7) fixed; optional uuid uuid; optional date date; "
    "optional time(ms,utc) t;"
    " optional time(ns,local) tn; optional timestamp(us,local) ts; optional "
    "timestamp(ns,utc) tn2;"
    " optional interval iv; optional int96 old; optional null nothing; "
    "optional bson bs;"
    " optional geometry(\"EPSG:3857\") place; optional "
    "geography(\"OGC:CRS84\",karney) line;"
    " optional list tags { optional string element; }"
    " required map m { required string key; optional list value {"
    "   required list element { required struct element { required int8 x; "
    "optional float16 y; } } "
    "} }"
    " optional variant v;"
    "}";

static const char numbers[] =
    "message numbers {"
    " required boolean a; optional int8 b = 1; optional int16 c; required "
    "int32 d;"
    " required int64 e; optional uint8 f; optional uint16 g; optional uint32 "
    "h; optional uint64 i;"
    " optional float16 j; required float k; optional double l; optional "
    "decimal(9,2) m;"
    " optional decimal(18) n; optional decimal(38,10) o; optional "
    "decimal256(76,5) p;"
    " optional string q; optional enum r; optional json s; optional binary u;"
    "}";

static void write_footer(cw__text *to, const cw_schema *s, const cw__text *groups, size_t n)
{
    const cw__key_value pairs[] = {{(char[]){"key"}, (char[]){"value"}}, {(char[]){"bare"}, NULL}};
    cw__footer f = {.schema = s,
                    .rows = 12345678901,
                    .row_groups = groups,
                    .row_group_count = n,
                    .pairs = pairs,
                    .pair_count = 2,
                    .created_by = "somebody version 1.2.3"};

    cw__footer_write(to, &f);
    REQUIRE(!to->failed);
}

static void check_leaves(const cw__file_metadata *m, const cw_schema *s)
{
    REQUIRE(m->leaf_count == s->leaf_count);
    for (size_t i = 0; i < s->leaf_count; i++) {
        const cw__leaf *got = &m->leaves[i], *want = &s->leaves[i];
        CHECK_STR(got->path, want->path);
        CHECK_INT(got->physical, want->physical);
        CHECK_INT(got->width, want->width);
        CHECK_INT(got->max_def, want->max_def);
        CHECK_INT(got->max_rep, want->max_rep);
        CHECK_INT(got->index, i);
        REQUIRE(got->node);
        CHECK_INT(got->node->type, want->node->type);
        if (want->node->parent->type != CW_TYPE_VARIANT)
            CHECK_INT(got->order, want->order);
    }
}

static void check_schema(const char *text)
{
    cw_schema *s = parsed(text);
    cw__file_metadata m;
    cw__text t = {0};
    cw_error err = {0};

    write_footer(&t, s, NULL, 0);
    CHECK_OK(cw__file_metadata_read(&m, t.p, t.n, &err), err);
    REQUIRE(m.schema);
    char *want = text_of(s), *got = text_of(m.schema);
    CHECK_STR(got, want);
    check_leaves(&m, s);
    CHECK_INT(m.version, 1);
    CHECK_INT(m.rows, 12345678901);
    CHECK_INT(m.pair_count, 2);
    CHECK_STR(m.pairs[0].key, "key");
    CHECK_STR(m.pairs[0].value, "value");
    CHECK(strcmp(m.pairs[1].key, "bare") == 0 && !m.pairs[1].value);
    CHECK_STR(m.created_by, "somebody version 1.2.3");
    CHECK(m.has_column_orders);
    free(want);
    free(got);
    cw__file_metadata_free(&m);
    cw__text_free(&t);
    cw_schema_free(s);
}

static void schemas_read_back(void)
{
    check_schema(numbers);
    check_schema(nested);
}

static void a_footer_has_the_bytes_of_the_format(void)
{
    cw_schema *s = parsed("message m { optional int8 a = 3; optional list l { required string "
                          "element; } required decimal(5,2) d; }");
    cw__text t = {0};
    cw__footer f = {.schema = s, .created_by = "x"};

    cw__footer_write(&t, &f);
    CHECK_BYTES(&t, 0x15, 0x02, 0x19, 0x6C,        /* version, schema */
                0x48, 0x01, 'm', 0x15, 0x06, 0x00, /* m */
                0x15, 0x02, 0x25, 0x02, 0x18, 0x01, 'a', 0x25, 0x1E, 0x35, 0x06, /* a, INT_8, id */
                0x1C, 0xAC, 0x13, 0x08, 0x11, 0x00, 0x00, 0x00, /* INTEGER(8, signed) */
                0x35, 0x02, 0x18, 0x01, 'l', 0x15, 0x02, 0x15, 0x06, 0x4C, 0x3C, 0x00, 0x00, 0x00,
                0x35, 0x04, 0x18, 0x04, 'l', 'i', 's', 't', 0x15, 0x02, 0x00, /* repeated */
                0x15, 0x0C, 0x25, 0x00, 0x18, 0x07, 'e', 'l', 'e', 'm', 'e', 'n', 't', 0x25, 0x00,
                0x4C, 0x1C, 0x00, 0x00, 0x00, /* STRING */
                0x15, 0x02, 0x25, 0x00, 0x18, 0x01, 'd', 0x25, 0x0A, 0x15, 0x04, 0x15, 0x0A, 0x2C,
                0x5C, 0x15, 0x04, 0x15, 0x0A, 0x00, 0x00, 0x00, /* DECIMAL(5,2) */
                0x16, 0x00, 0x19, 0x0C, 0x28, 0x01, 'x',        /* rows, groups, by */
                0x19, 0x3C, 0x1C, 0x00, 0x00, 0x1C, 0x00, 0x00, 0x1C, 0x00, 0x00, 0x00);
    cw__text_free(&t);
    cw_schema_free(s);
}

/* ---- row groups ---- */

static cw_schema *two_columns(void)
{
    return parsed("message m { required double x; optional list l { optional "
                  "string element; } }");
}

static void fill_columns(cw__column_metadata *c, int64_t *levels)
{
    c[0] = (cw__column_metadata){.physical = CW__DOUBLE,
                                 .codec = CW__ZSTD,
                                 .encodings = {[CW__RLE] = true, [CW__BYTE_STREAM_SPLIT] = true},
                                 .values = 10,
                                 .uncompressed_bytes = 90,
                                 .compressed_bytes = 70,
                                 .encoding_stats = {{CW__DATA_PAGE, CW__BYTE_STREAM_SPLIT, 2}},
                                 .encoding_stat_count = 1,
                                 .file_offset = 4};
    c[1] = (cw__column_metadata){
        .physical = CW__BYTE_ARRAY,
        .codec = CW__SNAPPY,
        .encodings = {[CW__PLAIN] = true, [CW__RLE] = true, [CW__RLE_DICTIONARY] = true},
        .values = 25,
        .uncompressed_bytes = 200,
        .compressed_bytes = 150,
        .data_page_offset = 40,
        .has_dictionary_page = true,
        .has_statistics = true,
        .statistics = {.has_min = true,
                       .min = binary("aa"),
                       .min_exact = true,
                       .has_max = true,
                       .max = binary("zz"),
                       .has_null_count = true,
                       .null_count = 4,
                       .has_distinct_count = true,
                       .distinct_count = 9},
        .bloom_offset = 5000,
        .bloom_bytes = 47,
        .sizes = {.present = true,
                  .has_bytes = true,
                  .unencoded_bytes = 77,
                  .rep = levels,
                  .rep_n = 2,
                  .def = levels,
                  .def_n = 4},
        .file_offset = 74,
        .offset_index_offset = 6000,
        .offset_index_bytes = 20,
        .column_index_offset = 7000,
        .column_index_bytes = 30};
}

static void write_group(cw__text *to, const cw_schema *s)
{
    const cw__sorting_column sorting = {1, true, false};
    int64_t levels[] = {1, 2, 3, 4};
    cw__column_metadata columns[2];
    cw__row_group g = {.columns = columns,
                       .column_count = 2,
                       .rows = 10,
                       .uncompressed_bytes = 290,
                       .compressed_bytes = 220,
                       .file_offset = 4};

    fill_columns(columns, levels);
    cw__row_group_write(to, s, &g, &sorting, 1);
    g.ordinal = 1;
    cw__row_group_write(to, s, &g, NULL, 0);
    cw__statistics_free(&columns[1].statistics);
}

static void check_second_column(const cw__column_metadata *c)
{
    CHECK_INT(c->file_offset, 74);
    CHECK_INT(c->data_page_offset, 74 + 40);
    CHECK(c->has_dictionary_page);
    CHECK_INT(c->dictionary_page_offset, 74);
    CHECK_INT(c->bloom_offset, 5000);
    CHECK_INT(c->bloom_bytes, 47);
    CHECK_INT(c->offset_index_offset, 6000);
    CHECK_INT(c->offset_index_bytes, 20);
    CHECK_INT(c->column_index_offset, 7000);
    CHECK_INT(c->column_index_bytes, 30);
    CHECK(c->has_statistics && is(&c->statistics.min, "aa") && is(&c->statistics.max, "zz"));
    CHECK(c->statistics.has_exactness && c->statistics.min_exact && !c->statistics.max_exact);
    CHECK_INT(c->statistics.null_count, 4);
    CHECK_INT(c->statistics.distinct_count, 9);
    CHECK(!c->statistics.has_nan_count && !c->statistics.has_old_min && !c->statistics.has_old_max);
    REQUIRE(c->sizes.present && c->sizes.rep_n == 2 && c->sizes.def_n == 4);
    CHECK_INT(c->sizes.unencoded_bytes, 77);
    CHECK_INT(c->sizes.def[3], 4);
}

static void row_groups_read_back(void)
{
    cw_schema *s = two_columns();
    cw__text groups = {0}, t = {0};
    cw__file_metadata m;
    cw_error err = {0};

    write_group(&groups, s);
    write_footer(&t, s, &groups, 2);
    CHECK_OK(cw__file_metadata_read(&m, t.p, t.n, &err), err);
    REQUIRE(m.row_group_count == 2);
    for (size_t i = 0; i < 2; i++) {
        const cw__row_group *g = &m.row_groups[i];
        const cw__column_metadata *c = g->columns;
        REQUIRE(g->column_count == 2);
        CHECK_INT(g->rows, 10);
        CHECK_INT(g->uncompressed_bytes, 290);
        CHECK_INT(g->compressed_bytes, 220);
        CHECK_INT(g->file_offset, 4);
        CHECK_INT(c->physical, CW__DOUBLE);
        CHECK_INT(c->codec, CW__ZSTD);
        CHECK(c->encodings[CW__RLE] && c->encodings[CW__BYTE_STREAM_SPLIT] && !c->encodings[0]);
        CHECK_INT(c->encoding_stat_count, 1);
        CHECK_INT(c->encoding_stats[0].encoding, CW__BYTE_STREAM_SPLIT);
        CHECK_INT(c->encoding_stats[0].count, 2);
        CHECK_INT(c->data_page_offset, 4);
        CHECK(!c->has_dictionary_page && !c->bloom_offset && !c->offset_index_offset);
        CHECK(!c->has_statistics && !c->sizes.present);
        check_second_column(&c[1]);
    }
    cw__file_metadata_free(&m);
    cw__text_free(&groups);
    cw__text_free(&t);
    cw_schema_free(s);
}

static void damaged_footers_do_no_harm(void)
{
    cw_schema *s = two_columns(), *big = parsed(nested);
    cw__text groups = {0}, t = {0};

    write_group(&groups, s);
    write_footer(&t, s, &groups, 2);
    check_cut(t.p, t.n);
    check_changed(t.p, t.n);
    cw__text_reset(&t);
    write_footer(&t, big, NULL, 0);
    check_cut(t.p, t.n);
    check_changed(t.p, t.n);
    cw__text_free(&groups);
    cw__text_free(&t);
    cw_schema_free(s);
    cw_schema_free(big);
}

/* A list of lists of lists takes a byte a level, a map of maps two. */
static void unknown_fields_cannot_be_nested_without_end(void)
{
    enum { LEVELS = 4 << 20 };
    uint8_t *p = malloc(LEVELS);
    cw__file_metadata m;
    cw_error err = {0};

    REQUIRE(p);
    memset(p, 0x19, LEVELS);
    p[0] = 0xF9;
    CHECK_INT(cw__file_metadata_read(&m, p, LEVELS, &err), CW_E_INTEGRITY);
    for (size_t i = 1; i + 1 < LEVELS; i += 2) {
        p[i] = 0x01;
        p[i + 1] = 0xBB;
    }
    p[0] = 0xFB;
    CHECK_INT(cw__file_metadata_read(&m, p, LEVELS, &err), CW_E_INTEGRITY);
    memset(p, 0x1C, LEVELS);
    CHECK_INT(cw__file_metadata_read(&m, p, LEVELS, &err), CW_E_INTEGRITY);
    free(p);
}

static void unknown_fields_are_skipped(void)
{
    cw_schema *s = parsed("message m { required int32 a; }");
    cw__text t = {0};
    cw__thrift_out o = {.to = &t};
    cw__file_metadata m;
    cw_error err = {0};

    write_footer(&t, s, NULL, 0);
    t.n--; /* its end */
    o.last[o.depth++] = 7;
    cw__thrift_put_list(&o, 100, CW__THRIFT_LIST, 2);
    cw__text_add_n(&t, "\x21\x01\x02\x15\x02", 5); /* two booleans; one number */
    cw__thrift_put_bool(&o, 101, true);
    cw__thrift_put_double(&o, 102, 1.5);
    cw__thrift_put_i8(&o, 103, -1);
    cw__thrift_put_struct(&o, 104);
    cw__thrift_put_i16(&o, 1, 300);
    cw__thrift_put_string(&o, 2000, "far");
    cw__thrift_end(&o);
    cw__text_add_n(&t, "\x1B\x01\x85\x01z\x02", 6); /* 105: a map of one string to one number */
    cw__thrift_end(&o);
    CHECK_OK(cw__file_metadata_read(&m, t.p, t.n, &err), err);
    CHECK_INT(m.leaf_count, 1);
    cw__file_metadata_free(&m);
    cw__text_free(&t);
    cw_schema_free(s);
}

static void reading_survives_any_failed_allocation(void)
{
    cw_schema *s = two_columns(), *big = parsed(nested);
    cw__text groups = {0}, t[2] = {{0}, {0}};

    write_group(&groups, s);
    write_footer(&t[0], s, &groups, 2);
    write_footer(&t[1], big, NULL, 0);
    for (size_t i = 0; i < 2; i++) {
        bool reached_end = false;
        for (long nth = 1; !reached_end; nth++) {
            cw__file_metadata m;
            cw_error err = {0};
            fault_begin(nth);
            cw_status st = cw__file_metadata_read(&m, t[i].p, t[i].n, &err);
            reached_end = !fault_happened();
            CHECK_STATUS(st, reached_end ? CW_OK : CW_E_NO_MEMORY, err);
            cw__file_metadata_free(&m);
            CHECK_INT(fault_end(), 0);
        }
        cw__text_free(&t[i]);
    }
    cw__text_free(&groups);
    cw_schema_free(s);
    cw_schema_free(big);
}

int main(int argc, char **argv)
{
    TEST(schemas_read_back);
    TEST(a_footer_has_the_bytes_of_the_format);
    TEST(row_groups_read_back);
    TEST(damaged_footers_do_no_harm);
    TEST(unknown_fields_cannot_be_nested_without_end);
    TEST(unknown_fields_are_skipped);
    TEST(reading_survives_any_failed_allocation);
    return test_end();
}
