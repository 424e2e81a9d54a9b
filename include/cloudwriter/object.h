/* object.h - whole objects: look, get, put, delete, copy, move, tag; and what lies around a write
 *
 *     cw_object_stat(&about, client, "s3://bucket/key", NULL, &err);
 *     cw_object_copy(client, "s3://bucket/key", "s3://bucket/other", NULL, NULL, &err);
 *     cw_object_delete(client, "s3://bucket/key", NULL, &err);
 *
 * The verbs take the URLs that cw_writer_open takes, and answer the same statuses for s3://,
 * file:// (or a path) and mem://. A client is needed for s3:// alone, and may be NULL elsewhere.
 * What a backend cannot do is refused with CW_E_UNSUPPORTED before anything has happened. Every
 * call blocks until it is done, may be made on any thread, and can also answer what any request
 * can: CW_E_PERMISSION, CW_E_BUCKET_NOT_FOUND, CW_E_UNAVAILABLE, CW_E_TIMEOUT, CW_E_NO_MEMORY, …
 */
#ifndef CLOUDWRITER_OBJECT_H
#define CLOUDWRITER_OBJECT_H

#include <cloudwriter/reader.h>

CW_BEGIN_DECLS

/* ---- look ---------------------------------------------------------------------------------- */

/**
 * What is known of an object. Strings are "" where nothing is said, which is most of them for files
 * and objects in memory. One block of memory: cw_object_meta_free.
 */
typedef struct cw_object_meta {
    uint64_t bytes;
    int64_t modified_ms;    /**< since 1970-01-01 UTC; 0: not said */
    const char *etag;       /**< without quotes; "" for a file */
    const char *version_id; /**< "" without versioning */
    const char *content_type;
    const char *content_encoding;
    const char *content_disposition;
    const char *content_language;
    const char *cache_control;
    const char *storage_class; /**< "" for the standard one, as S3 has it */
    const char *checksum;      /**< "crc64nvme:…" in base64 */
    const char *checksum_type; /**< "FULL_OBJECT" or "COMPOSITE" */
    const char *sse;           /**< "AES256", "aws:kms", "aws:kms:dsse" */
    const char *sse_kms_key_id;
    const char *sse_customer_algorithm;
    const char *restore;     /**< of an archived object, as the service words it */
    const cw_pair *metadata; /**< names without "x-amz-meta-", as the service wrote them */
    size_t metadata_count;
    uint64_t tags_count;
    uint64_t reserved[8];
} cw_object_meta;

typedef struct cw_object_stat_options {
    size_t struct_size;
    const char *version_id;                /**< NULL: the latest. S3 only */
    const unsigned char *sse_customer_key; /**< 32 bytes: of an object encrypted with CW_SSE_C */
} cw_object_stat_options;

#define CW_OBJECT_STAT_OPTIONS_INIT CW_OPTIONS_INIT(cw_object_stat_options)

/**
 * Look at an object: one HEAD. A folder is no object.
 * @param o  nullable
 * @return CW_OK, *out to be freed; CW_E_NOT_FOUND (also where the bucket is missing: a HEAD does
 * not tell); CW_E_UNSUPPORTED for a version or a key of a file
 */
CW_CHECKED cw_status cw_object_stat(cw_object_meta **out, cw_client *c, const char *url,
                                    const cw_object_stat_options *o, cw_error *err);

/** NULL is fine. */
CW_API void cw_object_meta_free(cw_object_meta *m);

/* ---- get and put --------------------------------------------------------------------------- */

/**
 * Get all bytes of an object into memory of the caller's: a reader that is opened, read and closed.
 * @param p     of `room` bytes; what is in it after a failure is not to be used
 * @param n     how many they are
 * @param o     nullable
 * @return CW_OK; CW_E_TOO_LARGE: there is no room for all of it, and *n is what it takes, or 0 if
 *         it is decompressed; CW_E_NOT_FOUND; CW_E_INTEGRITY: the checksum is another one; …
 */
CW_CHECKED cw_status cw_object_get(void *p, size_t room, size_t *n, cw_client *c, const char *url,
                                   const cw_reader_options *o, cw_error *err);

/**
 * Put an object of bytes that are all there: a writer that is opened, written to and closed.
 * @param o     nullable
 * @param info  nullable; filled on CW_OK
 * @return as cw_writer_open and cw_writer_close
 */
