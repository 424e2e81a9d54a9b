/* test_options.c - what is refused at open, by name, before a byte is written */
#include "parquet/shelf.h"

static cw_status open_with(const char *text, const cw_parquet_options *o, cw_error *err)
{
    shelf s = {0};
    cw_schema *schema = NULL;
    cw_parquet *p = NULL;
    cw_writer *w = shelf_open(&s, err);
    cw_status st;

    REQUIRE(w);
    CHECK_OK(cw_schema_parse(&schema, text, err), *err);
    st = cw_parquet_open(&p, w, schema, o, err);
    cw_schema_free(schema);
    CHECK((st == CW_OK) == (p != NULL));
    if (p) {
        cw_parquet_abort(p, NULL);
    } else {
        CHECK(!s.freed); /* the writer is still the caller's */
        cw_writer_abort(w, NULL);
    }
    CHECK(!s.published);
    shelf_clear(&s);
    return st;
}

static void refused(const char *text, const cw_parquet_options *o, cw_status status,
                    const char *words)
{
    cw_error err = {0};

    CHECK_STATUS(open_with(text, o, &err), status, err);
    if (!strstr(err.message, words))
        CHECK_STR(err.message, words);
}

static void taken(const char *text, const cw_parquet_options *o)
{
    cw_error err = {0};

    CHECK_OK(open_with(text, o, &err), err);
}

static const char flat[] =
    "message m { required int64 id; optional string name; required boolean b; }";
static const char nested[] = "message m { required int64 id;"
                             " optional list tags { optional string element; } }";

/* ---- numbers ---- */

static void numbers(void)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;

    taken(flat, NULL);
    taken(flat, &o);
    o.memory_bytes = (4 << 20) - 1;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "memory_bytes");
    o.memory_bytes = 4 << 20;
    taken(flat, &o);
    o.bloom_filter_fpp = 1;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "bloom_filter_fpp");
    o.bloom_filter_fpp = 0;
    o.threads = 1000;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "threads");
    o.threads = 0;
    o.level = 100;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "all columns");
    o.level = 0;
    o.column_count = 1;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "columns is NULL");
    o.column_count = 0;
    o.statistics = (cw_choice)7;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "cw_choice");
    o.statistics = CW_CHOICE_DEFAULT;
    o.encoding = (cw_parquet_encoding)77;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "encoding");
    o.encoding = CW_ENCODING_AUTO;
    o.codec = (cw_parquet_codec)77;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "codec");
}

static void too_many_columns_for_the_memory(void)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
    enum { COLUMNS = 2000, EACH = 32 };
    char *text = malloc(COLUMNS * EACH + 100);
    size_t n = 0;

    REQUIRE(text);
    n += (size_t)sprintf(text, "message m {");
    for (int i = 0; i < COLUMNS; i++)
        n += (size_t)sprintf(text + n, "required int32 c%d;", i);
    strcpy(text + n, "}");
    o.memory_bytes = 4 << 20;
    refused(text, &o, CW_E_INVALID_ARGUMENT, "2000 columns");
    o.memory_bytes = 8 << 20;
    taken(text, &o);
    free(text);
}

/* ---- columns ---- */

static void column_paths(void)
{
    cw_parquet_column_options c = {.path = "nmae"};
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;

    o.columns = &c;
    o.column_count = 1;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "no leaf column 'nmae' - did you mean 'name'");
    c.path = "ID";
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "'id'");
    c.path = "tags";
    refused(nested, &o, CW_E_INVALID_ARGUMENT, "'tags.list.element'");
    c.path = "tags.list.element";
    taken(nested, &o);
    c.path = NULL;
    refused(nested, &o, CW_E_INVALID_ARGUMENT, "NULL");
}

static void column_choices(void)
{
    cw_parquet_column_options c[2] = {{.path = "id"}, {.path = "b"}};
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;

    o.columns = c;
    o.column_count = 2;
    taken(flat, &o);
    c[0].encoding = CW_ENCODING_DELTA_BYTE_ARRAY;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "'id'");
    c[0].encoding = CW_ENCODING_DELTA_BINARY_PACKED;
    c[1].encoding = CW_ENCODING_RLE;
    taken(flat, &o);
    c[1].encoding = CW_ENCODING_DICTIONARY;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "boolean");
    c[1].encoding = CW_ENCODING_AUTO;
    c[1].bloom_filter = CW_CHOICE_YES;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "Bloom");
    c[1].path = "id";
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "twice");
}

