/* server.h - a scripted, fault-injecting S3 endpoint for tests and benchmarks
 *
 * A small S3 server in the process of the test: HTTP/1.1 over plain sockets or TLS on 127.0.0.1,
 * one thread for each connection, objects in memory (or in a folder). It verifies AWS Signature
 * Version 4 with its own code, refuses what S3 refuses, and misbehaves exactly as told by fault
 * rules. It depends on libc, pthreads and OpenSSL.
 *
 *     ts_server *s;
 *     ts_options o = TS_OPTIONS_INIT;
 *     char why[200];
 *     if (ts_server_start(&s, &o, why, sizeof why) != 0) ...
 *     ts_fault_add(s, "op=UploadPart part=2 times=2 do=status:503:SlowDown");
 *     ... run the client against ts_server_url(s), bucket "bucket", keys "test" / "test-secret" ...
 *     ts_server_stop(s);
 *
 * Every function may be called from any thread while the server runs. Functions that return int
 * answer 0 for success and -1 for failure unless they say otherwise. Operations are named as in the
 * service's API reference: PutObject, CopyObject, GetObject, HeadObject, DeleteObject,
 * DeleteObjects, CreateMultipartUpload, UploadPart, UploadPartCopy, CompleteMultipartUpload,
 * AbortMultipartUpload, ListParts, ListMultipartUploads, ListObjectsV2, ListBuckets, CreateBucket,
 * HeadBucket, DeleteBucket, GetBucketLocation, GetObjectTagging, PutObjectTagging,
 * DeleteObjectTagging, CreateSession, Unknown.
 */
/* clang-format off */
/* FAULT RULES, one on a line ('#' starts a comment line):
 *
 *     [op=NAME] [part=N|LO-HI] [key=GLOB] [bucket=GLOB] [attempt=N|LO-HI|N+] [skip=N] [times=N|inf]
 *     [probability=0.3] do=ACTION[,ACTION...]
 *
 * A rule matches requests by all the selectors it has; a `*` in a glob also matches `/`. `attempt`
 * is the number of times this (op, bucket, key, part) has been requested, from 1. The first `skip`
 * matching requests pass, the next `times` (default 1) are hit, each with the probability given
 * (default 1, from a seeded generator). Of several rules the first that hits a request is the one
 * applied. Actions:
 *
 *     before the work
 *       status:CODE:S3CODE[:MESSAGE]        read the whole request, do nothing, answer this error
 *       status_early:CODE:S3CODE[:MESSAGE]  answer before the body is read; Connection: close, then
 *                                           linger
 *       linger:MS                  how long status_early goes on reading what is sent (default
 *                                  1000; 0 = reset at once)
 *       drop_before                read the request, do nothing, close without a reply
 *       reset_request:N            RST after N bytes of the request's body (0: before the first)
 *       stall_request:MS|forever[:N]  stop reading after N bytes (default 0) of the body, then go on
 *       delay:MS                   sleep before the body is read
 *       trickle:N                  take the body, and send the reply, at N bytes a second
 *       expire_credentials         this and later requests: ExpiredToken, until credentials are set
 *                                  or rotated
 *       gone                       the listening socket and every connection are closed from this
 *                                  moment on
 *
 *     the work itself
 *       drop_reply_after_commit    do the work, close without a reply
 *       commit_200_error:S3CODE    do the work and answer 200 with an <Error> body
 *       reply_200_error:S3CODE     read the request, do nothing, answer 200 with an <Error> body
 *       refuse_keys:S3CODE         DeleteObjects does not delete keys that end in '!', and says why
 *       commit_late                UploadPart succeeds although the upload was aborted: it is open
 *                                  again
 *
 *     the reply
 *       reset_reply:N              RST after N bytes of the reply, counted from its first byte
 *       stall_reply:MS|forever[:N] stop writing after N bytes (default 0) of the reply, then go on
 *       truncate_reply:N           a clean FIN after N bytes of the reply
 *       truncate_body:N            a clean FIN after N bytes of the reply's body
 *       corrupt_reply[:N]          invert byte N of the reply's body; without N all of it (no body:
 *                                  the status line)
 *       add_bytes:N                N bytes of rubbish behind the reply
 *       wrong_root                 do the work; the reply's XML has another root element
 *       empty_etag                 do the work; ETags in the reply are empty
 *       empty_page                 a list answers an empty page that is not the last
 *       whitespace:MS              a Complete's reply: headers and spaces for MS before the XML
 *       retry_after:S              adds Retry-After
 *       header:NAME=VALUE          adds a header to the reply (no comma in the value)
 *       close                      Connection: close after a normal reply
 *       close_silently             a normal reply that promises keep-alive, then FIN
 *
 * `forever` lasts until the client closes or the server stops. Several actions in one rule work
 * together.
 */
