/* plan.c - how a chunk is to be encoded: measured on a sample, and on all of it for a dictionary
 *
 * The sample is a few runs of values that lie side by side, spread over the chunk; trial.h says
 * what each encoding makes of it. Time is charged by constants (charges.h), never measured, so
 * that the same values are always encoded the same way.
 *
 * A dictionary cannot be judged by a sample alone. Where the sample has few distinct values, and
 * its runs share them, one is built of the whole chunk, within the size at which it could still
 * pay; it competes with the indices of the sample's values and its whole page. A sample with hardly
 * any distinct values needs no competition.
 */
#include "format/parquet/column/plan.h"

#include <string.h>

#include "format/parquet/column/charges.h"
#include "format/parquet/column/hint.h"
#include "format/parquet/column/pages.h"
#include "format/parquet/column/trial.h"
#include "format/parquet/encode/rle.h"

enum {
    /* Distinct values in a sample that make a dictionary the choice, where the sample has so many
       times as many values; and what such a dictionary may come to. */
    FEW_NUMBERS = 16,
    FEW_TEXTS = 256,
    FEW_SHARE = 6,
    MOST_FEW = 1024,
    MANY_TEXTS = 2048, /* more than are found among those seen lately */
    LEVELS_SAMPLE = 16384,
    MOST_PINNED_DICTIONARY = 64 << 20
};

/* What order makes of entries. */
static const double ORDERED = 0.6;
/* What compression may make of indices, where values follow each other as they did before. */
static const double HOPE = 0.9;
/* What a dictionary has to promise: to find out costs as much as to have it. */
static const double PROMISE = 0.93;

static cw__block_codec block_codec(cw_parquet_codec codec)
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

static double rate_of(cw__block_codec codec)
{
    switch (codec) {
    case CW__BLOCK_NONE:
        return CW__RATE_NONE;
    case CW__BLOCK_SNAPPY:
    case CW__BLOCK_LZ4:
        return CW__RATE_FAST;
    default:
        return CW__RATE;
    }
}

static cw__dictionary_answer build_of_texts(cw__dictionary *d, const cw__column_buffer *b,
                                            size_t most_entries, size_t most_bytes,
                                            cw__grown *scratch)
{
    cw__texts *runs;
    size_t n = 0;

    scratch->n = 0;
    if (!cw__grow(scratch, (b->spans.count + 1) * sizeof *runs))
        return CW__DICTIONARY_NO_MEMORY;
    runs = (cw__texts *)(void *)scratch->p;
    for (size_t i = 0; i < b->count; i += runs[n++].n)
        runs[n] = cw__texts_run(b, i, b->count);
    return cw__dictionary_of_texts(d, runs, n, b->count, most_entries, most_bytes);
}

/* Of numbers that are partly lent. */
static cw__dictionary_answer build_of_spans(cw__dictionary *d, const cw__column_buffer *b,
                                            size_t most_entries, size_t most_bytes,
                                            cw__grown *scratch)
{
    size_t n = b->spans.count;
    cw__numbers *runs;

    scratch->n = 0;
    if (!cw__grow(scratch, n * sizeof *runs))
        return CW__DICTIONARY_NO_MEMORY;
    runs = (cw__numbers *)(void *)scratch->p;
    for (size_t i = 0; i < n; i++) {
        runs[i].n = b->spans.all[i].n;
        runs[i].p = cw__values_run(b, b->spans.all[i].first, &runs[i].n);
    }
    return cw__dictionary_of_numbers(d, runs, n, b->count, b->leaf->width, most_entries,
                                     most_bytes);
}

static cw__dictionary_answer build(cw__dictionary *d, const cw__column_buffer *b,
                                   size_t most_entries, size_t most_bytes, cw__grown *scratch)
{
    if (b->leaf->width == 0)
        return build_of_texts(d, b, most_entries, most_bytes, scratch);
    if (b->spans.count)
        return build_of_spans(d, b, most_entries, most_bytes, scratch);
    return cw__dictionary_of_fixed(d, b->values.p, b->count, b->leaf->width, most_entries,
                                   most_bytes);
}

