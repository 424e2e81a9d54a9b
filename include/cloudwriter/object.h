/* object.h - what lies around a write: a commit in doubt, uploads left behind, objects in memory */
#ifndef CLOUDWRITER_OBJECT_H
#define CLOUDWRITER_OBJECT_H

#include <cloudwriter/writer.h>

CW_BEGIN_DECLS

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

/** Abort one upload of a key. CW_OK also when it is already gone. */
CW_CHECKED cw_status cw_upload_abort(cw_client *c, const char *url, const char *upload_id,
                                     cw_error *err);

/**
 * Look at an object of mem://name: its bytes, valid until it is replaced or removed.
 * @return CW_OK; CW_E_NOT_FOUND
 */
CW_CHECKED cw_status cw_memory_get(const char *name, const void **p, size_t *n);

/** Remove an object of mem://name; missing is fine. NULL removes them all. */
CW_API void cw_memory_remove(const char *name);

CW_END_DECLS

#endif
