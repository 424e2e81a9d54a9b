/* bucket.h - buckets, signed URLs for others, and requests that have no verb here
 *
 * A bucket is s3://bucket; for file:// (or a path) a folder takes its place, so that the same
 * program runs on both. mem:// has none: CW_E_UNSUPPORTED.
 */
#ifndef CLOUDWRITER_BUCKET_H
#define CLOUDWRITER_BUCKET_H

#include <cloudwriter/writer.h>

CW_BEGIN_DECLS

/**
 * Create a bucket, in the client's region; or a folder, whose parent must be there.
 * @return CW_OK; CW_E_ALREADY_EXISTS, also where it is another account's; CW_E_PERMISSION; …
 */
CW_CHECKED cw_status cw_bucket_create(cw_client *c, const char *url, cw_error *err);

/**
 * Delete a bucket, or folder, that is empty.
 * @return CW_OK; CW_E_BUCKET_NOT_FOUND; CW_E_CONFLICT: there is something in it
 */
CW_CHECKED cw_status cw_bucket_delete(cw_client *c, const char *url, cw_error *err);

/**
 * Is it there? One HEAD. *out is 1 also for a bucket that may not be looked into (403): its name is
 * taken.
 */
CW_CHECKED cw_status cw_bucket_exists(cw_client *c, const char *url, int *out, cw_error *err);

/** The region that a bucket is in, such as "eu-west-1"; `bytes` of 64 are always enough. S3 only.
 */
CW_CHECKED cw_status cw_bucket_location(cw_client *c, const char *url, char *out, size_t bytes,
                                        cw_error *err);

/* ---- signed URLs ---------------------------------------------------------------------------- */

typedef struct cw_presign_options {
    size_t struct_size;
    const char *method;   /**< "GET" (default), "HEAD", "PUT", "DELETE" */
    uint32_t expires_s;   /**< default 3,600; at most 604,800, less with temporary credentials */
    const cw_pair *query; /**< signed too: versionId, response-content-type, uploadId, … */
    size_t query_count;
    const cw_pair *headers; /**< names in lower case: whoever uses the URL must send them so */
    size_t header_count;
} cw_presign_options;

#define CW_PRESIGN_OPTIONS_INIT CW_OPTIONS_INIT(cw_presign_options)

/**
 * Make an https:// URL with which anybody may do one thing to one object, until it expires, on the
 * rights of the client's keys. Whoever has it has that right: keep it out of logs. Sends nothing,
 * so the bucket's region must be the client's, or one that it has learned.
 * @param url    s3://bucket/key
 * @param out    receives the URL and a NUL; 8,192 bytes are enough for most
 * @return CW_OK; CW_E_TOO_LARGE: `bytes` is too small (out is ""); CW_E_CREDENTIALS_MISSING, also
 *         for an anonymous client; CW_E_UNSUPPORTED for files and memory
 */
CW_CHECKED cw_status cw_presign(cw_client *c, const char *url, const cw_presign_options *o,
                                char *out, size_t bytes, cw_error *err);

/* ---- any request ---------------------------------------------------------------------------- */

typedef struct cw_request_options {
    size_t struct_size;
    const char *method;   /**< "GET" (default), "HEAD", "PUT", "POST", "DELETE" */
    const cw_pair *query; /**< not encoded; a NULL value is a bare name */
    size_t query_count;
    const cw_pair *headers; /**< names in lower case; signed */
    size_t header_count;
    const void *body; /**< signed; stays during the call */
    size_t body_bytes;
} cw_request_options;

#define CW_REQUEST_OPTIONS_INIT CW_OPTIONS_INIT(cw_request_options)

/** What the service answered. One block of memory: cw_response_free. */
typedef struct cw_response {
    int http_status;
    const cw_pair *headers; /**< names in lower case */
    size_t header_count;
    const void *body; /**< a NUL follows */
    size_t body_bytes;
    uint64_t reserved[4];
} cw_response;

/**
 * Send a signed request of your own making to s3://bucket[/key], with the client's retries, clock,
 * region and credentials. It may be sent more than once, as every request may. At most 8 MiB of the
 * answer are taken.
 * @return CW_OK: answered 2xx, *out to be freed; CW_E_TOO_LARGE: the answer is; else what the
 *         answer means, with its code and message in `err`
 */
CW_CHECKED cw_status cw_request_send(cw_response **out, cw_client *c, const char *url,
                                     const cw_request_options *o, cw_error *err);

/** NULL is fine. */
CW_API void cw_response_free(cw_response *r);

CW_END_DECLS

#endif
