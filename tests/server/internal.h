/* internal.h - what the files of the test server share
 *
 * Locking: ts_server.lock guards the store, the fault rules, the identities and the counters;
 * net.lock guards the list of connections and the moment their sockets are closed. Neither is held
 * while a thread reads, writes or sleeps, and they are never taken together. A ts_conn, its request
 * and its reply belong to the connection's own thread.
 */
#ifndef TS_INTERNAL_H
#define TS_INTERNAL_H

#include "bytes.h"
#include "digest.h"
#include "server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include <openssl/ssl.h>

#define TS_MAX_HEAD  (64 * 1024)
#define TS_MAX_BODY  ((uint64_t)5 << 30) /* the largest part or single PUT of S3 */
#define TS_MAX_PARTS 10000

/* ---- what a request is ---- */

typedef enum ts_op {
    TS_OP_UNKNOWN,
    TS_OP_LIST_BUCKETS,
    TS_OP_CREATE_BUCKET,
    TS_OP_HEAD_BUCKET,
    TS_OP_DELETE_BUCKET,
    TS_OP_GET_BUCKET_LOCATION,
    TS_OP_LIST_OBJECTS_V2,
    TS_OP_LIST_UPLOADS,
    TS_OP_DELETE_OBJECTS,
    TS_OP_PUT_OBJECT,
    TS_OP_COPY_OBJECT,
    TS_OP_GET_OBJECT,
    TS_OP_HEAD_OBJECT,
    TS_OP_DELETE_OBJECT,
    TS_OP_CREATE_UPLOAD,
    TS_OP_UPLOAD_PART,
    TS_OP_UPLOAD_PART_COPY,
    TS_OP_COMPLETE_UPLOAD,
    TS_OP_ABORT_UPLOAD,
    TS_OP_LIST_PARTS,
    TS_OP_GET_TAGGING,
    TS_OP_PUT_TAGGING,
    TS_OP_DELETE_TAGGING,
    TS_OP_CREATE_SESSION,
    TS_OP_COUNT
} ts_op;

extern const char *const ts_op_names[TS_OP_COUNT];

#define TS_FOREVER INT64_MAX

/* What the fault rules want of one request; fault.c fills it, serve.c and http.c obey. */
typedef struct ts_plan {
    bool active;
    int status; /* 0 = none */
    bool early;
    char code[64], message[200];
    int64_t linger_ms;
    bool drop_before, drop_after, gone, expire, commit_late, close, close_silently;
    int64_t reset_request_at, stall_request_at, stall_request_ms; /* at: -1 = none */
    int64_t reset_reply_at, truncate_reply_at, truncate_body_at, stall_reply_at, stall_reply_ms;
    bool corrupt, wrong_root, empty_etag, empty_page;
    int64_t corrupt_at;
    int64_t add_bytes;
    char error_200[64];
    char refuse_keys[64];
    bool commit_error_200;
    int64_t whitespace_ms, delay_ms, retry_after_s;
    int64_t trickle; /* bytes a second; 0 = as fast as ever */
    ts_buf headers;
} ts_plan;

typedef enum ts_payload {
    TS_PAYLOAD_NONE, /* an unsigned request */
    TS_PAYLOAD_UNSIGNED,
    TS_PAYLOAD_SHA256,
    TS_PAYLOAD_STREAM,          /* chunks, each signed */
    TS_PAYLOAD_STREAM_TRAILER,  /* and a signed trailer */
    TS_PAYLOAD_STREAM_UNSIGNED, /* chunks and a trailer, unsigned */
} ts_payload;

typedef struct ts_request {
    char id[17];
    char *line; /* the request line */
    char *method, *path, *query_text;
    ts_kvs headers; /* names in lower case, values trimmed */
    ts_kvs query;   /* decoded */
    ts_op op;
    char *bucket, *key; /* NULL where the request has none */
    bool control;
    bool http10, keep_alive, expect;
    bool has_length, chunked;
    uint64_t length;
    int part;              /* 0 = none */
    const char *upload_id; /* in query; NULL = none */
    /* the body once read, decoded; NULL with body_n set: dropped */
    unsigned char *body;
    size_t body_n;
    ts_kvs trailers;
    /* what verify.c found out, and awschunk.c needs */
    ts_payload payload;
    char payload_sha[65];
    unsigned char signing_key[32];
    char amz_date[24], scope[160], signature[80];
    ts_plan plan;
} ts_request;

