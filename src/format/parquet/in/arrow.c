/* arrow.c - Arrow arrays as views, every count, buffer and type checked before it is followed
 *
 * What is checked: numbers of buffers and children, lengths and offsets that are negative or too
 * large for the arrays below, offsets that fall, views and indices beyond what they point into. How
 * long a buffer is Arrow does not say, so that cannot be.
 *
 * An array's offset counts into its own buffers; a struct's counts into its children as well.
 */
#include "format/parquet/in/arrow.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "format/parquet/in/gather.h"
#include "format/parquet/in/lending.h"
#include "format/parquet/in/walk.h"

struct cw__arrow_views {
    cw__view *columns;
    cw__view *pool; /* of all views below them */
    size_t pool_n, pool_room;
    cw__lendings lendings;
};

typedef struct viewing {
    cw__arrow_views *views;
    cw_error *err;
    const cw__node *wrapped; /* the node that was last reached through indices or runs */
    unsigned wrappings;      /* how many times over */
    unsigned within;         /* how many dictionaries and runs */
} viewing;

#define MOST_VALUES (INT64_C(1) << 40)

/* ---- saying what is wrong ---- */

static cw_status CW_PRINTF(3, 4)
    refuse(const viewing *k, const cw__node *node, const char *fmt, ...)
{
    char where[CW__WHERE_BYTES], why[200];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    cw__node_where(node, where, sizeof where);
    return cw__fail(k->err, CW_E_INVALID_ARGUMENT, "Arrow data of column '%s': %s", where, why);
}

static cw_status unfit(const viewing *k, const cw__node *node, const char *format)
{
    return refuse(k, node, "format '%s' does not fit the field's type, %s", format,
                  cw__type_name(node->type));
}

/* ---- memory ---- */

/* Each node may have a view of its own, and runs and indices around it; the shredder has room for
   no more. */
enum { MOST_WRAPPINGS = 2, VIEWS_OF_NODE = MOST_WRAPPINGS + 1 };

static cw_status make_views(cw__arrow_views **views, const cw_schema *schema, cw_error *err)
{
    cw__arrow_views *v = cw__alloc_zero(sizeof *v);

    if (v) {
        v->pool_room = VIEWS_OF_NODE * cw__node_count(&schema->root);
        v->columns = cw__alloc_zero((schema->root.child_count + 1) * sizeof *v->columns);
        v->pool = cw__alloc_zero(v->pool_room * sizeof *v->pool);
        v->lendings.all = cw__alloc_zero(v->pool_room * sizeof *v->lendings.all);
    }
    if (!v || !v->columns || !v->pool || !v->lendings.all) {
        cw__arrow_views_free(v);
        return cw__fail_memory(err, "looking at Arrow data");
    }
    *views = v;
    return CW_OK;
}

void cw__arrow_views_free(cw__arrow_views *v)
{
    if (!v)
        return;
    if (v->lendings.all)
        cw__arrow_settle(v, false);
    cw__free(v->columns);
    cw__free(v->pool);
    cw__free(v->lendings.all);
    cw__free(v);
}

const cw__view *cw__arrow_columns(const cw__arrow_views *views)
{
    return views->columns;
}

void cw__arrow_settle(cw__arrow_views *v, bool moves)
{
    cw__lendings_settle(&v->lendings, moves);
}

static cw_status take_children(viewing *k, cw__view *v, size_t n)
{
    if (!k->views->pool || n > k->views->pool_room - k->views->pool_n) {
        refuse(k, v->node, "it is nested deeper than its schema");
        return CW_E_INVALID_ARGUMENT;
    }
    v->children = k->views->pool + k->views->pool_n;
    v->child_count = n;
    k->views->pool_n += n;
    memset(v->children, 0, n * sizeof *v->children);
    return CW_OK;
}

/* ---- one array ---- */

static cw_status view_array(viewing *k, cw__view *v, const cw__node *node,
                            const struct ArrowSchema *type, const struct ArrowArray *a,
                            int64_t first);

