/* lending.c - arrays of a batch whose values may stay where they are after the call */
#include "format/parquet/in/lending.h"

#include "format/parquet/in/gather.h"

/* Smaller ones are copied sooner than kept, and would be many. */
enum { WORTH_KEEPING = 64 << 10 };

/* An array can be moved once: if it is there twice, though Arrow forbids that, one is copied. */
static bool is_lent(const cw__lendings *x, const struct ArrowArray *a)
{
    size_t i = 0;

    while (i < x->n && x->all[i].array != a)
        i++;
    return i < x->n;
}

/* Offsets are kept along with texts. */
static bool is_worth(const cw__view *v)
{
    const size_t least = v->layout == CW__LAYOUT_BYTES64 ? 2 * sizeof(int64_t) : sizeof(int32_t);
    const uint64_t n = (uint64_t)v->length;

    if (v->layout == CW__LAYOUT_FIXED)
        return (v->width == 4 || v->width == 8) && n * v->width >= WORTH_KEEPING;
    const uint64_t bytes = n ? cw__gather_bytes(v, 0, (size_t)n) : 0;
    return bytes >= WORTH_KEEPING && bytes / least >= n;
}

bool cw__lend(cw__lendings *x, cw__view *v, const struct ArrowArray *a)
{
    if (!is_worth(v) || is_lent(x, a))
        return true;
    v->loan = cw__loan_new();
    if (!v->loan)
        return false;
    x->all[x->n++] = (cw__lending){v->loan, a};
    return true;
}

/* Arrow lets arrays be moved out of the one above, which is released without them. */
void cw__lendings_settle(cw__lendings *x, bool moves)
{
    for (size_t i = 0; i < x->n; i++) {
        cw__loan *loan = x->all[i].loan;
        struct ArrowArray *array = (struct ArrowArray *)(uintptr_t)x->all[i].array;
        if (moves && loan->holders > 1) {
            loan->array = *array;
            array->release = NULL;
        }
        cw__loan_let_go(loan);
    }
    x->n = 0;
}
