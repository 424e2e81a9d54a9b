/* test_parquet_schema_arrow.c - schemas from Arrow's, sound and hostile, and the ARROW:schema entry
 */
#include "arrow_lines.h"
#include "fault_alloc.h"
#include "format/parquet/schema/arrow_ipc.h"
#include "harness.h"

static cw_status import(cw_schema **s, const char *lines, cw_error *err)
{
    arrow_lines *a = arrow_lines_new(lines);
    cw_status status = cw_schema_from_arrow(s, a->schemas, err);
    arrow_lines_free(a);
    return status;
}

/* `lines` below a root, and the text form of the one field that they are, without the semicolon. */
static void check_field(const char *lines, const char *want)
{
    char all[2000], text[2000], whole[2000];
    cw_error err = {0};
    cw_schema *s = NULL;
    snprintf(all, sizeof all, "+s||\n%s", lines);
    CHECK_OK(import(&s, all, &err), err);
    if (!s)
        return;
    CHECK(s->finished);
    CHECK_INT(cw_schema_text(s, text, sizeof text, NULL), CW_OK);
    snprintf(whole, sizeof whole, "message schema {\n  %s\n}\n", want);
    CHECK_STR(text, whole);
    cw_schema_free(s);
}

static void check_refused(const char *lines, cw_status status, const char *words)
{
    char all[20000];
    cw_error err = {0};
    cw_schema *s = (cw_schema *)(void *)&err; /* is to become NULL */
    snprintf(all, sizeof all, "+s||\n%s", lines);
    CHECK_STATUS(import(&s, all, &err), status, err);
    CHECK(!s);
    if (!strstr(err.message, words))
        CHECK_STR(err.message, words);
}

static void formats_become_types(void)
{
    check_field(" n|x||", "optional null x;");
    check_field(" b|x|n|", "optional boolean x;");
    check_field(" c|x||", "required int8 x;");
    check_field(" C|x||", "required uint8 x;");
    check_field(" s|x||", "required int16 x;");
    check_field(" S|x||", "required uint16 x;");
    check_field(" i|x||", "required int32 x;");
    check_field(" I|x||", "required uint32 x;");
    check_field(" l|x||", "required int64 x;");
    check_field(" L|x||", "required uint64 x;");
    check_field(" e|x||", "required float16 x;");
    check_field(" f|x||", "required float x;");
    check_field(" g|x||", "required double x;");
    check_field(" z|x||", "required binary x;");
    check_field(" Z|x||", "required binary x;");
    check_field(" vz|x||", "required binary x;");
    check_field(" u|x||", "required string x;");
    check_field(" U|x||", "required string x;");
    check_field(" vu|x||", "required string x;");
    check_field(" d:5,2|x||", "required decimal(5,2) x;");
    check_field(" d:5,2,32|x||", "required decimal32(5,2) x;");
    check_field(" d:5,2,64|x||", "required decimal64(5,2) x;");
    check_field(" d:5,2,128|x||", "required decimal(5,2) x;");
    check_field(" d:76,76,256|x||", "required decimal256(76,76) x;");
    check_field(" w:12|x||", "required fixed(12) x;");
    check_field(" tdD|x||", "required date x;");
    check_field(" tdm|x||", "required date x;");
    check_field(" tts|x||", "required time(ms,local) x;");
    check_field(" ttm|x||", "required time(ms,local) x;");
    check_field(" ttu|x||", "required time(us,local) x;");
    check_field(" ttn|x||", "required time(ns,local) x;");
    check_field(" tss:|x||", "required timestamp(ms,local) x;");
    check_field(" tsm:UTC|x||", "required timestamp(ms,utc) x;");
    check_field(" tsu:Asia/Tokyo|x||", "required timestamp(us,\"Asia/Tokyo\") x;");
    check_field(" tsn:+07:30|x||", "required timestamp(ns,\"+07:30\") x;");
    check_field(" tDs|x||", "required int64 x;");
    check_field(" tDn|x||", "required int64 x;");
}

