/* schema_text.h - schemas from text and to text, for tests that need one */
#ifndef CW_TESTS_SCHEMA_TEXT_H
#define CW_TESTS_SCHEMA_TEXT_H

#include "format/parquet/schema/tree.h"
#include "harness.h"

/** To be freed. */
static inline char *text_of(const cw_schema *s)
{
    size_t needed;
    CHECK_INT(cw_schema_text(s, NULL, 0, &needed), CW_OK);
    char *text = malloc(needed + 1);
    REQUIRE(text);
    CHECK_INT(cw_schema_text(s, text, needed + 1, NULL), CW_OK);
    CHECK_INT(strlen(text), needed);
    return text;
}

static inline cw_schema *parsed(const char *text)
{
    cw_schema *s = NULL;
    cw_error err = {0};
    CHECK_OK(cw_schema_parse(&s, text, &err), err);
    REQUIRE(s);
    return s;
}

/** The schema of a message of these fields. */
static inline cw_schema *parsed_fields(const char *fields)
{
    char text[700];
    REQUIRE(snprintf(text, sizeof text, "message m { %s }", fields) < (int)sizeof text);
    return parsed(text);
}

#endif
