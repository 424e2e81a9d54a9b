/* test_parquet_schema_text.c - schemas as text: written, read back, and what is wrong with them */
#include "fault_alloc.h"
#include "schema_text.h"

static cw_schema *started(void)
{
    cw_schema *s = NULL;
    cw_error err;
    REQUIRE(cw_schema_new(&s, &err) == CW_OK);
    return s;
}

/* ---- text ------------------------------------------------------------------------------------ */

static void check_round_trip(const char *text)
{
    cw_error err;
    cw_schema *s = parsed(text), *copy;
    char *once = text_of(s);
    CHECK_STR(once, text);
    CHECK_OK(cw__schema_copy(&copy, s, &err), err);
    char *again = text_of(copy);
    CHECK_STR(again, text);
    free(once);
    free(again);
    cw_schema_free(copy);
    cw_schema_free(s);
}

static void text_comes_back_as_it_was(void)
{
    check_round_trip("message trades {\n"
                     "  required int64 id = 1;\n"
                     "  optional decimal(12,2) price = -2147483648;\n"
                     "  optional timestamp(ns,\"Europe/\\\"Berlin\") at = 2147483647;\n"
                     "  optional geography(\"OGC:CRS84\",vincenty) g;\n"
                     "  optional geometry(\"EPSG:3857\") h;\n"
                     "  optional geography i;\n"
                     "  required map m {\n"
                     "    required fixed(16) key;\n"
                     "    optional struct value {\n"
                     "      optional null n;\n"
                     "      optional variant v;\n"
                     "    }\n"
                     "  }\n"
                     "}\n");
    check_round_trip("message \"\" {\n"
                     "  required int32 \"with blank\";\n"
                     "  required int32 \"1st\";\n"
                     "  required int32 \"-\";\n"
                     "  required int32 \"\xC3\xBC\";\n"
                     "  required int32 \"\\\"\\\\\\n\\r\\t\\x01\\x7f\";\n"
                     "  required int32 required;\n"
                     "  required int32 .a-b_$9;\n"
                     "}\n");
}

static void text_is_cut_as_snprintf_cuts(void)
{
    cw_schema *s = parsed("message m { required int32 x; }");
    char *whole = text_of(s), part[64];
    size_t needed, n = strlen(whole);
    for (size_t size = 1; size <= n + 2; size++) {
        memset(part, 'Z', sizeof part);
        CHECK_INT(cw_schema_text(s, part, size, &needed), CW_OK);
        CHECK_INT(needed, n);
        size_t kept = size - 1 < n ? size - 1 : n;
        CHECK(memcmp(part, whole, kept) == 0 && part[kept] == '\0' && part[size] == 'Z');
    }
    CHECK_INT(cw_schema_text(NULL, part, 1, NULL), CW_E_INVALID_ARGUMENT);
    CHECK_INT(cw_schema_text(s, NULL, 1, NULL), CW_E_INVALID_ARGUMENT);
    free(whole);
    cw_schema_free(s);
}