static cw_status check_counts(const viewing *k, const cw__node *node, const struct ArrowArray *a,
                              int64_t buffers, int64_t children)
{
    if (a->n_buffers != buffers && !(buffers == 0 && a->n_buffers == 1))
        return refuse(k, node, "it has %" PRId64 " buffers and not %" PRId64, a->n_buffers,
                      buffers);
    if (a->n_children != children)
        return refuse(k, node, "it has %" PRId64 " children and not %" PRId64, a->n_children,
                      children);
    if ((buffers > 0 && !a->buffers) || (children > 0 && !a->children))
        return refuse(k, node, "its buffers or children are missing");
    return CW_OK;
}

static const uint8_t *validity_of(const struct ArrowArray *a)
{
    return a->null_count == 0 ? NULL : a->buffers[0];
}

/* What lies within a dictionary, or runs, is not told to be movable on its own. */
static cw_status lend(viewing *k, cw__view *v, const struct ArrowArray *a)
{
    return k->within || cw__lend(&k->views->lendings, v, a)
               ? CW_OK
               : cw__fail_memory(k->err, "looking at Arrow data");
}

static cw_status view_fixed(viewing *k, cw__view *v, const struct ArrowSchema *type,
                            const struct ArrowArray *a, uint32_t width, int64_t scale)
{
    cw_status st = check_counts(k, v->node, a, 2, 0);

    if (st != CW_OK)
        return st;
    v->layout = CW__LAYOUT_FIXED;
    v->width = width;
    v->scale = scale;
    v->validity = validity_of(a);
    v->values = a->buffers[1];
    if (!v->values && v->length)
        return refuse(k, v->node, "its values are missing");
    if (!cw__arrow_fits(v->node, type->format) || !cw__can_gather(v->node, v->layout, width))
        return unfit(k, v->node, type->format);
    return lend(k, v, a);
}

static cw_status view_bits(viewing *k, cw__view *v, const struct ArrowSchema *type,
                           const struct ArrowArray *a)
{
    cw_status st = check_counts(k, v->node, a, 2, 0);

    if (st != CW_OK)
        return st;
    v->layout = CW__LAYOUT_BITS;
    v->validity = validity_of(a);
    v->values = a->buffers[1];
    if (!v->values && v->length)
        return refuse(k, v->node, "its values are missing");
    return cw__can_gather(v->node, v->layout, 0) ? CW_OK : unfit(k, v->node, type->format);
}

/* Offsets must not fall, nor go beyond `most`. */
static cw_status check_offsets(const viewing *k, const cw__view *v, bool wide, int64_t most)
{
    const int32_t *narrow = v->offsets;
    const int64_t *large = v->offsets;
    int64_t first, last;

    if (v->length == 0)
        return CW_OK;
    first = wide ? large[v->first] : narrow[v->first];
    last = wide ? large[v->first + v->length] : narrow[v->first + v->length];
    bool falls = cw__offsets_fall(wide ? (const void *)(large + v->first) : narrow + v->first, wide,
                                  (size_t)v->length);
    return falls || first < 0 || last > most
               ? refuse(k, v->node, "its offsets fall, or go beyond what they count")
               : CW_OK;
}

static cw_status view_bytes(viewing *k, cw__view *v, const struct ArrowSchema *type,
                            const struct ArrowArray *a, bool wide)
{
    cw_status st = check_counts(k, v->node, a, 3, 0);

    if (st != CW_OK)
        return st;
    v->layout = wide ? CW__LAYOUT_BYTES64 : CW__LAYOUT_BYTES32;
    v->validity = validity_of(a);
    v->offsets = a->buffers[1];
    v->values = a->buffers[2];
    v->values_bytes = -1;
    if (!v->offsets && v->length)
        return refuse(k, v->node, "its offsets are missing");
    if (!cw__can_gather(v->node, v->layout, 0))
        return unfit(k, v->node, type->format);
    st = check_offsets(k, v, wide, INT64_MAX);
    if (st == CW_OK && !v->values && v->length && cw__gather_bytes(v, 0, (size_t)v->length))
        st = refuse(k, v->node, "its values are missing");
    return st == CW_OK ? lend(k, v, a) : st;
}

