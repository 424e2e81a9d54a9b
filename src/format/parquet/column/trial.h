/* trial.h - what a chunk would come to in an encoding, by a sample of it */
#ifndef CW_PARQUET_TRIAL_H
#define CW_PARQUET_TRIAL_H

#include "format/parquet/column/plan.h"
#include "format/parquet/column/sample.h"

/** One encoding, measured. */
typedef struct cw__trial {
    int32_t encoding;
    double bytes;  /* of the whole chunk, as stored */
    double cost;   /* bytes, and the charge for the time */
    double raw;    /* bytes before compression */
    bool compress; /* it pays */
    bool literals; /* texts: it pays by their frequencies alone */
} cw__trial;

/** What every step looks at. */
typedef struct cw__search {
    const cw__column_buffer *in;
    const cw__chunk_options *o;
    cw__chunk_scratch *s;
    cw__block_codec codec;
    double rate; /* bytes that a nanosecond has to save */
    cw__sample sample;
} cw__search;

/** Try those that suit the type, but a dictionary: the best of them. false: out of memory. */
bool cw__try_all(cw__search *k, cw__trial *best);
/** Try one. */
bool cw__try_encoding(cw__search *k, cw__trial *t, int32_t encoding);

/** Raw or packed, whichever costs less. `time`: of the compressor, in nanoseconds. */
void cw__trial_weigh(const cw__search *k, cw__trial *t, double raw, double packed, double time);
/** Of each byte that is packed already: what the compressor takes, in nanoseconds. */
double cw__pass_time(const cw__search *k);

/** Compress `from` into `to`, which is empty where there is no codec, or nothing to compress. */
bool cw__trial_pack(cw__search *k, cw__grown *to, const cw__grown *from, unsigned hint);
/** Of bit-packed numbers; noise stays as long as it is. */
bool cw__trial_pack_bits(cw__search *k, cw__grown *to, const cw__grown *from, int32_t encoding);

#endif
