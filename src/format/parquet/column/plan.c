/* plan.c - how a chunk is to be encoded: measured on a sample, and on all of it for a dictionary
 *
 * The sample is a few runs of values that lie side by side, spread over the chunk. Each encoding
 * that suits the type is tried on it, and compressed; what comes out smallest wins, but for a
 * little that is charged for the bytes that have to pass the compressor: of two that are alike the
 * faster one.
 *
 * A dictionary cannot be judged by a sample alone. Where the sample has few distinct values, and
 * its runs share them, one is built of the whole chunk, within the size at which it could still
 * pay; it competes with the indices of the sample's values and the share of its own page.
 */
#include "format/parquet/column/plan.h"

#include <string.h>

#include "base/memory.h"
#include "format/parquet/encode/rle.h"

enum {
    RUNS = 8,
    MOST_SAMPLE = 16384,
    LEAST_SAMPLE = 1024,
    SAMPLE_SHARE = 24, /* of the values, between these */
    MOST_SAMPLE_BYTES = 512 << 10,
    MOST_PINNED_DICTIONARY = 64 << 20
};

/* Of what goes into the compressor, as a share of what comes out. */
static const double SPEED = 0.02;
/* What compression has to save. */
static const double WORTH = 0.96;

typedef struct sample {
    size_t starts[RUNS + 1]; /* in the chunk; of the runs */
    size_t run;              /* values of each */
    size_t runs;
    size_t count;
} sample;

/* One encoding, measured. */
typedef struct trial {
    int32_t encoding;
    double bytes;  /* of the whole chunk, as stored */
    double cost;   /* bytes, and the charge for the time */
    bool compress; /* it pays */
    unsigned hint;
} trial;

cw__block_codec cw__block_codec_of(cw_parquet_codec codec)
{
    switch (codec) {
    case CW_CODEC_ZSTD:
        return CW__BLOCK_ZSTD;
    case CW_CODEC_GZIP:
        return CW__BLOCK_GZIP;
    case CW_CODEC_SNAPPY:
        return CW__BLOCK_SNAPPY;
    case CW_CODEC_LZ4_RAW:
        return CW__BLOCK_LZ4;
    default:
        return CW__BLOCK_NONE;
    }
}

void cw__chunk_plan_free(cw__chunk_plan *plan)
{
    cw__dictionary_free(&plan->dictionary);
}

/* ---- the sample ---- */

static void place_runs(sample *s, const cw__column_buffer *in)
{
    size_t n = in->count, want = n / SAMPLE_SHARE;
    size_t average = n ? cw__raw_bytes(in, 0, n) / n + 1 : 1;

    want = want < LEAST_SAMPLE ? LEAST_SAMPLE : want > MOST_SAMPLE ? MOST_SAMPLE : want;
    if (want > MOST_SAMPLE_BYTES / average)
        want = MOST_SAMPLE_BYTES / average + RUNS;
    s->runs = want >= n ? 1 : RUNS;
    s->run = want >= n ? n : want / RUNS;
    s->count = s->run * s->runs;
    for (size_t i = 0; i < s->runs; i++)
        s->starts[i] = s->runs == 1 ? 0 : (n - s->run) / (s->runs - 1) * i;
}

static bool add_run(cw__column_buffer *to, const cw__column_buffer *in, size_t from, size_t n)
{
    const uint32_t *offsets = cw__column_offsets(in);
    size_t bytes = cw__raw_bytes(in, from, from + n);
    size_t start = in->leaf->width ? from * in->leaf->width : offsets[from];

    if (!cw__grow(&to->values, bytes + 1) || !cw__grow(&to->offsets, (n + 1) * sizeof(uint32_t)))
        return false;
    if (!in->leaf->width) {
        uint32_t *at = (uint32_t *)(void *)to->offsets.p + to->count;
        at[0] = (uint32_t)to->values.n;
        for (size_t i = 0; i < n; i++)
            at[i + 1] = at[i] + (offsets[from + i + 1] - offsets[from + i]);
        to->offsets.n = (to->count + n) * sizeof(uint32_t);
    }
    if (bytes)
        memcpy(to->values.p + to->values.n, in->values.p + start, bytes);
    to->values.n += bytes;
    to->count += n;
    return true;
}

