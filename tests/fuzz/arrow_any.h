/* arrow_any.h - sound and hostile Arrow data, from the bytes of an input
 *
 * A byte or more for each field. An input that ends goes on as zeros, which make sound data.
 * Buffers are exactly as long as the length and offset of their array demand, which is what an
 * importer may rely on; what is in them, and all the counts, may be hostile.
 *
 * A batch releases what is below it, as Arrow demands: all that was not moved out of it. An array's
 * memory is gone when it is released, and that is noted in its life.
 */
#ifndef CW_TESTS_ARROW_ANY_H
#define CW_TESTS_ARROW_ANY_H

#include <stdbool.h>
#include <string.h>
#include <cloudwriter/arrow_abi.h>

#include "fuzz.h"

enum { DEEPEST = 5, MOST_KEPT = 20000, MOST_VARIADIC = 3, MOST_LIVES = 4000 };

typedef struct made {
    struct ArrowSchema *type;
    struct ArrowArray *array;
} made;

/* Of an array, whoever has it. */
typedef struct life {
    size_t batch;
    int released;
} life;

/* One input. What is not released is kept until its end. */
static struct {
    const uint8_t *at, *end;
    bool hostile;
    bool large; /* enough in a batch for arrays to be kept by the encoder */
    uint32_t noise;
    void *kept[MOST_KEPT];
    size_t kept_n;
    life lives[MOST_LIVES];
    size_t lives_n;
    size_t batches;
    int released; /* batches */
} in;

/* ---- bytes of the input ---- */

static unsigned take(void)
{
    return in.at < in.end ? *in.at++ : 0;
}

static bool twisted(void)
{
    return in.hostile && take() % 16 == 15;
}

static int64_t wild(void)
{
    static const int64_t numbers[] = {
        -1, INT32_MIN, INT32_MAX, INT64_MIN, INT64_MAX, INT64_C(1) << 40, INT64_C(1) << 62,
        1,  7,         100,       0};
    return numbers[take() % (sizeof numbers / sizeof *numbers)];
}

static unsigned noise(void)
{
    in.noise = in.noise * 1664525 + 1013904223;
    return in.noise >> 24;
}

/* ---- memory ---- */

static void *keep(size_t n)
{
    void *p = calloc(1, n ? n : 1);
    MUST(p && in.kept_n < MOST_KEPT);
    in.kept[in.kept_n++] = p;
    return p;
}

static void *keep_noise(size_t n, bool text)
{
    uint8_t *p = keep(n);
    for (size_t i = 0; i < n; i++)
        p[i] = text ? (uint8_t)('a' + noise() % 26) : (uint8_t)noise();
    return p;
}

static void forget(const void *p)
{
    size_t i = 0;
    while (i < in.kept_n && in.kept[i] != p)
        i++;
    if (i == in.kept_n)
        return;
    free(in.kept[i]);
    in.kept[i] = in.kept[--in.kept_n];
}

static void forget_all(void)
{
    while (in.kept_n)
        free(in.kept[--in.kept_n]);
}

static void release_type(struct ArrowSchema *type)
{
    type->release = NULL;
}

/* What is left of an array below another one. */
static void end_below(struct ArrowArray *below)
{
    if (below && below->release)
        below->release(below);
    forget(below);
}

static void release_array(struct ArrowArray *a)
{
    life *l = a->private_data;
    MUST(a->release && l->released++ == 0);
    for (int64_t i = 0; a->children && i < a->n_children; i++)
        end_below(a->children[i]);
    end_below(a->dictionary);
    for (int64_t i = 0; a->buffers && i < a->n_buffers; i++)
        forget(a->buffers[i]);
    forget(a->children);
    forget(a->buffers);
    a->release = NULL;
}

static void release_batch(struct ArrowArray *a)
{
    in.released++;
    release_array(a);
}

/* Whether each array of a batch was released so often. */
static bool all_released(size_t batch, int times)
{
    for (size_t i = 0; i < in.lives_n; i++)
        if (in.lives[i].batch == batch && in.lives[i].released != times)
            return false;
    return true;
}

