/* provider.c - what the service at the endpoint does not do as AWS does */
#include "s3/provider.h"

#include "base/error.h"

#include <string.h>

#define TIB (UINT64_C(1) << 40)

enum { UNSURE = CW__PUT_IF_UNSURE | CW__COMPLETE_IF_UNSURE };

static const struct facts {
    const char *name;
    const char *region; /* NULL: that of the host's own name */
    const char *server; /* how its Server header begins; NULL: that tells nothing */
    uint64_t most_bytes;
    unsigned traits;
} facts[] = {
    [CW_PROVIDER_GENERIC] = {"generic", "us-east-1", NULL, UINT64_MAX, UNSURE},
    [CW_PROVIDER_AWS] = {"aws", "us-east-1", NULL, UINT64_MAX, 0},
    [CW_PROVIDER_R2] = {"r2", "auto", NULL, 5 * TIB,
                        CW__EQUAL_PARTS | CW__NO_TAGS | CW__NO_VERSIONS | CW__COMPLETE_IF_UNSURE |
                            CW__NO_PART_COPY_IF},
    [CW_PROVIDER_GCS] = {"gcs", "auto", "UploadServer", 5 * TIB,
                         CW__NO_CHECKSUMS | CW__NO_TAGS | CW__NO_VERSIONS | CW__NO_PUT_IF |
                             CW__NO_COMPLETE_IF | CW__NO_PART_COPY},
    [CW_PROVIDER_MINIO] = {"minio", "us-east-1", "MinIO", UINT64_MAX, UNSURE},
    [CW_PROVIDER_CEPH] = {"ceph", "us-east-1", "Ceph Object Gateway", UINT64_MAX,
                          CW__NO_COMPLETE_IF},
    [CW_PROVIDER_B2] = {"b2", NULL, NULL, UINT64_C(10000000000000),
                        CW__NO_CHECKSUMS | CW__NO_TAGS | CW__NO_PUT_IF | CW__NO_COMPLETE_IF},
    [CW_PROVIDER_OSS] = {"oss", NULL, "AliyunOSS", UINT64_MAX,
                         CW__BUCKET_IN_HOST | CW__NO_TAGS | CW__NO_VERSIONS | CW__NO_UPLOAD_LIST |
                             CW__NO_PUT_IF | CW__NO_COMPLETE_IF},
};

enum { PROVIDERS = sizeof facts / sizeof *facts };

static const struct domain {
    const char *end;
    cw_provider which;
} domains[] = {
    {".r2.cloudflarestorage.com", CW_PROVIDER_R2},
    {".googleapis.com", CW_PROVIDER_GCS},
    {".backblazeb2.com", CW_PROVIDER_B2},
    {".aliyuncs.com", CW_PROVIDER_OSS},
};

static const struct domain *domain_of(const char *host)
{
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++)
        if (cw__ends_with_nocase(host, domains[i].end))
            return &domains[i];
    return NULL;
}

static cw_provider provider_at(const char *host)
{
    const struct domain *domain;

    if (!host || cw__is_host_of_aws(host))
        return CW_PROVIDER_AWS;
    domain = domain_of(host);
    return domain ? domain->which : CW_PROVIDER_AUTO;
}

/* Other programs run at AWS, Google and Aliyun as well, behind hosts of theirs. */
bool cw__provider_has_no_path(const char *host)
{
    const struct domain *domain = domain_of(host);

    if (cw__is_host_of_aws(host))
        return cw__starts_with(host, "s3.") || cw__starts_with(host, "s3-");
    return domain && (domain->which == CW_PROVIDER_R2 || domain->which == CW_PROVIDER_B2 ||
                      cw__equal_nocase(host, "storage.googleapis.com"));
}

cw_status cw__provider_init(cw__provider *p, cw_provider option, const char *host, cw_error *err)
{
    if ((unsigned)option >= PROVIDERS)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "provider %d is none of CW_PROVIDER_...",
                        (int)option);
    if (option == CW_PROVIDER_AUTO)
        option = provider_at(host);
    p->chosen = option != CW_PROVIDER_AUTO;
    atomic_init(&p->which, p->chosen ? (unsigned)option : CW_PROVIDER_GENERIC);
    atomic_init(&p->met, false);
    atomic_init(&p->traits, 0);
    atomic_init(&p->refuted, 0);
    return CW_OK;
}

static const struct facts *facts_of(const cw__provider *p)
{
    return &facts[atomic_load(&p->which)];
}

bool cw__provider_is(const cw__provider *p, unsigned traits)
{
    unsigned all = (facts_of(p)->traits & ~atomic_load(&p->refuted)) | atomic_load(&p->traits);

    return (all & traits) != 0;
}

bool cw__provider_is_stranger(const cw__provider *p)
{
    return !p->chosen && !atomic_load(&p->met);
}

