/* source.c - metadata as it is read: what pages, indexes and the footer have in common */
#include "format/parquet/meta/source.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

void cw__get_binary(cw__source *s, cw__binary *out)
{
    size_t n;
    const uint8_t *p = cw__thrift_get_binary(&s->t, &n);

    cw__free(out->p);
    *out = (cw__binary){0};
    if (!p)
        return;
    out->p = cw__alloc(n);
    if (!out->p) {
        s->no_memory = s->t.failed = true;
        return;
    }
    if (n)
        memcpy(out->p, p, n);
    out->n = n;
}

char *cw__get_string(cw__source *s)
{
    size_t n;
    const uint8_t *p = cw__thrift_get_binary(&s->t, &n);
    char *text = p ? cw__strndup((const char *)p, n) : NULL;

    if (p && !text)
        s->no_memory = s->t.failed = true;
    return text;
}

void *cw__get_array(cw__source *s, size_t n, size_t size)
{
    void *p = s->t.failed ? NULL : cw__alloc_zero(n * size);

    if (!p)
        s->no_memory |= !s->t.failed;
    s->t.failed |= !p;
    return p;
}

int64_t *cw__get_numbers(cw__source *s, size_t *n)
{
    cw__thrift_type type;
    int64_t *v;

    *n = cw__thrift_get_list(&s->t, &type);
    if (!cw__is_number(type) && *n)
        s->t.failed = true;
    v = cw__get_array(s, *n, sizeof *v);
    for (size_t i = 0; v && i < *n; i++)
        v[i] = cw__thrift_get_int(&s->t);
    return v;
}

cw_status cw__source_answer(const cw__source *s, bool complete, const char *what, cw_error *err)
{
    if (s->no_memory)
        return cw__fail_memory(err, "reading Parquet metadata");
    if (s->t.failed || !complete)
        return cw__fail(err, CW_E_INTEGRITY, "the %s is damaged", what);
    return CW_OK;
}

void cw__get_statistics(cw__source *s, cw__statistics *out)
{
    cw__thrift_type type;
    int16_t id;

    cw__statistics_free(out);
    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (type == CW__THRIFT_BINARY && (id == 1 || id == 2 || id == 5 || id == 6)) {
            bool *has = id == 1   ? &out->has_old_max
                        : id == 2 ? &out->has_old_min
                        : id == 5 ? &out->has_max
                                  : &out->has_min;
            cw__get_binary(s, id == 1   ? &out->old_max
                              : id == 2 ? &out->old_min
                              : id == 5 ? &out->max
                                        : &out->min);
            *has = true;
        } else if (cw__is_number(type) && (id == 3 || id == 4 || id == 9)) {
            int64_t v = cw__thrift_get_int(&s->t);
            *(id == 3 ? &out->null_count : id == 4 ? &out->distinct_count : &out->nan_count) = v;
            *(id == 3   ? &out->has_null_count
              : id == 4 ? &out->has_distinct_count
                        : &out->has_nan_count) = true;
        } else if (cw__is_bool(type) && (id == 7 || id == 8)) {
            *(id == 7 ? &out->max_exact : &out->min_exact) = cw__thrift_get_bool(&s->t);
            out->has_exactness = true;
        } else {
            cw__thrift_skip(&s->t, type);
        }
    }
}
