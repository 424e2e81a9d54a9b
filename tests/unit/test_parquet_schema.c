/* test_parquet_schema.c - schemas: built by calls, finished, copied, compared */
#include "fault_alloc.h"
#include "schema_text.h"

#define F(...) (&(cw_field){__VA_ARGS__})

static cw_schema *started(void)
{
    cw_schema *s = NULL;
    cw_error err;
    REQUIRE(cw_schema_new(&s, &err) == CW_OK);
    return s;
}

/* ---- the tree -------------------------------------------------------------------------------- */

static void check_leaf(const cw_schema *s, size_t i, const char *path, unsigned def, unsigned rep)
{
    REQUIRE(i < s->leaf_count);
    CHECK_STR(s->leaves[i].path, path);
    CHECK_INT(s->leaves[i].max_def, def);
    CHECK_INT(s->leaves[i].max_rep, rep);
    CHECK_INT(s->leaves[i].index, i);
    CHECK_INT(s->leaves[i].node->first_leaf, i);
    CHECK_INT(s->leaves[i].node->leaf_count, 1);
}

static void levels_and_paths_are_those_of_the_format(void)
{
    cw_schema *s = parsed("message m {"
                          " required int64 id;"
                          " optional list tags { optional string element; }"
                          " optional struct a { required struct b { optional int32 c; } }"
                          " required map m { required string key; optional list value {"
                          "   required list element { required int32 element; } } }"
                          " optional variant v;"
                          "}");
    CHECK_INT(cw_schema_columns(s), 5);
    CHECK_INT(cw_schema_leaves(s), 7);
    REQUIRE(s->leaf_count == 7);
    check_leaf(s, 0, "id", 0, 0);
    check_leaf(s, 1, "tags.list.element", 3, 1);
    check_leaf(s, 2, "a.b.c", 2, 0);
    check_leaf(s, 3, "m.key_value.key", 1, 1);
    check_leaf(s, 4, "m.key_value.value.list.element.list.element", 4, 3);
    check_leaf(s, 5, "v.metadata", 1, 0);
    check_leaf(s, 6, "v.value", 1, 0);
    const cw__node *tags = s->root.children[1], *m = s->root.children[3];
    CHECK_INT(tags->def, 1);
    CHECK_INT(tags->rep, 0);
    CHECK_INT(cw__items_def(tags), 2);
    CHECK_INT(m->def, 0);
    CHECK_INT(cw__items_def(m), 1);
    CHECK_INT(m->first_leaf, 3);
    CHECK_INT(m->leaf_count, 2);
    CHECK_INT(s->root.leaf_count, 7);
    CHECK_INT(s->leaves[6].order, CW__ORDER_NONE);
    CHECK(s->leaves[6].node->type == CW_TYPE_BINARY && !s->leaves[6].node->nullable);
    cw_schema_free(s);
}

