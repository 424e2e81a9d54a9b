/* plan.c - how a chunk is to be encoded: measured on a sample, and on all of it for a dictionary
 *
 * The sample is a few runs of values that lie side by side, spread over the chunk. Each encoding
 * that suits the type is tried on it, and compressed, or what becomes of it is guessed, where that
 * is nearer (guess.h); what comes out smallest wins, but for a
 * little that is charged for time: of two that are alike the faster one. Time is charged by
 * constants, never measured, so that the same values are always encoded the same way.
 *
 * A dictionary cannot be judged by a sample alone. Where the sample has few distinct values, and
 * its runs share them, one is built of the whole chunk, within the size at which it could still
 * pay; it competes with the indices of the sample's values and its whole page. A sample with hardly
 * any distinct values needs no competition.
 */
#include "format/parquet/column/plan.h"

#include <string.h>

#include "base/memory.h"
#include "format/parquet/column/guess.h"
#include "format/parquet/column/pages.h"
#include "format/parquet/column/sample.h"
#include "format/parquet/encode/rle.h"

enum {
    /* Distinct values in a sample that make a dictionary the choice, where the sample has so many
       times as many values; and what such a dictionary may come to. */
    FEW_NUMBERS = 16,
    FEW_TEXTS = 256,
    FEW_SHARE = 6,
    MOST_FEW = 1024,
    LEVELS_SAMPLE = 16384,
    MOST_PINNED_DICTIONARY = 64 << 20
};

/*
 * What time is worth: bytes that a nanosecond of work has to save. At this rate two percent of size
 * and five of time weigh about the same. It is the one place to ask for smaller or faster files;
 * the charges below are nanoseconds: for each byte that passes the compressor, or each value.
 */
static const double RATE = 0.04;
static const double PASS = 1;         /* packed: bytes are counted, little is found */
static const double PASS_ZSTD = 2.8;  /* packed, for zstd: it is looked for all the same */
static const double BYTES = 1.5;      /* split: repetitions are found in the upper bytes */
static const double SPLIT = 0.25;     /* split for zstd: every byte, … */
static const double NOISE = 0.4;      /* … of planes that are copied, … */
static const double LITERALS = 1.3;   /* … whose bytes are counted, … */
static const double SEARCHED = 2.5;   /* … or where repetitions are found */
static const double SEARCH = 3.8;     /* plain numbers and text: looked for everywhere */
static const double FRAME = 12000;    /* what a page takes beside that, however small it is */
static const double BUILD = 1.5;      /* a dictionary, of each number … */
static const double BUILD_TEXT = 10;  /* … or text, … */
static const double ENTER = 28;       /* … and of each that is distinct, … */
static const double ENTER_NEAR = 2.5; /* … or of those of numbers near to each other */
static const double DELTAS = 2;       /* DELTA_BINARY_PACKED: of each value */
/* Bytes of the tables of frequencies, for each value that is split. */
static const double TABLES = 0.01;
/* What DELTA_BYTE_ARRAY takes of time, in parts of what it costs beside that. */
static const double PREFIXES = 0.02;
/* What order makes of entries. */
static const double ORDERED = 0.6;
/* What compression may make of indices. */
static const double HOPE = 0.9;
/* What a dictionary has to promise: to find out costs as much as to have it. */
static const double PROMISE = 0.93;
/* What a better encoding has to save where readers prefer another. */
static const double PREFERRED = 0.95;
/* What compression has to save. */
static const double WORTH = 0.975;

/* One encoding, measured. */
typedef struct trial {
    int32_t encoding;
    double bytes;  /* of the whole chunk, as stored */
    double cost;   /* bytes, and the charge for the time */
    double raw;    /* bytes before compression */
    bool compress; /* it pays */
    bool literals; /* texts: it pays by their frequencies alone */
} trial;

/* What every step looks at. */
typedef struct search {
    const cw__column_buffer *in;
    const cw__chunk_options *o;
    cw__chunk_scratch *s;
    cw__block_codec codec;
    cw__sample sample;
} search;

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

static unsigned hint_of(unsigned kind, size_t plane)
{
    return kind + CW__BLOCK_PLANE * (unsigned)(plane < CW__BLOCK_MOST_PLANE ? plane : 0);
}

unsigned cw__codec_hint(const cw__leaf *leaf, int32_t encoding, size_t values, size_t bytes)
{
    if (encoding == CW__BYTE_STREAM_SPLIT)
        return hint_of(CW__BLOCK_SPLIT, values);
    if (encoding == CW__RLE_DICTIONARY || encoding == CW__DELTA_BINARY_PACKED)
        return hint_of(CW__BLOCK_PACKED, bytes);
    return leaf->width == 0 ? CW__BLOCK_ANY : CW__BLOCK_NUMBERS;
}

