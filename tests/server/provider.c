/* provider.c - the test server as another service would answer
 *
 * A provider is a list of rules about headers, applied to a request whose signature was good: some
 * are refused in that service's own words, some are dropped as it drops them, without a word. What
 * they are modelled on is in docs/providers.md.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PUTS = 1 << TS_OP_PUT_OBJECT,
    COPIES = 1 << TS_OP_COPY_OBJECT,
    PART_COPIES = 1 << TS_OP_UPLOAD_PART_COPY,
    COMPLETES = 1 << TS_OP_COMPLETE_UPLOAD,
    CREATES = 1 << TS_OP_CREATE_UPLOAD,
    TAGGINGS = 1 << TS_OP_GET_TAGGING | 1 << TS_OP_PUT_TAGGING | 1 << TS_OP_DELETE_TAGGING,
    UPLOAD_LISTS = 1 << TS_OP_LIST_UPLOADS,
    WRITES = PUTS | COPIES | COMPLETES,
    ANY = (1 << TS_OP_COUNT) - 1 - (1 << TS_OP_DELETE_OBJECTS) /* whose check may be a checksum */
};

typedef struct rule {
    int ops;
    const char *header; /* how its name begins */
    int status;         /* 0 = drop it */
    const char *code, *message;
} rule;

#define NOT_IMPLEMENTED                                                                            \
    501, "NotImplemented", "A header you provided implies functionality that is not implemented"
#define UNSUPPORTED_HEADER                                                                         \
    400, "InvalidArgument", "Unsupported header '%s' received for this API call."
#define EXCESS 400, "ExcessHeaderValues", "Multiple values for header '%s'"

static const rule r2[] = {
    {ANY, "x-amz-trailer", NOT_IMPLEMENTED},
    {ANY, "x-amz-tagging", NOT_IMPLEMENTED},
    {COPIES, "if-none-match", 0, NULL, NULL},
    {PART_COPIES, "x-amz-copy-source-if-", NOT_IMPLEMENTED},
    {0, NULL, 0, NULL, NULL},
};

static const rule gcs[] = {
    {ANY, "x-amz-checksum-", EXCESS},
    {ANY, "x-amz-trailer", EXCESS},
    {ANY, "x-goog-", 400, "ExcessHeaderValues",
     "Requests cannot specify both x-amz and x-goog headers"},
    {WRITES, "if-none-match", 0, NULL, NULL},
    {WRITES, "if-match", 0, NULL, NULL},
    {0, NULL, 0, NULL, NULL},
};

static const rule ceph_old[] = {
    {ANY, "x-amz-checksum-", 0, NULL, NULL},
    {COMPLETES | COPIES, "if-none-match", 0, NULL, NULL},
    {COMPLETES | COPIES, "if-match", 0, NULL, NULL},
    {0, NULL, 0, NULL, NULL},
};

static const rule b2[] = {
    {ANY, "x-amz-checksum-", UNSUPPORTED_HEADER},
    {ANY, "x-amz-trailer", UNSUPPORTED_HEADER},
    {PUTS | CREATES, "x-amz-tagging", UNSUPPORTED_HEADER},
    {WRITES, "if-none-match", NOT_IMPLEMENTED},
    {WRITES, "if-match", NOT_IMPLEMENTED},
    {0, NULL, 0, NULL, NULL},
};

static const rule oss[] = {
    {ANY, "x-amz-trailer", 400, "InvalidArgument", "aws-chunked encoding is not supported"},
    {WRITES, "if-none-match", 0, NULL, NULL},
    {WRITES, "if-match", 0, NULL, NULL},
    {0, NULL, 0, NULL, NULL},
};

static const rule nothing[] = {{0, NULL, 0, NULL, NULL}};

struct ts_provider {
    const char *name, *server;
    const rule *rules;
    int missing; /* operations */
    bool bucket_in_host, wants_length, google_errors, ignores_checksums;
};