static void types_are_stored_as_the_format_says(void)
{
    static const struct {
        const char *type;
        cw__physical physical;
        uint32_t width;
        cw__order order;
    } table[] = {
        {"boolean", CW__BOOLEAN, 1, CW__ORDER_SIGNED},
        {"int8", CW__INT32, 4, CW__ORDER_SIGNED},
        {"int16", CW__INT32, 4, CW__ORDER_SIGNED},
        {"int32", CW__INT32, 4, CW__ORDER_SIGNED},
        {"int64", CW__INT64, 8, CW__ORDER_SIGNED},
        {"uint8", CW__INT32, 4, CW__ORDER_UNSIGNED},
        {"uint16", CW__INT32, 4, CW__ORDER_UNSIGNED},
        {"uint32", CW__INT32, 4, CW__ORDER_UNSIGNED},
        {"uint64", CW__INT64, 8, CW__ORDER_UNSIGNED},
        {"float16", CW__FIXED_LEN_BYTE_ARRAY, 2, CW__ORDER_FLOAT},
        {"float", CW__FLOAT, 4, CW__ORDER_FLOAT},
        {"double", CW__DOUBLE, 8, CW__ORDER_FLOAT},
        {"decimal32(1,1)", CW__INT32, 4, CW__ORDER_SIGNED},
        {"decimal256(9,0)", CW__INT32, 4, CW__ORDER_SIGNED},
        {"decimal64(10,2)", CW__INT64, 8, CW__ORDER_SIGNED},
        {"decimal(18,2)", CW__INT64, 8, CW__ORDER_SIGNED},
        {"decimal(19,2)", CW__FIXED_LEN_BYTE_ARRAY, 9, CW__ORDER_TWOS_COMPLEMENT},
        {"decimal(38,2)", CW__FIXED_LEN_BYTE_ARRAY, 16, CW__ORDER_TWOS_COMPLEMENT},
        {"decimal256(76,2)", CW__FIXED_LEN_BYTE_ARRAY, 32, CW__ORDER_TWOS_COMPLEMENT},
        {"string", CW__BYTE_ARRAY, 0, CW__ORDER_BYTES},
        {"enum", CW__BYTE_ARRAY, 0, CW__ORDER_BYTES},
        {"json", CW__BYTE_ARRAY, 0, CW__ORDER_BYTES},
        {"bson", CW__BYTE_ARRAY, 0, CW__ORDER_BYTES},
        {"binary", CW__BYTE_ARRAY, 0, CW__ORDER_BYTES},
        {"geometry", CW__BYTE_ARRAY, 0, CW__ORDER_NONE},
        {"geography", CW__BYTE_ARRAY, 0, CW__ORDER_NONE},
        {"fixed(5)", CW__FIXED_LEN_BYTE_ARRAY, 5, CW__ORDER_BYTES},
        {"uuid", CW__FIXED_LEN_BYTE_ARRAY, 16, CW__ORDER_BYTES},
        {"date", CW__INT32, 4, CW__ORDER_SIGNED},
        {"time(ms,utc)", CW__INT32, 4, CW__ORDER_SIGNED},
        {"time(us,local)", CW__INT64, 8, CW__ORDER_SIGNED},
        {"time(ns,utc)", CW__INT64, 8, CW__ORDER_SIGNED},
        {"timestamp(ms,utc)", CW__INT64, 8, CW__ORDER_SIGNED},
        {"timestamp(ns,local)", CW__INT64, 8, CW__ORDER_SIGNED},
        {"interval", CW__FIXED_LEN_BYTE_ARRAY, 12, CW__ORDER_NONE},
        {"int96", CW__INT96, 12, CW__ORDER_NONE},
        {"null", CW__INT32, 4, CW__ORDER_NONE},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[100];
        snprintf(text, sizeof text, "message m { optional %s x; }", table[i].type);
        cw_schema *s = parsed(text);
        REQUIRE(s->leaf_count == 1);
        if (s->leaves[0].physical != table[i].physical || s->leaves[0].width != table[i].width ||
            s->leaves[0].order != table[i].order)
            CHECK_STR("stored otherwise", table[i].type);
        cw_schema_free(s);
    }
}

/* Against long addition: the least n with 10^p <= 2^(8n-1). */
static void decimals_take_as_few_bytes_as_they_can(void)
{
    uint8_t power[40] = {1}; /* little-endian */
    for (unsigned p = 1; p <= 76; p++) {
        unsigned carry = 0, top = 0;
        for (size_t i = 0; i < sizeof power; i++) {
            carry += power[i] * 10U;
            power[i] = (uint8_t)carry;
            carry >>= 8;
            if (power[i])
                top = (unsigned)i;
        }
        CHECK_INT(cw__decimal_width(p), top + (power[top] >= 0x80) + 1);
    }
}

/* ---- the builder ----------------------------------------------------------------------------- */

static void fields_are_added_by_calls(void)
{
    cw_error err;
    cw_schema *s = started();
    CHECK_OK(cw_schema_add(s, F(.name = "id", .type = CW_TYPE_INT64), &err), err);
    CHECK_OK(cw_schema_begin(s, F(.name = "tags", .type = CW_TYPE_LIST, .nullable = 1), &err), err);
    CHECK_OK(cw_schema_add(s, F(.type = CW_TYPE_STRING), &err), err);
    CHECK_OK(cw_schema_end(s, &err), err);
    CHECK_OK(cw_schema_begin(s, F(.name = "m", .type = CW_TYPE_MAP), &err), err);
    CHECK_OK(cw_schema_add(s, F(.name = "", .type = CW_TYPE_DATE), &err), err);
    CHECK_OK(cw_schema_add(s, F(.type = CW_TYPE_VARIANT, .nullable = 1), &err), err);
    CHECK_OK(cw_schema_end(s, &err), err);
    CHECK_OK(cw_schema_add(s,
                           F(.name = "at", .type = CW_TYPE_TIMESTAMP, .utc = 1, .timezone = "UTC",
                             .has_field_id = 1, .field_id = -3),
                           &err),
             err);
    CHECK_INT(cw_schema_leaves(s), 6);
    CHECK_OK(cw__schema_finish(s, &err), err);
    CHECK_OK(cw__schema_finish(s, &err), err);
    CHECK_INT(cw_schema_leaves(s), 6);
    CHECK_INT(s->root.children[3]->unit, CW_UNIT_US);
    CHECK(!s->root.children[3]->timezone);
    char *text = text_of(s);
    CHECK_STR(text, "message schema {\n"
                    "  required int64 id;\n"
                    "  optional list tags {\n"
                    "    required string element;\n"
                    "  }\n"
                    "  required map m {\n"
                    "    required date key;\n"
                    "    optional variant value;\n"
                    "  }\n"
                    "  required timestamp(us,utc) at = -3;\n"
                    "}\n");
    free(text);
    cw_schema_free(s);
}

