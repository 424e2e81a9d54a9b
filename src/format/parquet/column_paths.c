/* column_paths.c - leaf columns by the paths that a user writes */
#include "format/parquet/column_paths.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

enum { MOST_HINTS = 3, LONGEST = 64, NEAR = 2 };

/* How many characters to change, add or leave out to make one of the other; LONGEST if too long. */
static size_t distance(const char *a, const char *b)
{
    size_t row[LONGEST + 1];
    size_t an = strlen(a), bn = strlen(b);

    if (an > LONGEST || bn > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= bn; j++)
        row[j] = j;
    for (size_t i = 1; i <= an; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= bn; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);

            corner = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[bn];
}

static bool lies_below(const char *path, const char *group)
{
    size_t n = strlen(group);

    return n > 0 && strncmp(path, group, n) == 0 && path[n] == '.';
}

static bool may_be_meant(const char *path, const char *written)
{
    return lies_below(path, written) || cw__equal_nocase(path, written) ||
           distance(path, written) <= NEAR;
}

static cw_status not_found(const cw_schema *schema, const char *path, cw_error *err)
{
    int hints = 0;

    cw__fail(err, CW_E_INVALID_ARGUMENT, "the schema has no leaf column '%s'", path);
    for (size_t i = 0; i < schema->leaf_count && hints < MOST_HINTS; i++)
        if (may_be_meant(schema->leaves[i].path, path))
            cw__error_append(err, "%s '%s'", hints++ ? "or" : "- did you mean",
                             schema->leaves[i].path);
    return CW_E_INVALID_ARGUMENT;
}

cw_status cw__leaf_find(const cw__leaf **out, const cw_schema *schema, const char *path,
                        const cw__leaf *after, cw_error *err)
{
    size_t first = after ? after->index + 1 : 0;

    if (!path)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "the path of a column is NULL");
    for (size_t i = 0; i < schema->leaf_count; i++) {
        const cw__leaf *leaf = &schema->leaves[(first + i) % schema->leaf_count];

        if (strcmp(leaf->path, path) == 0) {
            *out = leaf;
            return CW_OK;
        }
    }
    return not_found(schema, path, err);
}