/* What the sample says about a dictionary. */
static bool look_for_repetition(cw__search *k)
{
    cw__sample *s = &k->sample;
    cw__grown *numbers = &k->s->numbers;
    cw__dictionary *d = &k->s->sample_dictionary;

    if (build(d, &k->s->sample, SIZE_MAX, SIZE_MAX, numbers) != CW__DICTIONARY_BUILT)
        return false;
    numbers->n = k->s->page.n = 0;
    if (!cw__grow(numbers, 2 * d->count * sizeof(uint32_t)) ||
        !cw__encode_values(&k->s->page, CW__RLE_DICTIONARY, &k->s->sample, 0, s->count, d->indices,
                           NULL))
        return false;
    s->distinct = d->count;
    s->places =
        cw__dictionary_places(k->s->sample.values.p, s->count, k->in->leaf->width, k->in->count);
    s->all_distinct = cw__sample_distinct(s, d, k->in->count, (uint32_t *)(void *)numbers->p);
    s->entry = (double)d->bytes / (double)d->count;
    s->indices = (double)k->s->page.n;
    k->s->page.n = 0;
    return cw__sample_follows(s, d, &k->s->page);
}

/* ---- the dictionary ---- */

/* A table of more places than there are values is as far as what is found by a hash. */
static double build_cost(const cw__search *k, double distinct)
{
    const cw__column_buffer *in = k->in;
    bool near = k->sample.places && k->sample.places <= in->count;
    double enter = near ? CW__ENTER_NEAR : CW__ENTER, each = CW__BUILD;

    if (in->leaf->width == 0)
        each = CW__BUILD_TEXT + CW__BUILD_BYTE * k->sample.entry +
               (distinct > MANY_TEXTS ? CW__BUILD_MANY : 0);
    return k->rate * (each * (double)in->count + enter * distinct);
}

static double bits(double n)
{
    return (double)cw__bits_for(n > 2 ? (uint64_t)n - 1 : 1);
}

/*
 * Whether a dictionary might be better than `best`: entries that compress as well as values do by
 * themselves, and better in order, and indices as long as those of the sample, or longer as there
 * are more entries.
 */
static bool looks_repetitive(const cw__search *k, const cw__trial *best)
{
    const cw__sample *s = &k->sample;
    double scale = (double)k->in->count / (double)s->count;
    double plain = s->entry * (double)k->in->count;
    double entries = s->all_distinct * s->entry * (best->cost < plain ? best->cost / plain : 1) *
                     (s->places ? ORDERED : 1);
    double indices = s->indices * scale * bits(s->all_distinct) / bits((double)s->distinct);

    return entries + (s->follows ? HOPE : 1) * indices + build_cost(k, s->all_distinct) <
           PROMISE * best->cost;
}

/* What the dictionary that was built costs, from the sample's indices and its own page: which is
   not tried where indices are noise, and it is too small to pay for them. */
static bool try_dictionary(cw__search *k, cw__trial *t, const cw__dictionary *d)
{
    const cw__sample *s = &k->sample;
    double scale = (double)k->in->count / (double)s->count;
    const cw__leaf *leaf = k->in->leaf;
    cw__grown *data = &k->s->page, *packed = &k->s->packed;
    cw__grown *page = &k->s->entries, *page_packed = &k->s->entries_packed;
    uint32_t *at;

    k->s->numbers.n = data->n = page->n = 0;
    if (!cw__grow(&k->s->numbers, s->count * sizeof *at))
        return false;
    at = (uint32_t *)(void *)k->s->numbers.p;
    for (size_t i = 0; i < s->runs; i++)
        memcpy(at + i * s->run, d->indices + s->starts[i], s->run * sizeof *at);
    if (!cw__encode_values(data, CW__RLE_DICTIONARY, k->in, 0, s->count, at, NULL) ||
        !cw__encode_entries(page, k->in, d) ||
        !cw__trial_pack_bits(k, packed, data, CW__RLE_DICTIONARY))
        return false;
    double indices = (double)data->n * scale, all = indices + (double)page->n;
    double time = cw__pass_time(k) * all + CW__FRAME;
    bool hopeless = packed->n == data->n && (double)page->n < k->rate * time;
    page_packed->n = 0;
    if (!hopeless &&
        !cw__trial_pack(k, page_packed, page, cw__codec_hint(leaf, CW__PLAIN, d->count, page->n)))
        return false;
    t->encoding = CW__RLE_DICTIONARY;
    t->literals = false;
    cw__trial_weigh(
        k, t, all, (double)packed->n * scale + (double)(hopeless ? page->n : page_packed->n), time);
    t->cost += build_cost(k, (double)d->count) +
               k->rate * (CW__SEARCH - cw__pass_time(k)) * (t->compress ? (double)page->n : 0);
    return true;
}