static void nested_formats_become_groups(void)
{
    check_field(" +l|x|n|\n  u|item|n|", "optional list x {\n    optional string element;\n  }");
    check_field(" +L|x||\n  u|item||", "required list x {\n    required string element;\n  }");
    check_field(" +vl|x||\n  u|p|p|", "required list x {\n    required string element;\n  }");
    check_field(" +vL|x||\n  u|||", "required list x {\n    required string element;\n  }");
    check_field(" +w:3|x||\n  f|i||", "required list x {\n    required float element;\n  }");
    check_field(" +m|x|n|\n  +s|kv||\n   u|k|n|\n   i|v|n|",
                "optional map x {\n    required string key;\n    optional int32 value;\n  }");
    check_field(" +s|x||\n  i|a|n|\n  u|b||",
                "required struct x {\n    optional int32 a;\n    required string b;\n  }");
}

static void dictionaries_and_runs_are_looked_through(void)
{
    check_field(" i|x|n|PARQUET:field_id=8\n  u||d|PARQUET:field_id=9", "optional string x = 8;");
    check_field(" C|x||\n  d:9,1||dn|", "required decimal(9,1) x;");
    check_field(" +r|x|n|\n  s|run_ends||\n  u|values||", "optional string x;");
    check_field(" +r|x|n|\n  l|run_ends||\n  c|values|n|\n   z||d|", "optional binary x;");
    check_field(" c|x|n|\n  +l||d|\n   i|item|n|",
                "optional list x {\n    optional int32 element;\n  }");
    check_field(" i|x||ARROW:extension:name=arrow.json\n  u||d|", "required json x;");
    check_field(" i|x||\n  u||d|ARROW:extension:name=arrow.json", "required json x;");
    check_refused(" u|x||\n  u||d|", CW_E_INVALID_ARGUMENT,
                  "field 'x' of the Arrow schema: the ind");
    check_refused(" +r|x||\n  s|run_ends||", CW_E_INVALID_ARGUMENT, "two children");
    check_refused(" +r|x||\n  u|run_ends||\n  u|values||", CW_E_INVALID_ARGUMENT, "run ends are");
    check_refused(" +r|x||\n  s|run_ends|f|\n  u|values||", CW_E_INVALID_ARGUMENT, "no format");
    check_refused(" +r|x||\n  s|run_ends||\n  u|values|r|", CW_E_INVALID_ARGUMENT, "released");
}

static void extension_types_are_known(void)
{
    check_field(" w:16|x||ARROW:extension:name=arrow.uuid", "required uuid x;");
    check_field(" U|x||ARROW:extension:name=arrow.json", "required json x;");
    check_field(" c|x||ARROW:extension:name=arrow.bool8", "required int8 x;");
    check_field(" i|x||ARROW:extension:name=arrow.opaque", "required int32 x;");
    check_field(" +s|x|n|ARROW:extension:name=arrow.parquet.variant\n  z|metadata||\n  Z|value|n|",
                "optional variant x;");
    check_refused(" w:15|x||ARROW:extension:name=arrow.uuid", CW_E_INVALID_ARGUMENT, "16 bytes");
    check_refused(" z|x||ARROW:extension:name=arrow.json", CW_E_INVALID_ARGUMENT, "as text");
    check_refused(" b|x||ARROW:extension:name=arrow.bool8", CW_E_INVALID_ARGUMENT, "as int8");
    check_refused(" u|x||ARROW:extension:name=geoarrow.wkb", CW_E_INVALID_ARGUMENT, "as binary");
    check_refused(" +s|x||ARROW:extension:name=arrow.parquet.variant\n  z|value||\n  z|metadata||",
                  CW_E_UNSUPPORTED, "only a variant");
    check_refused(" +s|x||ARROW:extension:name=arrow.parquet.variant\n  z|metadata|f|\n  z|value||",
                  CW_E_INVALID_ARGUMENT, "no format");
}

