/* test_parquet_metadata_others.c - footers of other writers, and of schemas this one never writes
 */
#include "metadata_bytes.h"
#include "schema_text.h"
#include "format/parquet/meta/elements.h"

/* ---- other writers ---- */

/* pyarrow 26: an int32 and a list of strings, three rows */
static const uint8_t of_pyarrow[] = {
    0x15, 0x04, 0x19, 0x5c, 0x35, 0x00, 0x18, 0x06, 0x73, 0x63, 0x68, 0x65, 0x6d, 0x61, 0x15, 0x04,
    0x00, 0x15, 0x02, 0x25, 0x00, 0x18, 0x02, 0x69, 0x64, 0x00, 0x35, 0x02, 0x18, 0x04, 0x74, 0x61,
    0x67, 0x73, 0x15, 0x02, 0x15, 0x06, 0x4c, 0x3c, 0x00, 0x00, 0x00, 0x35, 0x04, 0x18, 0x04, 0x6c,
    0x69, 0x73, 0x74, 0x15, 0x02, 0x00, 0x15, 0x0c, 0x25, 0x02, 0x18, 0x07, 0x65, 0x6c, 0x65, 0x6d,
    0x65, 0x6e, 0x74, 0x25, 0x00, 0x4c, 0x1c, 0x00, 0x00, 0x00, 0x16, 0x06, 0x19, 0x1c, 0x19, 0x2c,
    0x26, 0x00, 0x1c, 0x15, 0x02, 0x19, 0x35, 0x00, 0x06, 0x10, 0x19, 0x18, 0x02, 0x69, 0x64, 0x15,
    0x00, 0x16, 0x06, 0x16, 0x9a, 0x01, 0x16, 0x9a, 0x01, 0x26, 0x3c, 0x26, 0x08, 0x1c, 0x18, 0x04,
    0x09, 0x00, 0x00, 0x00, 0x18, 0x04, 0x07, 0x00, 0x00, 0x00, 0x16, 0x00, 0x28, 0x04, 0x09, 0x00,
    0x00, 0x00, 0x18, 0x04, 0x07, 0x00, 0x00, 0x00, 0x11, 0x11, 0x00, 0x19, 0x2c, 0x15, 0x04, 0x15,
    0x00, 0x15, 0x02, 0x00, 0x15, 0x00, 0x15, 0x10, 0x15, 0x02, 0x00, 0x00, 0x00, 0x26, 0x00, 0x1c,
    0x15, 0x0c, 0x19, 0x35, 0x00, 0x06, 0x10, 0x19, 0x38, 0x04, 0x74, 0x61, 0x67, 0x73, 0x04, 0x6c,
    0x69, 0x73, 0x74, 0x07, 0x65, 0x6c, 0x65, 0x6d, 0x65, 0x6e, 0x74, 0x15, 0x00, 0x16, 0x06, 0x16,
    0x80, 0x01, 0x16, 0x80, 0x01, 0x26, 0xc8, 0x01, 0x26, 0xa2, 0x01, 0x1c, 0x36, 0x04, 0x28, 0x01,
    0x61, 0x18, 0x01, 0x61, 0x11, 0x11, 0x00, 0x19, 0x2c, 0x15, 0x04, 0x15, 0x00, 0x15, 0x02, 0x00,
    0x15, 0x00, 0x15, 0x10, 0x15, 0x02, 0x00, 0x3c, 0x16, 0x02, 0x19, 0x26, 0x06, 0x00, 0x19, 0x46,
    0x02, 0x02, 0x00, 0x02, 0x00, 0x00, 0x00, 0x16, 0x9a, 0x02, 0x16, 0x06, 0x26, 0x08, 0x16, 0x9a,
    0x02, 0x00, 0x28, 0x20, 0x70, 0x61, 0x72, 0x71, 0x75, 0x65, 0x74, 0x2d, 0x63, 0x70, 0x70, 0x2d,
    0x61, 0x72, 0x72, 0x6f, 0x77, 0x20, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e, 0x20, 0x32, 0x36,
    0x2e, 0x30, 0x2e, 0x31, 0x19, 0x2c, 0x1c, 0x00, 0x00, 0x1c, 0x00, 0x00, 0x00,
};