struct ts_object;

typedef struct ts_reply {
    int status;
    ts_buf headers; /* "Name: value\r\n" lines */
    ts_buf body;
    char code[64]; /* of an error; "" = none */
    char message[512];
    ts_buf extra; /* XML elements for the error */
    struct ts_object *object;
    uint64_t from, n; /* the body is this range of `object` when that is set */
    bool close;
} ts_reply;

/* Make the reply an error; always answers -1. */
int ts_fail(ts_reply *r, int status, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void ts_header(ts_reply *r, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- net.c ---- */

uint64_t ts_now_ns(void);

enum { TS_IO_EOF = 0, TS_IO_ERROR = -1, TS_IO_TIMEOUT = -2, TS_IO_CUT = -3 };

typedef struct ts_conn {
    ts_server *s;
    int fd;
    SSL *ssl;
    pthread_t thread;
    bool done; /* under net.lock: the thread only has to be joined */
    struct ts_conn *next;
    char *in; /* TS_MAX_HEAD + 1 bytes: what was received and not used */
    size_t in_at, in_n;
    uint64_t due_ns; /* when the cap on the rate allows the next read */
    uint64_t body_n; /* of this request's body, received */
    uint64_t out_n;  /* of this reply, sent */
    const ts_plan *taps;
    bool request_stalled, reply_stalled;
    bool reset; /* end with RST rather than FIN */
    int64_t linger_ms;
} ts_conn;

typedef struct ts_net {
    int listen_fd, wake_fd;
    pthread_t acceptor;
    bool accepting; /* the thread exists */
    pthread_mutex_t lock;
    ts_conn *conns;
    atomic_bool stopping, gone;
    size_t chunk; /* bytes read at once under a cap on the rate */
    SSL_CTX *tls;
} ts_net;

int ts_net_start(ts_server *s, char *why, size_t why_size);
void ts_net_stop(ts_server *s);
void ts_net_gone(ts_server *s);
/* One read into `in`. @return bytes or TS_IO_* */
ssize_t ts_conn_fill(ts_conn *c);
/* Up to n body bytes, honouring throttle and taps; to NULL = drop them. @return bytes or TS_IO_* */
ssize_t ts_conn_body(ts_conn *c, unsigned char *to, size_t n);
/* A line of body framing without its CRLF, valid until the next read. NULL: no such line. */
char *ts_conn_line(ts_conn *c);
/* All of it, honouring taps. @return 0 or TS_IO_* */
int ts_conn_write(ts_conn *c, const void *p, size_t n);
/* @return false: the server stops or (with until_closed) the client closed */
bool ts_conn_sleep(ts_conn *c, int64_t ms, bool until_closed);

/* ---- tls.c ---- */

SSL_CTX *ts_tls_new(const ts_options *o, char *why, size_t why_size);

/* ---- http.c ---- */

/* @return 1 = a request, 0 = the client is done, -1 = refuse with what is in r and close */
int ts_http_head(ts_conn *c, ts_request *q, ts_reply *r);
/* @return 0, -1 = refuse with what is in r, TS_IO_* = the connection is no more */
int ts_http_body(ts_conn *c, ts_request *q, ts_reply *r, bool drop);
void ts_http_reply(ts_conn *c, ts_request *q, ts_reply *r);
void ts_request_free(ts_request *q);
void ts_reply_free(ts_reply *r);

/* ---- awschunk.c ---- */

/* Decode an aws-chunked body in place. 0 or ts_fail() */
int ts_awschunk_decode(ts_server *s, ts_request *q, ts_reply *r);

/* ---- verify.c ---- */

typedef struct ts_identity {
    char *access, *secret, *token; /* token may be NULL */
    bool expired;
    char *bucket;    /* NULL: no session's */
    int64_t ends_ms; /* 0 = never */
    struct ts_identity *next;
} ts_identity;

/* The head's signature. 0 or ts_fail() */
int ts_verify_head(ts_server *s, ts_request *q, ts_reply *r);
/* bodycheck.c: the body's hash and checksums. 0 or ts_fail() */
int ts_verify_body(ts_server *s, ts_request *q, ts_reply *r);
void ts_identity_add(ts_server *s, const char *access, const char *secret, const char *token);
void ts_identities_expire(ts_server *s);
void ts_identities_free(ts_server *s);
void ts_sign(char hex[65], const unsigned char key[32], const char *text, size_t n);

/* ---- store.c: objects ---- */

typedef struct ts_blob {
    atomic_int refs;
    unsigned char *data; /* NULL: dropped, in `file`, or known by a rule */
    char *file;
    bool ruled; /* its bytes are those of ts_pattern_byte from `first` on */
    uint64_t first;
    uint64_t size;
} ts_blob;

typedef struct ts_object {
    atomic_int refs;
    char *key;
    ts_blob **blobs;
    size_t blob_n;
    uint64_t size;
    char etag[48]; /* without quotes */
    time_t modified;
    ts_kvs headers; /* as HEAD answers them */
    ts_alg alg;
    char *checksum;  /* base64; NULL = none */
    bool full;       /* of the whole object, not composite */
    char *sse_c_md5; /* NULL = none */
} ts_object;

typedef struct ts_bucket {
    char *name;
    ts_object **objects; /* by key */
    size_t n, cap;
} ts_bucket;

typedef struct ts_part {
    ts_blob *blob;
    char etag[33];
    char *checksum;
    time_t modified;
} ts_part;

typedef struct ts_upload {
    char id[40];
    char *bucket, *key;
    time_t created;
    ts_kvs headers;
    ts_alg alg;
    bool full;
    char *sse_c_md5;
    ts_part **parts; /* by number; [0] is not used */
    int part_cap;
    bool aborted; /* kept so that a late part can reopen it */
    bool completed;
} ts_upload;

typedef struct ts_store {
    ts_bucket **buckets; /* by name */
    size_t bucket_n;
    ts_upload **uploads; /* by bucket, key, id; aborted ones too */
    size_t upload_n, upload_cap;
    uint64_t sequence;
} ts_store;

/* All of these but the ones on a single blob or object are called with s->lock held. */
ts_blob *ts_blob_new(unsigned char *data /* moves */, uint64_t size);
ts_blob *ts_blob_ref(ts_blob *b);
void ts_blob_unref(ts_blob *b);
ts_object *ts_object_ref(ts_object *o);
void ts_object_unref(ts_object *o);
/* Up to n bytes from offset `at`; bytes that were dropped read as zeros. @return bytes */
size_t ts_object_read(const ts_object *o, uint64_t at, unsigned char *to, size_t n);
ts_object *ts_object_new(const char *key, ts_blob **blobs /* moves */, size_t n);
ts_bucket *ts_bucket_find(ts_server *s, const char *name);
ts_bucket *ts_bucket_add(ts_server *s, const char *name);
void ts_bucket_remove(ts_server *s, ts_bucket *b);
/* Index of the first object whose key is not below `key`. */
size_t ts_bucket_seek(const ts_bucket *b, const char *key);
ts_object *ts_object_find(const ts_bucket *b, const char *key);
void ts_object_publish(ts_server *s, ts_bucket *b, ts_object *o /* moves */);
bool ts_object_remove(ts_server *s, ts_bucket *b, const char *key);
int ts_store_open(ts_server *s, char *why, size_t why_size);
void ts_store_clear(ts_server *s);

/* ---- disk.c: objects in a folder, so that people can look at them ---- */

int ts_disk_load(ts_server *s, char *why, size_t why_size);
void ts_disk_put(ts_server *s, const ts_bucket *b, ts_object *o);
void ts_disk_remove(ts_server *s, const ts_bucket *b, const char *key);
void ts_disk_bucket(ts_server *s, const char *bucket, bool exists);

/* ---- upload.c: multipart uploads ---- */

ts_upload *ts_upload_new(ts_server *s, const char *bucket, const char *key);
size_t ts_upload_seek(ts_server *s, const char *bucket, const char *key, const char *id);
/* NULL: none that is open; with `late` an aborted one is opened again. */
ts_upload *ts_upload_find(ts_server *s, const ts_request *q, bool late);
void ts_upload_put(ts_upload *u, int number, ts_part *p /* moves */);
void ts_upload_close(ts_upload *u); /* parts are dropped */
bool ts_upload_open(const ts_upload *u);
void ts_part_free(ts_part *p);
void ts_uploads_clear(ts_server *s);

/* ---- xml.c ---- */

/* A cursor over well-formed XML without DTD. */
typedef struct ts_xml {
    const char *at, *end;
    char stack[8][64];
    int depth;
    char name[64]; /* of the element opened or closed, without prefix */
    ts_buf text;
    bool bad, rooted;
    bool empty; /* the element just opened was <x/> : its close is next */
} ts_xml;

typedef enum ts_xml_event { TS_XML_END, TS_XML_OPEN, TS_XML_CLOSE } ts_xml_event;

void ts_xml_start(ts_xml *x, const void *p, size_t n);
/* The next tag; `text` holds what stood before it, unescaped. TS_XML_END: over, or `bad`. */
ts_xml_event ts_xml_next(ts_xml *x);
void ts_xml_free(ts_xml *x);
void ts_xml_begin(ts_buf *b, const char *root);
void ts_xml_element(ts_buf *b, const char *name, const char *text);
void ts_xml_etag(ts_buf *b, const ts_request *q, const char *etag);

/* ---- the verbs: s3object.c, s3upload.c, s3complete.c, s3list.c, s3copy.c ----
 * 0 or ts_fail(); called without the lock. */

int ts_s3_put_object(ts_server *s, ts_request *q, ts_reply *r);
int ts_s3_get_object(ts_server *s, ts_request *q, ts_reply *r); /* and HEAD */
int ts_s3_delete_object(ts_server *s, ts_request *q, ts_reply *r);
int ts_s3_delete_objects(ts_server *s, ts_request *q, ts_reply *r);
int ts_s3_copy_object(ts_server *s, ts_request *q, ts_reply *r);
int ts_s3_tagging(ts_server *s, ts_request *q, ts_reply *r);
int ts_s3_create_upload(ts_server *s, ts_request *q, ts_reply *r);
int ts_s3_upload_part(ts_server *s, ts_request *q, ts_reply *r);
int ts_s3_upload_part_copy(ts_server *s, ts_request *q, ts_reply *r);
int ts_s3_complete_upload(ts_server *s, ts_request *q, ts_reply *r);
int ts_s3_abort_upload(ts_server *s, ts_request *q, ts_reply *r);
int ts_s3_list_parts(ts_server *s, ts_request *q, ts_reply *r);
int ts_s3_list_uploads(ts_server *s, ts_request *q, ts_reply *r);
int ts_s3_list_objects(ts_server *s, ts_request *q, ts_reply *r);
int ts_s3_bucket(ts_server *s, ts_request *q, ts_reply *r); /* the verbs on a bucket alone */

/* s3express.c */
bool ts_is_directory(const char *bucket);
/* The token of a session that the request carries; NULL = none. */
const char *ts_session_token(const ts_request *q);
/* What directory buckets want, and do not take. 0 or ts_fail() */
int ts_express_check(ts_server *s, const ts_request *q, ts_reply *r);
/* Theirs are no digests. */
void ts_express_etag(const ts_request *q, char *etag);
int ts_s3_create_session(ts_server *s, ts_request *q, ts_reply *r);
int64_t ts_now_ms(ts_server *s);

/* s3common.c */
void ts_classify(ts_server *s, ts_request *q);
int ts_s3_dispatch(ts_server *s, ts_request *q, ts_reply *r);
int ts_no_such_bucket(ts_reply *r, const char *bucket);
int ts_no_such_upload(ts_reply *r);
/* If-Match and If-None-Match of a write against what exists now (NULL = nothing). 0 or ts_fail() */
int ts_write_condition(ts_server *s, const ts_request *q, const ts_object *now, ts_reply *r);
/* The headers an object keeps, from a PUT's or a Create's. 0 or ts_fail() */
int ts_take_headers(ts_server *s, const ts_request *q, ts_kvs *to, ts_reply *r);
/* The SSE-C key of the request: *md5 is NULL without one. 0 or ts_fail() */
int ts_sse_c(const ts_request *q, const char *prefix, char **md5, ts_reply *r);
int ts_sse_c_check(const ts_request *q, const char *stored, ts_reply *r);
int ts_sse_c_check_of(const ts_request *q, const char *prefix, const char *stored, ts_reply *r);
void ts_sse_c_echo(const ts_request *q, ts_reply *r);
/* The x-amz-checksum-* value of the request (header or trailer) and its algorithm; NULL = none. */
const char *ts_request_checksum(const ts_request *q, ts_alg *alg);
const char *ts_get(const ts_request *q, const char *header);
const char *ts_param(const ts_request *q, const char *name);
bool ts_etag_equal(const char *given, const char *etag);
/* "md5-N" of the parts' MD5s. */
void ts_etag_of_parts(char out[48], char (*etags)[33], size_t n);
void ts_iso_time(char out[32], time_t t);
void ts_http_time(char out[40], time_t t);
time_t ts_now(ts_server *s);

/* ---- provider.c ---- */

typedef struct ts_provider ts_provider;

/* NULL: as AWS. -1: no such one. */
int ts_provider_set(ts_server *s, const char *name, char *why, size_t why_size);
const char *ts_provider_server(const ts_server *s); /* header */
bool ts_provider_wants_length(const ts_server *s);  /* of a request without a body, too */
bool ts_provider_takes_region(const ts_server *s, const char *region);
bool ts_provider_is_google(const ts_server *s);
bool ts_provider_ignores_checksums(const ts_server *s);
/* Refuse what it refuses, drop the headers that it ignores. 0 or ts_fail() */
int ts_provider_check(ts_server *s, ts_request *q, ts_reply *r);

/* ---- fault.c ---- */

typedef struct ts_rule ts_rule;

typedef struct ts_faults {
    ts_rule *first;
    uint64_t fired, random;
    uint64_t *attempt_keys; /* open addressing; 0 = free */
    uint32_t *attempts;
    size_t slots, used;
} ts_faults;

/* With s->lock held. */
int ts_faults_add(ts_faults *f, const char *rules, char *why, size_t why_size);
void ts_faults_clear(ts_faults *f);
void ts_faults_free(ts_faults *f);
/* Counts the attempt and fills q->plan. */
void ts_faults_match(ts_faults *f, ts_request *q);
void ts_plan_init(ts_plan *p);

/* ---- control.c ---- */

int ts_control(ts_server *s, ts_request *q, ts_reply *r);

/* ---- serve.c ---- */

void *ts_serve(void *conn);

/* ---- server.c ---- */

struct ts_server {
    ts_options o; /* with own strings; the numbers are resolved */
    const ts_provider *provider;
    char *url, *host;
    char *own_ca; /* to be removed at the stop */
    ts_net net;
    pthread_mutex_t lock;
    ts_store store;
    ts_faults faults;
    ts_identity *identities;
    unsigned sessions;
    uint64_t counts[TS_OP_COUNT];
    char *last_line[TS_OP_COUNT];
    ts_kvs last_headers[TS_OP_COUNT];
    uint64_t connections, signature_failures, parts_now, parts_max, request_ids, throttled;
    uint64_t connections_to[256];
    double rate_tokens; /* of max_request_rate */
    uint64_t rate_ns;   /* when they were counted last */
    char *last_error;
    atomic_llong skew_s;
    atomic_ullong body_bytes;
};

void ts_note_error(ts_server *s, bool signature, const char *text);

#endif