/* clang-format on */
/* OVER HTTP, for other processes, unsigned: POST /_test/fault (rules in the body), DELETE
 * /_test/fault, GET /_test/state (JSON), POST /_test/skew (seconds), POST /_test/credentials
 * (ACCESS SECRET [TOKEN] on a line: rotates, the old ones answer ExpiredToken), POST /_test/reset.
 */
#ifndef TS_SERVER_H
#define TS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ts_server ts_server;

/** All zero is a good default. Strings are copied. */
typedef struct ts_options {
    int port;                  /* 0 = the kernel chooses */
    const char *bind;          /* NULL = "127.0.0.1"; "::" takes IPv4, too */
    const char *access_key;    /* NULL = "test" */
    const char *secret_key;    /* NULL = "test-secret" */
    const char *session_token; /* NULL = none; otherwise requests must carry it */
    const char *region;        /* NULL = "us-east-1"; any other in a signature is refused */
    bool redirect_region;      /* refuse it with 301 PermanentRedirect rather than 400 */
    const char *domain; /* NULL = "localhost"; BUCKET.domain in Host is virtual-hosted style, and so
                           is BUCKET.s3.REGION.amazonaws.com */
    const char *const *buckets; /* NULL-terminated names; NULL = one bucket, "bucket" */
    bool auto_buckets;          /* any bucket exists */
    const char *dir; /* objects are files DIR/BUCKET/KEY-percent-encoded (parts stay in memory until
                        Complete); what lies there at the start is served */
    bool discard;    /* bodies are read and dropped, nothing is verified, ETags are invented */
    int latency_ms;  /* slept when a request's head has been read */
    double mbps;     /* 10^6 bytes a second a connection is read and written at; 0 = no cap */
    int max_request_rate; /* requests a second, a tenth of a second's worth at once; 503 SlowDown to
                             those above; 0 = no bound */
    int64_t min_part_bytes;    /* 0 = 5 MiB; 1 = no minimum */
    int max_parts;             /* 0 = 10,000 */
    int max_keys;              /* caps the page of every list; 0 = 1,000 */
    bool equal_parts;          /* Complete wants all parts but the last of one size (InvalidPart) */
    bool no_checksums;         /* 501 NotImplemented to any x-amz-checksum-* header */
    bool no_full_object_crc32; /* 400 to a multipart FULL_OBJECT CRC32 or CRC32C */
    bool no_metadata;          /* user metadata is dropped silently */
    bool no_conditional;       /* conditions on writes are ignored silently */
    const char *provider;      /* answers as "r2", "gcs", "minio", "ceph-old", "b2" or "oss" does:
                                  provider.c; NULL = as AWS */
    int skew_s;                /* how far this server's clock is ahead */
    bool anonymous_read;       /* unsigned GET, HEAD and lists are answered */
    bool anonymous;            /* unsigned requests are answered */
    int session_ms;            /* what a session with a directory bucket lasts; 0 = 5 minutes */
    bool session_optional;     /* directory buckets take the client's own keys as well */
    bool tls;                  /* https with a leaf certificate from a CA made at the start */
    const char
        *ca_file; /* where the CA is written (PEM); NULL = a file in /tmp, removed at the stop */
    const char *client_cert; /* clients must show a certificate: one, with its key, is written here
                                (PEM), and the key alone, encrypted, to this name with ".key" */
    bool tls_1_2;            /* nothing newer */
    int body_timeout_ms;     /* no body bytes for this long: 400 RequestTimeout; 0 = 20,000 */
    int idle_timeout_ms;     /* an idle connection is closed; 0 = 60,000 */
    uint64_t seed;           /* for probabilities */
    bool verbose;            /* a line for each request on stderr */
} ts_options;

/** The password of the key beside client_cert. */
#define TS_CLIENT_KEY_PASSWORD "of the:client's key"

#define TS_OPTIONS_INIT                                                                            \
    {                                                                                              \
        0                                                                                          \
    }

/** Start a server. On failure says in `why` what was wrong, and *out is NULL. */
int ts_server_start(ts_server **out, const ts_options *o, char *why, size_t why_size);

/** Close every connection, wait for its threads and free everything; well under 100 ms. NULL is
 * fine. */
void ts_server_stop(ts_server *s);