static void a_footer_of_pyarrow(void)
{
    cw__file_metadata m;
    cw_error err = {0};

    CHECK_OK(cw__file_metadata_read(&m, of_pyarrow, sizeof of_pyarrow, &err), err);
    REQUIRE(m.schema && m.leaf_count == 2 && m.row_group_count == 1);
    char *text = text_of(m.schema);
    CHECK_STR(text, "message schema {\n  required int32 id;\n  optional list tags {\n"
                    "    optional string element;\n  }\n}\n");
    free(text);
    CHECK_INT(m.version, 2);
    CHECK_INT(m.rows, 3);
    CHECK_STR(m.created_by, "parquet-cpp-arrow version 26.0.1");
    CHECK_STR(m.leaves[1].path, "tags.list.element");
    REQUIRE(m.row_groups[0].column_count == 2);
    const cw__column_metadata *c = &m.row_groups[0].columns[1];
    CHECK_INT(m.row_groups[0].compressed_bytes, 77 + 64);
    CHECK_INT(c->physical, CW__BYTE_ARRAY);
    CHECK_INT(c->dictionary_page_offset, 81);
    CHECK_INT(c->data_page_offset, 100);
    CHECK_INT(c->compressed_bytes, 64);
    CHECK_INT(c->path_n, 0); /* the elements have it */
    CHECK_INT(c->statistics.null_count, 2);
    CHECK(is(&c->statistics.max, "a") && c->statistics.max_exact);
    CHECK(m.row_groups[0].columns[0].statistics.has_old_min);
    cw__file_metadata_free(&m);
    check_cut(of_pyarrow, sizeof of_pyarrow);
    check_changed(of_pyarrow, sizeof of_pyarrow);
}

enum { NONE = -1, REQUIRED = 0, OPTIONAL = 1, REPEATED = 2 };
enum { UTF8 = 0, MAP = 1, MAP_KEY_VALUE = 2, LIST = 3, DECIMAL = 5, TIMESTAMP_US = 10 };

typedef struct element {
    const char *name;
    int repetition, physical, children, converted;
    int precision, logical;
    int first, second; /* in the logical type: scale and precision, unit and utc, bits and signed */
} element;
#define GROUP(name, rep, n, converted)                                                             \
    {                                                                                              \
        name, rep, NONE, n, converted, 0, 0, 0, 0                                                  \
    }
#define LEAF(name, rep, physical)                                                                  \
    {                                                                                              \
        name, rep, physical, 0, NONE, 0, 0, 0, 0                                                   \
    }

static void put_logical(cw__thrift_out *o, const element *e)
{
    cw__thrift_put_struct(o, 10);
    cw__thrift_put_struct(o, (int16_t)e->logical);
    if (e->logical == 5) {
        cw__thrift_put_i32(o, 1, e->first);
        cw__thrift_put_i32(o, 2, e->second);
    } else if (e->logical == 10) {
        cw__thrift_put_i8(o, 1, (int8_t)e->first);
        cw__thrift_put_bool(o, 2, e->second);
    } else if (e->first) {
        cw__thrift_put_bool(o, 1, e->second);
        cw__thrift_put_struct(o, 2);
        cw__thrift_put_struct(o, (int16_t)e->first);
        cw__thrift_end(o);
        cw__thrift_end(o);
    }
    cw__thrift_end(o);
    cw__thrift_end(o);
}

static void put_element(cw__thrift_out *o, const element *e)
{
    cw__thrift_begin(o);
    if (e->physical != NONE)
        cw__thrift_put_i32(o, 1, e->physical);
    cw__thrift_put_i32(o, 3, e->repetition);
    cw__thrift_put_string(o, 4, e->name);
    if (e->children)
        cw__thrift_put_i32(o, 5, e->children);
    if (e->converted != NONE)
        cw__thrift_put_i32(o, 6, e->converted);
    if (e->precision) {
        cw__thrift_put_i32(o, 7, 2);
        cw__thrift_put_i32(o, 8, e->precision);
    }
    if (e->logical)
        put_logical(o, e);
    cw__thrift_end(o);
}

static cw_status read_elements(cw__file_metadata *m, const element *e, size_t n, int columns)
{
    const element root = {"m", REQUIRED, NONE, columns, NONE, 0, 0, 0, 0};
    cw__text t = {0};
    cw__thrift_out o = {.to = &t};
    cw_error err = {0};

    cw__thrift_begin(&o);
    cw__thrift_put_list(&o, 2, CW__THRIFT_STRUCT, n + 1);
    put_element(&o, &root);
    for (size_t i = 0; i < n; i++)
        put_element(&o, &e[i]);
    cw__thrift_put_i64(&o, 3, 0);
    cw__thrift_put_list(&o, 4, CW__THRIFT_STRUCT, 0);
    cw__thrift_end(&o);
    cw_status st = cw__file_metadata_read(m, t.p, t.n, &err);
    cw__text_free(&t);
    return st;
}

