/* bodycheck.c - whether a body is what its request promised: payload hash, Content-MD5,
 * x-amz-checksum-* */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static int check_md5(const ts_request *q, ts_reply *r)
{
    const char *v = ts_get(q, "content-md5");
    unsigned char given[16], real[16];

    if (!v)
        return 0;
    if (ts_unbase64(given, sizeof given, v) != 16)
        return ts_fail(r, 400, "InvalidDigest", "The Content-MD5 you specified was invalid.");
    ts_md5(real, q->body ? q->body : (const unsigned char *)"", q->body_n);
    return memcmp(given, real, 16) ? ts_fail(r, 400, "BadDigest",
                                             "The Content-MD5 you specified did not match what we "
                                             "received.")
                                   : 0;
}

static int check_checksum(const ts_request *q, ts_reply *r)
{
    ts_alg alg;
    const char *v = ts_request_checksum(q, &alg);
    const char *announced = ts_get(q, "x-amz-sdk-checksum-algorithm");
    unsigned char raw[64];
    int given = 0;

    for (size_t i = 0; i < q->headers.n; i++)
        given += ts_alg_by_header(q->headers.v[i].name) != TS_ALG_NONE;
    if (given > 1)
        return ts_fail(r, 400, "InvalidRequest",
                       "Expecting a single x-amz-checksum- header. Multiple checksum Types are not "
                       "allowed.");
    if (announced && (!v || ts_alg_by_name(announced) != alg))
        return ts_fail(r, 400, "InvalidRequest",
                       "x-amz-sdk-checksum-algorithm specified, but no corresponding "
                       "x-amz-checksum-* or x-amz-trailer headers were found.");
    if (!v)
        return 0;
    if (ts_unbase64(raw, sizeof raw, v) != (int)ts_algs[alg].bytes)
        return ts_fail(r, 400, "InvalidRequest", "Value for %s header is invalid.",
                       ts_algs[alg].header);
    char *real = ts_sum_of(alg, q->body ? q->body : (const unsigned char *)"", q->body_n);
    int rc = strcmp(real, v)
                 ? ts_fail(r, 400, "BadDigest",
                           "The %s you specified did not match the calculated checksum.",
                           ts_algs[alg].name)
                 : 0;
    free(real);
    return rc;
}

static int check_sha256(ts_server *s, const ts_request *q, ts_reply *r)
{
    char real[65];

    ts_sha256_hex(real, q->body ? q->body : (const unsigned char *)"", q->body_n);
    if (!strcmp(real, q->payload_sha))
        return 0;
    ts_xml_element(&r->extra, "ClientComputedContentSHA256", q->payload_sha);
    ts_xml_element(&r->extra, "S3ComputedContentSHA256", real);
    ts_note_error(s, true, "XAmzContentSHA256Mismatch");
    return ts_fail(r, 400, "XAmzContentSHA256Mismatch",
                   "The provided 'x-amz-content-sha256' header does not match what was computed.");
}

int ts_verify_body(ts_server *s, ts_request *q, ts_reply *r)
{
    int rc = 0;

    if (s->o.discard)
        return 0;
    if (q->payload == TS_PAYLOAD_SHA256)
        rc = check_sha256(s, q, r);
    else if (q->payload >= TS_PAYLOAD_STREAM)
        rc = ts_awschunk_decode(s, q, r);
    if (rc == 0)
        rc = check_md5(q, r);
    /* On Complete and Create these headers speak of the object, not of this body. */
    if (rc == 0 && q->op != TS_OP_COMPLETE_UPLOAD && q->op != TS_OP_CREATE_UPLOAD)
        rc = check_checksum(q, r);
    return rc;
}
