/* thrift.c - the compact protocol of Thrift, written to growing bytes and read from untrusted ones
 */
#include "format/parquet/meta/thrift.h"

#include <string.h>

enum { DEPTH = 32 };

/* ---- writing ---- */

static void put_varint(cw__text *to, uint64_t v)
{
    char bytes[10];
    size_t n = 0;

    for (; v >= 0x80; v >>= 7)
        bytes[n++] = (char)(v | 0x80);
    bytes[n++] = (char)v;
    cw__text_add_n(to, bytes, n);
}

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

/* A field id that follows its neighbour closely shares a byte with the type. */
static void put_field(cw__thrift_out *t, int16_t id, cw__thrift_type type)
{
    int16_t *last = &t->last[t->depth - 1];
    int step = id - *last;

    if (step > 0 && step <= 15) {
        cw__text_add_char(t->to, (char)(step << 4 | (int)type));
    } else {
        cw__text_add_char(t->to, (char)type);
        put_varint(t->to, zigzag(id));
    }
    *last = id;
}

void cw__thrift_begin(cw__thrift_out *t)
{
    if (t->depth < DEPTH)
        t->last[t->depth++] = 0;
    else
        t->to->failed = true;
}

void cw__thrift_end(cw__thrift_out *t)
{
    cw__text_add_char(t->to, CW__THRIFT_STOP);
    t->depth--;
}

void cw__thrift_put_bool(cw__thrift_out *t, int16_t id, bool v)
{
    put_field(t, id, v ? CW__THRIFT_TRUE : CW__THRIFT_FALSE);
}

void cw__thrift_put_i8(cw__thrift_out *t, int16_t id, int8_t v)
{
    put_field(t, id, CW__THRIFT_I8);
    cw__text_add_char(t->to, (char)v);
}

void cw__thrift_put_i16(cw__thrift_out *t, int16_t id, int16_t v)
{
    put_field(t, id, CW__THRIFT_I16);
    put_varint(t->to, zigzag(v));
}

void cw__thrift_put_i32(cw__thrift_out *t, int16_t id, int32_t v)
{
    put_field(t, id, CW__THRIFT_I32);
    put_varint(t->to, zigzag(v));
}

void cw__thrift_put_i64(cw__thrift_out *t, int16_t id, int64_t v)
{
    put_field(t, id, CW__THRIFT_I64);
    put_varint(t->to, zigzag(v));
}

void cw__thrift_put_double(cw__thrift_out *t, int16_t id, double v)
{
    put_field(t, id, CW__THRIFT_DOUBLE);
    cw__text_add_n(t->to, &v, sizeof v);
}

void cw__thrift_put_binary(cw__thrift_out *t, int16_t id, const void *p, size_t n)
{
    put_field(t, id, CW__THRIFT_BINARY);
    cw__thrift_item_binary(t, p, n);
}

void cw__thrift_put_string(cw__thrift_out *t, int16_t id, const char *s)
{
    cw__thrift_put_binary(t, id, s, strlen(s));
}

void cw__thrift_put_struct(cw__thrift_out *t, int16_t id)
{
    put_field(t, id, CW__THRIFT_STRUCT);
    cw__thrift_begin(t);
}

void cw__thrift_put_list(cw__thrift_out *t, int16_t id, cw__thrift_type element, size_t n)
{
    put_field(t, id, CW__THRIFT_LIST);
    if (n < 15) {
        cw__text_add_char(t->to, (char)(n << 4 | (size_t)element));
    } else {
        cw__text_add_char(t->to, (char)(0xF0 | (unsigned)element));
        put_varint(t->to, n);
    }
}

void cw__thrift_item_i32(cw__thrift_out *t, int32_t v)
{
    put_varint(t->to, zigzag(v));
}

void cw__thrift_item_i64(cw__thrift_out *t, int64_t v)
{
    put_varint(t->to, zigzag(v));
}

void cw__thrift_item_bool(cw__thrift_out *t, bool v)
{
    cw__text_add_char(t->to, v ? CW__THRIFT_TRUE : CW__THRIFT_FALSE);
}

void cw__thrift_item_binary(cw__thrift_out *t, const void *p, size_t n)
{
    put_varint(t->to, n);
    if (n)
        cw__text_add_n(t->to, p, n);
}

/* ---- reading ---- */

void cw__thrift_read(cw__thrift_in *t, const void *p, size_t n)
{
    memset(t, 0, sizeof *t);
    t->p = p;
    t->end = t->p + n;
}

static uint8_t get_byte(cw__thrift_in *t)
{
    if (t->failed || t->p == t->end) {
        t->failed = true;
        return 0;
    }
    return *t->p++;
}

static uint64_t get_varint(cw__thrift_in *t)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64 && !t->failed; shift += 7) {
        uint8_t b = get_byte(t);
        v |= (uint64_t)(b & 0x7F) << shift;
        if (!(b & 0x80))
            return t->failed ? 0 : v;
    }
    t->failed = true;
    return 0;
}