/* `text`: of the schema without "message m { … }"; NULL: there is none. */
static void check_elements(const element *e, size_t n, int columns, const char *text,
                           const char *last_path, unsigned def, unsigned rep)
{
    cw__file_metadata m;

    CHECK_INT(read_elements(&m, e, n, columns), CW_OK);
    REQUIRE(m.leaf_count > 0);
    CHECK_STR(m.leaves[m.leaf_count - 1].path, last_path);
    CHECK_INT(m.leaves[m.leaf_count - 1].max_def, def);
    CHECK_INT(m.leaves[m.leaf_count - 1].max_rep, rep);
    CHECK_INT(!m.schema, !text);
    if (m.schema && text) {
        char whole[400];
        snprintf(whole, sizeof whole, "message m {%s}", text);
        cw_schema *s = parsed(whole);
        char *want = text_of(s), *got = text_of(m.schema);
        CHECK_STR(got, want);
        free(want);
        free(got);
        cw_schema_free(s);
    }
    cw__file_metadata_free(&m);
}
#define CHECK_ELEMENTS(e, ...) check_elements(e, sizeof(e) / sizeof *(e), __VA_ARGS__)

static void lists_of_two_levels(void)
{
    static const element plain[] = {GROUP("l", OPTIONAL, 1, LIST),
                                    LEAF("array", REPEATED, CW__INT32)};
    CHECK_ELEMENTS(plain, 1, "optional list l { required int32 array; }", "l.array", 2, 1);

    static const element structs[] = {
        GROUP("l", REQUIRED, 1, LIST), GROUP("element", REPEATED, 2, NONE),
        LEAF("x", REQUIRED, CW__INT64), LEAF("y", OPTIONAL, CW__DOUBLE)};
    CHECK_ELEMENTS(structs, 1,
                   "required list l { required struct element { required int64 "
                   "x; optional double "
                   "y; } }",
                   "l.element.y", 2, 1);

    static const element tuple[] = {GROUP("l", OPTIONAL, 1, LIST),
                                    GROUP("l_tuple", REPEATED, 1, NONE),
                                    LEAF("x", OPTIONAL, CW__INT32)};
    CHECK_ELEMENTS(tuple, 1, "optional list l { required struct l_tuple { optional int32 x; } }",
                   "l.l_tuple.x", 3, 1);

    static const element lists[] = {GROUP("l", OPTIONAL, 1, LIST),
                                    GROUP("array", REPEATED, 1, LIST),
                                    LEAF("array", REPEATED, CW__INT32)};
    CHECK_ELEMENTS(lists, 1, "optional list l { required list array { required int32 array; } }",
                   "l.array.array", 3, 2);
}

static void lists_and_maps_by_other_names(void)
{
    static const element bag[] = {GROUP("l", OPTIONAL, 1, LIST), GROUP("bag", REPEATED, 1, NONE),
                                  LEAF("array_element", OPTIONAL, CW__FLOAT)};
    CHECK_ELEMENTS(bag, 1, "optional list l { optional float array_element; }",
                   "l.bag.array_element", 3, 1);

    static const element old_map[] = {
        GROUP("m", OPTIONAL, 1, MAP_KEY_VALUE), GROUP("map", REPEATED, 2, NONE),
        LEAF("k", REQUIRED, CW__INT32), LEAF("v", OPTIONAL, CW__BOOLEAN)};
    CHECK_ELEMENTS(old_map, 1, "optional map m { required int32 k; optional boolean v; }",
                   "m.map.v", 3, 1);

    static const element both[] = {
        GROUP("m", REQUIRED, 1, MAP), GROUP("map", REPEATED, 2, MAP_KEY_VALUE),
        LEAF("key", REQUIRED, CW__INT32), LEAF("value", REQUIRED, CW__INT32)};
    CHECK_ELEMENTS(both, 1, "required map m { required int32 key; required int32 value; }",
                   "m.map.value", 1, 1);
}

static void shapes_without_a_schema_have_leaves(void)
{
    static const element bare[] = {LEAF("id", REQUIRED, CW__INT32), LEAF("r", REPEATED, CW__INT64)};
    CHECK_ELEMENTS(bare, 2, NULL, "r", 1, 1);

    static const element group[] = {GROUP("r", REPEATED, 1, NONE), LEAF("x", OPTIONAL, CW__INT64)};
    CHECK_ELEMENTS(group, 1, NULL, "r.x", 2, 1);

    static const element key_alone[] = {GROUP("m", OPTIONAL, 1, MAP),
                                        GROUP("key_value", REPEATED, 1, NONE),
                                        LEAF("key", REQUIRED, CW__INT32)};
    CHECK_ELEMENTS(key_alone, 1, NULL, "m.key_value.key", 2, 1);

    static const element twice[] = {LEAF("x", REQUIRED, CW__INT32), LEAF("x", REQUIRED, CW__INT32)};
    CHECK_ELEMENTS(twice, 2, NULL, "x", 0, 0);
}

