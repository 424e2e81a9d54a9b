/* json_tape.h - one JSON value as a row of tokens (RFC 8259, strictly) */
#ifndef CW_TOOL_JSON_TAPE_H
#define CW_TOOL_JSON_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_kind {
    JSON_NULL,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NUMBER,
    JSON_STRING, /* at and n: what is between the quotes */
    JSON_LIST,   /* its values follow, up to `next` */
    JSON_OBJECT  /* its names and values follow in turn, up to `next` */
};

struct json_token {
    uint32_t at, n; /* in the text */
    uint32_t next;  /* the token behind this one and all that is in it */
    uint8_t kind;
    bool escaped; /* a string with a backslash in it */
    bool ascii;   /* a string without bytes above 127 */
};

struct json_tape {
    const char *text;
    struct json_token *tokens;
    size_t n, room;
    const char *wrong; /* what is wrong … */
    size_t wrong_at;   /* … and where */
};

/** Read all of text[0..n), with a byte behind it that may be read. The tokens of before are gone.
 */
bool json_read(struct json_tape *t, const char *text, size_t n);
void json_tape_free(struct json_tape *t);

/** The characters of a string; `out` has room for token->n. @return bytes written */
size_t json_unescape(const struct json_tape *t, const struct json_token *s, char *out);

static inline const char *json_bytes(const struct json_tape *t, const struct json_token *token)
{
    return t->text + token->at;
}

#endif
