/* spans.c - values of a column that stay where they lie, in memory that is on loan */
#include "format/parquet/column/spans.h"

#include <string.h>

#include "base/memory.h"
#include "base/thread.h"

/* ---- loans ---- */

cw__loan *cw__loan_new(void)
{
    cw__loan *loan = cw__alloc_zero(sizeof *loan);

    if (!loan)
        return NULL;
    loan->holders = 1;
    loan->fork_generation = cw__fork_generation();
    return loan;
}

void cw__loan_let_go(cw__loan *loan)
{
    if (--loan->holders > 0)
        return;
    if (loan->array.release && loan->fork_generation == cw__fork_generation())
        loan->array.release(&loan->array);
    cw__free(loan);
}

/* Calls bring one array of a column each: if it is held it is the last. */
static bool hold(cw__spans *x, cw__loan *loan)
{
    if (x->loan_count && x->loans[x->loan_count - 1] == loan)
        return true;
    cw__loan **more = cw__array_grow(x->loans, x->loan_count, &x->loan_room, sizeof(cw__loan *), 8);
    if (!more)
        return false;
    x->loans = more;
    x->loans[x->loan_count++] = loan;
    loan->holders++;
    return true;
}

/* ---- spans ---- */

static bool add(cw__spans *x, cw__span span)
{
    cw__span *more = cw__array_grow(x->all, x->count, &x->room, sizeof *more, 8);

    if (!more)
        return false;
    x->all = more;
    x->all[x->count++] = span;
    return true;
}

/* Whether the next values are those behind the last span, wherever that is. */
static bool goes_on(const cw__spans *x, const uint8_t *lent, size_t at)
{
    const cw__span *last = x->count ? &x->all[x->count - 1] : NULL;

    if (!last || last->there || !last->lent != !lent)
        return false;
    return lent ? last->lent + last->bytes == lent : last->at + last->bytes == at;
}

static bool add_or_extend(cw__spans *x, cw__span span)
{
    if (!goes_on(x, span.lent, span.at))
        return add(x, span);
    x->all[x->count - 1].n += span.n;
    x->all[x->count - 1].bytes += span.bytes;
    return true;
}

/* Where the others are, if no span says so yet. */
static bool begin(cw__spans *x, size_t count)
{
    return x->count > 0 || count == 0 || add(x, (cw__span){.n = count});
}

bool cw__spans_lend(cw__spans *x, cw__loan *loan, const uint8_t *p, size_t bytes, size_t n,
                    size_t count)
{
    const cw__span span = {.lent = p, .first = count, .n = n, .bytes = bytes};

    if (!begin(x, count) || !hold(x, loan) || !add_or_extend(x, span))
        return false;
    x->lent += bytes;
    return true;
}

bool cw__spans_wait(cw__spans *x, cw__loan *loan, const cw__span *span, size_t bytes)
{
    if (!begin(x, span->first) || !hold(x, loan) || !add(x, *span))
        return false;
    x->lent += bytes;
    x->waiting += bytes;
    return true;
}

bool cw__spans_own(cw__spans *x, size_t at, size_t bytes, size_t n, size_t count)
{
    return add_or_extend(x, (cw__span){.at = at, .first = count, .n = n, .bytes = bytes});
}

const cw__span *cw__spans_find(const cw__spans *x, size_t i)
{
    size_t low = 0, high = x->count - 1;

    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (x->all[middle].first <= i)
            low = middle;
        else
            high = middle - 1;
    }
    return &x->all[low];
}

void cw__spans_reset(cw__spans *x)
{
    for (size_t i = 0; i < x->loan_count; i++)
        cw__loan_let_go(x->loans[i]);
    x->count = x->loan_count = x->lent = x->waiting = 0;
    x->picked = false;
}

void cw__spans_free(cw__spans *x)
{
    cw__spans_reset(x);
    cw__free(x->all);
    cw__free(x->loans);
    memset(x, 0, sizeof *x);
}