static bool take_sample(cw__column_buffer *to, const cw__column_buffer *in, const sample *s)
{
    to->leaf = in->leaf;
    cw__column_buffer_reset(to);
    for (size_t i = 0; i < s->runs; i++)
        if (!add_run(to, in, s->starts[i], s->run))
            return false;
    return true;
}

/* ---- trials ---- */

/* Text is for the compressor's own settings; of numbers it is told. */
static unsigned hint_of(const cw__leaf *leaf, int32_t encoding)
{
    bool text = leaf->width == 0 && encoding != CW__RLE_DICTIONARY;

    return text ? 0 : 1;
}

/* Bytes after compression, or those before where it does not pay. */
static double stored(cw__chunk_scratch *s, const cw__chunk_options *o, const cw__grown *bytes,
                     unsigned hint, bool *compress)
{
    cw__block_codec codec = cw__block_codec_of(o->codec);
    size_t bound = cw__block_bound(codec, bytes->n), n = 0;

    *compress = false;
    s->packed.n = 0;
    if (codec != CW__BLOCK_NONE && bytes->n && cw__grow(&s->packed, bound))
        n = cw__block_compress(s->block, codec, o->level, hint, s->packed.p, bound, bytes->p,
                               bytes->n);
    *compress = n > 0 && (double)n < WORTH * (double)bytes->n;
    return *compress ? (double)n : (double)bytes->n;
}

static bool try_encoding(trial *t, int32_t encoding, const cw__chunk_options *o, size_t all,
                         cw__chunk_scratch *s)
{
    double scale = s->sample.count ? (double)all / (double)s->sample.count : 1;

    t->encoding = encoding;
    t->hint = hint_of(s->sample.leaf, encoding);
    if (!cw__encode_values(&s->values, encoding, &s->sample, 0, s->sample.count, NULL, &s->numbers))
        return false;
    t->bytes = stored(s, o, &s->values, t->hint, &t->compress) * scale;
    t->cost = t->bytes + (t->compress ? SPEED * (double)s->values.n * scale : 0);
    return true;
}

/* DuckDB and Polars cannot read BYTE_STREAM_SPLIT of FIXED values: that has to be asked for. */
static bool is_tried(const cw__leaf *leaf, int32_t encoding, const cw__chunk_options *o)
{
    if (encoding == CW__BYTE_STREAM_SPLIT &&
        (o->no_split || leaf->physical == CW__FIXED_LEN_BYTE_ARRAY))
        return false;
    return cw__can_encode(leaf, encoding);
}

/* The best of those without a dictionary. */
static bool try_all(trial *best, const cw__chunk_options *o, size_t all, cw__chunk_scratch *s)
{
    static const int32_t encodings[] = {CW__PLAIN,
                                        CW__RLE,
                                        CW__DELTA_BINARY_PACKED,
                                        CW__BYTE_STREAM_SPLIT,
                                        CW__DELTA_LENGTH_BYTE_ARRAY,
                                        CW__DELTA_BYTE_ARRAY};
    trial t;

    if (!try_encoding(best, CW__PLAIN, o, all, s))
        return false;
    for (size_t i = 1; !o->compat && i < sizeof encodings / sizeof *encodings; i++) {
        if (!is_tried(s->sample.leaf, encodings[i], o))
            continue;
        if (!try_encoding(&t, encodings[i], o, all, s))
            return false;
        if (t.cost < best->cost)
            *best = t;
    }
    return true;
}

/* ---- the dictionary ---- */

static cw__dictionary_answer build(cw__dictionary *d, const cw__column_buffer *b, size_t from,
                                   size_t to, size_t most_entries, size_t most_bytes)
{
    if (b->leaf->width)
        return cw__dictionary_of_fixed(d, b->values.p + from * b->leaf->width, to - from,
                                       b->leaf->width, most_entries, most_bytes);
    return cw__dictionary_of_bytes(d, cw__column_offsets(b) + from, b->values.p, to - from,
                                   most_entries, most_bytes);
}

