/* guess.h - the type of a column, from values that were seen
 *
 * Every value adds to what the type has to hold; the guess is the narrowest type that holds all of
 * them exactly. What has no such type but text is text, or, of JSON, json.
 *
 *     true, false              boolean
 *     whole numbers            int64, or uint64, not with a zero or a plus in front
 *     numbers                  double, as long as the whole ones among them fit exactly
 *     2026-01-31               date
 *     12:30, 12:30:59.25       time(us,local)
 *     2026-01-31 12:30:59      timestamp(us,local), or (us,utc) if all have a zone; ns if need be,
 *                            and if none is before 1677 or after 2262
 *     lists, objects           list, struct
 */
#ifndef CW_TOOL_GUESS_H
#define CW_TOOL_GUESS_H

#include "table/json_tape.h"
#include <cloudwriter/schema.h>
#include <stdbool.h>

struct guess {
    char *name; /* of a member of an object; else NULL */
    unsigned seen;
    bool is_json;          /* what does not fit becomes json, not text */
    bool negative;         /* an integer was */
    bool beyond;           /* an integer that no double has */
    bool nanos;            /* a time finer than a microsecond */
    bool far;              /* a date or time beyond what nanoseconds reach */
    struct guess *members; /* of objects; of lists one */
    size_t member_count, member_room;
};

void guess_text(struct guess *g, const char *p, size_t n);
void guess_json(struct guess *g, const struct json_tape *t, size_t token);
void guess_free(struct guess *g);

/** Add the field that was guessed, nullable, to a schema. */
cw_status guess_add(const struct guess *g, const char *name, cw_schema *s, cw_error *err);

/** The members of the objects that were seen, as the columns of a schema. */
cw_status guess_add_members(const struct guess *g, cw_schema *s, cw_error *err);

#endif