void cw__thrift_enter(cw__thrift_in *t)
{
    if (t->depth < DEPTH)
        t->last[t->depth++] = 0;
    else
        t->failed = true;
}

int64_t cw__thrift_get_int(cw__thrift_in *t)
{
    uint64_t v = get_varint(t);

    return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

bool cw__thrift_field(cw__thrift_in *t, int16_t *id, cw__thrift_type *type)
{
    uint8_t head = get_byte(t);

    if (t->failed || t->depth == 0)
        return false;
    if (head == CW__THRIFT_STOP) {
        t->depth--;
        return false;
    }
    int64_t next = head >> 4 ? t->last[t->depth - 1] + (head >> 4) : cw__thrift_get_int(t);
    *type = (cw__thrift_type)(head & 0xF);
    if (next < INT16_MIN || next > INT16_MAX || *type == CW__THRIFT_STOP ||
        *type > CW__THRIFT_STRUCT)
        t->failed = true;
    *id = t->failed ? 0 : (int16_t)next;
    t->last[t->depth - 1] = *id;
    t->bool_value = *type == CW__THRIFT_TRUE;
    return !t->failed;
}

static void skip_bytes(cw__thrift_in *t, uint64_t n)
{
    if (n > (uint64_t)(t->end - t->p))
        t->failed = true;
    else
        t->p += n;
}

static void skip_item(cw__thrift_in *t, cw__thrift_type type)
{
    if (type == CW__THRIFT_TRUE || type == CW__THRIFT_FALSE)
        get_byte(t);
    else
        cw__thrift_skip(t, type);
}

static void skip_map(cw__thrift_in *t)
{
    uint64_t n = get_varint(t);
    uint8_t types = n ? get_byte(t) : 0;

    if (n > (uint64_t)(t->end - t->p))
        t->failed = true;
    for (uint64_t i = 0; i < n && !t->failed; i++) {
        skip_item(t, (cw__thrift_type)(types >> 4));
        skip_item(t, (cw__thrift_type)(types & 0xF));
    }
}

static void skip_list(cw__thrift_in *t)
{
    cw__thrift_type element;
    size_t n = cw__thrift_get_list(t, &element);

    for (size_t i = 0; i < n && !t->failed; i++)
        skip_item(t, element);
}

/* Lists in lists take a byte each: they count as structs do, or they would take all of the stack.
 */
static void skip_container(cw__thrift_in *t, cw__thrift_type type)
{
    cw__thrift_enter(t);
    if (t->failed)
        return;
    if (type == CW__THRIFT_MAP)
        skip_map(t);
    else
        skip_list(t);
    t->depth--;
}

void cw__thrift_skip(cw__thrift_in *t, cw__thrift_type type)
{
    int16_t id;

    switch (type) {
    case CW__THRIFT_TRUE:
    case CW__THRIFT_FALSE:
        break;
    case CW__THRIFT_I8:
        get_byte(t);
        break;
    case CW__THRIFT_I16:
    case CW__THRIFT_I32:
    case CW__THRIFT_I64:
        get_varint(t);
        break;
    case CW__THRIFT_DOUBLE:
        skip_bytes(t, 8);
        break;
    case CW__THRIFT_BINARY:
        skip_bytes(t, get_varint(t));
        break;
    case CW__THRIFT_LIST:
    case CW__THRIFT_SET:
    case CW__THRIFT_MAP:
        skip_container(t, type);
        break;
    case CW__THRIFT_STRUCT:
        cw__thrift_enter(t);
        while (cw__thrift_field(t, &id, &type))
            cw__thrift_skip(t, type);
        break;
    default:
        t->failed = true;
    }
}

bool cw__thrift_get_bool(cw__thrift_in *t)
{
    return !t->failed && t->bool_value;
}

bool cw__thrift_get_bool_item(cw__thrift_in *t)
{
    return get_byte(t) == CW__THRIFT_TRUE;
}

int8_t cw__thrift_get_i8(cw__thrift_in *t)
{
    return (int8_t)get_byte(t);
}

double cw__thrift_get_double(cw__thrift_in *t)
{
    double v = 0;

    if (t->failed || t->end - t->p < 8) {
        t->failed = true;
        return 0;
    }
    memcpy(&v, t->p, sizeof v);
    t->p += 8;
    return v;
}

const uint8_t *cw__thrift_get_binary(cw__thrift_in *t, size_t *n)
{
    uint64_t bytes = get_varint(t);
    const uint8_t *p = t->p;

    skip_bytes(t, bytes);
    *n = t->failed ? 0 : (size_t)bytes;
    return t->failed ? NULL : p;
}

/* Every element takes a byte at least. */
size_t cw__thrift_get_list(cw__thrift_in *t, cw__thrift_type *element)
{
    uint8_t head = get_byte(t);
    uint64_t n = head >> 4;

    *element = (cw__thrift_type)(head & 0xF);
    if (n == 15)
        n = get_varint(t);
    if (t->failed || n > (uint64_t)(t->end - t->p)) {
        t->failed = true;
        return 0;
    }
    return (size_t)n;
}
