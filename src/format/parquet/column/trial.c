/* trial.c - what a chunk would come to in an encoding, by a sample of it
 *
 * Each encoding that suits the type is tried, and compressed, or what becomes of it is guessed,
 * where that is nearer (guess.h). What comes out smallest wins, but for a little that is charged
 * for time: of two that are alike the faster one.
 */
#include "format/parquet/column/trial.h"

#include "format/parquet/column/charges.h"
#include "format/parquet/column/guess.h"
#include "format/parquet/column/hint.h"
#include "format/parquet/column/pages.h"

/* Bytes of the tables of frequencies, for each value that is split. */
static const double TABLES = 0.01;
/* What a better encoding has to save where readers prefer another. */
static const double PREFERRED = 0.95;
/* What compression has to save. */
static const double WORTH = 0.975;

bool cw__trial_pack(cw__search *k, cw__grown *to, const cw__grown *from, unsigned hint)
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

bool cw__trial_pack_bits(cw__search *k, cw__grown *to, const cw__grown *from, int32_t encoding)
{
    const cw__column_buffer *b = &k->s->sample;

    if (k->codec == CW__BLOCK_NONE || !cw__guess_noise(from->p, from->n))
        return cw__trial_pack(k, to, from, cw__codec_hint(b->leaf, encoding, b->count, from->n));
    to->n = from->n;
    return true;
}

void cw__trial_weigh(const cw__search *k, cw__trial *t, double raw, double packed, double time)
{
    double cost = packed + k->rate * time;

    t->raw = raw;
    t->compress = packed > 0 && packed < WORTH * raw && cost < raw;
    t->bytes = t->compress ? packed : raw;
    t->cost = t->compress ? cost : raw;
}

double cw__pass_time(const cw__search *k)
{
    return k->codec == CW__BLOCK_ZSTD ? CW__PASS_ZSTD : CW__PASS;
}

static bool is_fast(const cw__search *k)
{
    return k->codec == CW__BLOCK_SNAPPY || k->codec == CW__BLOCK_LZ4;
}

static double time_of(const cw__search *k, int32_t encoding, double raw, double packed)
{
    const cw__leaf *leaf = k->in->leaf;
    bool searched = leaf->width == 0 || (encoding == CW__PLAIN && leaf->physical != CW__BOOLEAN);

    if (searched)
        return is_fast(k) ? CW__LOOK * raw + CW__LEFT * packed : CW__SEARCH * raw;
    return raw * (encoding == CW__BYTE_STREAM_SPLIT ? CW__BYTES : cw__pass_time(k));
}

static double scale_of(const cw__search *k)
{
    return (double)k->in->count / (double)k->s->sample.count;
}

/* The sample becomes a page, whose bytes are known. */
static bool encode(cw__search *k, cw__trial *t, int32_t encoding)
{
    cw__column_buffer *b = &k->s->sample;
    cw__grown *page = &k->s->page;

    page->n = 0;
    if (!cw__encode_values(page, encoding, b, 0, b->count, NULL, &k->s->numbers))
        return false;
    t->encoding = encoding;
    t->literals = false;
    t->raw = (double)page->n * scale_of(k);
    return true;
}

/* What that page costs. `packs` false: what the compressor would make of it is known to be no good.
 */
static bool weigh_page(cw__search *k, cw__trial *t, bool packs)
{
    const cw__column_buffer *b = &k->s->sample;
    const cw__grown *page = &k->s->page;
    cw__grown *packed = &k->s->packed;
    int32_t encoding = t->encoding;

    packed->n = 0;
    if (packs && !(encoding == CW__DELTA_BINARY_PACKED
                       ? cw__trial_pack_bits(k, packed, page, encoding)
                       : cw__trial_pack(k, packed, page,
                                        cw__codec_hint(b->leaf, encoding, b->count, page->n))))
        return false;
    double raw = t->raw, left = (double)packed->n * scale_of(k);
    cw__trial_weigh(k, t, raw, left, time_of(k, encoding, raw, left));
    if (encoding == CW__DELTA_BYTE_ARRAY)
        t->cost += k->rate * (CW__PREFIXES * (double)k->in->count + CW__SUFFIXES * raw);
    if (encoding == CW__DELTA_BINARY_PACKED)
        t->cost += k->rate * CW__DELTAS * (double)k->in->count;
    return true;
}

bool cw__try_encoding(cw__search *k, cw__trial *t, int32_t encoding)
{
    return encode(k, t, encoding) && weigh_page(k, t, true);
}

/* Texts of which nothing comes again but prefixes, as numbers and hashes are, take less time, and
   no more bytes, where nothing is looked for. */
static bool try_literals(cw__search *k, cw__trial *t)
{
    const cw__column_buffer *b = &k->s->sample;
    double scale = scale_of(k);
    cw__grown *page = &k->s->page;
    cw__trial literal = *t;

    if (k->codec != CW__BLOCK_ZSTD || !t->compress)
        return true;
    page->n = 0;
    if (!cw__encode_values(page, t->encoding, b, 0, b->count, NULL, &k->s->numbers))
        return false;
    size_t text = cw__text_bytes(t->encoding, b, 0, b->count, &k->s->numbers);
    if (!cw__trial_pack(k, &k->s->packed, page, cw__codec_hint_literals(text, page->n)))
        return false;
    cw__trial_weigh(k, &literal, t->raw, (double)k->s->packed.n * scale, t->raw * CW__LITERALS);
    literal.literals = literal.compress;
    if (literal.compress && literal.cost < t->cost)
        *t = literal;
    return true;
}

