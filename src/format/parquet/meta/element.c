/* element.c - what the annotations of a SchemaElement mean */
#include "format/parquet/meta/element.h"

/* 0 to 3: of 8 to 64 bits. */
static size_t rank_of_integer(const cw__element *e)
{
    return e->bits == 8 ? 0 : e->bits == 16 ? 1 : e->bits == 32 ? 2 : 3;
}

static cw_type type_of_integer(const cw__element *e)
{
    static const cw_type is_signed[] = {CW_TYPE_INT8, CW_TYPE_INT16, CW_TYPE_INT32, CW_TYPE_INT64};
    static const cw_type is_unsigned[] = {CW_TYPE_UINT8, CW_TYPE_UINT16, CW_TYPE_UINT32,
                                          CW_TYPE_UINT64};
    size_t rank = rank_of_integer(e);

    return e->is_signed ? is_signed[rank] : is_unsigned[rank];
}

static cw_type type_of_physical(const cw__element *e)
{
    static const cw_type types[] = {CW_TYPE_BOOL,  CW_TYPE_INT32,  CW_TYPE_INT64,  CW_TYPE_INT96,
                                    CW_TYPE_FLOAT, CW_TYPE_DOUBLE, CW_TYPE_BINARY, CW_TYPE_FIXED};

    return types[e->physical];
}

static cw_type type_of_decimal(const cw__element *e)
{
    return e->precision <= 38 ? CW_TYPE_DECIMAL128 : CW_TYPE_DECIMAL256;
}

static cw_type type_of_logical(const cw__element *e)
{
    static const cw_type types[] = {
        [1] = CW_TYPE_STRING,   [4] = CW_TYPE_ENUM,      [6] = CW_TYPE_DATE,
        [7] = CW_TYPE_TIME,     [8] = CW_TYPE_TIMESTAMP, [11] = CW_TYPE_NONE,
        [12] = CW_TYPE_JSON,    [13] = CW_TYPE_BSON,     [14] = CW_TYPE_UUID,
        [15] = CW_TYPE_FLOAT16, [17] = CW_TYPE_GEOMETRY, [18] = CW_TYPE_GEOGRAPHY};

    if (e->logical == 5)
        return type_of_decimal(e);
    if (e->logical == 10)
        return type_of_integer(e);
    return e->logical > 0 && e->logical <= 18 ? types[e->logical] : (cw_type)0;
}

/* Older files have only these. Times and timestamps of those meant UTC. */
static cw_type type_of_converted(cw__element *e)
{
    static const cw_type types[] = {
        [0] = CW_TYPE_STRING,     [4] = CW_TYPE_ENUM,    [6] = CW_TYPE_DATE,
        [7] = CW_TYPE_TIME,       [8] = CW_TYPE_TIME,    [9] = CW_TYPE_TIMESTAMP,
        [10] = CW_TYPE_TIMESTAMP, [11] = CW_TYPE_UINT8,  [12] = CW_TYPE_UINT16,
        [13] = CW_TYPE_UINT32,    [14] = CW_TYPE_UINT64, [15] = CW_TYPE_INT8,
        [16] = CW_TYPE_INT16,     [17] = CW_TYPE_INT32,  [18] = CW_TYPE_INT64,
        [19] = CW_TYPE_JSON,      [20] = CW_TYPE_BSON,   [21] = CW_TYPE_INTERVAL};

    if (e->converted < 0 || e->converted > 21)
        return (cw_type)0;
    if (e->converted == 5)
        return type_of_decimal(e);
    if (e->converted >= 7 && e->converted <= 10) {
        e->utc = true;
        e->unit = e->converted % 2 ? CW_UNIT_MS : CW_UNIT_US;
    }
    return types[e->converted];
}

