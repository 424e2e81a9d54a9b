/* reader.h - the bytes of an object that is there, in order or at any offset
 *
 *     cw_reader *r;
 *     if (cw_reader_open(&r, client, "s3://bucket/key", &err) != CW_OK) …
 *     while (cw_reader_read(r, buffer, sizeof buffer, &n, &err) == CW_OK && n > 0) …
 *     cw_reader_pread(r, cw_reader_size(r) - 8, tail, 8, &err);
 *     cw_reader_close(r);
 *
 * The object is looked at when it is opened, and every later request names the version that was
 * seen: an object that is replaced meanwhile is CW_E_PRECONDITION, never a mixture of two. A
 * connection that breaks or stalls is followed by a request for the bytes that are missing, within
 * the client's max_attempts (which count anew whenever 64 KiB or more have arrived). Fewer bytes
 * than were asked for, other ones, or more, are an error and never handed out. A reader belongs to
 * one thread at a time, any thread. Takes the URLs that cw_writer_open takes.
 *
 * Reading in order is fetched ahead: a small range first, then larger ones, and more of them at
 * once while the network is what limits the speed. Neither cw_reader_pread nor the first read after
 * a cw_reader_seek fetches more than it was asked for.
 */
#ifndef CLOUDWRITER_READER_H
#define CLOUDWRITER_READER_H

#include <cloudwriter/writer.h>

CW_BEGIN_DECLS

typedef struct cw_reader cw_reader;

typedef enum cw_decompression {
    CW_DECOMPRESSION_NONE = 0,
    CW_DECOMPRESSION_GZIP, /**< one member or several; anything else is CW_E_INTEGRITY */
    CW_DECOMPRESSION_ZSTD, /**< one frame or several; anything else is CW_E_INTEGRITY */
    CW_DECOMPRESSION_AUTO  /**< whichever of these the first bytes show, or none */
} cw_decompression;

/** Whether what was read is held against the checksum that the service keeps of the object. */
typedef enum cw_verification {
    CW_VERIFICATION_AUTO = 0, /**< where the object is read whole and in order, and the service
                                   tells a CRC-64/NVME, CRC-32C or CRC-32 of the whole */
    CW_VERIFICATION_NONE      /**< do not even ask for it */
} cw_verification;

/**
 * Settings of a reader. Start from CW_READER_OPTIONS_INIT; zero and NULL mean the default.
 * Everything is copied. What says which version to read is for S3 only: CW_E_UNSUPPORTED elsewhere.
 */
typedef struct cw_reader_options {
    size_t struct_size;

    /* how it is fetched: S3 only, ignored elsewhere */
    uint64_t memory_bytes; /**< for reading ahead, out of the client's memory_bytes; default a half
                                of these. Readers leave a quarter to writers, and 5 MiB at least:
                                where that is not there, nothing is fetched ahead */
    unsigned connections;  /**< ranges that arrive at once; default 8 */
    uint64_t range_bytes;  /**< of one request in the long run; at least 64 KiB; default 8 MiB,
                                less where memory is short */
    int no_read_ahead;     /**< fetch what is asked for, when it is asked for */

    /* which version */
    const char *version_id;                /**< of a bucket that keeps versions */
    const char *if_match;                  /**< only with this ETag: else CW_E_PRECONDITION */
    const unsigned char *sse_customer_key; /**< 32 bytes, of what was written with CW_SSE_C */

    /* what is made of it */
    cw_verification verification;
    cw_decompression decompression; /**< then it can only be read in order */
} cw_reader_options;

#define CW_READER_OPTIONS_INIT CW_OPTIONS_INIT(cw_reader_options)

/**
 * Look at an object: one request.
 * @param c  NULL: a private client from the environment, that lives as long as the reader
 * @return CW_OK; CW_E_NOT_FOUND; CW_E_UNSUPPORTED for what has no size, such as a FIFO; …
 */
CW_CHECKED cw_status cw_reader_open(cw_reader **out, cw_client *c, const char *url, cw_error *err);

/** The same with options (nullable). */
CW_CHECKED cw_status cw_reader_open_with(cw_reader **out, cw_client *c, const char *url,
                                         const cw_reader_options *o, cw_error *err);

/** Bytes of the object as it is stored; how many decompression makes of them is not known. */
CW_API uint64_t cw_reader_size(const cw_reader *r);