static void check_geo(const char *metadata, const char *want)
{
    char line[1000];
    snprintf(line, sizeof line,
             " z|x|n|ARROW:extension:name=geoarrow.wkb|ARROW:extension:metadata=%s", metadata);
    check_field(line, want);
}

static void check_no_geo(const char *metadata, const char *words)
{
    char line[1000];
    snprintf(line, sizeof line,
             " z|x|n|ARROW:extension:name=geoarrow.wkb|ARROW:extension:metadata=%s", metadata);
    check_refused(line, CW_E_INVALID_ARGUMENT, words);
}

static void geometries_keep_their_coordinate_systems(void)
{
    check_geo("", "optional geometry x;");
    check_geo("{}", "optional geometry x;");
    check_geo(" { \"crs\" : null , \"edges\":\"planar\" } ", "optional geometry x;");
    check_geo("{\"crs\":\"EPSG:4326\"}", "optional geometry x;");
    check_geo("{\"crs\":\"OGC:CRS84\",\"edges\":\"spherical\"}", "optional geography x;");
    check_geo("{\"crs\":\"EPSG:3857\",\"edges\":\"karney\"}",
              "optional geography(\"EPSG:3857\",karney) x;");
    check_geo("{\"crs\":\"4267\",\"crs_type\":\"srid\"}", "optional geometry(\"srid:4267\") x;");
    check_geo("{\"crs\":{\"a\":[1,\"}\\\"\"],\"id\":{\"authority\":\"EPSG\",\"code\":4326}}}",
              "optional geometry x;");
    check_geo("{\"crs\":{\"a\":[1,\"}\\\"\"],\"id\":{\"authority\":\"EPSG\",\"code\":1}}}",
              "optional geometry(\"{\\\"a\\\":[1,\\\"}\\\\\\\"\\\"],\\\"id\\\":{\\\"authority\\\":"
              "\\\"EPSG\\\",\\\"code\\\":1}}\") x;");
    check_geo("{\"crs\":\"\\u00fc\\ud83d\\ude00\\/\"}",
              "optional geometry(\"\xC3\xBC\xF0\x9F\x98\x80/\") x;");
    check_no_geo("[]", "not usable JSON");
    check_no_geo("{", "not usable JSON");
    check_no_geo("{\"crs\"", "not usable JSON");
    check_no_geo("{\"crs\":\"", "not usable JSON");
    check_no_geo("{\"crs\":\"\\", "not usable JSON");
    check_no_geo("{\"crs\":\"\\ud83d\"}", "not usable JSON");
    check_no_geo("{\"crs\":\"\\u0000\"}", "not usable JSON");
    check_no_geo("{\"crs\":{\"id\":}", "not usable JSON");
    check_no_geo("{\"edges\":\"odd\"}", "edges");
    check_no_geo("{\"edges\":5}", "edges");
}

static void field_ids_come_from_metadata(void)
{
    check_field(" i|x||a=b|PARQUET:field_id=2147483647", "required int32 x = 2147483647;");
    check_field(" i|x||PARQUET:field_id=-1", "required int32 x;");
    check_field(" +l|x||PARQUET:field_id=1\n  i|item||PARQUET:field_id=2",
                "required list x = 1 {\n    required int32 element = 2;\n  }");
    check_refused(" i|x||PARQUET:field_id=2147483648", CW_E_INVALID_ARGUMENT, "field_id");
    check_refused(" i|x||PARQUET:field_id=", CW_E_INVALID_ARGUMENT, "field_id");
    check_refused(" i|x||PARQUET:field_id=12345678901234567890", CW_E_INVALID_ARGUMENT, "field_id");
}