unsigned cw__codec_hint_literals(size_t text, size_t bytes)
{
    return 2 * text > bytes ? hint_of(CW__BLOCK_LITERALS, text) : CW__BLOCK_ANY;
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
static bool look_for_repetition(search *k)
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

/* ---- trials ---- */

/* Compress `from` into `to`, which is empty where there is no codec, or nothing to compress. */
static bool pack(search *k, cw__grown *to, const cw__grown *from, unsigned hint)
{
    size_t bound = cw__block_bound(k->codec, from->n);

    to->n = 0;
    if (k->codec == CW__BLOCK_NONE || from->n == 0)
        return true;
    if (!cw__grow(to, bound))
        return false;
    to->n = cw__block_compress(k->s->block, k->codec, k->o->level, hint, to->p, bound, from->p,
                               from->n);
    return to->n > 0;
}

/* Of bit-packed numbers; noise stays as long as it is. */
static bool pack_bits(search *k, cw__grown *to, const cw__grown *from, int32_t encoding)
{
    const cw__column_buffer *b = &k->s->sample;

    if (k->codec == CW__BLOCK_NONE || !cw__guess_noise(from->p, from->n))
        return pack(k, to, from, cw__codec_hint(b->leaf, encoding, b->count, from->n));
    to->n = from->n;
    return true;
}

/* Raw or packed, whichever costs less. `time`: of the compressor. */
static void weigh(trial *t, double raw, double packed, double time)
{
    double cost = packed + RATE * time;

    t->raw = raw;
    t->compress = packed > 0 && packed < WORTH * raw && cost < raw;
    t->bytes = t->compress ? packed : raw;
    t->cost = t->compress ? cost : raw;
}

static double pass_time(const search *k)
{
    return k->codec == CW__BLOCK_ZSTD ? PASS_ZSTD : PASS;
}

static double time_of(const search *k, int32_t encoding)
{
    const cw__leaf *leaf = k->in->leaf;
    bool searched = leaf->width == 0 || (encoding == CW__PLAIN && leaf->physical != CW__BOOLEAN);

    return searched ? SEARCH : encoding == CW__BYTE_STREAM_SPLIT ? BYTES : pass_time(k);
}

/* `packs` false: what the compressor would make of it is known to be no good. */
static bool try_encoding(search *k, trial *t, int32_t encoding, bool packs)
{
    cw__column_buffer *b = &k->s->sample;
    double scale = (double)k->in->count / (double)b->count;
    cw__grown *page = &k->s->page, *packed = &k->s->packed;

    page->n = packed->n = 0;
    if (!cw__encode_values(page, encoding, b, 0, b->count, NULL, &k->s->numbers))
        return false;
    if (packs &&
        !(encoding == CW__DELTA_BINARY_PACKED
              ? pack_bits(k, packed, page, encoding)
              : pack(k, packed, page, cw__codec_hint(b->leaf, encoding, b->count, page->n))))
        return false;
    t->encoding = encoding;
    t->literals = false;
    double raw = (double)page->n * scale;
    weigh(t, raw, (double)packed->n * scale, raw * time_of(k, encoding));
    if (encoding == CW__DELTA_BYTE_ARRAY)
        t->cost += PREFIXES * t->cost;
    if (encoding == CW__DELTA_BINARY_PACKED)
        t->cost += RATE * DELTAS * (double)k->in->count;
    return true;
}

/* Texts of which nothing comes again but prefixes, as numbers and hashes are, take less time, and
   no more bytes, where nothing is looked for. */
static bool try_literals(search *k, trial *t)
{
    const cw__column_buffer *b = &k->s->sample;
    double scale = (double)k->in->count / (double)b->count;
    cw__grown *page = &k->s->page;
    trial literal = *t;

    if (k->codec != CW__BLOCK_ZSTD || !t->compress)
        return true;
    page->n = 0;
    if (!cw__encode_values(page, t->encoding, b, 0, b->count, NULL, &k->s->numbers))
        return false;
    size_t text = cw__text_bytes(t->encoding, b, 0, b->count, &k->s->numbers);
    if (!pack(k, &k->s->packed, page, cw__codec_hint_literals(text, page->n)))
        return false;
    weigh(&literal, t->raw, (double)k->s->packed.n * scale, t->raw * LITERALS);
    literal.literals = literal.compress;
    if (literal.compress && literal.cost < t->cost)
        *t = literal;
    return true;
}

static double split_time(const cw__split_guess *g, size_t width)
{
    return SPLIT * (double)width + NOISE * g->noise + LITERALS * g->literals +
           SEARCHED * g->searched;
}

/* Whether the codec takes planes apart: see zstd_planes.h. */
static bool has_planes(const search *k)
{
    enum { LEAST_PLANE = 2048 };
    uint64_t most = k->o->page_bytes / k->in->leaf->width;

    return k->codec == CW__BLOCK_ZSTD && k->in->count >= LEAST_PLANE && most >= LEAST_PLANE &&
           k->o->page_rows >= LEAST_PLANE;
}

/* Where frequencies are nearly all there is to it, or at their best are no better than what costs
   `best`, the guess is nearer than what becomes of a sample. */
static bool try_split(search *k, trial *t, double best)
{
    cw__column_buffer *b = &k->s->sample;
    double n = (double)k->in->count, plain = n * b->leaf->width;
    cw__grown *page = &k->s->page;
    cw__split_guess g;

    if (!has_planes(k))
        return try_encoding(k, t, CW__BYTE_STREAM_SPLIT, true);
    page->n = 0;
    if (!cw__encode_values(page, CW__BYTE_STREAM_SPLIT, b, 0, b->count, NULL, NULL))
        return false;
    cw__guess_split(&g, page->p, b->count, b->leaf->width);
    double packed = n * (g.bytes + TABLES);
    if (g.least < WORTH * g.bytes && n * g.least < best) {
        if (!pack(k, &k->s->packed, page,
                  cw__codec_hint(b->leaf, CW__BYTE_STREAM_SPLIT, b->count, page->n)))
            return false;
        double tried = (double)k->s->packed.n * n / (double)b->count;
        packed = tried < packed ? tried : packed;
    }
    t->encoding = CW__BYTE_STREAM_SPLIT;
    t->literals = false;
    weigh(t, plain, packed, n * split_time(&g, b->leaf->width));
    return true;
}

static void keep_better(trial *best, const trial *t)
{
    if (t->cost < best->cost)
        *best = *t;
}

/* DuckDB and Polars cannot read BYTE_STREAM_SPLIT of FIXED values: that has to be asked for. */
static bool splits(const search *k)
{
    return !k->o->compat && !k->o->no_split && k->codec != CW__BLOCK_NONE &&
           k->in->leaf->physical != CW__FIXED_LEN_BYTE_ARRAY &&
           cw__can_encode(k->in->leaf, CW__BYTE_STREAM_SPLIT);
}

/* Numbers that never repeat have repeating bytes at most, which are nearer to each other split, and
   those that repeat one by one, in no order, are for a dictionary. */
static bool try_numbers(search *k, trial *best)
{
    bool split = splits(k);
    bool delta = !k->o->compat && cw__can_encode(k->in->leaf, CW__DELTA_BINARY_PACKED);
    trial t;

    if (!try_encoding(k, best, CW__PLAIN, !split || k->sample.follows))
        return false;
    if (split) {
        if (!try_split(k, &t, best->cost))
            return false;
        keep_better(best, &t);
    }
    if (delta) {
        if (!try_encoding(k, &t, CW__DELTA_BINARY_PACKED, true))
            return false;
        keep_better(best, &t);
    }
    return true;
}

/* Lengths among the bytes disturb the compressor, except where whole values repeat, lengths and
   all. Prefixes that are not worth their lengths are not worth compressing either. */
static bool try_bytes(search *k, trial *best)
{
    bool repeats = k->sample.distinct * 2 < k->sample.count;
    trial t;

    if (k->o->compat)
        return try_encoding(k, best, CW__PLAIN, true);
    if (!try_encoding(k, best, CW__DELTA_LENGTH_BYTE_ARRAY, true))
        return false;
    double raw = best->raw;
    if (repeats) {
        if (!try_encoding(k, &t, CW__PLAIN, true))
            return false;
        keep_better(best, &t);
    }
    if (!try_encoding(k, &t, CW__DELTA_BYTE_ARRAY, false))
        return false;
    if (t.raw < 0.97 * raw && !try_encoding(k, &t, CW__DELTA_BYTE_ARRAY, true))
        return false;
    keep_better(best, &t);
    return best->encoding == CW__PLAIN || try_literals(k, best);
}

static bool try_booleans(search *k, trial *best)
{
    trial t;

    if (!try_encoding(k, best, CW__PLAIN, true))
        return false;
    if (k->o->compat)
        return true;
    if (!try_encoding(k, &t, CW__RLE, true))
        return false;
    if (t.cost < PREFERRED * best->cost)
        *best = t;
    return true;
}

static bool try_all(search *k, trial *best)
{
    if (k->in->leaf->physical == CW__BOOLEAN)
        return try_booleans(k, best);
    return k->in->leaf->width ? try_numbers(k, best) : try_bytes(k, best);
}

/* ---- the dictionary ---- */

static double build_cost(const search *k, double distinct)
{
    double enter = k->sample.places ? ENTER_NEAR : ENTER;

    return RATE *
           ((k->in->leaf->width ? BUILD : BUILD_TEXT) * (double)k->in->count + enter * distinct);
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
static bool looks_repetitive(const search *k, const trial *best)
{
    const cw__sample *s = &k->sample;
    double scale = (double)k->in->count / (double)s->count;
    double plain = s->entry * (double)k->in->count;
    double entries = s->all_distinct * s->entry * (best->cost < plain ? best->cost / plain : 1) *
                     (s->places ? ORDERED : 1);
    double indices = s->indices * scale * bits(s->all_distinct) / bits((double)s->distinct);

    return entries + HOPE * indices + build_cost(k, s->all_distinct) < PROMISE * best->cost;
}

/* What the dictionary that was built costs, from the sample's indices and its own page: which is
   not tried where indices are noise, and it is too small to pay for them. */
static bool try_dictionary(search *k, trial *t, const cw__dictionary *d)
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
        !cw__encode_entries(page, k->in, d) || !pack_bits(k, packed, data, CW__RLE_DICTIONARY))
        return false;
    double indices = (double)data->n * scale, all = indices + (double)page->n;
    double time = pass_time(k) * all + FRAME;
    bool hopeless = packed->n == data->n && (double)page->n < RATE * time;
    page_packed->n = 0;
    if (!hopeless &&
        !pack(k, page_packed, page, cw__codec_hint(leaf, CW__PLAIN, d->count, page->n)))
        return false;
    t->encoding = CW__RLE_DICTIONARY;
    t->literals = false;
    weigh(t, all, (double)packed->n * scale + (double)(hopeless ? page->n : page_packed->n), time);
    t->cost += build_cost(k, (double)d->count) +
               RATE * (SEARCH - pass_time(k)) * (t->compress ? (double)page->n : 0);
    return true;
}

