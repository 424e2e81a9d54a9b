/* arrow_lines.h - Arrow schemas from lines of text, for tests: sound ones and broken ones
 *
 *     +s||
 *      l|id||PARQUET:field_id=7
 *      +l|tags|n|
 *       u|item|n|
 *
 * A blank for each level of depth, then format, name, flags and metadata pairs. The flags:
 *     n nullable    d the dictionary of its parent, no child
 *     r released    f no format    p no name    c no array of children    x a missing child more
 *     - a negative count of children    + an absurd one    o itself as one child more
 *     m metadata with a negative count    M metadata with a negative length
 */
#ifndef CW_TESTS_ARROW_LINES_H
#define CW_TESTS_ARROW_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cloudwriter/arrow_abi.h>

enum { ARROW_LINES_MOST = 300, ARROW_LINES_DEEP = 200 };

typedef struct arrow_lines {
    struct ArrowSchema schemas[ARROW_LINES_MOST];
    size_t depth[ARROW_LINES_MOST];
    size_t count;
    char *text; /* cut into strings */
} arrow_lines;

static inline void arrow_lines_release(struct ArrowSchema *s)
{
    s->release = NULL;
}

static inline void arrow_lines_add_child(struct ArrowSchema *parent, struct ArrowSchema *child)
{
    size_t n = (size_t)parent->n_children;
    parent->children = realloc(parent->children, (n + 1) * sizeof(struct ArrowSchema *));
    if (!parent->children)
        abort();
    parent->children[n] = child;
    parent->n_children++;
}

/* The end of the next part of `line`, which is cut off there. NULL: there is none. */
static inline char *arrow_lines_cut(char **line)
{
    char *part = *line;
    char *bar = part ? strchr(part, '|') : NULL;
    *line = bar ? bar + 1 : NULL;
    if (bar)
        *bar = '\0';
    return part;
}

static inline char *arrow_lines_put(char *to, const char *s, size_t n)
{
    int32_t length = (int32_t)n;
    memcpy(to, &length, sizeof length);
    memcpy(to + sizeof length, s, n);
    return to + sizeof length + n;
}

/* Exactly as long as it says it is, so that reading further is seen. */
static inline char *arrow_lines_metadata(char *pairs, const char *flags)
{
    int32_t count = 0;
    char *metadata = malloc(sizeof count + (pairs ? strlen(pairs) * 8 : 0) + 16);
    char *at = metadata + sizeof count;
    if (!metadata)
        abort();
    for (char *pair; (pair = arrow_lines_cut(&pairs)) != NULL && *pair; count++) {
        char *equals = strchr(pair, '=');
        const char *value = equals ? equals + 1 : "";
        at = arrow_lines_put(at, pair, equals ? (size_t)(equals - pair) : strlen(pair));
        at = arrow_lines_put(at, value, strlen(value));
    }
    if (strchr(flags, 'M')) {
        int32_t length = -1;
        memcpy(at, &length, sizeof length);
        at += sizeof length;
        count++;
    }
    if (strchr(flags, 'm'))
        count = -1;
    memcpy(metadata, &count, sizeof count);
    char *exact = realloc(metadata, (size_t)(at - metadata));
    return exact ? exact : metadata;
}

/* Flags that have to wait until all children are there. */
static inline void arrow_lines_break(struct ArrowSchema *s, const char *flags)
{
    if (strchr(flags, 'r'))
        s->release = NULL;
    if (strchr(flags, 'f'))
        s->format = NULL;
    if (strchr(flags, 'p'))
        s->name = NULL;
    if (strchr(flags, 'x'))
        arrow_lines_add_child(s, NULL);
    if (strchr(flags, 'o'))
        arrow_lines_add_child(s, s);
    if (strchr(flags, 'c')) {
        free(s->children);
        s->children = NULL;
    }
    if (strchr(flags, '-'))
        s->n_children = -1;
    if (strchr(flags, '+'))
        s->n_children = INT64_MAX;
}

static inline void arrow_lines_place(arrow_lines *a, size_t i, const char *flags)
{
    for (size_t up = i; up-- > 0;)
        if (a->depth[up] < a->depth[i]) {
            if (strchr(flags, 'd'))
                a->schemas[up].dictionary = &a->schemas[i];
            else
                arrow_lines_add_child(&a->schemas[up], &a->schemas[i]);
            return;
        }
}

/** The first line is the root. Lines after the most there can be are left out. */
static inline arrow_lines *arrow_lines_new(const char *text)
{
    const char *flags[ARROW_LINES_MOST];
    arrow_lines *a = calloc(1, sizeof *a);
    if (!a || !(a->text = strdup(text)))
        abort();
    for (char *line = a->text, *next; line && a->count < ARROW_LINES_MOST; line = next) {
        struct ArrowSchema *s = &a->schemas[a->count];
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (!*line)
            continue;
        while (*line == ' ' && a->depth[a->count] < ARROW_LINES_DEEP) {
            a->depth[a->count]++;
            line++;
        }
        s->format = arrow_lines_cut(&line);
        s->name = arrow_lines_cut(&line);
        flags[a->count] = arrow_lines_cut(&line);
        if (!flags[a->count])
            flags[a->count] = "";
        if ((line && *line) || strpbrk(flags[a->count], "mM"))
            s->metadata = arrow_lines_metadata(line, flags[a->count]);
        s->flags = strchr(flags[a->count], 'n') ? ARROW_FLAG_NULLABLE : 0;
        s->release = arrow_lines_release;
        arrow_lines_place(a, a->count, flags[a->count]);
        a->count++;
    }
    for (size_t i = 0; i < a->count; i++)
        arrow_lines_break(&a->schemas[i], flags[i]);
    return a;
}

static inline void arrow_lines_free(arrow_lines *a)
{
    for (size_t i = 0; i < a->count; i++) {
        free(a->schemas[i].children);
        free((void *)(uintptr_t)a->schemas[i].metadata);
    }
    free(a->text);
    free(a);
}

#endif