void cw__provider_learn(cw__provider *p, unsigned traits, unsigned refuted)
{
    atomic_fetch_or(&p->refuted, refuted);
    atomic_fetch_and(&p->traits, ~refuted);
    atomic_fetch_or(&p->traits, traits);
}

/* R2's words for it, behind whichever name it is reached. */
static bool wants_equal_parts(const cw__reply *r)
{
    return strcmp(r->code, "InvalidPart") == 0 && strstr(r->message, "must have the same length");
}

const char *cw__provider_see(cw__provider *p, const cw__reply *r)
{
    if (r->end == CW__HTTP_ANSWERED)
        atomic_store(&p->met, true);
    if (wants_equal_parts(r))
        cw__provider_learn(p, CW__EQUAL_PARTS, 0);
    if (p->chosen || !r->server[0])
        return NULL;
    for (unsigned i = 0; i < PROVIDERS; i++)
        if (facts[i].server && cw__starts_with(r->server, facts[i].server))
            return atomic_exchange(&p->which, i) == i ? NULL : facts[i].name;
    return NULL;
}

/* Names are encoded, so that '&' and '=' stand nowhere else. */
static bool has_parameter(const cw__request *r, const char *name)
{
    const char *at = cw__text_str(&r->query);
    size_t n = strlen(name);

    while (at) {
        if (strncmp(at, name, n) == 0 && at[n] == '=')
            return true;
        at = strchr(at, '&');
        if (at)
            at++;
    }
    return false;
}

static cw_status check_service(const cw__provider *p, const cw__request *r, cw_error *err)
{
    static const struct {
        const char *parameter, *method, *what;
        unsigned trait;
    } uses[] = {
        {"tagging", NULL, "tags", CW__NO_TAGS},
        {"versionId", NULL, "versions", CW__NO_VERSIONS},
        {"versions", NULL, "versions", CW__NO_VERSIONS},
        {"uploads", "GET", "list of uploads", CW__NO_UPLOAD_LIST},
    };

    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (cw__provider_is(p, uses[i].trait) && has_parameter(r, uses[i].parameter) &&
            (!uses[i].method || strcmp(r->method, uses[i].method) == 0))
            return cw__fail(err, CW_E_UNSUPPORTED, "this service (%s) has no %s",
                            cw__provider_name(p), uses[i].what);
    return CW_OK;
}

cw_status cw__provider_check(const cw__provider *p, const cw__request *r, bool raw, cw_error *err)
{
    if (r->failed) /* said when it is laid out */
        return CW_OK;
    if (cw__is_directory_bucket(r->bucket) && has_parameter(r, "versionId"))
        return cw__fail(err, CW_E_UNSUPPORTED, "a directory bucket has no versions");
    return raw ? CW_OK : check_service(p, r, err);
}

const char *cw__provider_name(const cw__provider *p)
{
    return facts_of(p)->name;
}

/* s3.us-west-004.backblazeb2.com, oss-cn-hangzhou-internal.aliyuncs.com */
static void region_of_host(const char *host, char *out, size_t size)
{
    static const char prefix[] = "oss-", inside[] = "-internal";
    size_t end = strlen(host) - strlen(domain_of(host)->end), at = end;

    while (at > 0 && host[at - 1] != '.')
        at--;
    if (strncmp(host + at, prefix, sizeof prefix - 1) == 0)
        at += sizeof prefix - 1;
    if (end - at > sizeof inside &&
        strncmp(host + end - (sizeof inside - 1), inside, sizeof inside - 1) == 0)
        end -= sizeof inside - 1;
    if (end > at && end - at < size) {
        memcpy(out, host + at, end - at);
        out[end - at] = '\0';
    }
}

void cw__provider_region(const cw__provider *p, const char *host, char *out, size_t size)
{
    const char *own = facts_of(p)->region;

    cw__copy_string(out, size, own ? own : "us-east-1");
    if (!own && host && domain_of(host))
        region_of_host(host, out, size);
}

/* What R2 names when it refuses one (InvalidRegionName), and us-east-1, another name of auto. */
bool cw__provider_has_region(const cw__provider *p, const char *region)
{
    static const char known[][10] = {"auto", "us-east-1", "wnam", "enam", "weur", "eeur", "apac"};

    if (atomic_load(&p->which) != CW_PROVIDER_R2)
        return true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(region, known[i]) == 0)
            return true;
    return false;
}

const char *cw__provider_copy_condition(const cw__provider *p)
{
    return atomic_load(&p->which) == CW_PROVIDER_R2 ? "cf-copy-destination-if-none-match"
                                                    : "if-none-match";
}

uint64_t cw__provider_most_bytes(const cw__provider *p)
{
    return facts_of(p)->most_bytes;
}
