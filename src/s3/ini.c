/* ini.c - the lines of the shared AWS files, as the AWS tools read them
 *
 * A setting is told when it is known to be over: at the next key, the next section, or the end.
 * Values may be secrets, so the text that one is gathered in is wiped.
 */
#include "s3/ini.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

typedef struct span {
    const char *p;
    size_t n;
} span;

typedef struct reader {
    const char *path;
    size_t line; /* its number, from 1 */
    cw__text section, key, value;
    size_t key_indent;
    bool in_section, in_key, told; /* told: by its nested settings */
    cw__ini_take take;
    void *user;
} reader;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static span trimmed(span s)
{
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    return s;
}

/* Up to a comment that follows a blank. */
static span without_comment(span s)
{
    for (size_t i = 1; i < s.n; i++)
        if ((s.p[i] == '#' || s.p[i] == ';') && is_blank(s.p[i - 1]))
            s.n = i;
    return s;
}

/* A secret that was gathered here must not stay in memory that is given back. */
static void set_text(cw__text *t, const char *p, size_t n)
{
    cw__wipe(t->p, t->n);
    cw__text_reset(t);
    cw__text_add_n(t, p, n);
}

static void set_lower(cw__text *t, span s)
{
    cw__text_reset(t);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        cw__text_add_char(t, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
}

static cw_status complain(const reader *r, const char *what, cw_error *err)
{
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "line %zu of %s %s", r->line, r->path, what);
}

static cw_status out_of_memory(const reader *r, cw_error *err)
{
    (void)r;
    return cw__fail_memory(err, "reading the AWS config files");
}

static bool tell(reader *r, const char *nested, const char *value)
{
    cw__ini_item item = {cw__text_str(&r->section), cw__text_str(&r->key), nested, value};
    if (r->section.failed || r->key.failed || r->value.failed)
        return false;
    return r->take(r->user, &item);
}

/* The setting being gathered is over. */
static bool end_key(reader *r)
{
    bool ok = !r->in_key || r->told || tell(r, NULL, cw__text_str(&r->value));
    r->in_key = false;
    return ok;
}

/* "key = value" (the AWS tools take a colon too); false when it is none. */
static bool split_setting(span line, span *key, span *value)
{
    size_t i = 0;
    while (i < line.n && line.p[i] != '=' && line.p[i] != ':')
        i++;
    if (i == line.n)
        return false;
    *key = trimmed((span){line.p, i});
    *value = trimmed(without_comment((span){line.p + i + 1, line.n - i - 1}));
    return key->n > 0;
}

static cw_status read_section(reader *r, span line, cw_error *err)
{
    const char *close = memchr(line.p, ']', line.n);
    if (!close)
        return complain(r, "opens a section with '[' and does not close it with ']'", err);
    span name = trimmed((span){line.p + 1, (size_t)(close - line.p) - 1});
    cw__text_reset(&r->section);
    for (size_t i = 0; i < name.n; i++)
        if (!is_blank(name.p[i]))
            cw__text_add_char(&r->section, name.p[i]);
        else if (!is_blank(name.p[i - 1]))
            cw__text_add_char(&r->section, ' ');
    r->in_section = true;
    cw__text_reset(&r->key);
    return tell(r, NULL, "") ? CW_OK : out_of_memory(r, err);
}

static cw_status read_setting(reader *r, span line, size_t indent, cw_error *err)
{
    span key, value;
    if (!split_setting(line, &key, &value))
        return complain(r, "is neither a [section], a key = value, nor a # comment", err);
    if (!r->in_section)
        return complain(r, "has a setting before the first [section]", err);
    set_lower(&r->key, key);
    set_text(&r->value, value.p, value.n);
    r->in_key = true;
    r->told = false;
    r->key_indent = indent;
    return CW_OK;
}

/* A line that is indented further than the key above it: nested, or one more line of its value. */
static cw_status read_indented(reader *r, span line, cw_error *err)
{
    span key, value;
    cw__text name = {0}, text = {0};
    bool ok = true;
    if (r->value.n == 0 && split_setting(line, &key, &value)) {
        r->told = true;
        set_lower(&name, key);
        cw__text_add_n(&text, value.p, value.n);
        ok = !name.failed && !text.failed && tell(r, cw__text_str(&name), cw__text_str(&text));
    } else {
        line = trimmed(without_comment(line));
        cw__text_add_char(&r->value, '\n');
        cw__text_add_n(&r->value, line.p, line.n);
    }
    cw__text_free(&name);
    cw__wipe(text.p, text.n);
    cw__text_free(&text);
    return ok ? CW_OK : out_of_memory(r, err);
}

static cw_status read_line(reader *r, span raw, cw_error *err)
{
    span line = trimmed(raw);
    if (memchr(raw.p, '\0', raw.n))
        return complain(r, "is not text", err);
    if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
        return CW_OK;
    size_t indent = (size_t)(line.p - raw.p);
    if (r->in_key && indent > r->key_indent)
        return read_indented(r, line, err);
    if (!end_key(r))
        return out_of_memory(r, err);
    return line.p[0] == '[' ? read_section(r, line, err) : read_setting(r, line, indent, err);
}

static span without_mark(const char *text, size_t n)
{
    static const char mark[] = "\xEF\xBB\xBF";
    if (n >= 3 && memcmp(text, mark, 3) == 0)
        return (span){text + 3, n - 3};
    return (span){text, n};
}

cw_status cw__ini_read(const char *text, size_t n, const char *path, cw__ini_take take, void *user,
                       cw_error *err)
{
    reader r = {.path = path, .take = take, .user = user};
    cw_status status = CW_OK;
    span left = without_mark(text, n);
    while (left.n > 0 && status == CW_OK) {
        const char *newline = memchr(left.p, '\n', left.n);
        size_t used = newline ? (size_t)(newline - left.p) : left.n;
        r.line++;
        status = read_line(&r, (span){left.p, used}, err);
        used += newline != NULL;
        left = (span){left.p + used, left.n - used};
    }
    if (status == CW_OK && !end_key(&r))
        status = out_of_memory(&r, err);
    cw__wipe(r.value.p, r.value.n);
    cw__text_free(&r.value);
    cw__text_free(&r.key);
    cw__text_free(&r.section);
    return status;
}