static void what_parquet_has_not_is_refused_by_name(void)
{
    check_refused(" tiM|x||", CW_E_UNSUPPORTED,
                  "field 'x' of the Arrow schema: Parquet has no type "
                  "for an interval of months");
    check_refused(" tiD|x||", CW_E_UNSUPPORTED, "an interval of days and milliseconds");
    check_refused(" tin|x||", CW_E_UNSUPPORTED, "an interval of months, days and nanoseconds");
    check_refused(" +l|a||\n  +s|item||\n   +ud:0|x||\n    i|i||", CW_E_UNSUPPORTED,
                  "field 'a.element.x' of the Arrow schema: Parquet has no type for a union");
    check_refused(" +us:|x||", CW_E_UNSUPPORTED, "a union");
    check_refused(" +s|x||", CW_E_UNSUPPORTED,
                  "field 'x' of the Arrow schema: Parquet has no type "
                  "for a struct without fields");
    check_refused(" d:5,-2|x||", CW_E_UNSUPPORTED, "negative scale");
    check_refused(" d:5,6|x||", CW_E_INVALID_ARGUMENT, "a scale of 6");
    check_refused(" d:39,6|x||", CW_E_INVALID_ARGUMENT, "1 to 38 digits");
    check_refused(" w:0|x||", CW_E_UNSUPPORTED, "fixed width of 0");
    check_refused(" i|x||\n u|x||", CW_E_INVALID_ARGUMENT, "'x' is there twice");
    check_refused(" i|||", CW_E_INVALID_ARGUMENT, "no name");
    check_refused(" +m|x||\n  +s|e||\n   n|k||\n   i|v||", CW_E_INVALID_ARGUMENT,
                  "the key of a map");
}

static void formats_that_are_none_are_refused(void)
{
    static const char *const formats[] = {
        "",     "?",      "ii",       "d",      "d:",    "d:5",
        "d:5,", "d:5,2,", "d:5,2,16", "d:5,2x", "d:0,0", "d:9999999999,1",
        "w",    "w:",     "w:x",      "w:1x",   "t",     "td",
        "tdx",  "tt",     "ttx",      "tts1",   "ts",    "tsu",
        "tsx:", "tD",     "tDx",      "tDss",   "ti",    "tix",
        "+",    "+x",     "+w:",      "+w:-1",  "+ll",   "v",
        "vi",   "vuu",    "w:-5"};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        char line[100];
        snprintf(line, sizeof line, " %s|x||", formats[i]);
        check_refused(line, CW_E_UNSUPPORTED, "there is no format");
    }
}

static void hostile_schemas_are_not_followed(void)
{
    cw_error err;
    cw_schema *s;
    CHECK_INT(cw_schema_from_arrow(&s, NULL, &err), CW_E_INVALID_ARGUMENT);
    CHECK_INT(import(&s, "+s||r|\n i|x||", &err), CW_E_INVALID_ARGUMENT);
    CHECK_INT(import(&s, "+s||f|\n i|x||", &err), CW_E_INVALID_ARGUMENT);
    CHECK_INT(import(&s, "i|x||", &err), CW_E_INVALID_ARGUMENT);
    CHECK_INT(import(&s, "+s||", &err), CW_E_UNSUPPORTED);
    check_refused(" i|x|f|", CW_E_INVALID_ARGUMENT, "has no format");
    check_refused(" i|x|r|", CW_E_INVALID_ARGUMENT, "released");
    check_refused(" i|x|-|", CW_E_INVALID_ARGUMENT, "count");
    check_refused(" +s|x|+|\n  i|y||", CW_E_INVALID_ARGUMENT, "count");
    check_refused(" +s|x|c|\n  i|y||", CW_E_INVALID_ARGUMENT, "count");
    check_refused(" +s|x|x|", CW_E_INVALID_ARGUMENT, "missing");
    check_refused(" i|x||\n  i|y||", CW_E_INVALID_ARGUMENT, "no children has some");
    check_refused(" +l|x||", CW_E_INVALID_ARGUMENT, "a list has one child");
    check_refused(" +l|x||\n  i|y||\n  i|z||", CW_E_INVALID_ARGUMENT, "a list has one child");
    check_refused(" +l|x|x|", CW_E_INVALID_ARGUMENT, "missing");
    check_refused(" +m|x||", CW_E_INVALID_ARGUMENT, "a map has one child");
    check_refused(" +m|x||\n  i|e||", CW_E_INVALID_ARGUMENT, "a struct of a key and a value");
    check_refused(" +m|x||\n  +s|e||\n   i|k||", CW_E_INVALID_ARGUMENT, "a key and a value");
    check_refused(" +m|x||\n  +s|e|x|\n   i|k||", CW_E_INVALID_ARGUMENT, "missing");
    check_refused(" i|x|m|", CW_E_INVALID_ARGUMENT, "metadata");
    check_refused(" i|x|M|", CW_E_INVALID_ARGUMENT, "metadata");
    check_refused(" +s|x|o|\n  i|y||", CW_E_UNSUPPORTED, "too deep");
    check_refused(" i|\xFF||", CW_E_INVALID_ARGUMENT, "UTF-8");
    check_refused(" tsu:\xFF|x||", CW_E_INVALID_ARGUMENT, "UTF-8");
}