CW_CHECKED cw_status cw_object_put(cw_client *c, const char *url, const void *p, size_t n,
                                   const cw_writer_options *o, cw_object_info *info, cw_error *err);

/* ---- delete -------------------------------------------------------------------------------- */

typedef struct cw_object_delete_options {
    size_t struct_size;
    int missing_ok;                        /**< CW_OK where there is nothing */
    const char *version_id;                /**< NULL: the latest. S3 only */
    const char *if_match;                  /**< only the object with this ETag. Not for files */
    const unsigned char *sse_customer_key; /**< 32 bytes: with if_match, of an object encrypted with
                                                CW_SSE_C. S3 only */
} cw_object_delete_options;

#define CW_OBJECT_DELETE_OPTIONS_INIT CW_OPTIONS_INIT(cw_object_delete_options)

/**
 * Delete an object. With versioning a delete marker hides it, unless a version is named.
 * S3 does not tell whether there was one, so it is looked at first unless missing_ok is set: two
 * requests, and another program may come between. `if_match` is looked at first too, and sent along
 * for the services that hold to it.
 * @return CW_OK; CW_E_NOT_FOUND; CW_E_PRECONDITION: another ETag; CW_E_INVALID_ARGUMENT for a
 *         folder
 */
CW_CHECKED cw_status cw_object_delete(cw_client *c, const char *url,
                                      const cw_object_delete_options *o, cw_error *err);

/**
 * Told of each object, in the order given: `outcome->status` is CW_OK for one that is gone. Answer
 * 0 to go on, anything else to stop. May call the library.
 */
typedef int (*cw_object_each_fn)(void *user, const char *url, const cw_error *outcome);

/**
 * Delete many objects; missing ones are fine. 1,000 in a request where URLs next to each other are
 * of one bucket and the service can do that, one by one where it cannot. One that cannot be deleted
 * does not keep the others; a request that fails as a whole (no permission, no such bucket) ends
 * it, and the rest is not tried.
 * @param each  nullable
 * @return CW_OK: all are gone; CW_E_CANCELLED; else what kept the first one that is not, with how
 *         many there are in the message
 */
CW_CHECKED cw_status cw_object_delete_many(cw_client *c, const char *const *urls, size_t count,
                                           cw_object_each_fn each, void *user, cw_error *err);

/* ---- copy and move -------------------------------------------------------------------------- */

typedef struct cw_object_copy_options {
    size_t struct_size;
    const char *version_id; /**< of the source; NULL: the latest. S3 only */
    const char *if_match;   /**< only if the source has this ETag: else CW_E_PRECONDITION. Not for
                                 files */
    int create_only;        /**< only if the target does not exist: else CW_E_ALREADY_EXISTS. On S3
                                 it is looked at first, and sure where the service holds to
                                 If-None-Match on copies */
    const cw_writer_options *describe; /**< what the copy is to be (content_*, metadata, tags,
                                            storage_class, acl, sse), in place of what the source
                                            is; NULL: content_*, metadata and tags as they are. S3
                                            only. Storage class, ACL and encryption are never taken
                                            over: without a word they are the bucket's defaults */
    uint64_t multipart_bytes; /**< sources larger than this go in parts; default, and most, 5 GiB */
    uint64_t part_bytes;      /**< of those; default 256 MiB, more where 10,000 would not do */
    unsigned concurrency;     /**< parts at once; default 8, at most 64 */
    cw_progress_fn progress;  /**< nullable; told after each part */
    void *progress_user;
    int keep; /**< with `describe`: each of content_*, the metadata and the tags that it does not
                   say stays as it is */
    const unsigned char *sse_customer_key; /**< 32 bytes: of a source encrypted with CW_SSE_C. That
                                                of the copy is in `describe` */
} cw_object_copy_options;

#define CW_OBJECT_COPY_OPTIONS_INIT CW_OPTIONS_INIT(cw_object_copy_options)

/**
 * Copy an object where it lies: no byte of it comes here. From one bucket to another of the same
 * service, from file to file, in memory. The source is pinned by its ETag. The target is there
 * whole or not at all.
 * @param info  nullable; filled on CW_OK
 * @return CW_OK; CW_E_NOT_FOUND; CW_E_PRECONDITION; CW_E_ALREADY_EXISTS; CW_E_INDETERMINATE: the
 *         request that publishes was sent, and even asking did not tell; CW_E_UNSUPPORTED between
 *         s3://, file:// and mem:// (use a reader and a writer); CW_E_INVALID_ARGUMENT onto itself
 */