static const ts_provider providers[] = {
    {"r2", "cloudflare", r2, TAGGINGS, false, false, false, false},
    {"gcs", "UploadServer", gcs, TAGGINGS | PART_COPIES, false, true, true, false},
    {"minio", "MinIO", nothing, 0, false, false, false, false},
    {"ceph-old", "Ceph Object Gateway (quincy)", ceph_old, 0, false, false, false, true},
    {"b2", "nginx", b2, TAGGINGS, false, false, false, false},
    {"oss", "AliyunOSS", oss, TAGGINGS | UPLOAD_LISTS, true, false, false, false},
};

int ts_provider_set(ts_server *s, const char *name, char *why, size_t why_size)
{
    for (size_t i = 0; name && i < sizeof providers / sizeof *providers; i++)
        if (!strcmp(name, providers[i].name))
            s->provider = &providers[i];
    if (!name)
        return 0;
    if (!s->provider) {
        snprintf(why, why_size, "no such provider: %s", name);
        return -1;
    }
    s->o.equal_parts |= s->provider->rules == r2;
    s->o.no_full_object_crc32 |= !strcmp(name, "minio");
    if (s->provider->bucket_in_host && s->o.min_part_bytes > 1)
        s->o.min_part_bytes = 100 * 1024;
    return 0;
}

const char *ts_provider_server(const ts_server *s)
{
    return s->provider ? s->provider->server : "cw-test-s3";
}

bool ts_provider_wants_length(const ts_server *s)
{
    return s->provider && s->provider->wants_length;
}

bool ts_provider_takes_region(const ts_server *s, const char *region)
{
    return s->provider && (s->provider->rules == r2 || s->provider->rules == gcs) &&
           !strcmp(region, "auto");
}

bool ts_provider_is_google(const ts_server *s)
{
    return s->provider && s->provider->google_errors;
}

bool ts_provider_ignores_checksums(const ts_server *s)
{
    return s->provider && s->provider->ignores_checksums;
}

static void drop_header(ts_kvs *l, size_t at)
{
    free(l->v[at].name);
    free(l->v[at].value);
    memmove(&l->v[at], &l->v[at + 1], (--l->n - at) * sizeof *l->v);
}

static int apply(const rule *rules, ts_request *q, ts_reply *r)
{
    for (; rules->header; rules++) {
        size_t n = strlen(rules->header);

        for (size_t i = q->headers.n; i-- > 0;) {
            const char *name = q->headers.v[i].name;

            if (!(rules->ops & 1 << q->op) || strncmp(name, rules->header, n) != 0)
                continue;
            if (rules->status)
                return ts_fail(r, rules->status, rules->code, rules->message, name);
            drop_header(&q->headers, i);
        }
    }
    return 0;
}

/* Cloudflare's own name for a condition on the target of a copy. */
static void translate(const ts_provider *p, ts_request *q)
{
    static const char own[] = "cf-copy-destination-if-none-match";
    const char *value = ts_get(q, own);

    if (p->rules == r2 && q->op == TS_OP_COPY_OBJECT && value)
        ts_kvs_add(&q->headers, "if-none-match", value);
}

static bool is_in_host(const ts_request *q)
{
    const char *host = ts_get(q, "host");
    size_t n = strlen(q->bucket);

    return !strncmp(host, q->bucket, n) && host[n] == '.';
}

int ts_provider_check(ts_server *s, ts_request *q, ts_reply *r)
{
    const ts_provider *p = s->provider;

    if (!p)
        return 0;
    if (p->bucket_in_host && q->bucket && !is_in_host(q))
        return ts_fail(r, 403, "SecondLevelDomainForbidden",
                       "Please use virtual hosted style to access.");
    if (p->missing & 1 << q->op)
        return ts_fail(r, 501, "NotImplemented", "%s is not implemented", ts_op_names[q->op]);
    if (apply(p->rules, q, r) != 0)
        return -1;
    translate(p, q);
    return 0;
}