static void depth_is_bounded(void)
{
    char structs[20000], dictionaries[1000];
    size_t n = 0;
    for (int depth = 1; depth < 150; depth++)
        n += (size_t)snprintf(structs + n, sizeof structs - n, "%*s+s|s||\n", depth, "");
    check_refused(structs, CW_E_UNSUPPORTED, "too deep");
    n = 0;
    for (int depth = 1; depth < 20; depth++)
        n += (size_t)snprintf(dictionaries + n, sizeof dictionaries - n, "%*si|s|%s|\n", depth, "",
                              depth > 1 ? "d" : "");
    check_refused(dictionaries, CW_E_INVALID_ARGUMENT, "within dictionaries");
}

/* ---- ARROW:schema: a small reader of flatbuffers ----------------------------------------------
 */

typedef struct message {
    uint8_t *p;
    size_t n;
} message;

static uint32_t number_at(const message *m, size_t at, unsigned bytes)
{
    uint32_t v = 0;
    REQUIRE(at + bytes <= m->n && at % bytes == 0);
    for (unsigned i = bytes; i-- > 0;)
        v = v << 8 | m->p[at + i];
    return v;
}

/* Where a slot of a table lies; 0: absent. */
static size_t slot_of(const message *m, size_t table, unsigned slot)
{
    size_t vtable = table - number_at(m, table, 4);
    if (4 + 2 * slot >= number_at(m, vtable, 2))
        return 0;
    size_t place = number_at(m, vtable + 4 + 2 * slot, 2);
    REQUIRE(place < number_at(m, vtable + 2, 2));
    return place ? table + place : 0;
}

static uint32_t value_of(const message *m, size_t table, unsigned slot, unsigned bytes)
{
    size_t at = slot_of(m, table, slot);
    REQUIRE(at);
    return number_at(m, at, bytes);
}

static size_t follow(const message *m, size_t at)
{
    REQUIRE(at);
    return at + number_at(m, at, 4);
}

static const char *string_of(const message *m, size_t at)
{
    size_t string = follow(m, at);
    uint32_t n = number_at(m, string, 4);
    REQUIRE(string + 4 + n < m->n && m->p[string + 4 + n] == 0);
    return (const char *)m->p + string + 4;
}

static size_t item_of(const message *m, size_t at, uint32_t i)
{
    size_t vector = follow(m, at);
    REQUIRE(i < number_at(m, vector, 4));
    return follow(m, vector + 4 + 4 * i);
}

static uint8_t sextet(char c)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(letters, c);
    return at && c ? (uint8_t)(at - letters) : 0;
}