static void a_finished_schema_can_be_added_to(void)
{
    cw_error err;
    cw_schema *s = parsed("message m { optional variant v; }");
    CHECK_OK(cw_schema_add(s, F(.name = "x", .type = CW_TYPE_BOOL), &err), err);
    CHECK(!s->finished);
    CHECK_OK(cw__schema_finish(s, &err), err);
    CHECK_INT(s->leaf_count, 3);
    CHECK_STR(s->leaves[2].path, "x");
    cw_schema_free(s);
}

static void check_refused(const char *words, const cw_field *f, cw_type in)
{
    cw_error err = {0};
    cw_schema *s = started();
    CHECK_OK(cw_schema_add(s, F(.name = "there", .type = CW_TYPE_BOOL), &err), err);
    if (in)
        CHECK_OK(cw_schema_begin(s, F(.name = "in", .type = in), &err), err);
    CHECK_STATUS(cw_schema_add(s, f, &err), CW_E_INVALID_ARGUMENT, err);
    if (!strstr(err.message, words))
        CHECK_STR(err.message, words);
    CHECK_INT(s->open->child_count, in ? 0 : 1);
    CHECK_OK(cw_schema_add(s, F(.name = "fine", .type = CW_TYPE_BOOL), &err), err);
    cw_schema_free(s);
}

static void what_cannot_be_is_refused(void)
{
    check_refused("no name", F(.type = CW_TYPE_INT32), 0);
    check_refused("not valid UTF-8", F(.name = "\xC0\x80", .type = CW_TYPE_INT32), 0);
    check_refused("not valid UTF-8", F(.name = "\xED\xA0\x80", .type = CW_TYPE_INT32), 0);
    check_refused("not valid UTF-8", F(.name = "\xF4\x90\x80\x80", .type = CW_TYPE_INT32), 0);
    check_refused("not valid UTF-8", F(.name = "a\xE2\x82", .type = CW_TYPE_INT32), 0);
    check_refused("'there' is there twice", F(.name = "there", .type = CW_TYPE_INT32), 0);
    check_refused("no type 0", F(.name = "x"), 0);
    check_refused("no type 36", F(.name = "x", .type = (cw_type)36), 0);
    check_refused("cw_schema_begin", F(.name = "x", .type = CW_TYPE_LIST), 0);
    check_refused("1 to 9 digits", F(.name = "x", .type = CW_TYPE_DECIMAL32, .precision = 10), 0);
    check_refused("1 to 18 digits", F(.name = "x", .type = CW_TYPE_DECIMAL64, .precision = 0), 0);
    check_refused("1 to 38 digits", F(.name = "x", .type = CW_TYPE_DECIMAL128, .precision = 39), 0);
    check_refused("1 to 76 digits", F(.name = "x", .type = CW_TYPE_DECIMAL256, .precision = 77), 0);
    check_refused("scale of 3",
                  F(.name = "x", .type = CW_TYPE_DECIMAL32, .precision = 2, .scale = 3), 0);
    check_refused("unit 4", F(.name = "x", .type = CW_TYPE_TIME, .unit = (cw_unit)4), 0);
    check_refused("time zone", F(.name = "x", .type = CW_TYPE_TIMESTAMP, .timezone = "UTC"), 0);
    check_refused("time zone", F(.name = "x", .type = CW_TYPE_TIME, .utc = 1, .timezone = "a"), 0);
    check_refused("fixed width", F(.name = "x", .type = CW_TYPE_FIXED), 0);
    check_refused("edges 5", F(.name = "x", .type = CW_TYPE_GEOGRAPHY, .edges = (cw_edges)5), 0);
    check_refused("crs", F(.name = "x", .type = CW_TYPE_GEOMETRY, .crs = "\xFF"), 0);
    check_refused("optional", F(.name = "x", .type = CW_TYPE_NONE), 0);
    check_refused("'in.key': the key of a map",
                  F(.name = "key", .type = CW_TYPE_INT32, .nullable = 1), CW_TYPE_MAP);
}