/* Whether the bytes of a value of 16-byte views are in the view, or in the buffer that it names. */
static bool is_within(const cw__view *v, int64_t i, int64_t buffers)
{
    const uint8_t *p = (const uint8_t *)v->values + 16 * (v->first + i);
    int32_t n, buffer, offset;

    memcpy(&n, p, sizeof n);
    memcpy(&buffer, p + 8, sizeof buffer);
    memcpy(&offset, p + 12, sizeof offset);
    if (n <= 12)
        return n >= 0;
    return buffer >= 0 && buffer < buffers && v->buffers[buffer] && offset >= 0 &&
           (int64_t)n + offset <= v->buffer_bytes[buffer];
}

/* The sizes of the variadic buffers are in a last one. */
static cw_status view_views(viewing *k, cw__view *v, const struct ArrowSchema *type,
                            const struct ArrowArray *a)
{
    int64_t variadic = a->n_buffers - 3;

    if (variadic < 0 || !a->buffers || a->n_children != 0)
        return refuse(k, v->node, "it has %" PRId64 " buffers and not 3 or more", a->n_buffers);
    v->layout = CW__LAYOUT_BYTES_VIEW;
    v->width = 16;
    v->validity = validity_of(a);
    v->values = a->buffers[1];
    v->buffers = a->buffers + 2;
    v->buffer_bytes = a->buffers[2 + variadic];
    if ((!v->values && v->length) || (variadic && !v->buffer_bytes))
        return refuse(k, v->node, "its views are missing");
    if (!cw__can_gather(v->node, v->layout, 0))
        return unfit(k, v->node, type->format);
    for (int64_t i = 0; i < v->length; i++)
        if (cw__is_there(v, i) && !is_within(v, i, variadic))
            return refuse(k, v->node, "value %" PRId64 " lies beyond its buffer", i);
    return CW_OK;
}

/* ---- lists ---- */

/* A map's entries are looked through: the children of its view are key and value. */
static cw_status view_items(viewing *k, cw__view *v, const struct ArrowSchema *type,
                            const struct ArrowArray *a)
{
    const cw__node *node = v->node;
    const struct ArrowSchema *items = type->children[0];
    const struct ArrowArray *entries = a->children[0];
    cw_status st;

    st = take_children(k, v, node->child_count);
    if (st != CW_OK || node->type == CW_TYPE_LIST)
        return st == CW_OK ? view_array(k, &v->children[0], node->children[0], items, entries, 0)
                           : st;
    if (!entries || !entries->release || !items || !items->format ||
        strcmp(items->format, "+s") != 0 || items->n_children != 2 || !items->children ||
        entries->n_children != 2 || entries->offset < 0 || entries->length < 0 ||
        !entries->children)
        return refuse(k, node, "the entries of a map are not pairs");
    for (size_t i = 0; st == CW_OK && i < 2; i++) {
        st = view_array(k, &v->children[i], node->children[i], items->children[i],
                        entries->children[i], entries->offset);
        if (st == CW_OK && v->children[i].length < entries->length)
            st = refuse(k, node, "the keys or values of a map are too few");
    }
    return st;
}

static cw_status check_sizes(const viewing *k, const cw__view *v, int64_t most)
{
    for (int64_t i = 0; i < v->length; i++) {
        cw__items x = cw__is_there(v, i) ? cw__items_of(v, i) : (cw__items){0};
        if (x.n < 0 || x.first < 0 || x.n > most || x.first > most - x.n)
            return refuse(k, v->node, "list %" PRId64 " goes beyond its items", i);
    }
    return CW_OK;
}