/* Build one within the limits, and let it compete with `best`, or without one. */
static cw_status weigh_dictionary(cw__search *k, cw__chunk_plan *plan, cw__trial *best,
                                  size_t most_entries, size_t most_bytes)
{
    cw__dictionary *d = &k->s->dictionary;
    cw__trial t;

    switch (build(d, k->in, most_entries, most_bytes, &k->s->numbers)) {
    case CW__DICTIONARY_NO_MEMORY:
        return CW_E_NO_MEMORY;
    case CW__DICTIONARY_TOO_LARGE:
        return CW_OK;
    default:
        break;
    }
    if (!try_dictionary(k, &t, d))
        return CW_E_NO_MEMORY;
    if (best->encoding < 0 || t.cost < best->cost) {
        plan->dictionary = d;
        *best = t;
    }
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

static cw_status measure(cw__search *k, cw__chunk_plan *plan, cw__trial *best)
{
    const cw__sample *s = &k->sample;
    bool dictionary = cw__can_encode(k->in->leaf, CW__RLE_DICTIONARY);
    cw_status st = CW_OK;

    if (dictionary && !look_for_repetition(k))
        return CW_E_NO_MEMORY;
    size_t few = k->in->leaf->width ? FEW_NUMBERS : FEW_TEXTS;
    if (dictionary && s->distinct <= few && s->distinct * FEW_SHARE <= s->count)
        st = weigh_dictionary(k, plan, best, MOST_FEW, SIZE_MAX);
    if (st != CW_OK || plan->dictionary)
        return st;
    if (!cw__try_all(k, best))
        return CW_E_NO_MEMORY;
    if (!dictionary || !looks_repetitive(k, best))
        return CW_OK;
    return weigh_dictionary(k, plan, best, k->in->count / 2 + 16, (size_t)(best->bytes * 3) + 4096);
}

static cw_status decide(cw__search *k, cw__chunk_plan *plan, cw__trial *best)
{
    int32_t asked = pinned(k->o->encoding);
    cw_status st = CW_OK;

    cw__sample_place(&k->sample, k->in);
    if (!cw__sample_take(&k->s->sample, k->in, &k->sample))
        return CW_E_NO_MEMORY;
    if (asked >= 0 && cw__can_encode(k->in->leaf, asked))
        return cw__try_encoding(k, best, asked) ? CW_OK : CW_E_NO_MEMORY;
    if (k->o->encoding == CW_ENCODING_DICTIONARY && cw__can_encode(k->in->leaf, CW__RLE_DICTIONARY))
        st = weigh_dictionary(k, plan, best, SIZE_MAX, MOST_PINNED_DICTIONARY);
    if (st != CW_OK || plan->dictionary)
        return st;
    return measure(k, plan, best);
}

/* Pages of version 1 compress their levels along with the values: deep ones may be worth it where
   the values are not, and the time that these take. */
static bool weigh_levels(cw__search *k, const cw__levels *l, double *raw, double *packed)
{
    size_t n = l->n < LEVELS_SAMPLE ? l->n : LEVELS_SAMPLE;
    double scale = n ? (double)l->n / (double)n : 0;

    k->s->page.n = 0;
    if (l->form == CW__LEVELS_SAME)
        return true;
    if (!cw__encode_levels(&k->s->page, l, (l->n - n) / 2, n) ||
        !cw__trial_pack(k, &k->s->packed, &k->s->page, CW__BLOCK_NUMBERS))
        return false;
    *raw += (double)k->s->page.n * scale;
    *packed += (double)k->s->packed.n * scale;
    return true;
}

static bool add_levels(cw__search *k, cw__trial *best)
{
    double raw = 0, packed = 0;

    if (k->codec == CW__BLOCK_NONE || k->o->v2 || best->compress)
        return true;
    if (!weigh_levels(k, &k->in->rep, &raw, &packed) ||
        !weigh_levels(k, &k->in->def, &raw, &packed))
        return false;
    double all = best->raw + raw, cost = best->raw + packed + k->rate * cw__pass_time(k) * all;
    best->compress = packed > 0 && cost < all;
    return true;
}

cw_status cw__chunk_plan_make(cw__chunk_plan *plan, const cw__column_buffer *in,
                              const cw__chunk_options *o, cw__chunk_scratch *scratch)
{
    cw__search k = {.in = in, .o = o, .s = scratch, .codec = block_codec(o->codec)};
    cw__trial best = {.encoding = -1};
    cw_status st = CW_OK;

    k.rate = rate_of(k.codec);
    memset(plan, 0, sizeof *plan);
    if (in->count > 0)
        st = decide(&k, plan, &best);
    if (st == CW_OK && !add_levels(&k, &best))
        st = CW_E_NO_MEMORY;
    plan->encoding = best.encoding < 0 ? CW__PLAIN : best.encoding;
    plan->literals = best.literals;
    plan->codec = best.compress ? k.codec : CW__BLOCK_NONE;
    return st;
}