static message decoded(const cw__text *t)
{
    message m = {malloc(t->n), 0};
    REQUIRE(m.p && t->n % 4 == 0);
    for (size_t i = 0; i < t->n; i += 4) {
        uint32_t v = (uint32_t)sextet(t->p[i]) << 18 | (uint32_t)sextet(t->p[i + 1]) << 12 |
                     (uint32_t)sextet(t->p[i + 2]) << 6 | sextet(t->p[i + 3]);
        m.p[m.n++] = (uint8_t)(v >> 16);
        m.p[m.n++] = (uint8_t)(v >> 8);
        m.p[m.n++] = (uint8_t)v;
    }
    m.n -= (size_t)(t->p[t->n - 1] == '=') + (t->p[t->n - 2] == '=');
    return m;
}

static message ipc_of(const char *lines)
{
    cw_error err;
    cw_schema *s = NULL;
    cw__text t = {0};
    CHECK_OK(import(&s, lines, &err), err);
    REQUIRE(s);
    cw__text_add(&t, "before");
    CHECK_OK(cw__arrow_ipc_schema(&t, s, &err), err);
    CHECK(strncmp(t.p, "before/////", 11) == 0);
    CHECK_INT(strlen(t.p), t.n);
    memmove(t.p, t.p + 6, t.n - 6);
    t.n -= 6;
    message m = decoded(&t);
    CHECK_INT(m.n % 8, 0);
    CHECK_INT(number_at(&m, 0, 4), UINT32_MAX);
    CHECK_INT(number_at(&m, 4, 4), m.n - 8);
    cw__text_free(&t);
    cw_schema_free(s);
    return m;
}

/* The table of column `i`. */
static size_t column_of(const message *m, uint32_t i)
{
    size_t root = follow(m, 8);
    CHECK_INT(value_of(m, root, 0, 2), 4);
    CHECK_INT(value_of(m, root, 1, 1), 1);
    return item_of(m, slot_of(m, follow(m, slot_of(m, root, 2)), 1), i);
}

enum { NAME = 0, NULLABLE = 1, TYPE_TYPE = 2, TYPE = 3, CHILDREN = 5, METADATA = 6 };

static void check_type(const message *m, size_t field, const char *name, int nullable, int type)
{
    CHECK_STR(string_of(m, slot_of(m, field, NAME)), name);
    CHECK_INT(value_of(m, field, NULLABLE, 1), nullable);
    CHECK_INT(value_of(m, field, TYPE_TYPE, 1), type);
    CHECK(slot_of(m, field, CHILDREN) && slot_of(m, field, TYPE));
}

static void the_message_says_what_parquet_does_not(void)
{
    message m = ipc_of("+s||\n"
                       " tDn|duration|n|\n"
                       " tsu:Asia/Tokyo|zoned||\n"
                       " tsm:|local||\n"
                       " w:16|uuid||ARROW:extension:name=arrow.uuid\n"
                       " +m|map|n|\n"
                       "  +s|kv||\n"
                       "   u|k||\n"
                       "   d:5,2,32|v|n|\n");
    size_t field = column_of(&m, 0);
    check_type(&m, field, "duration", 1, 18);
    CHECK_INT(value_of(&m, follow(&m, slot_of(&m, field, TYPE)), 0, 2), 3);
    CHECK(!slot_of(&m, field, METADATA));
    field = column_of(&m, 1);
    check_type(&m, field, "zoned", 0, 10);
    size_t type = follow(&m, slot_of(&m, field, TYPE));
    CHECK_INT(value_of(&m, type, 0, 2), 2);
    CHECK_STR(string_of(&m, slot_of(&m, type, 1)), "Asia/Tokyo");
    field = column_of(&m, 2);
    check_type(&m, field, "local", 0, 10);
    CHECK(!slot_of(&m, follow(&m, slot_of(&m, field, TYPE)), 1));
    field = column_of(&m, 3);
    check_type(&m, field, "uuid", 0, 15);
    size_t pair = item_of(&m, slot_of(&m, field, METADATA), 0);
    CHECK_STR(string_of(&m, slot_of(&m, pair, 0)), "ARROW:extension:name");
    CHECK_STR(string_of(&m, slot_of(&m, pair, 1)), "arrow.uuid");
    field = column_of(&m, 4);
    check_type(&m, field, "map", 1, 17);
    size_t entries = item_of(&m, slot_of(&m, field, CHILDREN), 0);
    check_type(&m, entries, "entries", 0, 13);
    check_type(&m, item_of(&m, slot_of(&m, entries, CHILDREN), 0), "key", 0, 5);
    field = item_of(&m, slot_of(&m, entries, CHILDREN), 1);
    check_type(&m, field, "value", 1, 7);
    type = follow(&m, slot_of(&m, field, TYPE));
    CHECK_INT(value_of(&m, type, 0, 4), 5);
    CHECK_INT(value_of(&m, type, 1, 4), 2);
    CHECK_INT(value_of(&m, type, 2, 4), 128);
    free(m.p);
}

