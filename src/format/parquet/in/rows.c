/* rows.c - arrays of a C struct as a way in
 *
 * The members are matched with the fields once. Rows are then taken a batch at a time, and of a
 * batch one member after the other, so that each loop knows what it copies.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "format/parquet/in/builder.h"
#include "format/parquet/in/intake.h"

enum { FIRST_ROWS = 16, MOST_ROWS = 1024 };

/* A field and its member. One without has nothing but nulls, if its children have none either. */
typedef struct match {
    const cw_member *member;
    bool in_place; /* where it has no member of its own: the children's are in the row itself */
    struct match *children; /* as many as the field has */
} match;

struct cw__rows_plan {
    const cw_member *members;
    size_t count;
    size_t batch; /* rows taken at once */
    match root;
    cw__builder builder;
    cw__view *views;
};

static void free_match(match *m, const cw__node *node)
{
    for (size_t i = 0; m->children && i < node->child_count; i++)
        free_match(&m->children[i], node->children[i]);
    cw__free(m->children);
    m->children = NULL;
}

void cw__rows_plan_free(cw__rows_plan *plan)
{
    if (!plan)
        return;
    if (plan->builder.node)
        free_match(&plan->root, plan->builder.node);
    cw__builder_free(&plan->builder);
    cw__free(plan->views);
    cw__free(plan);
}

/* ---- matching ---- */

static cw_status refuse(const cw__node *node, const char *why, cw_error *err)
{
    char where[CW__WHERE_BYTES];

    cw__node_where(node, where, sizeof where);
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "column '%s' of type %s %s", where,
                    cw__type_name(node->type), why);
}

static cw_status match_fields(match *m, const cw__node *node, const cw_member *members,
                              size_t count, cw_error *err);

static bool takes_bytes(const cw__node *node)
{
    return node->type >= CW_TYPE_STRING && node->type <= CW_TYPE_GEOGRAPHY;
}

/* Booleans are bool, or a byte or int that is not 0. */
static bool has_size(const cw__builder *b, size_t size)
{
    if (b->node->type == CW_TYPE_BOOL)
        return size == 1 || size == sizeof(int);
    return b->width == size;
}

static cw_status match_value(const cw__node *node, const cw_member *member, cw_error *err)
{
    cw__builder b;
    bool ok = cw__builder_init(&b, node) && has_size(&b, member->size);

    cw__builder_free(&b);
    return ok ? CW_OK : refuse(node, "has a member of another size", err);
}

/* Items that are values: one element without a name. Items that are structs: their members. */
static cw_status match_items(match *m, const cw__node *node, const cw_member *member, cw_error *err)
{
    if (node->type == CW_TYPE_MAP) {
        if (member->member_count != 2)
            return refuse(node, "needs two members: key and value", err);
        for (size_t i = 0; i < 2; i++)
            if (match_fields(&m->children[i], node->children[i], &member->members[i], 1, err) !=
                CW_OK)
                return err->status;
        return CW_OK;
    }
    if (node->type != CW_TYPE_LIST)
        return refuse(node, "is no list", err);
    return match_fields(&m->children[0], node->children[0], member->members, member->member_count,
                        err);
}

static cw_status match_one(match *m, const cw__node *node, const cw_member *member, cw_error *err)
{
    m->member = member;
    switch (member->kind) {
    case CW_MEMBER_STRING:
    case CW_MEMBER_BYTES:
        return takes_bytes(node) ? CW_OK : refuse(node, "has a member that is text or bytes", err);
    case CW_MEMBER_VALUE:
    case CW_MEMBER_POINTER:
        return match_value(node, member, err);
    case CW_MEMBER_LIST:
    case CW_MEMBER_MAP:
    case CW_MEMBER_ARRAY:
        return match_items(m, node, member, err);
    case CW_MEMBER_STRUCT:
    case CW_MEMBER_STRUCT_POINTER:
        if (node->type != CW_TYPE_STRUCT && node->type != CW_TYPE_VARIANT)
            return refuse(node, "is no struct", err);
        return match_fields(m, node, member->members, member->member_count, err);
    default:
        return refuse(node, "has a member of no known kind", err);
    }
}

static const cw_member *find_member(const cw_member *members, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (members[i].name && strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

static const cw_member *find_stranger(const cw__node *node, const cw_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t k = 0; members[i].name && k < node->child_count; k++)
            known |= strcmp(node->children[k]->name, members[i].name) == 0;
        if (!known)
            return &members[i];
    }
    return NULL;
}

static bool make_children(match *m, const cw__node *node)
{
    if (node->child_count == 0 || m->children)
        return true;
    m->children = cw__alloc_zero(node->child_count * sizeof *m->children);
    if (!m->children)
        return false;
    for (size_t i = 0; i < node->child_count; i++)
        if (!make_children(&m->children[i], node->children[i]))
            return false;
    return true;
}

