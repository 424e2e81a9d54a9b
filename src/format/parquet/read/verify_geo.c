/* verify_geo.c - shapes against the box and the kinds that are said
 *
 * Every coordinate of every shape must lie in the box of the chunk, and every kind be in its list;
 * an empty list says nothing. NaN, which stands for no coordinate, lies anywhere. A box whose xmin
 * is above its xmax goes around the other side of the globe.
 */
#include <inttypes.h>

#include "format/parquet/read/walk.h"

enum { DEEPEST = 16, POINT = 1, LINE = 2, POLYGON = 3, COLLECTION = 7 };

/* Boxes around great circles are computed in radians: what is lost on the way, in degrees. */
static const double SLACK = 1e-12;

/* A shape in well-known binary, as far as it was read. */
typedef struct shape {
    const uint8_t *p;
    size_t n;
    const cw__geo_statistics *said;
    double slack;
    bool outside;
    int32_t kind; /* of the outermost */
} shape;

static bool take(shape *s, void *to, size_t n, bool big)
{
    uint8_t *bytes = to;

    if (s->n < n)
        return false;
    for (size_t i = 0; i < n; i++)
        bytes[i] = s->p[big ? n - 1 - i : i];
    s->p += n;
    s->n -= n;
    return true;
}

static bool take_count(shape *s, uint32_t *n, bool big)
{
    uint8_t b[4];

    if (!take(s, b, sizeof b, big))
        return false;
    *n = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    return true;
}

static bool is_outside(const shape *s, double v, double min, double max, bool wraps)
{
    bool below = v<min - s->slack, above = v> max + s->slack;

    return wraps && min > max ? below && above : below || above;
}

static void compare(shape *s, const double *at, bool z, bool m)
{
    const cw__geo_statistics *g = s->said;

    if (g->has_bbox)
        s->outside |= is_outside(s, at[0], g->xmin, g->xmax, true) ||
                      is_outside(s, at[1], g->ymin, g->ymax, false);
    if (z && g->has_z)
        s->outside |= is_outside(s, at[2], g->zmin, g->zmax, false);
    if (m && g->has_m)
        s->outside |= is_outside(s, at[z ? 3 : 2], g->mmin, g->mmax, false);
}

static bool take_points(shape *s, uint32_t n, bool z, bool m, bool big)
{
    size_t numbers = 2u + z + m;

    if (n > s->n / (numbers * sizeof(double)))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        double at[4];
        for (size_t k = 0; k < numbers; k++)
            if (!take(s, &at[k], sizeof at[k], big))
                return false;
        compare(s, at, z, m);
    }
    return true;
}

static bool take_line(shape *s, bool z, bool m, bool big)
{
    uint32_t n;

    return take_count(s, &n, big) && take_points(s, n, z, m, big);
}

static bool take_polygon(shape *s, bool z, bool m, bool big)
{
    uint32_t rings;

    if (!take_count(s, &rings, big))
        return false;
    while (rings && take_line(s, z, m, big))
        rings--;
    return rings == 0;
}

/* ISO: thousands are Z, M, and both. */
static bool take_shape(shape *s, int depth)
{
    uint8_t order;
    uint32_t kind, parts;

    if (depth > DEEPEST || !take(s, &order, 1, false) || order > 1 ||
        !take_count(s, &kind, order == 0) || kind / 1000 > 3)
        return false;
    bool big = order == 0, z = kind / 1000 % 2 == 1, m = kind / 1000 >= 2;
    if (depth == 0)
        s->kind = (int32_t)kind;
    switch (kind % 1000) {
    case POINT:
        return take_points(s, 1, z, m, big);
    case LINE:
        return take_line(s, z, m, big);
    case POLYGON:
        return take_polygon(s, z, m, big);
    default:
        if (kind % 1000 == 0 || kind % 1000 > COLLECTION || !take_count(s, &parts, big))
            return false;
    }
    while (parts && take_shape(s, depth + 1))
        parts--;
    return parts == 0;
}

static bool is_listed(const cw__geo_statistics *g, int32_t kind)
{
    bool found = g->type_count == 0;

    for (size_t i = 0; i < g->type_count; i++)
        found |= g->types[i] == kind;
    return found;
}

void cw__verify_shapes(cw__walk *w, const cw__chunk_walk *c)
{
    const cw__geo_statistics *g = &c->meta->geo;
    const cw__column_buffer *page = &w->decoder.page;
    const cw__node *node = page->leaf->node;

    if (!g->present || !node || page->leaf->width ||
        (node->type != CW_TYPE_GEOMETRY && node->type != CW_TYPE_GEOGRAPHY))
        return;
    w->out->statistics += g->has_bbox;
    for (size_t i = 0; i < page->count; i++) {
        shape s = {.said = g, .slack = node->type == CW_TYPE_GEOGRAPHY ? SLACK : 0};
        s.p = cw__value_at(page, i, &s.n);
        if (!take_shape(&s, 0) || s.n)
            cw__fault(w, 0, "value %zu of the page is no shape in well-known binary", i);
        else if (s.outside)
            cw__fault(w, 0, "value %zu of the page is not in the bounding box of the chunk", i);
        else if (!is_listed(g, s.kind))
            cw__fault(w, 0, "value %zu of the page is of the kind %" PRId32 ", which is not listed",
                      i, s.kind);
        else
            continue;
        return;
    }
}