static void copies_remember_what_arrow_called_it(void)
{
    cw_error err;
    cw_schema *s, *copy;
    cw__text a = {0}, b = {0};
    CHECK_OK(import(&s, "+s||\n tDm|d||\n c|x||ARROW:extension:name=arrow.bool8", &err), err);
    CHECK_OK(cw__schema_copy(&copy, s, &err), err);
    CHECK_OK(cw__arrow_ipc_schema(&a, s, &err), err);
    CHECK_OK(cw__arrow_ipc_schema(&b, copy, &err), err);
    CHECK_STR(b.p, a.p);
    CHECK_INT(copy->root.children[0]->arrow, CW__ARROW_DURATION_MS);
    CHECK_INT(copy->root.children[1]->arrow, CW__ARROW_BOOL8);
    cw__text_free(&a);
    cw__text_free(&b);
    cw_schema_free(s);
    cw_schema_free(copy);
}

static const char everything[] =
    "+s||\n"
    " +l|l|n|\n  z|item|n|ARROW:extension:name=geoarrow.wkb|"
    "ARROW:extension:metadata={\"crs\":\"EPSG:1\"}\n"
    " tsu:Asia/Tokyo|t|n|\n"
    " +s|v|n|ARROW:extension:name=arrow.parquet.variant\n  z|metadata||\n  z|value||\n";

static void importing_survives_any_failed_allocation(void)
{
    bool reached_end = false;
    for (long nth = 1; !reached_end; nth++) {
        cw_error err;
        cw_schema *s;
        fault_begin(nth);
        cw_status status = import(&s, everything, &err);
        reached_end = !fault_happened();
        CHECK_STATUS(status, reached_end ? CW_OK : CW_E_NO_MEMORY, err);
        cw_schema_free(s);
        CHECK_INT(fault_end(), 0);
    }
}

static void the_message_survives_any_failed_allocation(void)
{
    bool reached_end = false;
    cw_error err;
    cw_schema *s;
    CHECK_OK(import(&s, everything, &err), err);
    for (long nth = 1; !reached_end; nth++) {
        cw__text t = {0};
        fault_begin(nth);
        cw_status status = cw__arrow_ipc_schema(&t, s, &err);
        reached_end = !fault_happened();
        CHECK_STATUS(status, reached_end ? CW_OK : CW_E_NO_MEMORY, err);
        cw__text_free(&t);
        CHECK_INT(fault_end(), 0);
    }
    cw_schema_free(s);
}

int main(int argc, char **argv)
{
    TEST(formats_become_types);
    TEST(nested_formats_become_groups);
    TEST(dictionaries_and_runs_are_looked_through);
    TEST(extension_types_are_known);
    TEST(geometries_keep_their_coordinate_systems);
    TEST(field_ids_come_from_metadata);
    TEST(what_parquet_has_not_is_refused_by_name);
    TEST(formats_that_are_none_are_refused);
    TEST(hostile_schemas_are_not_followed);
    TEST(depth_is_bounded);
    TEST(the_message_says_what_parquet_does_not);
    TEST(copies_remember_what_arrow_called_it);
    TEST(importing_survives_any_failed_allocation);
    TEST(the_message_survives_any_failed_allocation);
    return test_end();
}
