/* thrift.h - the compact protocol of Thrift, written to growing bytes and read from untrusted ones
 */
#ifndef CW_PARQUET_THRIFT_H
#define CW_PARQUET_THRIFT_H

#include "base/text.h"

typedef enum cw__thrift_type {
    CW__THRIFT_STOP = 0,
    CW__THRIFT_TRUE = 1,
    CW__THRIFT_FALSE = 2,
    CW__THRIFT_I8 = 3,
    CW__THRIFT_I16 = 4,
    CW__THRIFT_I32 = 5,
    CW__THRIFT_I64 = 6,
    CW__THRIFT_DOUBLE = 7,
    CW__THRIFT_BINARY = 8,
    CW__THRIFT_LIST = 9,
    CW__THRIFT_SET = 10,
    CW__THRIFT_MAP = 11,
    CW__THRIFT_STRUCT = 12
} cw__thrift_type;

/* ---- writing: failure (out of memory) sticks to the text ---- */

typedef struct cw__thrift_out {
    cw__text *to;
    int16_t last[32]; /* field ids of the open structs */
    int depth;
} cw__thrift_out;

void cw__thrift_begin(cw__thrift_out *t); /* the outermost struct, or one in a list */
void cw__thrift_end(cw__thrift_out *t);
void cw__thrift_put_bool(cw__thrift_out *t, int16_t id, bool v);
void cw__thrift_put_i8(cw__thrift_out *t, int16_t id, int8_t v);
void cw__thrift_put_i16(cw__thrift_out *t, int16_t id, int16_t v);
void cw__thrift_put_i32(cw__thrift_out *t, int16_t id, int32_t v);
void cw__thrift_put_i64(cw__thrift_out *t, int16_t id, int64_t v);
void cw__thrift_put_double(cw__thrift_out *t, int16_t id, double v);
void cw__thrift_put_binary(cw__thrift_out *t, int16_t id, const void *p, size_t n);
void cw__thrift_put_string(cw__thrift_out *t, int16_t id, const char *s);
void cw__thrift_put_struct(cw__thrift_out *t, int16_t id); /* then its fields, then _end */
void cw__thrift_put_list(cw__thrift_out *t, int16_t id, cw__thrift_type element, size_t n);
/* elements of a list */
void cw__thrift_item_i32(cw__thrift_out *t, int32_t v);
void cw__thrift_item_i64(cw__thrift_out *t, int64_t v);
void cw__thrift_item_bool(cw__thrift_out *t, bool v);
void cw__thrift_item_binary(cw__thrift_out *t, const void *p, size_t n);

/* ---- reading: `failed` sticks; every answer is then zero ---- */

typedef struct cw__thrift_in {
    const uint8_t *p, *end;
    int16_t last[32];
    int depth;
    bool failed;
    bool bool_value; /* of a field header that holds one */
} cw__thrift_in;

void cw__thrift_read(cw__thrift_in *t, const void *p, size_t n);
void cw__thrift_enter(cw__thrift_in *t); /* a struct; too deep: failed */
/** The next field of the struct that is open: false at its end (which is then left), or failed. */
bool cw__thrift_field(cw__thrift_in *t, int16_t *id, cw__thrift_type *type);
void cw__thrift_skip(cw__thrift_in *t, cw__thrift_type type);
bool cw__thrift_get_bool(cw__thrift_in *t); /* of a field */
bool cw__thrift_get_bool_item(cw__thrift_in *t);
int8_t cw__thrift_get_i8(cw__thrift_in *t);
int64_t cw__thrift_get_int(cw__thrift_in *t); /* i16, i32, i64 */
double cw__thrift_get_double(cw__thrift_in *t);
/** Points into the input. */
const uint8_t *cw__thrift_get_binary(cw__thrift_in *t, size_t *n);
/** The number of elements; failed if so many cannot follow. */
size_t cw__thrift_get_list(cw__thrift_in *t, cw__thrift_type *element);

#endif