/** "http://127.0.0.1:PORT" (https with TLS), lives as long as the server. */
const char *ts_server_url(const ts_server *s);

/** "127.0.0.1:PORT", lives as long as the server. */
const char *ts_server_host(const ts_server *s);

/** The CA's PEM file; NULL without TLS. */
const char *ts_server_ca_file(const ts_server *s);

/** Forget objects, uploads, faults, counters, skew and expiry; buckets return to those of the
 * options. */
void ts_server_reset(ts_server *s);

/** Add rules, one a line; the last is tried last. -1: a line is wrong, and ts_last_error() says
 * why; none is added. */
int ts_fault_add(ts_server *s, const char *rules);

/** Remove all rules; the attempts counted so far are kept. */
void ts_fault_clear(ts_server *s);

/** How many requests rules have hit since the start or the last reset. */
uint64_t ts_fault_fired(ts_server *s);

/** One more identity that is accepted; token may be NULL. */
void ts_credentials_add(ts_server *s, const char *access, const char *secret, const char *token);

/** The only identity from now on. */
void ts_credentials_set(ts_server *s, const char *access, const char *secret, const char *token);

/** The new identity; all former ones answer ExpiredToken. */
void ts_credentials_rotate(ts_server *s, const char *access, const char *secret, const char *token);

/** Sessions with directory buckets answer ExpiredToken from now on. */
void ts_sessions_expire(ts_server *s);

/** How far the server's clock is ahead of this machine's, in seconds. */
void ts_skew_set(ts_server *s, int64_t seconds);

/** Create a bucket; one that exists stays as it is. */
void ts_bucket_create(ts_server *s, const char *bucket);

/** An object of any size that takes no memory: byte number `at` of it is ts_pattern_byte(at). */
int ts_object_put_pattern(ts_server *s, const char *bucket, const char *key, uint64_t size);

static inline unsigned char ts_pattern_byte(uint64_t at)
{
    return (unsigned char)(at * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

/** Store an object as a PUT of these bytes would. -1: no such bucket. */
int ts_object_put(ts_server *s, const char *bucket, const char *key, const void *data, size_t n);

bool ts_object_exists(ts_server *s, const char *bucket, const char *key);

/** Size in bytes; -1: no such object. */
int64_t ts_object_size(ts_server *s, const char *bucket, const char *key);

/** A copy of the content, to be freed with free(); NULL: no such object, or not kept (discard). A
 * NUL follows the n bytes. */
unsigned char *ts_object_bytes(ts_server *s, const char *bucket, const char *key, size_t *n);

/** A header that HEAD would answer ("etag", "content-type", "x-amz-meta-…", any case). -1: no
 * object or no such header. */
int ts_object_header(ts_server *s, const char *bucket, const char *key, const char *name,
                     char *value, size_t value_size);

/** Objects in a bucket, or in all (NULL). */
size_t ts_object_count(ts_server *s, const char *bucket);

/** Multipart uploads that are open. */
size_t ts_upload_count(ts_server *s);

/** The id of the i-th open upload, in the order of keys. -1: there are fewer. */
int ts_upload_id(ts_server *s, size_t i, char *id, size_t id_size);

/** Requests of an operation that were received, whatever they were answered; NULL = all but
 * /_test/. */
uint64_t ts_request_count(ts_server *s, const char *op);

/** Requests that were above max_request_rate. */
uint64_t ts_throttled_count(ts_server *s);

/** A header of the last request of an operation (any case); "" as name: its request line. -1: none.
 */
int ts_request_header(ts_server *s, const char *op, const char *name, char *value,
                      size_t value_size);

/** Connections accepted so far. */
uint64_t ts_connection_count(ts_server *s);

/** Of these, those to an address that ends in this number: 127.0.0.N, bound to 0.0.0.0. */
uint64_t ts_connections_to(ts_server *s, unsigned char n);

/** Connections that are open now. A client that is gone may have requests that are still being
 * served. */
size_t ts_connections_open(ts_server *s);

/** The most UploadPart requests that were being served at one moment. */
uint64_t ts_parts_in_flight_max(ts_server *s);

/** Bytes of request bodies received so far. */
uint64_t ts_bytes_received(ts_server *s);

/** Requests refused for their signature or payload hash. */
uint64_t ts_signature_failures(ts_server *s);

/** The last refusal, with the canonical request this server computed and what would have matched;
 * "" = none. */
void ts_last_error(ts_server *s, char *text, size_t text_size);

#ifdef __cplusplus
}
#endif
#endif
