/* builder.c - values gathered one after the other into Arrow's plain layout, field by field */
#include "format/parquet/in/builder.h"

#include <string.h>

#include "base/memory.h"
#include "format/parquet/in/gather.h"

bool cw__builder_init(cw__builder *b, const cw__node *node)
{
    memset(b, 0, sizeof *b);
    b->node = node;
    b->width = cw__c_width(node);
    if (node->child_count == 0)
        return true;
    b->children = cw__alloc_zero(node->child_count * sizeof *b->children);
    for (size_t i = 0; b->children && i < node->child_count; i++)
        if (!cw__builder_init(&b->children[i], node->children[i]))
            return false;
    return b->children != NULL;
}

void cw__builder_free(cw__builder *b)
{
    for (size_t i = 0; b->children && i < b->node->child_count; i++)
        cw__builder_free(&b->children[i]);
    cw__free(b->children);
    cw__grown_free(&b->validity);
    cw__grown_free(&b->values);
    cw__grown_free(&b->offsets);
    b->children = NULL;
}

void cw__builder_reset(cw__builder *b)
{
    for (size_t i = 0; b->children && i < b->node->child_count; i++)
        cw__builder_reset(&b->children[i]);
    b->n = 0;
    b->has_nulls = false;
    b->validity.n = b->values.n = b->offsets.n = 0;
}

/* ---- bits ---- */

static bool add_bit(cw__grown *bits, size_t n, bool v)
{
    if (n % 8 == 0) {
        if (!cw__grow(bits, 1))
            return false;
        bits->p[bits->n++] = 0;
    }
    if (v)
        bits->p[n / 8] |= (uint8_t)(1u << n % 8);
    return true;
}

/* The first null: all before it were there. */
static bool begin_validity(cw__builder *b)
{
    size_t bytes = (b->n + 7) / 8;

    if (!cw__grow(&b->validity, bytes + 1))
        return false;
    memset(b->validity.p, 0xFF, bytes);
    if (b->n % 8)
        b->validity.p[bytes - 1] = (uint8_t)((1u << b->n % 8) - 1);
    b->validity.n = bytes;
    b->has_nulls = true;
    return true;
}

static bool mark(cw__builder *b, bool there)
{
    if (!there && !b->has_nulls && !begin_validity(b))
        return false;
    if (b->has_nulls && !add_bit(&b->validity, b->n, there))
        return false;
    b->n++;
    return true;
}

/* ---- values ---- */

static bool has_offsets(const cw__builder *b)
{
    return cw__is_repeated(b->node) ||
           (!cw__is_group(b->node->type) && b->width == 0 && b->node->type != CW_TYPE_BOOL &&
            b->node->type != CW_TYPE_NONE);
}

static bool add_offset(cw__builder *b, size_t end)
{
    int32_t zero = 0, at = (int32_t)end;

    if (end > INT32_MAX || !cw__grow(&b->offsets, 2 * sizeof at))
        return false;
    if (b->offsets.n == 0) {
        memcpy(b->offsets.p, &zero, sizeof zero);
        b->offsets.n = sizeof zero;
    }
    memcpy(b->offsets.p + b->offsets.n, &at, sizeof at);
    b->offsets.n += sizeof at;
    return true;
}

static bool add_zeros(cw__grown *g, size_t n)
{
    if (!cw__grow(g, n))
        return false;
    memset(g->p + g->n, 0, n);
    g->n += n;
    return true;
}

static bool null_value(cw__builder *b)
{
    if (cw__is_repeated(b->node))
        return add_offset(b, b->children[0].n);
    if (has_offsets(b))
        return add_offset(b, b->values.n);
    if (b->node->type == CW_TYPE_BOOL)
        return add_bit(&b->values, b->n, false);
    for (size_t i = 0; i < b->node->child_count; i++)
        if (!cw__builder_null(&b->children[i]))
            return false;
    return b->width == 0 || add_zeros(&b->values, b->width);
}

bool cw__builder_null(cw__builder *b)
{
    return null_value(b) && mark(b, false);
}

bool cw__builder_fixed(cw__builder *b, const void *p)
{
    if (!cw__grow(&b->values, b->width))
        return false;
    memcpy(b->values.p + b->values.n, p, b->width);
    b->values.n += b->width;
    return mark(b, true);
}

bool cw__builder_bool(cw__builder *b, bool v)
{
    return add_bit(&b->values, b->n, v) && mark(b, true);
}

bool cw__builder_bytes(cw__builder *b, const void *p, size_t n)
{
    if (n > INT32_MAX || !cw__grow(&b->values, n))
        return false;
    if (n)
        memcpy(b->values.p + b->values.n, p, n);
    b->values.n += n;
    return add_offset(b, b->values.n) && mark(b, true);
}

bool cw__builder_list(cw__builder *b)
{
    return add_offset(b, b->children[0].n) && mark(b, true);
}

bool cw__builder_struct(cw__builder *b)
{
    return mark(b, true);
}

/* ---- views ---- */

static cw__layout layout_of(const cw__builder *b)
{
    if (cw__is_repeated(b->node))
        return CW__LAYOUT_LIST32;
    if (cw__is_group(b->node->type))
        return CW__LAYOUT_STRUCT;
    if (b->node->type == CW_TYPE_NONE)
        return CW__LAYOUT_NULL;
    if (b->node->type == CW_TYPE_BOOL)
        return CW__LAYOUT_BITS;
    return b->width ? CW__LAYOUT_FIXED : CW__LAYOUT_BYTES32;
}

void cw__builder_view(const cw__builder *b, cw__view *view, cw__view **pool)
{
    static const int32_t none[2] = {0, 0};

    *view = (cw__view){.node = b->node,
                       .layout = layout_of(b),
                       .width = b->width,
                       .length = (int64_t)b->n,
                       .validity = b->has_nulls ? b->validity.p : NULL,
                       .values = b->values.p,
                       .offsets = b->offsets.n ? (const void *)b->offsets.p : none,
                       .values_bytes = (int64_t)b->values.n,
                       .scale = 1};
    view->child_count = b->node->child_count;
    view->children = *pool;
    *pool += view->child_count;
    for (size_t i = 0; i < view->child_count; i++)
        cw__builder_view(&b->children[i], &view->children[i], pool);
}
