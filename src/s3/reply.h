/* reply.h - collect a reply, and say what it means
 *
 * reply.c collects, reply_judge.c judges by the tables of reply_rules.c, the same for every
 * request, and reply_explain.c finds the words. docs/s3-replies.md has the whole of it.
 */
#ifndef CW_S3_REPLY_H
#define CW_S3_REPLY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/text.h"
#include "port/http.h"
#include "port/xml.h"
#include "s3/partition.h"
#include <cloudwriter/status.h>

/** What a request expects back. */
typedef enum cw__expect {
    CW__EXPECT_EMPTY,    /* 2xx is success, a body is ignored: PUT, UploadPart, Abort, HEAD */
    CW__EXPECT_DOCUMENT, /* 2xx with a whole XML document of the root that was named */
    CW__EXPECT_COMMIT    /* the same; a reply in doubt may have committed: Complete */
} cw__expect;

typedef struct cw__reply {
    /* as it arrives */
    cw__http_end end;
    int http_status;
    char transport[160]; /* the transport's own words on a failure */
    cw__text body;       /* at most CW__REPLY_LIMIT; more is cut and noted */
    bool body_cut;
    char etag[136]; /* without quotes */
    char version_id[136];
    char request_id[96];
    char region[CW__LONGEST_REGION + 1]; /* x-amz-bucket-region */
    char server[32];
    char checksum[96]; /* "crc64nvme:BASE64", from an x-amz-checksum-* header */
    char token[40];    /* x-amz-meta-cw-commit */
    uint64_t content_length;
    bool has_content_length;
    int64_t date_ms;         /* of the Date header, 0 if none */
    uint32_t retry_after_ms; /* of Retry-After or x-amz-retry-after(-millis), 0 if none */
    int64_t retry_at_ms;     /* of a Retry-After that is a date, until the reply has ended */
    bool keep_headers;       /* set by the owner, before the start */
    cw__text headers;        /* then all of them: "name\0value\0", names in lower case */

    /* once judged */
    cw__xml *document; /* of a success that has one, or of an error; may be NULL */
    char code[64];     /* the service's code, "" if none */
    char message[256]; /* the service's message, redacted, "" if none */
} cw__reply;

enum { CW__REPLY_LIMIT = 8 * 1024 * 1024 };

void cw__reply_reset(cw__reply *r); /* also the initialiser of a zeroed one */
void cw__reply_free(cw__reply *r);

/** To be called with each header and each piece of the body; body answers false on no memory. */
void cw__reply_header(cw__reply *r, const char *name, const char *value);
bool cw__reply_body(cw__reply *r, const void *p, size_t n);
void cw__reply_end(cw__reply *r, const cw__http_result *result);

typedef enum cw__verdict {
    CW__VERDICT_OK,
    CW__VERDICT_RETRY,       /* transient: the same again */
    CW__VERDICT_TIMEOUT,     /* transient, and it took its time: a dearer retry */
    CW__VERDICT_THROTTLED,   /* retry, with a larger pause */
    CW__VERDICT_CLOCK,       /* our clock is off: sign again with the server's (date_ms) */
    CW__VERDICT_CREDENTIALS, /* they have expired: refresh, sign again */
    CW__VERDICT_REGION,      /* wrong region: `region` has the right one, or "" to look for it */
    CW__VERDICT_CHECKSUM,    /* the provider does not know this checksum: go without */
    CW__VERDICT_NO_UPLOAD,   /* NoSuchUpload: final, unless a commit was in doubt before */
    CW__VERDICT_DOUBT,       /* a commit whose reply was cut, garbled or not understood */
    CW__VERDICT_FINAL        /* refused: `status` says how */
} cw__verdict;

typedef struct cw__judgement {
    cw__verdict verdict;
    cw_status status; /* what it is if it is not tried again; CW_OK with VERDICT_OK */
    char region[CW__LONGEST_REGION + 1];
} cw__judgement;

typedef struct cw__judge_input {
    cw__expect expect;
    const char *root;   /* the expected root element, for DOCUMENT and COMMIT */
    bool sent_checksum; /* the request carried a checksum header or algorithm */
    bool create_only;   /* the request carried If-None-Match: * */
    int64_t wall_ms;    /* the time it was signed with, to see a clock that is off; 0: unknown */
    const char *region; /* that it was signed for, so as not to be sent there again; or NULL */
} cw__judge_input;

/** Judge a reply that has ended. Parses its document. */
void cw__reply_judge(cw__reply *r, const cw__judge_input *in, cw__judgement *out);

/**
 * Fill `err` from a judged reply: status, http_status, code, request id, and one sentence that
 * names what was tried (`doing`, such as "upload part 3 of s3://b/k") and what to do about it.
 */
void cw__reply_explain(const cw__reply *r, cw_status status, const char *doing, cw_error *err);

#endif
