/* chunk.h - a leaf column of a row group, encoded: a pure function of its values and the options
 *
 *     buffer.h -> [plan.c: which encoding and codec, measured or guessed on a sample]
 *              -> [dictionary, if any] -> pages (levels, values, compression, checksum)
 *              -> statistics, page index, Bloom filter
 *
 * Nothing here depends on where in the file the chunk goes (offsets are relative to its first
 * byte), on other chunks, or on time: so chunks can be encoded on any thread and in any order.
 */
#ifndef CW_PARQUET_CHUNK_H
#define CW_PARQUET_CHUNK_H

#include <cloudwriter/parquet.h>

#include "format/parquet/column/pieces.h"
#include "format/parquet/meta/metadata.h"

/** The options as they are for one column, every default filled in. */
typedef struct cw__chunk_options {
    cw_parquet_encoding encoding;
    cw_parquet_codec codec; /* never CW_CODEC_DEFAULT */
    int level;
    bool v2;
    bool statistics;
    bool checksums;
    bool bloom;
    bool compat;   /* PLAIN and dictionary only */
    bool no_split; /* BYTE_STREAM_SPLIT only where it is asked for */
    double bloom_fpp;
    size_t statistics_bytes;
    uint64_t page_rows, page_bytes;
} cw__chunk_options;

/** Memory and codec contexts that are kept from chunk to chunk; one for each thread. */
typedef struct cw__chunk_scratch cw__chunk_scratch;
cw__chunk_scratch *cw__chunk_scratch_new(void); /* NULL: out of memory */
void cw__chunk_scratch_free(cw__chunk_scratch *s);
/** Give back what a value much larger than a page, or very many values, have left. */
void cw__chunk_scratch_trim(cw__chunk_scratch *s, uint64_t page_bytes);

/** Other threads, which may take part in making the pages of a chunk. */
typedef struct cw__chunk_help {
    unsigned threads;                   /* that may take part, this one included */
    bool (*is_there)(const void *user); /* somebody has nothing else to do right now */
    /** Call make(what, i, scratch) once for each i below n, on any threads, each with a scratch of
     * its own (NULL: out of memory), and return when all have returned. */
    void (*share)(void *user, size_t n,
                  void (*make)(void *what, size_t i, cw__chunk_scratch *scratch), void *what);
    void *user;
} cw__chunk_help;

/** Have the values of `b` that wait in the scratch, until it encodes another chunk. false: out of
 * memory. */
bool cw__chunk_scratch_pick(cw__chunk_scratch *s, cw__column_buffer *b);
/** Chunks encoded with this scratch may have their pages made with help; it stays where it is. */
void cw__chunk_scratch_help(cw__chunk_scratch *s, const cw__chunk_help *help);

/** What comes out. Owns everything it points to but values that it lends from the buffer. */
typedef struct cw__chunk {
    cw__pieces bytes; /* the dictionary page, if any, and the data pages, headers included */
    cw__column_metadata meta; /* offsets relative to bytes; bloom and index offsets unset */
    cw__column_index index;   /* present: may be written */
    cw__offset_index offsets; /* offsets relative to bytes */
    cw__grown bloom;          /* the filter's bits without its header; n 0: none */
} cw__chunk;

/**
 * Of a buffer none of whose values waits. `out` is zero, but that `bytes` may have memory, which is
 * used. CW_OK, CW_E_NO_MEMORY, CW_E_TOO_LARGE (a page beyond 2 GiB: one value too long), after
 * which `out` is empty.
 */
cw_status cw__chunk_encode(cw__chunk *out, const cw__column_buffer *in, const cw__chunk_options *o,
                           cw__chunk_scratch *scratch, cw_error *err);
void cw__chunk_free(cw__chunk *c);

#endif