/* Build one within the limits, and let it compete with `best`, or without one. */
static cw_status weigh_dictionary(search *k, cw__chunk_plan *plan, trial *best, size_t most_entries,
                                  size_t most_bytes)
{
    cw__dictionary *d = &k->s->dictionary;
    trial t;

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

static cw_status measure(search *k, cw__chunk_plan *plan, trial *best)
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
    if (!try_all(k, best))
        return CW_E_NO_MEMORY;
    if (!dictionary || !looks_repetitive(k, best))
        return CW_OK;
    return weigh_dictionary(k, plan, best, k->in->count / 2 + 16, (size_t)(best->bytes * 3) + 4096);
}

static cw_status decide(search *k, cw__chunk_plan *plan, trial *best)
{
    int32_t asked = pinned(k->o->encoding);
    cw_status st = CW_OK;

    cw__sample_place(&k->sample, k->in);
    if (!cw__sample_take(&k->s->sample, k->in, &k->sample))
        return CW_E_NO_MEMORY;
    if (asked >= 0 && cw__can_encode(k->in->leaf, asked))
        return try_encoding(k, best, asked, true) ? CW_OK : CW_E_NO_MEMORY;
    if (k->o->encoding == CW_ENCODING_DICTIONARY && cw__can_encode(k->in->leaf, CW__RLE_DICTIONARY))
        st = weigh_dictionary(k, plan, best, SIZE_MAX, MOST_PINNED_DICTIONARY);
    if (st != CW_OK || plan->dictionary)
        return st;
    return measure(k, plan, best);
}