static cw_status view_list(viewing *k, cw__view *v, const struct ArrowSchema *type,
                           const struct ArrowArray *a, cw__layout layout, uint32_t width)
{
    bool sized = layout == CW__LAYOUT_LIST_VIEW32 || layout == CW__LAYOUT_LIST_VIEW64;
    bool fixed = layout == CW__LAYOUT_FIXED_LIST;
    cw_status st = check_counts(k, v->node, a, fixed ? 1 : sized ? 3 : 2, 1);

    if (st == CW_OK && !cw__is_repeated(v->node))
        st = unfit(k, v->node, type->format);
    if (st == CW_OK && (type->n_children != 1 || !a->children[0]))
        st = refuse(k, v->node, "a list has one child");
    if (st != CW_OK)
        return st;
    v->layout = layout;
    v->width = width;
    v->validity = validity_of(a);
    v->offsets = fixed ? NULL : a->buffers[1];
    v->sizes = sized ? a->buffers[2] : NULL;
    if (v->length && ((!fixed && !v->offsets) || (sized && !v->sizes)))
        return refuse(k, v->node, "its offsets are missing");
    st = view_items(k, v, type, a);
    if (st != CW_OK)
        return st;
    int64_t most = v->children[0].length;
    if (fixed)
        return v->length && (v->first + v->length) > most / (width ? width : 1) && width
                   ? refuse(k, v->node, "its items are too few")
                   : CW_OK;
    return sized ? check_sizes(k, v, most) : check_offsets(k, v, layout == CW__LAYOUT_LIST64, most);
}

/* ---- structs, dictionaries, runs ---- */

/* What the indices or runs of `v` stand for. */
static cw_status view_wrapped(viewing *k, cw__view *v, const struct ArrowSchema *type,
                              const struct ArrowArray *a)
{
    cw_status st;

    k->wrappings = k->wrapped == v->node ? k->wrappings + 1 : 1;
    k->wrapped = v->node;
    if (k->wrappings > MOST_WRAPPINGS)
        return refuse(k, v->node, "it has dictionaries within dictionaries");
    st = take_children(k, v, 1);
    k->within++;
    if (st == CW_OK)
        st = view_array(k, &v->children[0], v->node, type, a, 0);
    k->within--;
    return st;
}

static cw_status view_struct(viewing *k, cw__view *v, const struct ArrowSchema *type,
                             const struct ArrowArray *a)
{
    const cw__node *node = v->node;
    cw_status st = check_counts(k, node, a, 1, (int64_t)node->child_count);

    if (st != CW_OK)
        return st;
    if ((node->type != CW_TYPE_STRUCT && node->type != CW_TYPE_VARIANT) ||
        type->n_children != a->n_children || (type->n_children && !type->children))
        return unfit(k, node, type->format);
    v->layout = CW__LAYOUT_STRUCT;
    v->validity = validity_of(a);
    st = take_children(k, v, node->child_count);
    for (size_t i = 0; st == CW_OK && i < node->child_count; i++) {
        st = view_array(k, &v->children[i], node->children[i], type->children[i], a->children[i],
                        v->first);
        if (st == CW_OK && v->children[i].length < v->length)
            st = refuse(k, node->children[i], "it is shorter than the struct around it");
    }
    return st;
}

static uint32_t index_width(const char *format, bool *is_signed)
{
    static const char signed_formats[] = "csil", unsigned_formats[] = "CSIL";
    const char *at = format[0] && !format[1] ? strchr(signed_formats, format[0]) : NULL;

    *is_signed = at != NULL;
    if (at)
        return 1u << (at - signed_formats);
    at = format[0] && !format[1] ? strchr(unsigned_formats, format[0]) : NULL;
    return at ? 1u << (at - unsigned_formats) : 0;
}

static cw_status view_dictionary(viewing *k, cw__view *v, const struct ArrowSchema *type,
                                 const struct ArrowArray *a)
{
    cw_status st = check_counts(k, v->node, a, 2, 0);

    if (st != CW_OK)
        return st;
    v->layout = CW__LAYOUT_DICTIONARY;
    v->width = index_width(type->format, &v->signed_indices);
    v->validity = validity_of(a);
    v->values = a->buffers[1];
    if (v->width == 0 || !a->dictionary || (!v->values && v->length))
        return refuse(k, v->node, "its dictionary or its indices are missing");
    return view_wrapped(k, v, type->dictionary, a->dictionary);
}