/* ---- arrays ---- */

static made make_any(int depth, int64_t needed);

static int64_t total(const made *m)
{
    return m->array->length + m->array->offset;
}

static void *buffer(const made *m, int64_t i, size_t bytes)
{
    void *p = keep_noise(bytes, false);
    m->array->buffers[i] = p;
    return p;
}

static made make_array(const char *format, int64_t needed, int64_t buffers)
{
    made m = {keep(sizeof *m.type), keep(sizeof *m.array)};
    unsigned how = take();
    m.type->format = format;
    m.type->name = how & 0x80 ? "x" : "field";
    m.type->flags = how & 1 ? 0 : ARROW_FLAG_NULLABLE;
    m.type->release = release_type;
    m.array->offset = how >> 1 & 3;
    m.array->length = needed + (how >> 3 & 1);
    if (twisted())
        m.array->length -= needed ? 1 + take() % needed : 0;
    m.array->n_buffers = buffers;
    m.array->buffers = keep((size_t)(buffers + 1) * sizeof(void *));
    m.array->release = release_array;
    MUST(in.lives_n < MOST_LIVES);
    in.lives[in.lives_n] = (life){.batch = in.batches};
    m.array->private_data = &in.lives[in.lives_n++];
    if (buffers && how & 0x10) {
        buffer(&m, 0, (size_t)(total(&m) + 7) / 8);
        m.array->null_count = how & 0x20 ? -1 : 1;
    }
    return m;
}

static void add_children(made *m, int64_t n, const made *children)
{
    m->type->n_children = m->array->n_children = n;
    m->type->children = keep((size_t)n * sizeof(struct ArrowSchema *));
    m->array->children = keep((size_t)n * sizeof(struct ArrowArray *));
    for (int64_t i = 0; i < n; i++) {
        m->type->children[i] = children[i].type;
        m->array->children[i] = children[i].array;
    }
}

static made make_fixed(const char *format, size_t width, int64_t needed)
{
    made m = make_array(format, needed, 2);
    uint8_t *p = buffer(&m, 1, width * (size_t)total(&m));
    if (format[0] == 'd' && !twisted())
        memset(p, 0, width * (size_t)total(&m));
    if (format[0] == 't' && take() % 2 == 0)
        for (size_t i = 0; i < width * (size_t)total(&m); i++)
            p[i] = i % width ? 0 : p[i];
    return m;
}

static made make_bits(int64_t needed)
{
    made m = make_array("b", needed, 2);
    buffer(&m, 1, (size_t)(total(&m) + 7) / 8);
    return m;
}

static void put_number(void *p, bool wide, int64_t i, int64_t v)
{
    int32_t narrow = (int32_t)v;
    if (wide)
        memcpy((uint8_t *)p + 8 * i, &v, 8);
    else
        memcpy((uint8_t *)p + 4 * i, &narrow, 4);
}

/* Offsets of total() things of up to `most` items each; how many items there have to be. */
static int64_t make_offsets(const made *m, bool wide, unsigned most)
{
    uint8_t *p = buffer(m, 1, (size_t)(total(m) + 1) * (wide ? 8 : 4));
    int64_t at = take() % 2 ? most : 0;
    for (int64_t i = 0; i <= total(m); i++) {
        put_number(p, wide, i, at);
        at += i < total(m) ? noise() % (most + 1) : 0;
    }
    if (twisted())
        put_number(p, wide, take() % (total(m) + 1), wild());
    if (twisted())
        put_number(p, wide, take() % (total(m) + 1), noise());
    return at;
}

