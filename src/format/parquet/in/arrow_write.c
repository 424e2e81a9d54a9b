/* arrow_write.c - Arrow batches as a way in */
#include <string.h>

#include "base/error.h"
#include "format/parquet/in/arrow.h"
#include "format/parquet/in/intake.h"

static cw_status take(cw_parquet *p, const struct ArrowArray *array, const struct ArrowSchema *type)
{
    cw__ways *ways = cw__parquet_ways(p);
    cw_error err = {0};
    cw_status st = cw__parquet_status(p);

    if (st == CW_OK)
        st = cw__values_hand_over(p);
    if (st != CW_OK)
        return st;
    if (cw__arrow_view(&ways->arrow, cw__parquet_schema(p), type, array, &err) != CW_OK)
        return cw__parquet_fail(p, &err);
    return cw__parquet_take(p, cw__arrow_columns(ways->arrow), (size_t)array->length);
}

cw_status cw_parquet_write_arrow(cw_parquet *p, struct ArrowArray *array,
                                 const struct ArrowSchema *schema)
{
    cw_status st = take(p, array, schema);
    struct cw__arrow_views *views = cw__parquet_ways(p)->arrow;

    if (st != CW_OK)
        cw__parquet_rest(p);
    if (views)
        cw__arrow_settle(views, st == CW_OK);
    if (st == CW_OK)
        array->release(array);
    return st;
}
