/* ask.h - ask a URL and wait for the answer
 *
 * For the few small questions that credentials need: a metadata service, STS, SSO. Each has a
 * connection of its own and a bound in time, retries included. What comes back is a secret and is
 * wiped when it is freed.
 */
#ifndef CW_S3_ASK_H
#define CW_S3_ASK_H

#include <stdatomic.h>
#include "base/text.h"
#include "port/http.h"
#include "s3/partition.h"

/** How whoever is asked for keys may go about it. */
typedef struct cw__asking {
    bool may_wait;               /* false: answer from what is at hand, or set would_wait */
    bool would_wait;             /* set by cw__asking_refuses: ask again where waiting is fine */
    bool final;                  /* set by who is asked: nobody else has what was meant */
    const atomic_bool *stop;     /* nullable: when set, give up soon */
    const cw__http_options *tls; /* max_connections is ours */
    cw__variant variant;         /* of AWS's endpoints */
} cw__asking;

/** May nothing be waited for? Remembers that something would have been. */
bool cw__asking_refuses(cw__asking *how);

/** Has somebody asked to stop? */
bool cw__asking_stopped(const cw__asking *how);

typedef struct cw__question {
    const char *method; /* GET PUT POST */
    const char *url;
    const char *const *headers; /* "name: value", NULL-terminated; nullable */
    const cw__text *body;       /* nullable */
    uint32_t connect_ms;        /* 0: that of the settings */
    uint32_t reply_ms;          /* no byte either way; 0: 5 s */
    unsigned attempts;          /* 0: 3 */
    bool direct;                /* through no proxy: the host is this machine, or next to it */
} cw__question;

typedef struct cw__answer {
    cw__http_end end;
    int status; /* 0: none */
    cw__text body;
    char transport[128]; /* what libcurl says of a failure */
} cw__answer;

/**
 * Ask, and again after what passes (5xx, 429, a connection that breaks), at most 30 seconds in all.
 * The thread must have SIGPIPE blocked.
 * @return CW_OK: look at the answer, which may be that there was none; CW_E_CANCELLED when stopped;
 *         CW_E_NO_MEMORY; CW_E_INVALID_ARGUMENT for what is no URL
 */
cw_status cw__ask(cw__answer *out, const cw__question *q, const cw__asking *how, cw_error *err);
void cw__answer_free(cw__answer *a);

/** Say in `out` why there was no usable answer: "HTTP 403", "the connection broke (…)". */
void cw__answer_describe(const cw__answer *a, char *out, size_t size);

#endif