static void sorting(void)
{
    cw_parquet_sorting by[] = {{.path = "name", .descending = 1}, {.path = "idd"}};
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;

    o.sorting = by;
    o.sorting_count = 2;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "'id'");
    o.sorting_count = 1;
    taken(flat, &o);
}

/* ---- profiles ---- */

static const struct {
    const char *field;
    bool spark, athena, compat;
} fields[] = {
    {"required int64 x;", true, true, true},
    {"required uint64 x;", true, false, false},
    {"required uuid x;", false, false, false},
    {"required float16 x;", false, false, false},
    {"required time(us,utc) x;", false, false, false},
    {"required timestamp(ns,utc) x;", false, false, false},
    {"required timestamp(us,utc) x;", true, true, true},
    {"required decimal(38,2) x;", true, true, true},
    {"required decimal256(39,2) x;", false, false, false},
    {"required list x { required int32 element; }", true, true, false},
    {"required list x { required uuid element; }", false, false, false},
};

static void check_profile(const char *field, cw_parquet_profile profile, bool fine)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
    char text[200];

    snprintf(text, sizeof text, "message m { %s }", field);
    taken(text, &o);
    o.profile = profile;
    if (fine)
        taken(text, &o);
    else
        refused(text, &o, CW_E_UNSUPPORTED, "'x");
}

static void profiles(void)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        check_profile(fields[i].field, CW_PROFILE_SPARK, fields[i].spark);
        check_profile(fields[i].field, CW_PROFILE_ATHENA, fields[i].athena);
        check_profile(fields[i].field, CW_PROFILE_COMPAT, fields[i].compat);
    }
    o.profile = CW_PROFILE_COMPAT;
    o.data_page_v2 = 1;
    refused(flat, &o, CW_E_UNSUPPORTED, "data_page_v2");
    o.data_page_v2 = 0;
    o.encoding = CW_ENCODING_BYTE_STREAM_SPLIT;
    refused(flat, &o, CW_E_UNSUPPORTED, "compat");
    o.profile = (cw_parquet_profile)9;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "profile");
}

/* ---- entries ---- */

static void geo_entries(void)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;

    o.geo_metadata = CW_CHOICE_YES;
    refused(flat, &o, CW_E_INVALID_ARGUMENT, "geometry");
    taken("message m { required geometry g; }", &o);
    taken("message m { required geometry(\"EPSG:4326\") g; }", &o);
    refused("message m { required geometry(\"EPSG:3857\") g; }", &o, CW_E_UNSUPPORTED, "PROJJSON");
    refused("message m { required geography(\"OGC:CRS84\",karney) g; }", &o, CW_E_UNSUPPORTED,
            "edges");
}

/* ---- the writer ---- */

static void a_writer_that_has_bytes(void)
{
    shelf s = {0};
    cw_error err;
    cw_writer *w = shelf_open(&s, &err);
    cw_schema *schema;
    cw_parquet *p;

    REQUIRE(w);
    CHECK_OK(cw_schema_parse(&schema, flat, &err), err);
    CHECK_INT(cw_writer_write(w, "x", 1), CW_OK);
    CHECK_STATUS(cw_parquet_open(&p, w, schema, NULL, &err), CW_E_STATE, err);
    CHECK_STATUS(cw_parquet_open(&p, NULL, schema, NULL, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_parquet_open(&p, w, NULL, NULL, &err), CW_E_INVALID_ARGUMENT, err);
    cw_schema_free(schema);
    cw_writer_abort(w, NULL);
    shelf_clear(&s);
}

static void a_writer_that_compresses(void)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_schema *schema;
    cw_parquet *p;
    cw_error err;
    cw_writer *w;

    o.compression = CW_COMPRESSION_GZIP;
    CHECK_OK(cw_writer_open(&w, NULL, "mem://compressed", &o, &err), err);
    CHECK_OK(cw_schema_parse(&schema, flat, &err), err);
    CHECK_STATUS(cw_parquet_open(&p, w, schema, NULL, &err), CW_E_INVALID_ARGUMENT, err);
    cw_schema_free(schema);
    cw_writer_abort(w, NULL);
}

int main(int argc, char **argv)
{
    TEST(numbers);
    TEST(too_many_columns_for_the_memory);
    TEST(column_paths);
    TEST(column_choices);
    TEST(sorting);
    TEST(profiles);
    TEST(geo_entries);
    TEST(a_writer_that_has_bytes);
    TEST(a_writer_that_compresses);
    return test_end();
}