static void groups_have_the_children_they_need(void)
{
    cw_error err;
    cw_schema *s = started();
    CHECK_STATUS(cw__schema_finish(s, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_schema_end(s, &err), CW_E_STATE, err);
    CHECK_STATUS(cw_schema_begin(s, F(.name = "x", .type = CW_TYPE_BOOL), &err),
                 CW_E_INVALID_ARGUMENT, err);
    CHECK_OK(cw_schema_begin(s, F(.name = "l", .type = CW_TYPE_LIST), &err), err);
    CHECK_STATUS(cw_schema_end(s, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw__schema_finish(s, &err), CW_E_STATE, err);
    CHECK_OK(cw_schema_add(s, F(.type = CW_TYPE_BOOL), &err), err);
    CHECK_STATUS(cw_schema_add(s, F(.name = "more", .type = CW_TYPE_BOOL), &err),
                 CW_E_INVALID_ARGUMENT, err);
    CHECK_OK(cw_schema_end(s, &err), err);
    CHECK_OK(cw_schema_begin(s, F(.name = "m", .type = CW_TYPE_MAP), &err), err);
    CHECK_OK(cw_schema_add(s, F(.type = CW_TYPE_BOOL), &err), err);
    CHECK_STATUS(cw_schema_end(s, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STR(err.message, "the map 'm' needs a key and a value");
    cw_schema *copy = s;
    CHECK_STATUS(cw__schema_copy(&copy, s, &err), CW_E_STATE, err);
    CHECK(!copy);
    cw_schema_free(s);
}

static void depth_is_bounded(void)
{
    cw_error err = {0};
    cw_schema *s = started();
    int lists = 0;
    while (cw_schema_begin(s, F(.name = "l", .type = CW_TYPE_LIST), &err) == CW_OK)
        lists++;
    CHECK_INT(err.status, CW_E_UNSUPPORTED);
    CHECK_INT(lists, CW__MAX_LEVEL);
    cw_schema_free(s);
    s = started();
    int structs = 0;
    while (cw_schema_begin(s, F(.name = "s", .type = CW_TYPE_STRUCT), &err) == CW_OK)
        structs++;
    CHECK_INT(structs, CW__MAX_DEPTH);
    cw_schema_free(s);
}

static void many_columns_are_no_matter(void)
{
    enum { MANY = 50000 };
    cw_error err;
    cw_schema *s = started(), *copy;
    char name[20];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "column_%d", i);
        REQUIRE(cw_schema_add(s, F(.name = name, .type = CW_TYPE_INT32), &err) == CW_OK);
    }
    CHECK_STATUS(cw_schema_add(s, F(.name = "column_77", .type = CW_TYPE_INT32), &err),
                 CW_E_INVALID_ARGUMENT, err);
    CHECK_OK(cw__schema_copy(&copy, s, &err), err);
    CHECK_INT(copy->leaf_count, MANY);
    CHECK_STR(copy->leaves[MANY - 1].path, "column_49999");
    CHECK(cw__schema_same_types(s, copy));
    cw_schema_free(copy);
    cw_schema_free(s);
}

static bool same(const char *a, const char *b)
{
    cw_schema *x = parsed(a), *y = parsed(b);
    bool answer = cw__schema_same_types(x, y);
    CHECK(cw__schema_same_types(y, x) == answer);
    cw_schema_free(x);
    cw_schema_free(y);
    return answer;
}

static void sameness_is_of_names_and_types(void)
{
    CHECK(same("message a { required int32 x; }", "message b { optional int32 x = 4; }"));
    CHECK(!same("message a { required int32 x; }", "message a { required int32 y; }"));
    CHECK(!same("message a { required int32 x; }", "message a { required int64 x; }"));
    CHECK(!same("message a { required int32 x; }",
                "message a { required int32 x; required int32 y; }"));
    CHECK(same("message a { required timestamp(us,utc) x; }",
               "message a { required timestamp(us,\"Asia/Tokyo\") x; }"));
    CHECK(!same("message a { required timestamp(us,utc) x; }",
                "message a { required timestamp(us,local) x; }"));
    CHECK(same("message a { required list x { required int32 item; } }",
               "message a { required list x { required int32 element; } }"));
    CHECK(!same("message a { required struct x { required int32 item; } }",
                "message a { required struct x { required int32 element; } }"));
    CHECK(!same("message a { required geometry x; }", "message a { required geometry(\"a\") x; }"));
    CHECK(
        !same("message a { required decimal(5,2) x; }", "message a { required decimal(5,1) x; }"));
}

/* ---- memory ---------------------------------------------------------------------------------- */

static const char everything[] = "message m { optional list l { required map element {"
                                 " required string key; optional variant value; } }"
                                 " required timestamp(us,\"Asia/Tokyo\") t;"
                                 " optional geography(\"EPSG:1\",karney) g;"
                                 " required struct s { required int32 a; required int32 b; } }";

static void copying_survives_any_failed_allocation(void)
{
    bool reached_end = false;
    cw_schema *s = parsed(everything);
    for (long nth = 1; !reached_end; nth++) {
        cw_error err;
        cw_schema *copy;
        fault_begin(nth);
        cw_status status = cw__schema_copy(&copy, s, &err);
        reached_end = !fault_happened();
        CHECK_STATUS(status, reached_end ? CW_OK : CW_E_NO_MEMORY, err);
        cw_schema_free(copy);
        CHECK_INT(fault_end(), 0);
    }
    cw_schema_free(s);
}

/* A field whose adding failed can be added again; a schema whose finishing failed finished again.
 */
static void a_failed_call_can_be_made_again(void)
{
    for (long nth = 1; nth < 12; nth++) {
        cw_error err = {0};
        cw_schema *s = started();
        for (int i = 0; i < 9; i++) {
            char name[16];
            snprintf(name, sizeof name, "c%d", i);
            const cw_field f = {.name = name, .type = CW_TYPE_VARIANT};
            fault_begin(nth);
            cw_status status = cw_schema_add(s, &f, &err);
            fault_end();
            if (status != CW_OK)
                CHECK_OK(cw_schema_add(s, &f, &err), err);
        }
        fault_begin(nth * 3);
        cw_status status = cw__schema_finish(s, &err);
        fault_end();
        CHECK_STATUS(status, CW_E_NO_MEMORY, err);
        CHECK_OK(cw__schema_finish(s, &err), err);
        CHECK_INT(s->leaf_count, 18);
        cw_schema_free(s);
    }
}

static void nodes_are_what_was_added(void)
{
    cw_schema *s = NULL, *again = NULL;
    cw_field f;
    cw_error err;

    CHECK_OK(cw_schema_parse(&s,
                             "message m { required decimal(12,2) price = 7; optional list l {"
                             " required timestamp(ns,\"Europe/Berlin\") element; }"
                             " optional map m { required string key; optional fixed(5) value; } }",
                             &err),
             err);
    REQUIRE(s);
    const cw_node *root = cw_schema_root(s);
    CHECK_INT(cw_node_children(root), 3);
    CHECK(cw_node_child(root, 3) == NULL);
    cw_node_field(cw_node_child(root, 0), &f);
    CHECK_STR(f.name, "price");
    CHECK(f.type == CW_TYPE_DECIMAL128 && f.precision == 12 && f.scale == 2 && !f.nullable);
    CHECK(f.has_field_id && f.field_id == 7);
    cw_node_field(cw_node_child(cw_node_child(root, 1), 0), &f);
    CHECK(f.type == CW_TYPE_TIMESTAMP && f.unit == CW_UNIT_NS && f.utc);
    CHECK_STR(f.timezone, "Europe/Berlin");
    CHECK_INT(cw_node_children(cw_node_child(root, 2)), 2);
    cw_node_field(cw_node_child(cw_node_child(root, 2), 1), &f);
    CHECK(f.type == CW_TYPE_FIXED && f.width == 5 && f.nullable);
    /* Each field as it is told is one that can be added. */
    CHECK_OK(cw_schema_new(&again, &err), err);
    cw_node_field(cw_node_child(root, 0), &f);
    CHECK_OK(cw_schema_add(again, &f, &err), err);
    cw_schema_free(again);
    cw_schema_free(s);
}

int main(int argc, char **argv)
{
    TEST(levels_and_paths_are_those_of_the_format);
    TEST(types_are_stored_as_the_format_says);
    TEST(decimals_take_as_few_bytes_as_they_can);
    TEST(fields_are_added_by_calls);
    TEST(a_finished_schema_can_be_added_to);
    TEST(nodes_are_what_was_added);
    TEST(what_cannot_be_is_refused);
    TEST(groups_have_the_children_they_need);
    TEST(depth_is_bounded);
    TEST(many_columns_are_no_matter);
    TEST(sameness_is_of_names_and_types);
    TEST(copying_survives_any_failed_allocation);
    TEST(a_failed_call_can_be_made_again);
    return test_end();
}
