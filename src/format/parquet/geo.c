/* geo.c - the "geo" entry of GeoParquet 1.1.0
 *
 * GeoParquet states a CRS as PROJJSON or not at all, which means OGC:CRS84. Its axes are always x
 * (longitude) before y, whatever the CRS says, so that EPSG:4326 is the same there.
 */
#include "format/parquet/geo.h"

#include "base/error.h"

#include <string.h>

static bool is_geo(const cw__node *n)
{
    return n->type == CW_TYPE_GEOMETRY || n->type == CW_TYPE_GEOGRAPHY;
}

static bool is_default_crs(const char *crs)
{
    return !crs || cw__equal_nocase(crs, "OGC:CRS84") || cw__equal_nocase(crs, "EPSG:4326");
}

static void add_json_string(cw__text *to, const char *s)
{
    cw__text_add_char(to, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            cw__text_add_char(to, '\\');
        if ((unsigned char)*s < 0x20)
            cw__text_addf(to, "\\u%04x", (unsigned)(unsigned char)*s);
        else
            cw__text_add_char(to, *s);
    }
    cw__text_add_char(to, '"');
}

static cw_status add_column(cw__text *to, const cw__node *n, cw_error *err)
{
    add_json_string(to, n->name);
    cw__text_add(to, ":{\"encoding\":\"WKB\",\"geometry_types\":[]");
    if (n->type == CW_TYPE_GEOGRAPHY) {
        if (n->edges != CW_EDGES_SPHERICAL)
            return cw__fail(err, CW_E_UNSUPPORTED,
                            "geo_metadata: GeoParquet knows no other edges than spherical ones for "
                            "the geography column '%s'",
                            n->name);
        cw__text_add(to, ",\"edges\":\"spherical\"");
    }
    if (!is_default_crs(n->crs)) {
        if (n->crs[0] != '{')
            return cw__fail(err, CW_E_UNSUPPORTED,
                            "geo_metadata: GeoParquet wants the CRS of column '%s' as PROJJSON, "
                            "not as '%s'",
                            n->name, n->crs);
        cw__text_add(to, ",\"crs\":");
        cw__text_add(to, n->crs);
    }
    cw__text_add_char(to, '}');
    return CW_OK;
}

cw_status cw__geo_entry(cw__text *to, const cw_schema *schema, cw_error *err)
{
    const cw__node *root = &schema->root;
    cw_status st = CW_OK;
    bool any = false;

    for (size_t i = 0; i < root->child_count && st == CW_OK; i++) {
        const cw__node *n = root->children[i];

        if (!is_geo(n))
            continue;
        if (!any) {
            cw__text_add(to, "{\"version\":\"1.1.0\",\"primary_column\":");
            add_json_string(to, n->name);
            cw__text_add(to, ",\"columns\":{");
        } else {
            cw__text_add_char(to, ',');
        }
        any = true;
        st = add_column(to, n, err);
    }
    if (st == CW_OK && !any)
        st = cw__fail(err, CW_E_INVALID_ARGUMENT,
                      "geo_metadata is asked for, and no column at the top is a geometry or "
                      "geography");
    cw__text_add(to, "}}");
    if (st == CW_OK && to->failed)
        st = cw__fail_memory(err, "describing geometry columns");
    return st;
}