static bool count_distinct(const cw__column_buffer *b, size_t from, size_t to, size_t *count)
{
    cw__dictionary d;

    *count = 0;
    if (build(&d, b, from, to, SIZE_MAX, SIZE_MAX) != CW__DICTIONARY_BUILT)
        return false;
    *count = d.count;
    cw__dictionary_free(&d);
    return true;
}

/*
 * Does the sample look as if the chunk had few distinct values? Where the runs have hardly any in
 * common, the whole has about as many for each value as a run; where they have, it has few more.
 */
static bool looks_repetitive(const cw__column_buffer *b, const sample *s, bool *answer)
{
    size_t in_runs = 0, in_all, n;

    *answer = false;
    if (!count_distinct(b, 0, s->count, &in_all))
        return false;
    for (size_t i = 0; i < s->runs; i++) {
        if (!count_distinct(b, i * s->run, (i + 1) * s->run, &n))
            return false;
        in_runs += n;
    }
    bool shared = s->runs == 1 || in_all * 10 < in_runs * 9;
    *answer = shared ? in_all * 10 < s->count * 6 : in_all * 20 < s->count;
    return true;
}

/* What a dictionary that was built costs, from the sample's indices and its own page. */
static bool try_dictionary(trial *t, const cw__dictionary *d, const cw__column_buffer *in,
                           const cw__indices *indices, const sample *s, const cw__chunk_options *o,
                           cw__chunk_scratch *scratch)
{
    double scale = (double)in->count / (double)s->count;
    cw__indices of_sample = {.width = indices->width};
    bool compress;
    uint32_t *at;

    t->encoding = CW__RLE_DICTIONARY;
    t->hint = 1;
    scratch->numbers.n = 0;
    if (!cw__grow(&scratch->numbers, s->count * sizeof *at + 1))
        return false;
    at = (uint32_t *)(void *)scratch->numbers.p;
    of_sample.of = at;
    for (size_t i = 0; i < s->runs; i++, at += s->run)
        memcpy(at, indices->of + s->starts[i], s->run * sizeof *at);
    if (!cw__encode_values(&scratch->values, CW__RLE_DICTIONARY, in, 0, s->count, &of_sample, NULL))
        return false;
    double data = stored(scratch, o, &scratch->values, 1, &t->compress) * scale;
    double passes = t->compress ? (double)scratch->values.n * scale : 0;
    if (!cw__encode_entries(&scratch->values, in, d))
        return false;
    double page = stored(scratch, o, &scratch->values, hint_of(in->leaf, CW__PLAIN), &compress);
    t->bytes = data + page;
    t->cost = t->bytes + SPEED * (passes + (compress ? (double)d->bytes : 0));
    return true;
}

static void use_dictionary(cw__chunk_plan *plan)
{
    unsigned width = cw__bits_for(plan->dictionary.count ? plan->dictionary.count - 1 : 0);

    plan->indices = (cw__indices){plan->dictionary.indices, width ? width : 1};
    plan->has_dictionary = true;
}

/* Entries and bytes beyond which it cannot be better than `best` any more. */
static cw_status weigh_dictionary(cw__chunk_plan *plan, trial *best, const cw__column_buffer *in,
                                  const sample *s, const cw__chunk_options *o,
                                  cw__chunk_scratch *scratch)
{
    size_t most_bytes = (size_t)(best->bytes * 3) + 4096;
    size_t most_entries = in->count / 3 + 16;
    trial t;

    switch (build(&plan->dictionary, in, 0, in->count, most_entries, most_bytes)) {
    case CW__DICTIONARY_NO_MEMORY:
        return CW_E_NO_MEMORY;
    case CW__DICTIONARY_TOO_LARGE:
        return CW_OK;
    default:
        break;
    }
    use_dictionary(plan);
    if (!try_dictionary(&t, &plan->dictionary, in, &plan->indices, s, o, scratch))
        return CW_E_NO_MEMORY;
    if (t.cost < best->cost) {
        *best = t;
        return CW_OK;
    }
    plan->has_dictionary = false;
    cw__dictionary_free(&plan->dictionary);
    return CW_OK;
}