static made make_bytes(const char *format, int64_t needed)
{
    bool wide = format[0] == 'U' || format[0] == 'Z';
    made m = make_array(format, needed, 3);
    int64_t last = 0;
    make_offsets(&m, wide, in.large ? 60 : 20);
    /* Its length is what the last offset says, where it can be. */
    const uint8_t *end = (const uint8_t *)m.array->buffers[1] + (wide ? 8 : 4) * total(&m);
    if (wide) {
        memcpy(&last, end, 8);
    } else {
        int32_t narrow;
        memcpy(&narrow, end, 4);
        last = narrow;
    }
    if (last < 0 || last > 1 << 20) {
        last = 300;
        put_number((void *)(uintptr_t)m.array->buffers[1], wide, total(&m), last);
    }
    m.array->buffers[2] = twisted() ? NULL : keep_noise((size_t)last, !twisted());
    return m;
}

static void put_view(uint8_t *p, int64_t variadic, const int64_t *sizes)
{
    int32_t n = (int32_t)(noise() % 40), where[2] = {0, 0};
    bool within = false;
    for (int64_t b = 0; b < variadic && !within; b++)
        if (sizes[b] >= n) {
            where[0] = (int32_t)b;
            where[1] = (int32_t)((int64_t)noise() % (sizes[b] - n + 1));
            within = true;
        }
    if (twisted()) {
        n = (int32_t)(13 + noise());
        where[take() % 2] = (int32_t)wild();
    } else if (twisted()) {
        n = (int32_t)wild();
    } else if (n > 12 && !within) {
        n %= 13;
    }
    memset(p, 'v', 16);
    memcpy(p, &n, 4);
    if (n < 0 || n > 12)
        memcpy(p + 8, where, 8);
}

static made make_views(const char *format, int64_t needed)
{
    int64_t variadic = take() % (MOST_VARIADIC + 1);
    made m = make_array(format, needed, 3 + variadic);
    int64_t *sizes = keep((size_t)variadic * sizeof *sizes);
    uint8_t *views = buffer(&m, 1, 16 * (size_t)total(&m));
    for (int64_t i = 0; i < variadic; i++) {
        sizes[i] = take() % 64;
        m.array->buffers[2 + i] = sizes[i] ? keep_noise((size_t)sizes[i], true) : NULL;
    }
    for (int64_t i = 0; i < total(&m); i++)
        put_view(views + 16 * i, variadic, sizes);
    if (variadic && twisted())
        sizes[take() % variadic] = take() % 2 ? -1 : INT64_MIN;
    m.array->buffers[2 + variadic] = twisted() ? NULL : sizes;
    return m;
}

/* Items that are to be there, or fewer. */
static int64_t at_most(int64_t n)
{
    return twisted() ? (n ? take() % n : 0) : n;
}

static made make_list(const char *format, int depth, int64_t needed)
{
    made m = make_array(format, needed, 2);
    made item = make_any(depth + 1, at_most(make_offsets(&m, format[1] == 'L', 4)));
    add_children(&m, 1, &item);
    return m;
}

static made make_list_view(const char *format, int depth, int64_t needed)
{
    bool wide = format[2] == 'L';
    made m = make_array(format, needed, 3);
    int64_t items = take() % 8, n = total(&m);
    uint8_t *offsets = buffer(&m, 1, (size_t)n * (wide ? 8 : 4));
    uint8_t *sizes = buffer(&m, 2, (size_t)n * (wide ? 8 : 4));
    made item = make_any(depth + 1, items);
    for (int64_t i = 0; i < n; i++) {
        int64_t size = (int64_t)(noise() % 4) % (items + 1);
        put_number(offsets, wide, i, (int64_t)noise() % (items - size + 1));
        put_number(sizes, wide, i, size);
    }
    if (n && twisted())
        put_number(take() % 2 ? offsets : sizes, wide, take() % n, wild());
    add_children(&m, 1, &item);
    return m;
}

static made make_fixed_list(const char *format, int depth, int64_t needed)
{
    made m = make_array(format, needed, 1);
    made item = make_any(depth + 1, at_most(total(&m) * (format[3] - '0')));
    add_children(&m, 1, &item);
    return m;
}

static made make_struct(int depth, int64_t needed, int64_t fields)
{
    made m = make_array("+s", needed, 1), children[4];
    for (int64_t i = 0; i < fields; i++) {
        static const char *const names[] = {"a", "b", "c", "d"};
        children[i] = make_any(depth + 1, at_most(total(&m)));
        children[i].type->name = twisted() ? "a" : names[i];
    }
    add_children(&m, fields, children);
    return m;
}