/* Run ends have to rise, and the last must not lie before the end. */
static cw_status check_runs(const viewing *k, const cw__view *v)
{
    int64_t runs = v->children[0].length, last = 0;

    if (!v->values && runs)
        return refuse(k, v->node, "its run ends are missing");
    for (int64_t i = 0; i < runs; i++) {
        int64_t end = cw__load_index(v, i);
        if (end <= last)
            return refuse(k, v->node, "its runs do not rise");
        last = end;
    }
    return v->length && last < v->first + v->length
               ? refuse(k, v->node, "its runs end before its values do")
               : CW_OK;
}

static cw_status view_runs(viewing *k, cw__view *v, const struct ArrowSchema *type,
                           const struct ArrowArray *a)
{
    const struct ArrowArray *ends;
    cw_status st = check_counts(k, v->node, a, 0, 2);

    if (st != CW_OK)
        return st;
    ends = a->children[0];
    if (type->n_children != 2 || !type->children[0] || !type->children[0]->format || !ends ||
        !ends->release || ends->n_buffers != 2 || ends->offset < 0 || ends->length < 0 ||
        ends->offset > MOST_VALUES || ends->length > MOST_VALUES || !ends->buffers)
        return refuse(k, v->node, "it has no run ends and values");
    v->layout = CW__LAYOUT_RUN_END;
    v->width = index_width(type->children[0]->format, &v->signed_indices);
    if (v->width < 2 || (!ends->buffers[1] && ends->length))
        return refuse(k, v->node, "its run ends are no numbers");
    v->values =
        ends->length ? (const uint8_t *)ends->buffers[1] + (size_t)ends->offset * v->width : NULL;
    st = view_wrapped(k, v, type->children[1], a->children[1]);
    if (st == CW_OK && v->children[0].length != ends->length)
        st = refuse(k, v->node, "it has another number of runs than of values");
    return st == CW_OK ? check_runs(k, v) : st;
}

/* ---- by format ---- */

/* "tss:UTC" is in seconds and stored in milliseconds; "tdm" is in milliseconds and stored in days.
 */
static cw_status view_temporal(viewing *k, cw__view *v, const struct ArrowSchema *type,
                               const struct ArrowArray *a)
{
    const char *f = type->format;
    bool seconds = f[2] == 's';

    if (f[1] == 'd')
        return f[2] == 'D' ? view_fixed(k, v, type, a, 4, 1)
                           : view_fixed(k, v, type, a, 8, -INT64_C(86400000));
    if (f[1] == 't')
        return view_fixed(k, v, type, a, seconds || f[2] == 'm' ? 4 : 8, seconds ? 1000 : 1);
    if (f[1] == 's')
        return view_fixed(k, v, type, a, 8, seconds ? 1000 : 1);
    if (f[1] == 'D')
        return view_fixed(k, v, type, a, 8, 1);
    return unfit(k, v->node, f);
}

static uint32_t number_after_colon(const char *format)
{
    const char *colon = strchr(format, ':');
    long n = colon ? strtol(colon + 1, NULL, 10) : 0;

    return n > 0 && n <= INT32_MAX ? (uint32_t)n : 0;
}

static uint32_t decimal_width(const char *format)
{
    const char *comma = strchr(format, ',');
    const char *bits = comma ? strchr(comma + 1, ',') : NULL;
    long n = bits ? strtol(bits + 1, NULL, 10) : 128;

    return n == 32 || n == 64 || n == 128 || n == 256 ? (uint32_t)n / 8 : 0;
}

static cw_status view_nested(viewing *k, cw__view *v, const struct ArrowSchema *type,
                             const struct ArrowArray *a)
{
    const char *f = type->format;

    if (!type->children && type->n_children)
        return refuse(k, v->node, "its children are missing");
    switch (f[1]) {
    case 's':
        return view_struct(k, v, type, a);
    case 'l':
    case 'm':
        return view_list(k, v, type, a, CW__LAYOUT_LIST32, 0);
    case 'L':
        return view_list(k, v, type, a, CW__LAYOUT_LIST64, 0);
    case 'w':
        return view_list(k, v, type, a, CW__LAYOUT_FIXED_LIST, number_after_colon(f));
    case 'v':
        return view_list(k, v, type, a,
                         f[2] == 'l' ? CW__LAYOUT_LIST_VIEW32 : CW__LAYOUT_LIST_VIEW64, 0);
    case 'r':
        return view_runs(k, v, type, a);
    default:
        return unfit(k, v->node, f);
    }
}

