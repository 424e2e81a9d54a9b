/* profile.c - what the readers that a profile names can take; see docs/parquet-profiles.md
 *
 * A reader that does not know one column's type refuses the whole file as a rule, or reads the
 * column as something else. So it is refused at open, by name, before a byte is written.
 */
#include "format/parquet/profile.h"

#include "base/error.h"

static const char *const names[] = {"default", "spark", "athena", "compat"};

enum { PROFILES = sizeof names / sizeof *names };

/* NULL, or what it is about the field that the readers refuse. */
static const char *spark_refuses(const cw__node *n)
{
    switch (n->type) {
    case CW_TYPE_UUID:
    case CW_TYPE_FLOAT16:
    case CW_TYPE_TIME:
    case CW_TYPE_INTERVAL:
    case CW_TYPE_NONE:
    case CW_TYPE_GEOMETRY:
    case CW_TYPE_GEOGRAPHY:
    case CW_TYPE_VARIANT:
        return "the type";
    case CW_TYPE_TIMESTAMP:
        return n->unit == CW_UNIT_NS ? "nanoseconds" : NULL;
    case CW_TYPE_DECIMAL256:
        return n->precision > 38 ? "a precision beyond 38" : NULL;
    default:
        return NULL;
    }
}

static const char *athena_refuses(const cw__node *n)
{
    if (n->type == CW_TYPE_UINT64)
        return "an unsigned integer of 64 bits";
    if (n->type == CW_TYPE_BSON || n->type == CW_TYPE_ENUM)
        return "the type";
    return spark_refuses(n);
}

static const char *compat_refuses(const cw__node *n)
{
    if (n->child_count)
        return "a column that is not flat";
    return athena_refuses(n);
}

static const char *refuses(cw_parquet_profile profile, const cw__node *n)
{
    switch (profile) {
    case CW_PROFILE_SPARK:
        return spark_refuses(n);
    case CW_PROFILE_ATHENA:
        return athena_refuses(n);
    case CW_PROFILE_COMPAT:
        return compat_refuses(n);
    default:
        return NULL;
    }
}

static const char *path_below(const cw_schema *schema, const cw__node *n)
{
    return n->leaf_count ? schema->leaves[n->first_leaf].path : n->name;
}

static cw_status check_node(cw_parquet_profile profile, const cw_schema *schema, const cw__node *n,
                            cw_error *err)
{
    const char *what = n->parent ? refuses(profile, n) : NULL;
    cw_status st = CW_OK;

    if (what)
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "column '%s' is %s: readers of the profile '%s' refuse %s",
                        path_below(schema, n), cw__type_name(n->type), names[profile], what);
    for (size_t i = 0; i < n->child_count && st == CW_OK; i++)
        st = check_node(profile, schema, n->children[i], err);
    return st;
}

cw_status cw__profile_check_column(cw_parquet_profile profile, cw_parquet_encoding encoding,
                                   cw_parquet_codec codec, const char *where, cw_error *err)
{
    if (profile != CW_PROFILE_DEFAULT && codec == CW_CODEC_LZ4_RAW)
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "lz4_raw for %s: readers of the profile '%s' may not know it", where,
                        names[profile]);
    if (profile == CW_PROFILE_SPARK && encoding == CW_ENCODING_BYTE_STREAM_SPLIT)
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "byte_stream_split for %s: readers of the profile 'spark' may not know it",
                        where);
    if (profile == CW_PROFILE_COMPAT && encoding != CW_ENCODING_AUTO &&
        encoding != CW_ENCODING_PLAIN && encoding != CW_ENCODING_DICTIONARY)
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "the encoding of %s: the profile 'compat' has plain and dictionary only",
                        where);
    return CW_OK;
}

cw_status cw__profile_check(cw_parquet_profile profile, const cw_schema *schema,
                            const cw_parquet_options *o, cw_error *err)
{
    cw_status st;

    if ((unsigned)profile >= PROFILES)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "there is no profile %d", (int)profile);
    if ((profile == CW_PROFILE_COMPAT || profile == CW_PROFILE_ATHENA) && o->data_page_v2)
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "data_page_v2: readers of the profile '%s' may not know such pages",
                        names[profile]);
    st = cw__profile_check_column(profile, o->encoding, o->codec, "all columns", err);
    return st == CW_OK ? check_node(profile, schema, &schema->root, err) : st;
}