/* The fields of a struct by their names; of anything else the one member is the value itself. */
static cw_status match_fields(match *m, const cw__node *node, const cw_member *members,
                              size_t count, cw_error *err)
{
    cw_status st = CW_OK;

    if (node->type != CW_TYPE_STRUCT && node->type != CW_TYPE_VARIANT)
        return count == 1 ? match_one(m, node, members, err)
                          : refuse(node, "needs one member for its value", err);
    if (count == 1 && !members->name)
        return match_one(m, node, members, err);
    const cw_member *stranger = find_stranger(node, members, count);
    if (stranger)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "the schema has no field '%s' there",
                        stranger->name ? stranger->name : "");
    m->in_place = count > 0 || !node->nullable;
    for (size_t i = 0; st == CW_OK && i < node->child_count; i++) {
        const cw__node *child = node->children[i];
        const cw_member *member = find_member(members, count, child->name);
        if (member)
            st = match_one(&m->children[i], child, member, err);
        else if (!child->nullable)
            st = refuse(child, "is required, and no member has its name", err);
    }
    return st;
}

/* ---- taking values ---- */

static bool fill(cw__builder *b, const match *m, const char *base, size_t n, size_t stride);

static const void *pointer_at(const char *p)
{
    const void *at;
    memcpy(&at, p, sizeof at);
    return at;
}

static bool is_null(const cw_member *member, const char *base)
{
    return member->is_null >= 0 && base[member->is_null] != 0;
}

static bool add_value(cw__builder *b, const char *p, size_t size)
{
    int wide;

    if (b->node->type != CW_TYPE_BOOL)
        return cw__builder_fixed(b, p);
    if (size == 1)
        return cw__builder_bool(b, *p != 0);
    memcpy(&wide, p, sizeof wide);
    return cw__builder_bool(b, wide != 0);
}

/* Without nulls and of fixed width: one loop that copies. */
static bool fill_values(cw__builder *b, const char *p, size_t n, size_t stride)
{
    if (!cw__grow(&b->values, n * b->width))
        return false;
    uint8_t *to = b->values.p + b->values.n;
    if (b->width == 8)
        for (size_t i = 0; i < n; i++)
            memcpy(to + 8 * i, p + i * stride, 8);
    else if (b->width == 4)
        for (size_t i = 0; i < n; i++)
            memcpy(to + 4 * i, p + i * stride, 4);
    else
        for (size_t i = 0; i < n; i++)
            memcpy(to + b->width * i, p + i * stride, b->width);
    b->values.n += n * b->width;
    b->n += n;
    return true;
}

static bool add_text(cw__builder *b, const char *p)
{
    const char *s = pointer_at(p);

    return s ? cw__builder_bytes(b, s, strlen(s)) : cw__builder_null(b);
}

static bool add_bytes(cw__builder *b, const char *p)
{
    cw_bytes v;

    memcpy(&v, p, sizeof v);
    return v.p ? cw__builder_bytes(b, v.p, v.n) : cw__builder_null(b);
}

static bool add_items(cw__builder *b, const match *m, const char *items, size_t n)
{
    for (size_t i = 0; i < b->node->child_count; i++)
        if (!fill(&b->children[i], &m->children[i], items, n, m->member->size))
            return false;
    return cw__builder_list(b);
}

static bool add_list(cw__builder *b, const match *m, const char *p)
{
    cw_items v;

    memcpy(&v, p, sizeof v);
    if (!v.p && v.n == 0 && b->node->nullable)
        return cw__builder_null(b);
    return add_items(b, m, v.p, v.n);
}

static bool fill_in_place(cw__builder *b, const match *m, const char *base, size_t n, size_t stride)
{
    for (size_t i = 0; i < b->node->child_count; i++)
        if (!fill(&b->children[i], &m->children[i], base, n, stride))
            return false;
    for (size_t i = 0; i < n; i++)
        if (!cw__builder_struct(b))
            return false;
    return true;
}

static bool add_struct(cw__builder *b, const match *m, const char *p)
{
    if (!p)
        return cw__builder_null(b);
    return fill_in_place(b, m, p, 1, 0);
}

static bool add_one(cw__builder *b, const match *m, const char *base)
{
    const cw_member *member = m->member;
    const char *p = base + member->offset;
    const char *target;

    if (is_null(member, base))
        return cw__builder_null(b);
    switch (member->kind) {
    case CW_MEMBER_STRING:
        return add_text(b, p);
    case CW_MEMBER_BYTES:
        return add_bytes(b, p);
    case CW_MEMBER_STRUCT:
        return add_struct(b, m, p);
    case CW_MEMBER_STRUCT_POINTER:
        return add_struct(b, m, pointer_at(p));
    case CW_MEMBER_LIST:
    case CW_MEMBER_MAP:
        return add_list(b, m, p);
    case CW_MEMBER_ARRAY:
        return add_items(b, m, p, member->array_length);
    case CW_MEMBER_POINTER:
        target = pointer_at(p);
        return target ? add_value(b, target, member->size) : cw__builder_null(b);
    default:
        return add_value(b, p, member->size);
    }
}