static void types_of_older_and_newer_writers(void)
{
    static const element e[] = {
        {"a", REQUIRED, CW__BYTE_ARRAY, 0, UTF8, 0, 0, 0, 0},
        {"b", REQUIRED, CW__INT64, 0, TIMESTAMP_US, 0, 0, 0, 0},
        {"c", REQUIRED, CW__INT64, 0, DECIMAL, 9, 0, 0, 0},
        {"d", REQUIRED, CW__BYTE_ARRAY, 0, DECIMAL, 9, 0, 0, 0},
        {"e", REQUIRED, CW__BYTE_ARRAY, 0, NONE, 0, 99, 0, 0}, /* none that is known */
        {"f", REQUIRED, CW__INT32, 0, UTF8, 0, 0, 0, 0},       /* nonsense */
        {"g", REQUIRED, CW__INT32, 0, 99, 0, 1, 0, 0},         /* more of it */
        {"h", REQUIRED, CW__INT96, 0, NONE, 0, 0, 0, 0},
    };
    cw__file_metadata m;

    CHECK_ELEMENTS(e, 8,
                   "required string a; required timestamp(us,utc) b; required "
                   "decimal(9,2) c;"
                   "required decimal(9,2) d; required binary e; required int32 f;"
                   "required int32 g; required int96 h;",
                   "h", 0, 0);
    CHECK_INT(read_elements(&m, e, 8, 8), CW_OK);
    REQUIRE(m.leaf_count == 8);
    CHECK_INT(m.leaves[2].order, CW__ORDER_SIGNED);
    CHECK_INT(m.leaves[2].width, 8);
    CHECK_INT(m.leaves[2].physical, CW__INT64);
    CHECK_INT(m.leaves[3].order, CW__ORDER_NONE);
    CHECK_INT(m.leaves[7].order, CW__ORDER_NONE);
    CHECK_INT(m.leaves[7].width, 12);
    cw__file_metadata_free(&m);
}

/* ---- two annotations ---- */

typedef struct pair {
    int logical, first, second, converted, precision;
    bool contradict;
} pair;

static const pair pairs[] = {
    {1, 0, 0, 0, 0, false},
    {1, 0, 0, 4, 0, true},
    {1, 0, 0, 19, 0, true},
    {4, 0, 0, 4, 0, false},
    {4, 0, 0, 0, 0, true},
    {6, 0, 0, 6, 0, false},
    {6, 0, 0, 17, 0, true},
    {12, 0, 0, 19, 0, false},
    {12, 0, 0, 0, 0, true},
    {13, 0, 0, 20, 0, false},
    {13, 0, 0, 19, 0, true},
    {14, 0, 0, 0, 0, true},
    {15, 0, 0, 21, 0, true},
    {17, 0, 0, 20, 0, true},
    /* in milliseconds, microseconds, nanoseconds; in UTC and not */
    {7, 1, 1, 7, 0, false},
    {7, 1, 0, 7, 0, false},
    {7, 1, 1, 8, 0, true},
    {7, 2, 1, 8, 0, false},
    {7, 2, 1, 7, 0, true},
    {7, 3, 1, 8, 0, true},
    {7, 1, 1, 9, 0, true},
    {8, 1, 1, 9, 0, false},
    {8, 2, 0, 10, 0, false},
    {8, 1, 1, 10, 0, true},
    {8, 2, 1, 9, 0, true},
    {8, 3, 1, 10, 0, true},
    {8, 3, 1, NONE, 0, false},
    {10, 8, 1, 15, 0, false},
    {10, 16, 1, 16, 0, false},
    {10, 32, 1, 17, 0, false},
    {10, 64, 1, 18, 0, false},
    {10, 8, 0, 11, 0, false},
    {10, 16, 0, 12, 0, false},
    {10, 32, 0, 13, 0, false},
    {10, 64, 0, 14, 0, false},
    {10, 8, 1, 11, 0, true},
    {10, 16, 0, 16, 0, true},
    {10, 32, 1, 18, 0, true},
    {10, 64, 0, 13, 0, true},
    {5, 2, 9, 5, 9, false},
    {5, 3, 9, 5, 9, true},
    {5, 2, 8, 5, 9, true},
    {5, 2, 9, 0, 9, true},
    {5, 2, 9, NONE, 0, false},
    /* always null, not known, neither */
    {11, 0, 0, 17, 0, false},
    {11, 0, 0, 2, 0, false},
    {99, 0, 0, 17, 0, false},
    {1, 0, 0, 22, 0, false},
    {1, 0, 0, NONE, 0, false},
    {0, 0, 0, 0, 0, false},
    {-1, 0, 0, 0, 0, false},
};