static void check_mistake(const char *text, const char *message)
{
    cw_error err = {0};
    cw_schema *s = (cw_schema *)(void *)&err; /* is to become NULL */
    CHECK_STATUS(cw_schema_parse(&s, text, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(!s);
    if (strncmp(err.message, message, strlen(message)) != 0)
        CHECK_STR(err.message, message);
}

static void mistakes_are_told_with_their_place(void)
{
    check_mistake("", "line 1, column 1: a schema begins with message, instead of the end");
    check_mistake("message m {", "line 1, column 12: a } is needed");
    check_mistake("message m { }", "line 1, column 13: the message has no fields");
    check_mistake("message m {\n  int32 x;\n}",
                  "line 2, column 3: a field begins with required or optional, instead of 'int32'");
    check_mistake("message m {\n\trequired long x;\n}",
                  "line 2, column 11: there is no type 'long': write int64");
    check_mistake("message m { required text x; }",
                  "line 1, column 22: there is no type 'text': write string");
    check_mistake("message m { required bytes x; }",
                  "line 1, column 22: there is no type 'bytes': write binary");
    check_mistake("message m { required int x; }",
                  "line 1, column 22: there is no type 'int': write int32 or int64");
    check_mistake("message m { required INT32 x; }",
                  "line 1, column 22: there is no type 'INT32': write int32");
    check_mistake("message m { required foo x; }",
                  "line 1, column 22: there is no type 'foo' here");
    check_mistake("message m { repeated int32 x; }",
                  "line 1, column 13: a repeated field is written as a list");
    check_mistake("message m { required int32 x }", "line 1, column 30: a ; is needed");
    check_mistake("message m { required int32 1x; }", "line 1, column 28: a name is needed");
    check_mistake("message m { required int32 \"\"; }", "line 1, column 13: field '' has no name");
    check_mistake("message m { required int32 x = y; }", "line 1, column 32: a field id");
    check_mistake("message m { required int32 x = 2147483648; }", "line 1, column 32: a field id");
    check_mistake("message m { required decimal x; }", "line 1, column 30: a decimal has");
    check_mistake("message m { required decimal(0,0) x; }", "line 1, column 13: field 'x': a dec");
    check_mistake("message m { required timestamp x; }", "line 1, column 32: a unit and utc");
    check_mistake("message m { required timestamp(us) x; }", "line 1, column 34: utc or local");
    check_mistake("message m { required timestamp(s,utc) x; }", "line 1, column 32: a unit");
    check_mistake("message m { required time(us,\"a\") x; }", "line 1, column 30: utc or local");
    check_mistake("message m { required fixed(0) x; }", "line 1, column 13: field 'x'");
    check_mistake("message m { required geometry(a) x; }", "line 1, column 31: a coordinate");
    check_mistake("message m { required geography(\"a\",b) x; }", "line 1, column 36: edges are");
    check_mistake("message m { required list x; }", "line 1, column 28: its fields are needed");
    check_mistake("message m { required int32 x { }", "line 1, column 30: a ; is needed");
    check_mistake("message m { required struct s { } }", "line 1, column 33: the struct 's' needs");
    check_mistake("message m { required int32 x; } x", "line 1, column 33: the end is needed");
    check_mistake("message m { required int32 \"x", "line 1, column 28: the quotes are not");
    check_mistake("message m { required int32 \"\\x00\"; }", "line 1, column 30: after \\ comes");
    check_mistake("message m { required int32 \"\\", "line 1, column 30: after \\ comes");
    check_mistake("message \"\xFF\" { required int32 x; }", "line 1, column 9: the name of a");
    check_mistake("message m { required int32 x; required int32 x; }",
                  "line 1, column 31: field 'x' is there twice");
    check_mistake("# \xC3\xBC\nmessage m { required int32 \"\xC3\xBC\xC3\xBC\" ! }",
                  "line 2, column 33: a ; is needed, instead of '!'");
    CHECK_INT(cw_schema_parse(NULL, "", NULL), CW_E_INVALID_ARGUMENT);
    cw_schema *s;
    CHECK_INT(cw_schema_parse(&s, NULL, NULL), CW_E_INVALID_ARGUMENT);
}

/* ---- anything at all ------------------------------------------------------------------------- */

static uint64_t random_state = 0x9E3779B97F4A7C15U;

static unsigned any(unsigned below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % below;
}

static const char *any_name(char name[32], int number)
{
    static const char *const parts[] = {"a",    "B9", "\"", "\\", "\n", " ", "\xE2\x82\xAC",
                                        "\x01", "#",  "{",  ";",  "."};
    snprintf(name, 32, "%s%s%d%s", parts[any(12)], parts[any(12)], number, parts[any(12)]);
    return name;
}

static cw_field any_field(const char *name, bool key)
{
    static const unsigned most[] = {9, 18, 38, 76};
    static const char *const crs[] = {NULL, "OGC:CRS84", "EPSG:3857", "{\"a\":\"b\"}"};
    static const char *const zones[] = {NULL, "UTC", "Europe/Berlin", "\"+01:00\""};
    cw_field f = {.name = name, .type = (cw_type)(1 + any(35)), .nullable = !key && any(2)};
    if (f.type == CW_TYPE_NONE && key)
        f.type = CW_TYPE_BOOL;
    if (f.type == CW_TYPE_NONE)
        f.nullable = 1;
    if (f.type >= CW_TYPE_DECIMAL32 && f.type <= CW_TYPE_DECIMAL256)
        f.precision = 1 + any(most[f.type - CW_TYPE_DECIMAL32]);
    f.scale = any(f.precision + 1);
    f.unit = (cw_unit)any(4);
    f.utc = (int)any(2);
    f.timezone = f.utc && f.type == CW_TYPE_TIMESTAMP ? zones[any(4)] : NULL;
    f.width = 1 + any(1000);
    f.crs = crs[any(4)];
    f.edges = (cw_edges)any(5);
    f.has_field_id = (int)any(2);
    f.field_id = (int32_t)any(1U << 31) - (1 << 30);
    return f;
}

static void add_any(cw_schema *s, int number, int depth)
{
    cw_error err;
    char name[32];
    cw_type in = s->open->type;
    bool inner = in == CW_TYPE_LIST || in == CW_TYPE_MAP;
    cw_field f = any_field(inner && any(2) ? NULL : any_name(name, number),
                           in == CW_TYPE_MAP && s->open->child_count == 0);
    if (depth > 5 && f.type >= CW_TYPE_LIST)
        f.type = CW_TYPE_INT32;
    if (f.type < CW_TYPE_LIST || f.type == CW_TYPE_VARIANT) {
        CHECK_OK(cw_schema_add(s, &f, &err), err);
        return;
    }
    CHECK_OK(cw_schema_begin(s, &f, &err), err);
    unsigned n = f.type == CW_TYPE_LIST ? 1 : f.type == CW_TYPE_MAP ? 2 : 1 + any(4);
    for (unsigned i = 0; i < n; i++)
        add_any(s, (int)i, depth + 1);
    CHECK_OK(cw_schema_end(s, &err), err);
}

static void any_schema_comes_back_from_its_text(void)
{
    for (int round = 0; round < 2000; round++) {
        cw_error err;
        cw_schema *s = started(), *again, *copy;
        for (int i = 0; i < 5; i++)
            add_any(s, i, 0);
        char *text = text_of(s);
        CHECK_OK(cw__schema_finish(s, &err), err);
        REQUIRE(cw_schema_parse(&again, text, &err) == CW_OK);
        CHECK_OK(cw__schema_copy(&copy, s, &err), err);
        CHECK(cw__schema_same_types(s, again) && cw__schema_same_types(copy, again));
        CHECK_INT(s->leaf_count, again->leaf_count);
        for (size_t i = 0; i < s->leaf_count; i++) {
            CHECK_STR(again->leaves[i].path, s->leaves[i].path);
            CHECK_INT(again->leaves[i].max_def, s->leaves[i].max_def);
            CHECK_INT(again->leaves[i].node->has_field_id, s->leaves[i].node->has_field_id);
        }
        char *text_again = text_of(again);
        CHECK_STR(text_again, text);
        free(text);
        free(text_again);
        cw_schema_free(s);
        cw_schema_free(again);
        cw_schema_free(copy);
    }
}

static void any_bytes_are_read_or_refused(void)
{
    static const char *const words[] = {
        "message", "required", "optional", "int32",     "list",     "struct", "map",     "{",
        "}",       ";",        "x",        "key",       "=",        "1",      "(",       ")",
        ",",       "\"",       "\\",       "timestamp", "us",       "utc",    "decimal", "#",
        "\n",      "\xFF",     "\xC3",     "variant",   "geography"};
    int taken = 0;
    for (int round = 0; round < 100000; round++) {
        char text[400] = "";
        cw_error err = {0};
        cw_schema *s = NULL;
        unsigned n = any(40);
        if (any(2))
            strcpy(text, "message m { required int32 a; ");
        for (unsigned i = 0; i < n && strlen(text) < sizeof text - 12; i++) {
            strcat(text, words[any(sizeof words / sizeof words[0])]);
            if (any(4))
                strcat(text, " ");
        }
        if (any(2))
            strcat(text, "}");
        if (cw_schema_parse(&s, text, &err) == CW_OK)
            taken++;
        else
            CHECK(strncmp(err.message, "line ", 5) == 0 && !s);
        cw_schema_free(s);
    }
    CHECK(taken > 0);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static const char everything[] = "message m { optional list l { required map element {"
                                 " required string key; optional variant value; } }"
                                 " required timestamp(us,\"Asia/Tokyo\") t;"
                                 " optional geography(\"EPSG:1\",karney) g;"
                                 " required struct s { required int32 a; required int32 b; } }";

static void parsing_survives_any_failed_allocation(void)
{
    bool reached_end = false;
    for (long nth = 1; !reached_end; nth++) {
        cw_error err;
        cw_schema *s;
        fault_begin(nth);
        cw_status status = cw_schema_parse(&s, everything, &err);
        reached_end = !fault_happened();
        CHECK_STATUS(status, reached_end ? CW_OK : CW_E_NO_MEMORY, err);
        CHECK((s != NULL) == reached_end);
        cw_schema_free(s);
        CHECK_INT(fault_end(), 0);
    }
}

int main(int argc, char **argv)
{
    TEST(text_comes_back_as_it_was);
    TEST(text_is_cut_as_snprintf_cuts);
    TEST(mistakes_are_told_with_their_place);
    TEST(any_schema_comes_back_from_its_text);
    TEST(any_bytes_are_read_or_refused);
    TEST(parsing_survives_any_failed_allocation);
    return test_end();
}