/* `n` values, `stride` bytes from one struct to the next. */
static bool fill(cw__builder *b, const match *m, const char *base, size_t n, size_t stride)
{
    const cw_member *member = m->member;
    bool plain = member && member->kind == CW_MEMBER_VALUE && member->is_null < 0 && b->width &&
                 !b->has_nulls;

    if (n == 0)
        return true;
    if (plain)
        return fill_values(b, base + member->offset, n, stride);
    if (!member && m->in_place)
        return fill_in_place(b, m, base, n, stride);
    for (size_t i = 0; i < n; i++)
        if (!(member ? add_one(b, m, base + i * stride) : cw__builder_null(b)))
            return false;
    return true;
}

static size_t bytes_of(const cw__builder *b)
{
    size_t sum = b->values.n + b->offsets.n;

    for (size_t i = 0; i < b->node->child_count; i++)
        sum += bytes_of(&b->children[i]);
    return sum;
}

/* As many of `n` rows as there is room for, one at least; 0: out of memory. */
static size_t fill_some(cw__builder *b, const match *m, const char *rows, size_t n, size_t size,
                        size_t room)
{
    bool fixed = b->width || b->node->type == CW_TYPE_BOOL || !m->member;
    size_t i = 0;

    if (fixed)
        return fill(b, m, rows, n, size) ? n : 0;
    do {
        if (!add_one(b, m, rows + i * size))
            return 0;
    } while (++i < n && bytes_of(b) <= room);
    return i;
}

/* ---- the face ---- */

static cw_status make_plan(cw__rows_plan **out, const cw_schema *schema, const cw_member *members,
                           size_t count, cw_error *err)
{
    const cw__node *root = &schema->root;
    cw__rows_plan *plan = cw__alloc_zero(sizeof *plan);
    cw_status st;

    if (plan)
        plan->views = cw__alloc_zero(cw__node_count(root) * sizeof *plan->views);
    if (!plan || !plan->views || !cw__builder_init(&plan->builder, root) ||
        !make_children(&plan->root, root)) {
        cw__rows_plan_free(plan);
        return cw__fail_memory(err, "looking at the members of a row");
    }
    plan->members = members;
    plan->count = count;
    plan->batch = FIRST_ROWS;
    st = match_fields(&plan->root, root, members, count, err);
    if (st == CW_OK)
        *out = plan;
    else
        cw__rows_plan_free(plan);
    return st;
}

/* *n rows, or fewer where they would take far more memory than a batch may. */
static cw_status take_batch(cw_parquet *p, cw__rows_plan *plan, const char *rows, size_t *n,
                            size_t size)
{
    const cw__node *root = plan->builder.node;
    cw__view *pool = plan->views + root->child_count;
    size_t room = 2 * cw__parquet_batch_bytes(p), used = 0;
    cw_error err = {0};

    cw__builder_reset(&plan->builder);
    for (size_t i = 0; i < root->child_count; i++) {
        cw__builder *b = &plan->builder.children[i];
        *n = fill_some(b, &plan->root.children[i], rows, *n, size, used < room ? room - used : 0);
        if (*n == 0) {
            cw__fail_memory(&err, "taking rows");
            return cw__parquet_fail(p, &err);
        }
        used += bytes_of(b);
    }
    for (size_t i = 0; i < root->child_count; i++)
        cw__builder_view(&plan->builder.children[i], &plan->views[i], &pool);
    return cw__parquet_take(p, plan->views, *n);
}

static cw_status get_plan(cw_parquet *p, const cw_member *members, size_t count)
{
    cw__ways *ways = cw__parquet_ways(p);
    cw_error err = {0};

    if (ways->rows && ways->rows->members == members && ways->rows->count == count)
        return CW_OK;
    cw__rows_plan_free(ways->rows);
    ways->rows = NULL;
    return make_plan(&ways->rows, cw__parquet_schema(p), members, count, &err) == CW_OK
               ? CW_OK
               : cw__parquet_fail(p, &err);
}

/* How many rows the next batch has: as many as do not take more than a batch's memory, judged by
   the one before. */
static void adapt(cw__rows_plan *plan, size_t room)
{
    size_t bytes = bytes_of(&plan->builder);

    if (bytes > room)
        plan->batch = plan->batch > 1 ? plan->batch / 2 : 1;
    else if (bytes < room / 4 && plan->batch < MOST_ROWS)
        plan->batch *= 2;
}

cw_status cw_parquet_write_rows(cw_parquet *p, const cw_member *members, size_t count,
                                const void *rows, size_t n, size_t size)
{
    const char *at = rows;
    cw_status st = cw__parquet_status(p);

    if (st == CW_OK)
        st = cw__values_hand_over(p);
    if (st == CW_OK)
        st = get_plan(p, members, count);
    for (size_t k; st == CW_OK && n > 0; n -= k, at += k * size) {
        cw__rows_plan *plan = cw__parquet_ways(p)->rows;
        bool whole = n >= plan->batch;
        k = whole ? plan->batch : n;
        st = take_batch(p, plan, at, &k, size);
        if (whole)
            adapt(plan, cw__parquet_batch_bytes(p));
    }
    return st;
}