static cw_status view_format(viewing *k, cw__view *v, const struct ArrowSchema *type,
                             const struct ArrowArray *a)
{
    static const char numbers[] = "cCsSeiIfgLl";
    static const uint8_t widths[] = {1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8};
    const char *f = type->format;
    const char *number = f[0] && !f[1] ? strchr(numbers, f[0]) : NULL;

    if (number)
        return view_fixed(k, v, type, a, widths[number - numbers], 1);
    switch (f[0]) {
    case 'n':
        v->layout = CW__LAYOUT_NULL;
        return CW_OK;
    case 'b':
        return view_bits(k, v, type, a);
    case 'u':
    case 'z':
        return view_bytes(k, v, type, a, false);
    case 'U':
    case 'Z':
        return view_bytes(k, v, type, a, true);
    case 'v':
        return view_views(k, v, type, a);
    case 'w':
        return view_fixed(k, v, type, a, number_after_colon(f), 1);
    case 'd':
        return view_fixed(k, v, type, a, decimal_width(f), 1);
    case 't':
        return f[1] ? view_temporal(k, v, type, a) : unfit(k, v->node, f);
    case '+':
        return view_nested(k, v, type, a);
    default:
        return unfit(k, v->node, f);
    }
}

/* `first`: of the struct around it. */
static cw_status view_array(viewing *k, cw__view *v, const cw__node *node,
                            const struct ArrowSchema *type, const struct ArrowArray *a,
                            int64_t first)
{
    memset(v, 0, sizeof *v);
    v->node = node;
    v->scale = 1;
    if (!type || !type->format || !a || !a->release)
        return refuse(k, node, "it is missing, or was released");
    if (a->length < 0 || a->offset < 0 || a->length > MOST_VALUES || a->offset > MOST_VALUES ||
        first > MOST_VALUES)
        return refuse(k, node, "a length of %" PRId64 " from %" PRId64 " cannot be", a->length,
                      a->offset);
    if (first > a->length)
        return refuse(k, node, "it is shorter than the struct around it");
    v->first = a->offset + first;
    v->length = a->length - first;
    return type->dictionary ? view_dictionary(k, v, type, a) : view_format(k, v, type, a);
}

cw_status cw__arrow_view(cw__arrow_views **views, const cw_schema *schema,
                         const struct ArrowSchema *type, const struct ArrowArray *array,
                         cw_error *err)
{
    viewing k = {.err = err};
    cw__view root = {.node = &schema->root, .scale = 1};
    cw_status st = *views ? CW_OK : make_views(views, schema, err);

    if (st != CW_OK)
        return st;
    k.views = *views;
    k.views->pool_n = 0;
    cw__arrow_settle(k.views, false);
    if (!type || !type->format || strcmp(type->format, "+s") != 0 || !array || !array->release ||
        array->length < 0 || array->offset < 0)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "the Arrow data is not a batch of columns");
    if ((size_t)type->n_children != schema->root.child_count)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the Arrow data has %" PRId64 " columns, the schema has %zu",
                        type->n_children, schema->root.child_count);
    root.first = array->offset;
    root.length = array->length;
    st = view_struct(&k, &root, type, array);
    if (st == CW_OK && root.validity)
        for (int64_t i = 0; st == CW_OK && i < root.length; i++)
            if (!cw__is_there(&root, i))
                st =
                    cw__fail(err, CW_E_INVALID_ARGUMENT, "row %" PRId64 " of the batch is null", i);
    if (st == CW_OK && root.child_count)
        memcpy((*views)->columns, root.children, root.child_count * sizeof *root.children);
    return st;
}
