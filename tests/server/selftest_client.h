/* selftest_client.h - a client of few lines for the server's own tests: raw sockets, and a signer
 * of its own */
#ifndef TS_SELFTEST_CLIENT_H
#define TS_SELFTEST_CLIENT_H

#include "server.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct tc_reply {
    int status; /* 0: no reply, or none that is whole in its head */
    char *head; /* status line and headers */
    char *body;
    size_t n;   /* of the body, as much as came */
    bool whole; /* as much as was promised came */
    bool reset; /* the connection ended with RST */
} tc_reply;

typedef struct tc {
    ts_server *s;
    int fd; /* -1 = not connected */
    const char *access, *secret, *token, *region;
    long skew_s;                 /* of this client's clock */
    const char *payload;         /* x-amz-content-sha256 to claim; NULL = the hash of the body */
    const char *sign_target;     /* what to sign instead of the target that is sent; NULL = that */
    const char *unsigned_header; /* a header line that is sent without being signed; NULL = none */
    bool anonymous;
    int wait_ms; /* how long a read may take; 0 = 5000 */
} tc;

tc tc_new(ts_server *s);
void tc_close(tc *c);
int tc_connect(const char *host_port);

/* One request; `headers` are lines "name: value\n" in lower case and ascending order, all signed.
 * The target is signed as it stands, its query must be in canonical order and form. */
tc_reply tc_call(tc *c, const char *method, const char *target, const char *headers,
                 const void *body, size_t n);
/* These bytes, as they are. */
tc_reply tc_raw(tc *c, const void *bytes, size_t n);
void tc_reply_free(tc_reply *r);

/* Shorthands that free the reply. */
int tc_status(tc *c, const char *method, const char *target, const char *headers, const char *body);
/* @return whether the status is this and the S3 error code too ("" = no error) */
bool tc_is(tc *c, int status, const char *code, const char *method, const char *target,
           const char *headers, const char *body);
/* The header's value in the reply; "" = none. In a static buffer. */
const char *tc_header(const tc_reply *r, const char *name);
/* What stands between <name> and </name> first; "" = nothing. In a static buffer. */
const char *tc_xml(const tc_reply *r, const char *name);

#endif
