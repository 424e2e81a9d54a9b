/* pieces.c - bytes one after the other: copied, or lent from where they lie */
#include "format/parquet/column/pieces.h"

#include <string.h>

#include "base/memory.h"

/* Less is copied sooner than it is handed on by itself. */
enum { WORTH_LENDING = 4096 };

bool cw__pieces_add(cw__pieces *x, const void *p, size_t n)
{
    if (!cw__grow(&x->own, n))
        return false;
    if (n)
        memcpy(x->own.p + x->own.n, p, n);
    x->own.n += n;
    x->n += n;
    return true;
}

static bool add_lent(cw__pieces *x, size_t behind, const uint8_t *p, size_t n)
{
    cw__lent *lent = cw__array_grow(x->lent, x->lent_count, &x->lent_room, sizeof *lent, 16);

    if (!lent)
        return false;
    x->lent = lent;
    x->lent[x->lent_count++] = (cw__lent){behind, p, n};
    return true;
}

bool cw__pieces_lend(cw__pieces *x, const void *p, size_t n)
{
    if (n < WORTH_LENDING)
        return cw__pieces_add(x, p, n);
    if (!add_lent(x, x->own.n, p, n))
        return false;
    x->n += n;
    return true;
}

bool cw__pieces_join(cw__pieces *x, const cw__pieces *more)
{
    size_t before = x->own.n, n = x->n + more->n;

    if (!cw__pieces_add(x, more->own.p, more->own.n))
        return false;
    for (size_t i = 0; i < more->lent_count; i++)
        if (!add_lent(x, before + more->lent[i].behind, more->lent[i].p, more->lent[i].n))
            return false;
    x->n = n;
    return true;
}

const uint8_t *cw__pieces_at(const cw__pieces *x, size_t i, size_t *n)
{
    size_t k = i / 2, from = k ? x->lent[k - 1].behind : 0;

    if (i % 2) {
        *n = x->lent[k].n;
        return x->lent[k].p;
    }
    *n = (k < x->lent_count ? x->lent[k].behind : x->own.n) - from;
    return *n ? x->own.p + from : NULL;
}

size_t cw__pieces_room(const cw__pieces *x)
{
    return x->own.room + x->lent_room * sizeof *x->lent;
}

void cw__pieces_reset(cw__pieces *x)
{
    x->n = x->own.n = x->lent_count = 0;
}

void cw__pieces_free(cw__pieces *x)
{
    cw__grown_free(&x->own);
    cw__free(x->lent);
    memset(x, 0, sizeof *x);
}