static made make_map(int depth, int64_t needed)
{
    made m = make_array("+m", needed, 2);
    made entries = make_struct(depth + 1, at_most(make_offsets(&m, false, 3)), 2);
    add_children(&m, 1, &entries);
    if (!twisted()) {
        entries.array->buffers[0] = NULL;
        entries.array->null_count = 0;
        entries.type->children[0]->flags = 0;
        entries.array->children[0]->null_count = 0;
    }
    return m;
}

static int64_t index_bytes(char letter)
{
    return letter == 'c' || letter == 'C'   ? 1
           : letter == 's' || letter == 'S' ? 2
           : letter == 'i' || letter == 'I' ? 4
                                            : 8;
}

static void put_index(uint8_t *p, int64_t width, int64_t i, int64_t v)
{
    memcpy(p + i * width, &v, (size_t)width);
}

static made make_dictionary(int depth, int64_t needed)
{
    static const char *const formats[] = {"i", "c", "C", "s", "S", "I", "l", "L"};
    made m = make_array(formats[take() % 8], needed, 2);
    int64_t n = total(&m), entries = 1 + take() % 5, width = index_bytes(m.type->format[0]);
    uint8_t *p = buffer(&m, 1, (size_t)(n * width));
    for (int64_t i = 0; i < n; i++)
        put_index(p, width, i, (int64_t)noise() % entries);
    if (n && twisted())
        put_index(p, width, take() % n, wild());
    made values = make_any(depth + 1, at_most(entries));
    m.type->dictionary = values.type;
    m.array->dictionary = values.array;
    return m;
}

static made make_runs(int depth, int64_t needed)
{
    static const char *const formats[] = {"i", "s", "l"};
    const char *format = formats[take() % 3];
    int64_t width = index_bytes(format[0]), runs = 0, end = 0;
    made m = make_array("+r", needed, 0), children[2];
    uint8_t ends[64];
    for (; end < total(&m) && runs < (int64_t)sizeof ends; runs++) {
        int64_t rest = total(&m) - end;
        end += runs == (int64_t)sizeof ends - 1 ? rest : 1 + (int64_t)noise() % rest;
    }
    children[0] = make_array(format, runs, 2);
    int64_t n = total(&children[0]);
    uint8_t *p = buffer(&children[0], 1, (size_t)(n * width));
    children[0].array->length = n - children[0].array->offset;
    for (int64_t i = 0; i < n; i++) {
        int64_t place = i - children[0].array->offset + 1, runs_left = runs - place;
        put_index(p, width, i, runs_left > 0 ? place : end + place);
    }
    if (n && twisted())
        put_index(p, width, take() % n, wild());
    children[1] = make_any(depth + 1, children[0].array->length);
    if (!twisted() && children[1].array->length > children[0].array->length)
        children[1].array->length = children[0].array->length;
    add_children(&m, 2, children);
    return m;
}

static made make_nothing(int64_t needed)
{
    made m = make_array("n", needed, 0);
    m.array->null_count = m.array->length;
    return m;
}

/* ---- types ---- */

static const struct {
    const char *format;
    uint8_t width;
} plain[] = {
    {"i", 4},        {"u", 0},         {"l", 8},       {"g", 8},
    {"b", 0},        {"c", 1},         {"C", 1},       {"s", 2},
    {"S", 2},        {"I", 4},         {"L", 8},       {"e", 2},
    {"f", 4},        {"z", 0},         {"U", 0},       {"Z", 0},
    {"vu", 0},       {"vz", 0},        {"n", 0},       {"w:5", 5},
    {"w:16", 16},    {"d:9,2", 16},    {"d:20,3", 16}, {"d:40,2,256", 32},
    {"d:5,1,32", 4}, {"d:12,2,64", 8}, {"tdD", 4},     {"tdm", 8},
    {"tts", 4},      {"ttm", 4},       {"ttu", 8},     {"ttn", 8},
    {"tss:", 8},     {"tsm:UTC", 8},   {"tsu:", 8},    {"tsn:Europe/Berlin", 8},
    {"tDs", 8},      {"tDn", 8},       {"tiM", 4},     {"+ud:0", 0},
    {"?", 1},        {"w:0", 0},       {"+", 0},       {"+v", 0},
};