/* An annotation that does not go with the physical type is left out of account. */
static bool suits(cw_type type, const cw__element *e)
{
    bool i32 = e->physical == CW__INT32, i64 = e->physical == CW__INT64;
    bool bytes = e->physical == CW__BYTE_ARRAY, fixed = e->physical == CW__FIXED_LEN_BYTE_ARRAY;

    switch (type) {
    case CW_TYPE_INT8:
    case CW_TYPE_INT16:
    case CW_TYPE_INT32:
    case CW_TYPE_UINT8:
    case CW_TYPE_UINT16:
    case CW_TYPE_UINT32:
    case CW_TYPE_DATE:
        return i32;
    case CW_TYPE_INT64:
    case CW_TYPE_UINT64:
    case CW_TYPE_TIMESTAMP:
        return i64;
    case CW_TYPE_TIME:
        return e->unit == CW_UNIT_MS ? i32 : i64;
    case CW_TYPE_FLOAT16:
        return fixed && e->width == 2;
    case CW_TYPE_UUID:
        return fixed && e->width == 16;
    case CW_TYPE_INTERVAL:
        return fixed && e->width == 12;
    case CW_TYPE_DECIMAL128:
    case CW_TYPE_DECIMAL256:
        return e->precision > 0 && e->precision <= 76 && e->scale >= 0 &&
               e->scale <= e->precision && (i32 || i64 || bytes || fixed);
    case CW_TYPE_NONE:
        return true;
    default:
        return type != 0 && bytes;
    }
}

/* What the logical type is as a converted type. */
static int64_t converted_of_logical(const cw__element *e)
{
    static const int8_t same[] = {[0] = CW__NOT_SAID,
                                  [1] = 0,
                                  [2] = CW__CONVERTED_MAP,
                                  [3] = CW__CONVERTED_LIST,
                                  [4] = 4,
                                  [5] = 5,
                                  [6] = 6,
                                  [7] = 7,
                                  [8] = 9,
                                  [9] = CW__NOT_SAID,
                                  [10] = 11,
                                  [11] = CW__NOT_SAID,
                                  [12] = 19,
                                  [13] = 20};

    if (e->logical > 13 || e->unit == CW_UNIT_NS)
        return CW__NOT_SAID;
    if (e->logical == 10)
        return same[10] + (int64_t)rank_of_integer(e) + (e->is_signed ? 4 : 0);
    return same[e->logical] + (e->unit == CW_UNIT_US);
}

bool cw__element_contradicts(const cw__element *e)
{
    bool known = e->logical > 0 && e->logical <= 18 && e->logical != 9 && e->logical != 11 &&
                 e->converted >= 0 && e->converted <= 21;
    bool map = e->logical == 2 && e->converted == CW__CONVERTED_MAP_KEY_VALUE;

    return known && !map &&
           (e->converted != converted_of_logical(e) || (e->logical == 5 && e->other_digits));
}

static bool is_decimal(cw_type type)
{
    return type == CW_TYPE_DECIMAL128 || type == CW_TYPE_DECIMAL256;
}

cw_type cw__element_type(cw__element *e)
{
    cw_type type = type_of_logical(e);

    if (!type || !suits(type, e))
        type = type_of_converted(e);
    return type && suits(type, e) ? type : type_of_physical(e);
}

cw__order cw__element_order(const cw__element *e, cw_type type)
{
    switch (type) {
    case CW_TYPE_INT96:
    case CW_TYPE_INTERVAL:
    case CW_TYPE_GEOMETRY:
    case CW_TYPE_GEOGRAPHY:
    case CW_TYPE_NONE:
        return CW__ORDER_NONE;
    case CW_TYPE_UINT8:
    case CW_TYPE_UINT16:
    case CW_TYPE_UINT32:
    case CW_TYPE_UINT64:
        return CW__ORDER_UNSIGNED;
    case CW_TYPE_FLOAT16:
    case CW_TYPE_FLOAT:
    case CW_TYPE_DOUBLE:
        return CW__ORDER_FLOAT;
    default:
        break;
    }
    if (e->physical == CW__BYTE_ARRAY || e->physical == CW__FIXED_LEN_BYTE_ARRAY)
        /* Big-endian of any length each: what is shorter is not less. */
        return !is_decimal(type)               ? CW__ORDER_BYTES
               : e->physical == CW__BYTE_ARRAY ? CW__ORDER_NONE
                                               : CW__ORDER_TWOS_COMPLEMENT;
    return CW__ORDER_SIGNED;
}

uint32_t cw__element_width(const cw__element *e)
{
    static const uint32_t widths[] = {1, 4, 8, 12, 4, 8, 0};

    return e->physical == CW__FIXED_LEN_BYTE_ARRAY ? (uint32_t)e->width : widths[e->physical];
}