static double split_time(const cw__split_guess *g, size_t width)
{
    return CW__SPLIT * (double)width + CW__NOISE * g->noise + CW__LITERALS * g->literals +
           CW__SEARCHED * g->searched;
}

/* Whether the codec takes planes apart: see zstd_planes.h. */
static bool has_planes(const cw__search *k)
{
    enum { LEAST_PLANE = 2048 };
    uint64_t most = k->o->page_bytes / k->in->leaf->width;

    return k->codec == CW__BLOCK_ZSTD && k->in->count >= LEAST_PLANE && most >= LEAST_PLANE &&
           k->o->page_rows >= LEAST_PLANE;
}

/* Where frequencies are nearly all there is to it, or at their best are no better than what costs
   `best`, the guess is nearer than what becomes of a sample. */
static bool try_split(cw__search *k, cw__trial *t, double best)
{
    cw__column_buffer *b = &k->s->sample;
    double n = (double)k->in->count, plain = n * b->leaf->width;
    cw__grown *page = &k->s->page;
    cw__split_guess g;

    if (!has_planes(k))
        return cw__try_encoding(k, t, CW__BYTE_STREAM_SPLIT);
    page->n = 0;
    if (!cw__encode_values(page, CW__BYTE_STREAM_SPLIT, b, 0, b->count, NULL, NULL))
        return false;
    cw__guess_split(&g, page->p, b->count, b->leaf->width);
    double packed = n * (g.bytes + TABLES);
    if (g.least < WORTH * g.bytes && n * g.least < best) {
        if (!cw__trial_pack(k, &k->s->packed, page,
                            cw__codec_hint(b->leaf, CW__BYTE_STREAM_SPLIT, b->count, page->n)))
            return false;
        double tried = (double)k->s->packed.n * n / (double)b->count;
        packed = tried < packed ? tried : packed;
    }
    t->encoding = CW__BYTE_STREAM_SPLIT;
    t->literals = false;
    cw__trial_weigh(k, t, plain, packed, n * split_time(&g, b->leaf->width));
    return true;
}

static void keep_better(cw__trial *best, const cw__trial *t)
{
    if (t->cost < best->cost)
        *best = *t;
}

/* DuckDB and Polars cannot read BYTE_STREAM_SPLIT of FIXED values: that has to be asked for. */
static bool splits(const cw__search *k)
{
    return !k->o->compat && !k->o->no_split && k->codec != CW__BLOCK_NONE &&
           k->in->leaf->physical != CW__FIXED_LEN_BYTE_ARRAY &&
           cw__can_encode(k->in->leaf, CW__BYTE_STREAM_SPLIT);
}

/* Numbers in bits that are more than what `best` costs, and follow each other in no way, will not
   be compressed to less. */
static bool try_delta(cw__search *k, cw__trial *t, const cw__trial *best)
{
    return encode(k, t, CW__DELTA_BINARY_PACKED) &&
           weigh_page(k, t, t->raw <= best->cost || k->sample.follows);
}

/* Numbers that never repeat have repeating bytes at most, which are nearer to each other split, and
   those that repeat one by one, in no order, are for a dictionary. */
static bool try_numbers(cw__search *k, cw__trial *best)
{
    bool split = splits(k);
    bool delta = !k->o->compat && cw__can_encode(k->in->leaf, CW__DELTA_BINARY_PACKED);
    cw__trial t;

    if (!encode(k, best, CW__PLAIN) || !weigh_page(k, best, !split || k->sample.follows))
        return false;
    if (split) {
        if (!try_split(k, &t, best->cost))
            return false;
        keep_better(best, &t);
    }
    if (delta) {
        if (!try_delta(k, &t, best))
            return false;
        keep_better(best, &t);
    }
    return true;
}

/* Lengths among the bytes disturb the compressor, except where whole values repeat, lengths and
   all. Prefixes that are not worth their lengths are not worth compressing either. */
static bool try_bytes(cw__search *k, cw__trial *best)
{
    bool repeats = k->sample.distinct * 2 < k->sample.count;
    cw__trial t;

    if (k->o->compat)
        return cw__try_encoding(k, best, CW__PLAIN);
    if (!cw__try_encoding(k, best, CW__DELTA_LENGTH_BYTE_ARRAY))
        return false;
    double raw = best->raw;
    if (repeats) {
        if (!cw__try_encoding(k, &t, CW__PLAIN))
            return false;
        keep_better(best, &t);
    }
    if (!encode(k, &t, CW__DELTA_BYTE_ARRAY) || !weigh_page(k, &t, t.raw < 0.97 * raw))
        return false;
    keep_better(best, &t);
    return best->encoding == CW__PLAIN || try_literals(k, best);
}

/* Without a run RLE is the same bits as PLAIN, and a length. */
static bool try_booleans(cw__search *k, cw__trial *best)
{
    cw__trial t;

    if (!cw__try_encoding(k, best, CW__PLAIN))
        return false;
    if (k->o->compat)
        return true;
    if (!encode(k, &t, CW__RLE) || !weigh_page(k, &t, t.raw < best->raw))
        return false;
    if (t.cost < PREFERRED * best->cost)
        *best = t;
    return true;
}

bool cw__try_all(cw__search *k, cw__trial *best)
{
    if (k->in->leaf->physical == CW__BOOLEAN)
        return try_booleans(k, best);
    return k->in->leaf->width ? try_numbers(k, best) : try_bytes(k, best);
}
