/* xml.c - reading and writing the little XML that S3 speaks
 *
 * The reader is a cursor over elements, text, entities, comments and the declaration; no DTD, no
 * CDATA. What is not well-formed sets `bad` and ends.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static ts_xml_event fail(ts_xml *x)
{
    x->bad = true;
    return TS_XML_END;
}

void ts_xml_start(ts_xml *x, const void *p, size_t n)
{
    memset(x, 0, sizeof *x);
    x->at = p;
    x->end = x->at + n;
}

void ts_xml_free(ts_xml *x)
{
    ts_buf_free(&x->text);
}

static bool add_entity(ts_xml *x)
{
    static const char *const named[][2] = {
        {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}};
    size_t left = (size_t)(x->end - x->at);

    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        size_t n = strlen(named[i][0]);

        if (left >= n && !memcmp(x->at, named[i][0], n)) {
            ts_buf_puts(&x->text, named[i][1]);
            x->at += n;
            return true;
        }
    }
    const char *semi = memchr(x->at, ';', left < 12 ? left : 12);
    if (!semi || x->at[1] != '#')
        return false;
    bool hex = x->at[2] == 'x';
    unsigned long v = strtoul(x->at + (hex ? 3 : 2), NULL, hex ? 16 : 10);
    if (v == 0 || v > 0x7f)
        return false;
    char c = (char)v;
    ts_buf_add(&x->text, &c, 1);
    x->at = semi + 1;
    return true;
}

/* Text up to the next '<'. */
static bool read_text(ts_xml *x)
{
    x->text.len = 0;
    ts_buf_puts(&x->text, "");
    while (x->at < x->end && *x->at != '<') {
        if (*x->at == '&') {
            if (!add_entity(x))
                return false;
        } else {
            ts_buf_add(&x->text, x->at++, 1);
        }
    }
    return true;
}

/* Past the next `what`, which ends in '>'. */
static bool skip_past(ts_xml *x, const char *what)
{
    size_t n = strlen(what);
    const char *p = x->at;

    while ((p = memchr(p, '>', (size_t)(x->end - p)))) {
        p++;
        if ((size_t)(p - x->at) >= n && !memcmp(p - n, what, n)) {
            x->at = p;
            return true;
        }
    }
    return false;
}

static bool take_name(ts_xml *x)
{
    const char *from = x->at, *colon;
    size_t n = 0;

    while (from + n < x->end && !strchr(" \t\r\n/><", from[n]))
        n++;
    x->at += n;
    colon = memchr(from, ':', n);
    if (colon) {
        n -= (size_t)(colon + 1 - from);
        from = colon + 1;
    }
    if (n == 0 || n >= sizeof x->name)
        return false;
    memcpy(x->name, from, n);
    x->name[n] = 0;
    return true;
}

static ts_xml_event close_tag(ts_xml *x)
{
    if (x->depth == 0 || strcmp(x->stack[x->depth - 1], x->name) != 0)
        return fail(x);
    x->depth--;
    return TS_XML_CLOSE;
}

static ts_xml_event open_tag(ts_xml *x)
{
    if (!take_name(x) || x->depth == 8 || (x->depth == 0 && x->rooted))
        return fail(x);
    x->rooted = true;
    memcpy(x->stack[x->depth++], x->name, sizeof x->name);
    if (!skip_past(x, ">"))
        return fail(x);
    x->empty = x->at[-2] == '/';
    return TS_XML_OPEN;
}

ts_xml_event ts_xml_next(ts_xml *x)
{
    if (x->empty) {
        x->empty = false;
        x->text.len = 0;
        ts_buf_puts(&x->text, "");
        memcpy(x->name, x->stack[x->depth - 1], sizeof x->name);
        return close_tag(x);
    }
    for (;;) {
        if (!read_text(x))
            return fail(x);
        if (x->depth == 0 && x->text.len != strspn(x->text.data, " \t\r\n"))
            return fail(x);
        size_t left = (size_t)(x->end - x->at);
        if (left == 0)
            return x->depth || !x->rooted ? fail(x) : TS_XML_END;
        if (left > 4 && !memcmp(x->at, "<?", 2)) {
            if (!skip_past(x, "?>"))
                return fail(x);
        } else if (left > 4 && !memcmp(x->at, "<!--", 4)) {
            if (!skip_past(x, "-->"))
                return fail(x);
        } else {
            break;
        }
    }
    x->at++;
    if (x->at < x->end && *x->at == '/') {
        x->at++;
        if (!take_name(x) || !skip_past(x, ">"))
            return fail(x);
        return close_tag(x);
    }
    return open_tag(x);
}

void ts_xml_begin(ts_buf *b, const char *root)
{
    ts_buf_puts(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if (root)
        ts_buf_printf(b, "<%s xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", root);
}

void ts_xml_element(ts_buf *b, const char *name, const char *text)
{
    ts_buf_printf(b, "<%s>", name);
    ts_buf_xml(b, text);
    ts_buf_printf(b, "</%s>", name);
}

void ts_xml_etag(ts_buf *b, const ts_request *q, const char *etag)
{
    if (q->plan.empty_etag)
        ts_buf_puts(b, "<ETag></ETag>");
    else
        ts_buf_printf(b, "<ETag>&quot;%s&quot;</ETag>", etag);
}
