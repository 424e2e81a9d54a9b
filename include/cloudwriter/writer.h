/* writer.h - bytes in, one object out
 *
 *     cw_writer *w;
 *     if (cw_writer_open(&w, NULL, "s3://bucket/key", NULL, &err) != CW_OK) …
 *     cw_writer_write(w, data, n);                 // as often as you like; errors are kept
 *     if (cw_writer_close(w, NULL, &err) != CW_OK) …   // CW_OK: the object is there, whole
 *
 * Nothing is visible under the URL before cw_writer_close, and nothing ever is unless that answers
 * CW_OK (or CW_E_INDETERMINATE: see there). The first error sticks: every later call returns it.
 * A writer belongs to one thread at a time, any thread.
 *
 * URLs are taken byte for byte, nothing is decoded: s3://bucket/key, file:///path or a bare path,
 * mem://name (an object in the process, for tests; see object.h). The bucket may be the ARN of an
 * access point, s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/key, or a directory bucket
 * (docs/endpoints.md).
 */
#ifndef CLOUDWRITER_WRITER_H
#define CLOUDWRITER_WRITER_H

#include <stdarg.h>
#include <cloudwriter/client.h>
#include <cloudwriter/sys/sink.h>

CW_BEGIN_DECLS

typedef struct cw_writer cw_writer;

typedef enum cw_part_policy {
    CW_PARTS_GROWING = 0, /**< doubled every 1,000 parts, up to what the budget allows */
    CW_PARTS_FIXED        /**< all but the last equal, as Cloudflare R2 wants them */
} cw_part_policy;

typedef enum cw_compression {
    CW_COMPRESSION_NONE = 0,
    CW_COMPRESSION_GZIP,
    CW_COMPRESSION_ZSTD
} cw_compression;

typedef enum cw_sse {
    CW_SSE_BUCKET = 0, /**< whatever the bucket does by default */
    CW_SSE_S3,         /**< AES256 with the service's keys */
    CW_SSE_KMS,        /**< aws:kms */
    CW_SSE_KMS_DSSE,   /**< aws:kms:dsse */
    CW_SSE_C           /**< AES256 with `sse_customer_key`, which is sent over TLS, or to this
                            machine through no proxy: else CW_E_INVALID_ARGUMENT */
} cw_sse;

/** A name and a value: of metadata, of a tag. */
typedef struct cw_pair {
    const char *name;
    const char *value;
} cw_pair;

/** Where a writer is. Read it in a progress callback or at any time. */
typedef struct cw_stats {
    uint64_t bytes_in;   /**< accepted from the caller */
    uint64_t bytes_out;  /**< after compression: what the object holds so far */
    uint64_t bytes_sent; /**< of parts that the service acknowledged */
    uint64_t parts_done;
    uint64_t parts_in_flight; /**< being sent or waiting for a retry */
    uint64_t parts_queued;    /**< full, waiting for their turn */
    uint64_t part_bytes;      /**< size of the part being filled */
    uint64_t requests;        /**< sent for this writer, retries included */
    uint64_t retries;
    uint64_t reserved[7];
} cw_stats;

/**
 * Called on the caller's thread from write, flush and close, about every `progress_interval_ms`,
 * also while they wait. Answer 0 to go on, anything else to stop with CW_E_CANCELLED. Once the
 * commit may have been carried out it is not stopped: close then answers what became of it.
 */
typedef int (*cw_progress_fn)(void *user, const cw_stats *now);

/**
 * Settings of a writer. Start from CW_WRITER_OPTIONS_INIT; zero and NULL mean the default.
 * Everything is copied. What a backend cannot do is refused at open with CW_E_UNSUPPORTED, except
 * the descriptions of an HTTP object, which files and memory have no place for and ignore:
 * content_*, cache_control, metadata, tags, storage_class, acl, checksum, payload.
 */
typedef struct cw_writer_options {
    size_t struct_size;

    /* how it is sent */
    uint64_t size_hint; /**< expected bytes after compression; picks the part size; 0: unknown */
    cw_part_policy part_policy;
    uint64_t part_bytes;  /**< of the first part, or of each if fixed; default 8 MiB, less where
                               the memory budget is small; at least 5 MiB at AWS */
    unsigned concurrency; /**< parts being sent at once; default 8, and more for as long as that
                               brings more through; less if memory is short */
    cw_checksum checksum; /**< default: the client's */
    cw_payload payload;   /**< default: the client's */
    uint64_t deadline_ms; /**< from open to the answer of close; default none */

    /* what it is */
    const char *content_type;     /**< default: what the service makes of none,
                                       binary/octet-stream as a rule */
    const char *content_encoding; /**< default gzip or zstd with that compression, else none */
    const char *content_disposition;
    const char *content_language;
    const char *cache_control;
    const cw_pair *metadata; /**< names without "x-amz-meta-"; "cw-commit" is the writer's own, and
                                  is left out */
    size_t metadata_count;
    const cw_pair *tags;
    size_t tags_count;
    const char *storage_class;
    const char *acl; /**< a canned one, such as "bucket-owner-full-control" */
    cw_sse sse;
    const char *sse_kms_key_id;  /**< NULL: the account's default key */
    const char *sse_kms_context; /**< base64 of the JSON, as the service wants it */
    int sse_bucket_key;
    const unsigned char *sse_customer_key; /**< 32 bytes; with CW_SSE_C */

    /* when it may be published */
    int create_only;      /**< only if the key does not exist: else CW_E_ALREADY_EXISTS. Here and
                               below, CW_E_UNSUPPORTED where the service is known not to hold to it;
                               one that only its answers tell is asked by one HEAD before the first
                               such write of a client; docs/providers.md */
    const char *if_match; /**< only over the object with this ETag: else CW_E_PRECONDITION; where
                               there is none, CW_E_NOT_FOUND */

    /* on the way */
    cw_compression compression;
    int compression_level;        /**< 0: the library's default */
    unsigned compression_threads; /**< zstd only; 0: on the caller's thread */

    /* watching */
    cw_progress_fn progress;
    void *progress_user;
    uint32_t progress_interval_ms; /**< default 200 */
} cw_writer_options;