/* ---- what the caller asked for ---- */

static int32_t pinned(cw_parquet_encoding encoding)
{
    switch (encoding) {
    case CW_ENCODING_PLAIN:
        return CW__PLAIN;
    case CW_ENCODING_RLE:
        return CW__RLE;
    case CW_ENCODING_DELTA_BINARY_PACKED:
        return CW__DELTA_BINARY_PACKED;
    case CW_ENCODING_DELTA_LENGTH_BYTE_ARRAY:
        return CW__DELTA_LENGTH_BYTE_ARRAY;
    case CW_ENCODING_DELTA_BYTE_ARRAY:
        return CW__DELTA_BYTE_ARRAY;
    case CW_ENCODING_BYTE_STREAM_SPLIT:
        return CW__BYTE_STREAM_SPLIT;
    default:
        return -1;
    }
}

/* A dictionary that was asked for is taken unless it is huge. */
static cw_status pin_dictionary(cw__chunk_plan *plan, trial *best, const cw__column_buffer *in,
                                const sample *s, const cw__chunk_options *o,
                                cw__chunk_scratch *scratch)
{
    switch (build(&plan->dictionary, in, 0, in->count, SIZE_MAX, MOST_PINNED_DICTIONARY)) {
    case CW__DICTIONARY_NO_MEMORY:
        return CW_E_NO_MEMORY;
    case CW__DICTIONARY_TOO_LARGE:
        return try_all(best, o, in->count, scratch) ? CW_OK : CW_E_NO_MEMORY;
    default:
        use_dictionary(plan);
        return try_dictionary(best, &plan->dictionary, in, &plan->indices, s, o, scratch)
                   ? CW_OK
                   : CW_E_NO_MEMORY;
    }
}

static cw_status measure(cw__chunk_plan *plan, trial *best, const cw__column_buffer *in,
                         const sample *s, const cw__chunk_options *o, cw__chunk_scratch *scratch)
{
    bool repetitive;

    if (!try_all(best, o, in->count, scratch))
        return CW_E_NO_MEMORY;
    if (!cw__can_encode(in->leaf, CW__RLE_DICTIONARY))
        return CW_OK;
    if (!looks_repetitive(&scratch->sample, s, &repetitive))
        return CW_E_NO_MEMORY;
    return repetitive ? weigh_dictionary(plan, best, in, s, o, scratch) : CW_OK;
}

cw_status cw__chunk_plan_make(cw__chunk_plan *plan, const cw__column_buffer *in,
                              const cw__chunk_options *o, cw__chunk_scratch *scratch)
{
    trial best = {.encoding = CW__PLAIN};
    int32_t asked = pinned(o->encoding);
    cw_status st = CW_OK;
    sample s;

    memset(plan, 0, sizeof *plan);
    if (in->count > 0) {
        place_runs(&s, in);
        if (!take_sample(&scratch->sample, in, &s))
            return CW_E_NO_MEMORY;
        if (asked >= 0 && cw__can_encode(in->leaf, asked))
            st = try_encoding(&best, asked, o, in->count, scratch) ? CW_OK : CW_E_NO_MEMORY;
        else if (o->encoding == CW_ENCODING_DICTIONARY &&
                 cw__can_encode(in->leaf, CW__RLE_DICTIONARY))
            st = pin_dictionary(plan, &best, in, &s, o, scratch);
        else
            st = measure(plan, &best, in, &s, o, scratch);
    }
    plan->encoding = best.encoding;
    plan->hint = best.hint;
    plan->codec = best.compress ? cw__block_codec_of(o->codec) : CW__BLOCK_NONE;
    if (st != CW_OK)
        cw__chunk_plan_free(plan);
    return st;
}