/**
 * Read the next `n` bytes; fewer only at the end, where *got is 0 in the end. Blocks.
 * @param got  how many; also after a failure, when as many were read before it
 * @return CW_OK; CW_E_PRECONDITION: the object was replaced since it was opened; CW_E_INTEGRITY:
 *         with the last byte, the checksum is another one, so do not trust what was read; or
 *         compressed data is damaged or cut off; …
 */
CW_CHECKED cw_status cw_reader_read(cw_reader *r, void *p, size_t n, size_t *got, cw_error *err);

/**
 * Look at the next bytes where they lie, in place of cw_reader_read: no copy (of a file, or of what
 * is not fetched ahead, one). Valid until the next call on the reader.
 * @param n  how many these are: at least one, but 0 at the end
 */
CW_CHECKED cw_status cw_reader_peek(cw_reader *r, const void **p, size_t *n, cw_error *err);

/**
 * Go past the first `n` of the bytes that cw_reader_peek showed last.
 * @return CW_OK; CW_E_INTEGRITY as cw_reader_read
 */
CW_CHECKED cw_status cw_reader_skip(cw_reader *r, size_t n, cw_error *err);

/**
 * Go on reading at `offset`. Sends nothing; drops what was fetched ahead, unless the offset lies
 * within it. What is then read is verified only from a seek to 0 on.
 * @return CW_OK; CW_E_INVALID_ARGUMENT beyond the end; CW_E_UNSUPPORTED with decompression, except
 *         to 0 and to where it is
 */
CW_CHECKED cw_status cw_reader_seek(cw_reader *r, uint64_t offset, cw_error *err);

/**
 * Go past the next `n` bytes, which the caller has already, from an earlier reader of the same
 * ETag: nothing is fetched, and they are verified with what is read behind them. Any number of
 * calls, with pieces of any size.
 * @return CW_OK; CW_E_INTEGRITY as cw_reader_read, when they reach the end; CW_E_INVALID_ARGUMENT:
 *         that many are not left; CW_E_UNSUPPORTED with decompression
 */
CW_CHECKED cw_status cw_reader_resume(cw_reader *r, const void *p, size_t n, cw_error *err);

/** Where cw_reader_read goes on. */
CW_API uint64_t cw_reader_tell(const cw_reader *r);

/**
 * Read exactly `n` bytes from `offset` by one request, or fail. Leaves the position of
 * cw_reader_read alone, and what is fetched ahead.
 * @return CW_OK; CW_E_INVALID_ARGUMENT where that lies beyond the end; CW_E_PRECONDITION: the
 *         object was replaced since it was opened; CW_E_UNSUPPORTED with decompression; …
 */
CW_CHECKED cw_status cw_reader_pread(cw_reader *r, uint64_t offset, void *p, size_t n,
                                     cw_error *err);

/** What became of the verification. */
typedef enum cw_verified {
    CW_VERIFIED_NOTHING = 0, /**< no checksum is known, or none was wanted */
    CW_VERIFIED_COMPOSITE,   /**< there is one of the parts' checksums, or of a kind that is not
                                  computed here: it is left alone */
    CW_VERIFIED_NOT_YET,     /**< the object has not been read whole and in order */
    CW_VERIFIED_GOOD,
    CW_VERIFIED_BAD
} cw_verified;

/** What is known of the object. Strings are empty where it is not. */
typedef struct cw_reader_info {
    uint64_t bytes;      /**< as stored */
    int64_t modified_ms; /**< since 1970-01-01 UTC, 0 if not known */
    char etag[136];      /**< without quotes */
    char version_id[136];
    char content_type[256];
    char content_encoding[64];
    char checksum[96]; /**< "crc64nvme:…" in base64, as the service states it */
    cw_verified verified;
    const cw_pair *metadata; /**< names in lower case, without "x-amz-meta-"; until close */
    size_t metadata_count;
    cw_decompression decompression; /**< what AUTO found, once something was read */
    uint64_t requests;              /**< sent for this reader, retries included */
    uint64_t retries;
    uint64_t reserved[8];
} cw_reader_info;

/** What was seen of the object when it was opened, and how far things are. Sends nothing. */
CW_API void cw_reader_get_info(const cw_reader *r, cw_reader_info *out);

/** Cancels what is on its way. NULL is fine. */
CW_API void cw_reader_close(cw_reader *r);

CW_END_DECLS

#endif