#define CW_WRITER_OPTIONS_INIT CW_OPTIONS_INIT(cw_writer_options)

/**
 * Open a writer. Checks the options and the URL; sends nothing, so it does not block (but a FIFO
 * waits for its reader, 30 s or deadline_ms).
 * @param c  NULL: a private client from the environment, that lives as long as the writer
 * @param o  NULL: every default
 * @return CW_OK; CW_E_INVALID_ARGUMENT; CW_E_UNSUPPORTED; CW_E_TOO_LARGE when the size hint does
 *         not fit the part sizes; CW_E_NO_MEMORY; CW_E_IO for files
 */
CW_CHECKED cw_status cw_writer_open(cw_writer **out, cw_client *c, const char *url,
                                    const cw_writer_options *o, cw_error *err);

/**
 * Open a writer onto a sink of your own (sys/sink.h). `s` moves to the writer only on CW_OK.
 * Of the options those that concern compression and watching apply; the others reach the sink.
 */
CW_CHECKED cw_status cw_writer_open_sink(cw_writer **out, cw_sink *s, const cw_writer_options *o,
                                         cw_error *err);

/**
 * Write all `n` bytes, or fail. Copies them once into the part being filled; waits while the
 * memory budget is used up and parts are on their way. Not async-signal-safe.
 * @return CW_OK, or the writer's first error (see cw_writer_error)
 */
CW_API cw_status cw_writer_write(cw_writer *w, const void *p, size_t n);

/** Write formatted text, as fprintf does. */
CW_API cw_status cw_writer_printf(cw_writer *w, const char *fmt, ...) CW_PRINTF(2, 3);
CW_API cw_status cw_writer_vprintf(cw_writer *w, const char *fmt, va_list args) CW_PRINTF(2, 0);

/**
 * Lend memory to write into in place of cw_writer_write: no copy.
 * At least `min` bytes (0 counts as 1); `*cap` says how many. With `min` at 1 it is always part
 * memory itself; a larger one that does not fit what is left of a slab (64 KiB) is lent from a
 * side buffer and copied once at commit. Valid until the next call on the writer.
 */
CW_API cw_status cw_writer_reserve(cw_writer *w, size_t min, void **p, size_t *cap);

/** Take the first `used` bytes of what was reserved into the object. 0 is fine. */
CW_API cw_status cw_writer_commit(cw_writer *w, size_t used);

/**
 * Push on what can be pushed on: progress, not visibility. Ends a compressed block; sends a part
 * early if it has the service's minimum already (never with fixed parts); never a shorter one.
 */
CW_API cw_status cw_writer_flush(cw_writer *w);

/** What cw_writer_close publishes. Strings are empty where the backend does not say. */
typedef struct cw_object_info {
    uint64_t bytes;    /**< size of the object */
    uint64_t bytes_in; /**< written by the caller, before compression */
    uint64_t parts;    /**< 0: sent as a single PUT, or no S3 object */
    uint64_t requests; /**< sent, retries included */
    uint64_t retries;
    char etag[136]; /**< without quotes */
    char version_id[136];
    char checksum[96]; /**< "crc64nvme:…" in base64, as the service states it */
    uint64_t reserved[8];
} cw_object_info;

/**
 * Publish, and free the writer, whatever the answer.
 * Blocks until everything is sent and the service has answered. Three kinds of answer:
 *   CW_OK               committed: the object is there, whole
 *   CW_E_INDETERMINATE  the request that commits was sent, and even asking afterwards did not tell;
 *                       `err` has upload_id and commit_token for cw_commit_query
 *   anything else       not committed: nothing is there (an older object still is). If the upload
 *                       could not be aborted, `err` has its upload_id
 * @param info  nullable; filled only on CW_OK
 */
CW_CHECKED cw_status cw_writer_close(cw_writer *w, cw_object_info *info, cw_error *err);

/**
 * Publish nothing, and free the writer. NULL is fine.
 * Waits for parts on their way, then has the service drop the upload.
 * @return CW_OK when nothing is left; else why the upload (err->upload_id) could not be aborted
 */
CW_API cw_status cw_writer_abort(cw_writer *w, cw_error *err);

/** The first error, or one with status CW_OK. Valid until close or abort. */
CW_API const cw_error *cw_writer_error(const cw_writer *w);

/** Read where the writer is. */
CW_API void cw_writer_stats(const cw_writer *w, cw_stats *out);

/**
 * The largest object that these options can hold, in bytes: part sizes times 10,000 parts, or the
 * service's own limit. For a client's budget of `memory_bytes` (0: the default).
 */
CW_API uint64_t cw_writer_largest_object(const cw_writer_options *o, uint64_t memory_bytes);

CW_END_DECLS

#endif