static void two_annotations(void)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const pair *x = &pairs[i];
        const element e = {"x",          REQUIRED,   CW__INT64, 0,        x->converted,
                           x->precision, x->logical, x->first,  x->second};
        cw__file_metadata m;
        CHECK_INT(read_elements(&m, &e, 1, 1), CW_OK);
        REQUIRE(m.leaf_count == 1);
        CHECK_INT(m.leaves[0].logical, x->contradict ? x->logical : 0);
        CHECK_INT(m.leaves[0].converted, x->contradict ? x->converted : 0);
        cw__file_metadata_free(&m);
    }
}

static void two_annotations_of_groups(void)
{
    static const element e[] = {{"m", REQUIRED, NONE, 1, MAP_KEY_VALUE, 0, 2, 0, 0},
                                GROUP("key_value", REPEATED, 2, MAP_KEY_VALUE),
                                LEAF("key", REQUIRED, CW__INT32),
                                LEAF("value", REQUIRED, CW__INT32),
                                {"l", REQUIRED, NONE, 1, MAP, 0, 3, 0, 0},
                                GROUP("list", REPEATED, 1, NONE),
                                LEAF("element", REQUIRED, CW__INT32)};
    cw__file_metadata m;

    CHECK_INT(read_elements(&m, e, 7, 2), CW_OK);
    REQUIRE(m.leaf_count == 3);
    CHECK_INT(m.leaves[0].logical, 0);
    CHECK_INT(m.leaves[1].logical, 0);
    CHECK_INT(m.leaves[2].logical, 3);
    CHECK_INT(m.leaves[2].converted, MAP);
    cw__file_metadata_free(&m);
}

static void elements_that_are_no_tree(void)
{
    static const element short_of_one[] = {GROUP("g", REQUIRED, 2, NONE),
                                           LEAF("x", REQUIRED, CW__INT32)};
    static const element one_more[] = {LEAF("x", REQUIRED, CW__INT32),
                                       LEAF("y", REQUIRED, CW__INT32)};
    static const element no_type[] = {LEAF("x", REQUIRED, NONE)};
    static const element wrong_type[] = {LEAF("x", REQUIRED, 8)};
    static const element no_width[] = {LEAF("x", REQUIRED, CW__FIXED_LEN_BYTE_ARRAY)};
    static const element no_repetition[] = {LEAF("x", 3, CW__INT32)};
    static const element negative[] = {GROUP("g", REQUIRED, -1, NONE)};
    element deep[200];
    cw__file_metadata m;

    CHECK_INT(read_elements(&m, short_of_one, 2, 1), CW_E_INTEGRITY);
    CHECK_INT(read_elements(&m, one_more, 2, 1), CW_E_INTEGRITY);
    CHECK_INT(read_elements(&m, no_type, 1, 1), CW_E_INTEGRITY);
    CHECK_INT(read_elements(&m, wrong_type, 1, 1), CW_E_INTEGRITY);
    CHECK_INT(read_elements(&m, no_width, 1, 1), CW_E_INTEGRITY);
    CHECK_INT(read_elements(&m, no_repetition, 1, 1), CW_E_INTEGRITY);
    CHECK_INT(read_elements(&m, negative, 1, 1), CW_E_INTEGRITY);
    for (size_t i = 0; i < 200; i++)
        deep[i] = (element)GROUP("g", REQUIRED, 1, NONE);
    deep[199] = (element)LEAF("x", REQUIRED, CW__INT32);
    CHECK_INT(read_elements(&m, deep, 200, 1), CW_E_INTEGRITY);
}

int main(int argc, char **argv)
{
    TEST(a_footer_of_pyarrow);
    TEST(lists_of_two_levels);
    TEST(lists_and_maps_by_other_names);
    TEST(shapes_without_a_schema_have_leaves);
    TEST(types_of_older_and_newer_writers);
    TEST(two_annotations);
    TEST(two_annotations_of_groups);
    TEST(elements_that_are_no_tree);
    return test_end();
}
