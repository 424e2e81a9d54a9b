/* charges.h - what the work of encoding is charged, and what size has to be worth */
#ifndef CW_PARQUET_CHARGES_H
#define CW_PARQUET_CHARGES_H

/*
 * What time is worth: bytes that a nanosecond of work has to save. At this rate two percent of size
 * and five of time weigh about the same. Whoever asks for a codec that takes little time, or for
 * none, asks for time. It is the one place to ask for smaller or faster files; the charges below
 * are nanoseconds: for each byte that passes the compressor, or each value.
 *
 * Those of snappy and LZ4 are what libsnappy took. Our snappy takes about two thirds of that on
 * text; charged so, plain values win more often: files became up to 7 % larger, and none took less
 * time.
 */
static const double CW__RATE = 0.04;
static const double CW__RATE_FAST = 0.08; /* snappy and LZ4 */
static const double CW__RATE_NONE = 1;    /* no codec */
static const double CW__PASS = 1;         /* packed: bytes are counted, little is found */
static const double CW__PASS_ZSTD = 2.8;  /* packed, for zstd: it is looked for all the same */
static const double CW__BYTES = 1.5;      /* split: repetitions are found in the upper bytes */
static const double CW__SPLIT = 0.25;     /* split for zstd: every byte, … */
static const double CW__NOISE = 0.4;      /* … of planes that are copied, … */
static const double CW__LITERALS = 1.3;   /* … whose bytes are counted, … */
static const double CW__SEARCHED = 2.5;   /* … or where repetitions are found */
static const double CW__SEARCH = 3.8;     /* plain numbers and text: looked for everywhere */
static const double CW__LOOK = 1.5;       /* the same for snappy and LZ4, … */
static const double CW__LEFT = 3.5;       /* … and of each byte that is left, in pieces */
static const double CW__FRAME = 12000;    /* what a page takes beside that, however small it is */
static const double CW__BUILD = 1.5;      /* a dictionary, of each number … */
static const double CW__BUILD_TEXT = 10;  /* … or text, … */
static const double CW__BUILD_BYTE = 0.3; /* … and of each of its bytes, … */
static const double CW__BUILD_MANY = 35;  /* … or of many that are distinct, … */
static const double CW__ENTER = 28;       /* … and of each that is distinct, … */
static const double CW__ENTER_NEAR = 2.5; /* … or of those of numbers near to each other */
static const double CW__DELTAS = 2;       /* DELTA_BINARY_PACKED: of each value */
static const double CW__PREFIXES = 12;    /* DELTA_BYTE_ARRAY: of each text, … */
static const double CW__SUFFIXES = 0.4;   /* … and each byte that is left of it */

#endif