/* Pages of version 1 compress their levels along with the values: deep ones may be worth it where
   the values are not, and the time that these take. */
static bool weigh_levels(search *k, const cw__levels *l, double *raw, double *packed)
{
    size_t n = l->n < LEVELS_SAMPLE ? l->n : LEVELS_SAMPLE;
    double scale = n ? (double)l->n / (double)n : 0;

    k->s->page.n = 0;
    if (l->form == CW__LEVELS_SAME)
        return true;
    if (!cw__encode_levels(&k->s->page, l, (l->n - n) / 2, n) ||
        !pack(k, &k->s->packed, &k->s->page, CW__BLOCK_NUMBERS))
        return false;
    *raw += (double)k->s->page.n * scale;
    *packed += (double)k->s->packed.n * scale;
    return true;
}

static bool add_levels(search *k, trial *best)
{
    double raw = 0, packed = 0;

    if (k->codec == CW__BLOCK_NONE || k->o->v2 || best->compress)
        return true;
    if (!weigh_levels(k, &k->in->rep, &raw, &packed) ||
        !weigh_levels(k, &k->in->def, &raw, &packed))
        return false;
    double all = best->raw + raw, cost = best->raw + packed + RATE * pass_time(k) * all;
    best->compress = packed > 0 && cost < all;
    return true;
}

cw_status cw__chunk_plan_make(cw__chunk_plan *plan, const cw__column_buffer *in,
                              const cw__chunk_options *o, cw__chunk_scratch *scratch)
{
    search k = {.in = in, .o = o, .s = scratch, .codec = block_codec(o->codec)};
    trial best = {.encoding = -1};
    cw_status st = CW_OK;

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
