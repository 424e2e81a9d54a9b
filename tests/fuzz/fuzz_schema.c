/* fuzz_schema.c - read any schema, from text or from Arrow
 *
 * Input: the text form; or, after a first line "arrow", the lines of ../arrow_lines.h. What is
 * taken has a text form that gives the same schema, a copy that is the same, and an ARROW:schema.
 */
#include "fuzz.h"

#include <string.h>

#include "../arrow_lines.h"
#include "base/text.h"
#include "format/parquet/schema/arrow_ipc.h"
#include "format/parquet/schema/tree.h"

static const char arrow[] = "arrow\n";

static char *text_of(const cw_schema *s)
{
    size_t needed, again;
    MUST(cw_schema_text(s, NULL, 0, &needed) == CW_OK);
    char *text = malloc(needed + 1);
    MUST(text);
    MUST(cw_schema_text(s, text, needed + 1, &again) == CW_OK && again == needed);
    MUST(strlen(text) == needed);
    return text;
}

static void check_leaves(const cw_schema *s)
{
    MUST(s->finished && s->leaf_count > 0 && s->leaf_count == cw_schema_leaves(s));
    MUST(s->root.leaf_count == s->leaf_count);
    for (size_t i = 0; i < s->leaf_count; i++) {
        const cw__leaf *leaf = &s->leaves[i];
        MUST(leaf->index == i && leaf->node->first_leaf == i && leaf->path[0]);
        MUST(leaf->max_rep <= leaf->max_def && leaf->max_def <= CW__MAX_LEVEL);
        MUST((leaf->width == 0) == (leaf->physical == CW__BYTE_ARRAY));
    }
}

static void check_schema(const cw_schema *s)
{
    cw_schema *again, *copy;
    cw_error err;
    cw__text ipc = {0};
    char *text = text_of(s);
    check_leaves(s);
    MUST(cw_schema_parse(&again, text, &err) == CW_OK);
    MUST(cw__schema_same_types(s, again));
    MUST(cw__schema_copy(&copy, s, &err) == CW_OK);
    char *text_again = text_of(again), *text_of_copy = text_of(copy);
    MUST(strcmp(text, text_again) == 0 && strcmp(text, text_of_copy) == 0);
    MUST(cw__arrow_ipc_schema(&ipc, s, &err) == CW_OK && ipc.n % 4 == 0);
    cw__text_free(&ipc);
    free(text);
    free(text_again);
    free(text_of_copy);
    cw_schema_free(again);
    cw_schema_free(copy);
}

static void check_outcome(cw_schema *s, cw_status status, const cw_error *err, const char *begins)
{
    if (status == CW_OK) {
        check_schema(s);
        cw_schema_free(s);
        return;
    }
    MUST(!s && status == err->status);
    MUST(status == CW_E_INVALID_ARGUMENT || status == CW_E_UNSUPPORTED);
    MUST(strncmp(err->message, begins, strlen(begins)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cw_schema *s = NULL;
    cw_error err = {0};
    char *text = malloc(size + 1);
    MUST(text);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    if (strncmp(text, arrow, strlen(arrow)) == 0) {
        arrow_lines *lines = arrow_lines_new(text + strlen(arrow));
        cw_status status = cw_schema_from_arrow(&s, lines->schemas, &err);
        check_outcome(s, status, &err, "");
        arrow_lines_free(lines);
    } else {
        cw_status status = cw_schema_parse(&s, text, &err);
        check_outcome(s, status, &err, "line ");
    }
    free(text);
    return 0;
}