CW_CHECKED cw_status cw_object_copy(cw_client *c, const char *from, const char *to,
                                    const cw_object_copy_options *o, cw_object_info *info,
                                    cw_error *err);

/**
 * Move an object. A file is renamed in one step, if both paths are on one file system (of a symlink
 * what it points at is moved, as a copy). Everything else is not atomic: it is copied, the copy is
 * looked at, and then the source is deleted if it is still the one that was copied. In between both
 * are there; after an error the source is, and the target may be.
 * @return as cw_object_copy; CW_E_PRECONDITION also when the source was replaced meanwhile: it
 *         stays, and so does the copy of what it was
 */
CW_CHECKED cw_status cw_object_move(cw_client *c, const char *from, const char *to,
                                    const cw_object_copy_options *o, cw_object_info *info,
                                    cw_error *err);

/* ---- tags ----------------------------------------------------------------------------------- */

/** One block of memory: cw_object_tags_free. */
typedef struct cw_object_tags {
    const cw_pair *list;
    size_t count;
} cw_object_tags;

/** @return CW_OK; CW_E_NOT_FOUND; CW_E_UNSUPPORTED for files and memory, and from some services */
CW_CHECKED cw_status cw_object_tags_get(cw_object_tags **out, cw_client *c, const char *url,
                                        cw_error *err);

/** NULL is fine. */
CW_API void cw_object_tags_free(cw_object_tags *t);

/** Replace all tags; a count of 0 removes them. The same answers. */
CW_CHECKED cw_status cw_object_tags_put(cw_client *c, const char *url, const cw_pair *tags,
                                        size_t count, cw_error *err);

/* ---- a commit in doubt ---------------------------------------------------------------------- */

/**
 * Ask again what became of a commit that answered CW_E_INDETERMINATE.
 * @param url    the same as at open
 * @param doubt  the error that close gave: its commit_token and upload_id are used
 * @param info   nullable; filled on CW_OK
 * An object that was written with CW_SSE_C cannot be looked at without its key, which is not kept:
 * the service's refusal is the answer.
 * @return CW_OK: committed, the object is there; CW_E_NOT_FOUND: not committed, and an upload that
 *         was still there has been aborted; CW_E_INDETERMINATE: still not known, for the key holds
 *         another object, or the service drops metadata; else why it could not be asked
 */
CW_CHECKED cw_status cw_commit_query(cw_client *c, const char *url, const cw_error *doubt,
                                     cw_object_info *info, cw_error *err);

/* ---- uploads that were left behind ----------------------------------------------------------- */

/** An upload that was neither completed nor aborted. Strings are valid during the callback. */
typedef struct cw_upload_info {
    const char *bucket;
    const char *key;
    const char *upload_id;
    const char *storage_class;
    int64_t initiated_ms; /**< since 1970-01-01 UTC */
    uint64_t reserved[4];
} cw_upload_info;

/** Answer 0 to go on, anything else to stop (the list then answers CW_E_CANCELLED). */
typedef int (*cw_upload_fn)(void *user, const cw_upload_info *upload);

/**
 * List the uploads in progress under a URL, s3://bucket or s3://bucket/prefix, page by page.
 * The callback runs on the caller's thread and may call the library. Another program's running
 * upload looks the same as one left behind: judge by age.
 */
CW_CHECKED cw_status cw_upload_list(cw_client *c, const char *url, cw_upload_fn each, void *user,
                                    cw_error *err);

/**
 * Abort one upload of a key.
 * @return CW_OK; CW_E_NOT_FOUND: the service knows no such upload of this key: it was completed or
 *         aborted, or never begun. Some services accept the abort of any id (MinIO), or of one that
 *         ended a while ago: then it is CW_OK. cw_upload_list tells what there is
 */
CW_CHECKED cw_status cw_upload_abort(cw_client *c, const char *url, const char *upload_id,
                                     cw_error *err);

/* ---- objects in memory ----------------------------------------------------------------------- */

/**
 * Look at an object of mem://name: its bytes, valid until it is replaced or removed.
 * @return CW_OK; CW_E_NOT_FOUND
 */
CW_CHECKED cw_status cw_memory_get(const char *name, const void **p, size_t *n);

/** Remove an object of mem://name; missing is fine. NULL removes them all. */
CW_API void cw_memory_remove(const char *name);

CW_END_DECLS

#endif