static made make_plain(int64_t needed)
{
    size_t i = take() % (sizeof plain / sizeof *plain);
    const char *format = plain[i].format;
    if (format[0] == 'b')
        return make_bits(needed);
    if (format[0] == 'n')
        return make_nothing(needed);
    if (format[0] == 'v')
        return make_views(format, needed);
    if (plain[i].width == 0 && format[0] != '+' && format[0] != 'w')
        return make_bytes(format, needed);
    return make_fixed(format, plain[i].width, needed);
}

static made make_sound(int depth, int64_t needed)
{
    switch (depth < DEEPEST ? take() % 24 : 0) {
    case 1:
        return make_list("+l", depth, needed);
    case 2:
        return make_struct(depth, needed, 1 + take() % 3);
    case 3:
        return make_list("+L", depth, needed);
    case 4:
        return make_list_view("+vl", depth, needed);
    case 5:
        return make_list_view("+vL", depth, needed);
    case 6:
        return make_fixed_list("+w:3", depth, needed);
    case 7:
        return make_map(depth, needed);
    case 8:
        return make_dictionary(depth, needed);
    case 9:
        return make_runs(depth, needed);
    case 10:
        return make_fixed_list("+w:0", depth, needed);
    case 11:
        return make_struct(depth, needed, 0);
    default:
        return make_plain(needed);
    }
}

/* ---- what may be wrong with any of them ---- */

static void break_array(struct ArrowArray *a)
{
    switch (take() % 12) {
    case 0:
        a->length = wild() < 0 ? -1 : INT64_MAX;
        break;
    case 1:
        a->offset = wild() < 0 ? -1 : INT64_MAX;
        break;
    case 2:
        a->n_buffers = take() % (a->n_buffers + 1);
        break;
    case 3:
        a->n_buffers = -1;
        break;
    case 4:
        a->buffers = NULL;
        break;
    case 5:
        a->buffers[take() % (a->n_buffers + 1)] = NULL;
        break;
    case 6:
        a->n_children = a->n_children ? take() % a->n_children : -1;
        break;
    case 7:
        a->children = NULL;
        break;
    case 8:
        if (a->n_children)
            a->children[take() % a->n_children] = NULL;
        break;
    case 9:
        a->dictionary = NULL;
        break;
    case 10:
        a->release = NULL;
        break;
    default:
        a->null_count = wild();
    }
}

static void break_type(struct ArrowSchema *s)
{
    switch (take() % 8) {
    case 0:
        s->format = NULL;
        break;
    case 1:
        s->format = take() % 2 ? "+ud:0" : "?"; /* others would make buffers too short */
        break;
    case 2:
        s->n_children = s->n_children ? take() % s->n_children : -1;
        break;
    case 3:
        s->children = NULL;
        break;
    case 4:
        if (s->n_children && s->children)
            s->children[take() % s->n_children] = NULL;
        break;
    case 5:
        s->dictionary = s->dictionary ? NULL : s;
        break;
    case 6:
        s->name = NULL;
        break;
    default:
        s->release = NULL;
    }
}

static made make_any(int depth, int64_t needed)
{
    made m = make_sound(depth, needed);
    if (twisted())
        break_array(m.array);
    return m;
}

/* ---- batches ---- */

static made make_batch(int64_t rows, int64_t columns)
{
    made m = make_struct(0, rows, columns);
    m.array->release = release_batch;
    if (!twisted()) {
        m.array->null_count = 0;
        m.array->length = rows;
    }
    if (twisted())
        break_array(m.array);
    in.batches++;
    return m;
}

#endif
