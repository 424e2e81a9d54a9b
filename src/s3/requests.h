/* requests.h - the requests of an upload, ready to start
 *
 * Those that carry what the object is to be are built from a plan; those that only ask, or abort,
 * from the name of the object alone, since they are also made when there is no plan any more.
 */
#ifndef CW_S3_REQUESTS_H
#define CW_S3_REQUESTS_H

#include "s3/exchange.h"
#include "s3/part.h"
#include "s3/plan.h"

/** A part that the service has: what Complete says of it. */
typedef struct cw__part_receipt {
    uint64_t bytes;
    char *etag; /* without quotes; owned */
    cw__checksum_value checksum;
    bool overtaken; /* what was cut short may land after what was acknowledged */
} cw__part_receipt;

/** What there is to complete. */
typedef struct cw__manifest {
    const char *upload_id;
    const cw__part_receipt *parts; /* parts[0] is part 1 */
    unsigned count;
    uint64_t bytes;
    cw__checksum_value whole; /* text "" if it is not known */
} cw__manifest;

/* Each initialises `x` on `loop`; the owner sets done, user and deadline, and starts it. */

/** PUT the whole object; `part` may be NULL: an empty one. */
void cw__request_put(cw__exchange *x, const cw__plan *p, cw__loop *loop, cw__part *part);

void cw__request_create(cw__exchange *x, const cw__plan *p, cw__loop *loop);
void cw__request_part(cw__exchange *x, const cw__plan *p, cw__loop *loop, const char *upload_id,
                      cw__part *part);

/** `document` receives the body, and `hash` (65 bytes) its digest; both must outlive `x`. */
void cw__request_complete(cw__exchange *x, const cw__plan *p, cw__loop *loop, const cw__manifest *m,
                          cw__text *document, char *hash);

/** HEAD with the headers that the plan's object can only be seen with. */
void cw__request_head(cw__exchange *x, const cw__plan *p, cw__loop *loop);

/** An object by its name; borrowed. */
typedef struct cw__object_name {
    cw_client *client;
    const char *bucket;
    const char *key;
} cw__object_name;

cw__object_name cw__plan_object(const cw__plan *p);

void cw__request_look(cw__exchange *x, cw__object_name o, cw__loop *loop);

/** Ask for the checksum of the object, where the service knows of any. */
void cw__request_checksum_mode(cw__exchange *x);

/**
 * A range ("bytes=0-99"; NULL: what an intake asks for) of the object with that ETag, or of
 * whichever is there where it is "".
 */
void cw__request_get(cw__exchange *x, cw__object_name o, cw__loop *loop, const char *range,
                     const char *etag);
void cw__request_abort(cw__exchange *x, cw__object_name o, cw__loop *loop, const char *upload_id);

/** List parts from after part `after`, one at most. */
void cw__request_list_part(cw__exchange *x, cw__object_name o, cw__loop *loop,
                           const char *upload_id, unsigned after);

/** What a copy is made of; borrowed. */
typedef struct cw__copy_source {
    const char *bucket;
    const char *key;
    const char *version_id;                /* or NULL */
    const char *etag;                      /* without quotes, or "": whichever is there */
    const unsigned char *sse_customer_key; /* 32 bytes, or NULL */
} cw__copy_source;

/** Copy in one request; `describe`: as the plan says, not as the source is. */
void cw__request_copy(cw__exchange *x, const cw__plan *p, cw__loop *loop,
                      const cw__copy_source *from, bool describe);

/** Make part `number` of `bytes` bytes of the source from `offset`. */
void cw__request_part_copy(cw__exchange *x, const cw__plan *p, cw__loop *loop,
                           const char *upload_id, unsigned number, const cw__copy_source *from,
                           uint64_t offset, uint64_t bytes);

/** Send `document`, signed; `hash` (65 bytes) receives its digest. Both must outlive `x`. */
void cw__request_document(cw__exchange *x, const cw__text *document, char *hash);

/**
 * Add the check of a document that some requests demand: its MD5, which every service knows; where
 * there is no MD5, and for directory buckets, which do not take it, its SHA-256.
 */
void cw__request_digest(cw__exchange *x, const char *bucket, const cw__text *document);

enum { CW__UPLOAD_ID = sizeof(((cw_error *)0)->upload_id) };

/** The upload id that a Create answered; "" when it has none that fits. */
void cw__read_upload_id(const cw__exchange *x, char out[CW__UPLOAD_ID]);

/** Is part `number` of `bytes` among those that a ListParts answered? Its ETag, or NULL. */
char *cw__read_listed_part(const cw__exchange *x, unsigned number, uint64_t bytes);

/** The ETag of a Complete's document without quotes, allocated; NULL when there is none. */
char *cw__read_etag(const cw__xml *document);

enum { CW__MULTIPART_ETAG = 48 };

/**
 * The ETag that services give an object of these parts: the MD5 of their MD5s, and their count.
 * false when the parts' ETags are no MD5s, or there is no MD5 to be had.
 */
bool cw__multipart_etag(const cw__manifest *m, char out[CW__MULTIPART_ETAG]);

#endif
