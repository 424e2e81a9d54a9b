/* store.h - a place that paths are below, whatever is behind it
 *
 *     cw_store_open(&s, client, "s3://bucket/project", &err);     // or "/srv/project", "mem://x"
 *     cw_store_url(s, "2026/a.csv", url, sizeof url, &err);       // then any call that takes a URL
 *     cw_store_delete(s, "2026/a.csv", NULL, &err);
 *
 * No path leads out: one that is absolute, or has "..", "." or nothing between two slashes, is
 * CW_E_INVALID_ARGUMENT before anything has happened, and means the same on every backend. (Links
 * in a folder are followed: whoever may make them may point them anywhere.) Opening sends nothing.
 * A store may be used by several threads at once.
 */
#ifndef CLOUDWRITER_STORE_H
#define CLOUDWRITER_STORE_H

#include <cloudwriter/list.h>
#include <cloudwriter/object.h>

CW_BEGIN_DECLS

typedef struct cw_store cw_store;

/** What a backend can do. What it cannot is refused with CW_E_UNSUPPORTED. */
typedef enum cw_capability {
    CW_CAN_CREATE_ONLY = 1 << 0, /**< writers with create_only */
    CW_CAN_IF_MATCH = 1 << 1,    /**< ETags, and writers with if_match */
    CW_CAN_DESCRIBE = 1 << 2,    /**< content types, metadata, storage classes are kept */
    CW_CAN_TAG = 1 << 3,
    CW_CAN_VERSION = 1 << 4,
    CW_CAN_PRESIGN = 1 << 5,
    CW_CAN_REQUEST = 1 << 6, /**< cw_request_send */
    CW_CAN_ENCRYPT = 1 << 7,
    CW_CAN_BUCKET = 1 << 8,           /**< cw_bucket_create and the like */
    CW_CAN_UPLOAD = 1 << 9,           /**< uploads in progress can be listed and aborted */
    CW_CAN_MOVE_ATOMIC = 1 << 10,     /**< cw_object_move is one step */
    CW_CAN_CONDITION_PARTS = 1 << 11, /**< create_only and if_match of objects in several parts,
                                           too */
    CW_CAN_CONDITION_SURELY = 1 << 12 /**< they are known to hold; without it some services publish
                                           all the same, and do not say so */
} cw_capability;

/** The capabilities of the backend of a URL, or'ed; 0 for what is no URL. Those that every S3
 * service may have: cw_capabilities_get knows which one it is. */
CW_API unsigned cw_capabilities(const char *url);

/**
 * The same of the service that a client talks to, as far as its provider, its answers so far and
 * cw_capabilities_probe have shown it (docs/providers.md). Sends nothing. From any thread.
 * @param c  NULL: as cw_capabilities
 */
CW_API unsigned cw_capabilities_get(const cw_client *c, const char *url);

/**
 * Find out whether the service holds to conditions on writes, by trying: ten requests or fewer,
 * about an empty object that is made at `url` and deleted again. What is found replaces what the
 * provider is said to do, for as long as the client lives: afterwards cw_capabilities_get has
 * CW_CAN_CONDITION_SURELY, and what does not hold is CW_E_UNSUPPORTED before it is sent.
 * Does nothing for file:// and mem://, where they hold.
 * @param url  s3://bucket/key of an object that is not there, and that nobody else writes
 * @return CW_OK; CW_E_ALREADY_EXISTS: there is an object, which was left as it is; else what kept
 *         it from being found out: then what was known before still counts
 */
CW_CHECKED cw_status cw_capabilities_probe(cw_client *c, const char *url, cw_error *err);

/**
 * @param c    a reference is kept; may be NULL but for s3://
 * @param url  the root: s3://bucket[/prefix], a folder, mem://[name]; with or without a slash at
 *             the end
 */
CW_CHECKED cw_status cw_store_open(cw_store **out, cw_client *c, const char *url, cw_error *err);

/** NULL is fine. */
CW_API void cw_store_close(cw_store *s);

/** The client, and the root with a slash at its end. Valid as long as the store. */
CW_API cw_client *cw_store_client(const cw_store *s);
CW_API const char *cw_store_root(const cw_store *s);

/**
 * The URL of a path, for every call that takes one.
 * @param path  "a/b"; "" is the root and "a/" a folder, for lists
 * @return CW_OK; CW_E_INVALID_ARGUMENT: it may not be a path; CW_E_TOO_LARGE: `bytes` is too small
 */
CW_CHECKED cw_status cw_store_url(const cw_store *s, const char *path, char *out, size_t bytes,
                                  cw_error *err);

/** The part of a listed URL that is below the root; NULL for one that is not. */
CW_API const char *cw_store_path(const cw_store *s, const char *url);

/* The verbs of object.h and list.h, on paths. Those of a list's entries: cw_store_path. */
CW_CHECKED cw_status cw_store_stat(cw_object_meta **out, cw_store *s, const char *path,
                                   cw_error *err);
CW_CHECKED cw_status cw_store_delete(cw_store *s, const char *path,
                                     const cw_object_delete_options *o, cw_error *err);
CW_CHECKED cw_status cw_store_copy(cw_store *s, const char *from, const char *to,
                                   const cw_object_copy_options *o, cw_error *err);
CW_CHECKED cw_status cw_store_move(cw_store *s, const char *from, const char *to,
                                   const cw_object_copy_options *o, cw_error *err);
CW_CHECKED cw_status cw_store_list(cw_list **out, cw_store *s, const char *path,
                                   const cw_list_options *o, cw_error *err);

CW_END_DECLS

#endif
