/* arrow_fit.c - whether values of an Arrow format can be those of a field
 *
 * What a schema says of its fields need not come from the data's own: a batch whose values only
 * have the width of the field's is refused, since what they mean would change without a word.
 */
#include <stdlib.h>
#include <string.h>

#include "format/parquet/in/arrow.h"

static bool is_decimal(cw_type t)
{
    return t >= CW_TYPE_DECIMAL32 && t <= CW_TYPE_DECIMAL256;
}

/* "d:9,2", or "d:9,2,32": digits are checked of each value, the scale is of all of them. */
static bool fits_decimal(const cw__node *node, const char *format)
{
    const char *comma = strchr(format, ',');

    return is_decimal(node->type) && comma && strtol(comma + 1, NULL, 10) == (long)node->scale;
}

/* Seconds are stored as milliseconds. */
static bool fits_unit(const cw__node *node, char letter)
{
    switch (node->unit) {
    case CW_UNIT_MS:
        return letter == 's' || letter == 'm';
    case CW_UNIT_US:
        return letter == 'u';
    case CW_UNIT_NS:
        return letter == 'n';
    default:
        return false;
    }
}

static bool fits_moment(const cw__node *node, const char *format)
{
    switch (format[1]) {
    case 'd':
        return node->type == CW_TYPE_DATE && (format[2] == 'D' || format[2] == 'm');
    case 't':
        return node->type == CW_TYPE_TIME && fits_unit(node, format[2]);
    case 's':
        return node->type == CW_TYPE_TIMESTAMP && fits_unit(node, format[2]);
    case 'D':
        return node->type == CW_TYPE_INT64;
    default:
        return false;
    }
}

static bool fits_letter(cw_type type, char letter)
{
    static const char letters[] = "cCsSiIlLefg";
    static const cw_type types[] = {CW_TYPE_INT8,    CW_TYPE_UINT8,  CW_TYPE_INT16, CW_TYPE_UINT16,
                                    CW_TYPE_INT32,   CW_TYPE_UINT32, CW_TYPE_INT64, CW_TYPE_UINT64,
                                    CW_TYPE_FLOAT16, CW_TYPE_FLOAT,  CW_TYPE_DOUBLE};
    const char *at = strchr(letters, letter);

    return at && types[at - letters] == type;
}

bool cw__arrow_fits(const cw__node *node, const char *format)
{
    if (format[0] && !format[1])
        return fits_letter(node->type, format[0]);
    switch (format[0]) {
    case 'w':
        return node->type == CW_TYPE_FIXED || node->type == CW_TYPE_UUID ||
               node->type == CW_TYPE_INTERVAL || node->type == CW_TYPE_INT96;
    case 'd':
        return fits_decimal(node, format);
    case 't':
        return fits_moment(node, format);
    default:
        return false;
    }
}
