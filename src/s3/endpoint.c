/* endpoint.c - which host a bucket lives on, and how its requests are addressed and signed
 *
 * Owns the pieces of an endpoint's URL. Knows the hosts of AWS by the rules that its SDKs share
 * (the endpoint rule set of S3), and who wants which style of address; knows nothing of
 * connections or signatures.
 *
 *     [bucket.]s3[-fips][.dualstack].REGION.DOMAIN
 *     [bucket.]s3-accelerate[.dualstack].DOMAIN
 *     name-account.s3-accesspoint[-fips][.dualstack].REGION.DOMAIN     (s3-object-lambda alike)
 *     name-account.outpost.s3-outposts.REGION.DOMAIN
 *     name.accesspoint.s3-global.DOMAIN
 *     bucket.s3express[-fips]-ZONE[.dualstack].REGION.DOMAIN
 *     s3express-control[-fips][.dualstack].REGION.DOMAIN/bucket
 */
#include "s3/endpoint.h"

#include <string.h>

#include "base/error.h"

static const char directory_end[] = "--x-s3", directory_point_end[] = "--xa-s3",
                  outpost_alias_end[] = "--op-s3";

/* An alias of an access point on Outposts ends in the id of the outpost, what kind of hardware it
 * is, and 32 characters more; counted from the end. */
enum { ALIAS_OUTPOST_FROM = 49, ALIAS_OUTPOST_TO = 32, ALIAS_KIND = 50 };

/* A name that may stand before ".host" in a certificate and in DNS: no dots, no upper case. */
static bool is_dns_label(const char *bucket)
{
    size_t n = strlen(bucket);
    return n >= 3 && n <= 63 && strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == n &&
           bucket[0] != '-' && bucket[n - 1] != '-';
}

static bool is_region(const char *s)
{
    size_t n = strlen(s);
    return n <= CW__LONGEST_REGION && s[0] != '-' &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == n;
}

/* Nothing can stand before an address. */
static bool is_numeric(const char *host)
{
    return host[0] == '[' || host[strspn(host, "0123456789.")] == '\0';
}

static bool can_be_in_host(const cw__endpoint *e)
{
    return e->addressing != CW_ADDRESSING_PATH && !(e->custom && is_numeric(e->url.host));
}

static bool is_virtual_hosted(const cw__endpoint *e, const char *bucket)
{
    if (!*bucket || !can_be_in_host(e))
        return false;
    if (e->addressing == CW_ADDRESSING_VIRTUAL || atomic_load(&e->wants_host))
        return true;
    if (e->custom && !cw__is_host_of_aws(e->url.host))
        return false;
    return is_dns_label(bucket);
}

/* ---- making, and what does not go together ---- */

cw_status cw__endpoint_init(cw__endpoint *e, const char *url, cw_addressing addressing,
                            cw_error *err)
{
    memset(e, 0, sizeof *e);
    e->addressing = addressing;
    if ((unsigned)addressing > CW_ADDRESSING_VIRTUAL)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "addressing %d is none of CW_ADDRESSING_…",
                        (int)addressing);
    if (!url || !*url)
        return CW_OK;
    cw_status status = cw__endpoint_url_parse(&e->url, url, err);
    e->custom = status == CW_OK;
    return status;
}

void cw__endpoint_free(cw__endpoint *e)
{
    if (e->custom)
        cw__endpoint_url_free(&e->url);
    memset(e, 0, sizeof *e);
}

bool cw__endpoint_tls(const cw__endpoint *e)
{
    return !e->custom || e->url.tls;
}

static cw_status not_both(const char *one, const char *other, cw_error *err)
{
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "%s cannot be had together with %s: turn one off",
                    one, other);
}

cw_status cw__endpoint_check(const cw__endpoint *e, cw_error *err)
{
    static const char accelerate[] = "S3 Transfer Acceleration (use_accelerate_endpoint)";
    const char *special = e->variant.dualstack ? "a dual-stack endpoint (use_dualstack_endpoint)"
                          : e->variant.fips    ? "a FIPS endpoint (use_fips_endpoint)"
                          : e->accelerate      ? accelerate
                                               : NULL;
    if (e->accelerate && e->variant.fips)
        return not_both(accelerate, "a FIPS endpoint (use_fips_endpoint)", err);
    if (e->custom && special)
        return not_both(special, "an endpoint_url", err);
    if (e->accelerate && e->addressing == CW_ADDRESSING_PATH)
        return not_both(accelerate, "path-style addressing", err);
    return CW_OK;
}

/* ---- the way to a bucket ---- */

static cw_status refuse(const char *bucket, const char *why, cw_error *err)
{
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "'s3://%.200s' cannot be reached: %s", bucket, why);
}

static cw_status route_to_partition(const cw__endpoint *e, const char *bucket, cw__route *r,
                                    cw_error *err)
{
    const cw__partition *p = cw__partition_of(r->region);
    r->domain = p->domain;
    if (e->custom)
        return CW_OK;
    if (!is_region(r->region))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%.100s' is no name of a region", r->region);
    if (e->variant.fips && strcmp(p->name, "aws-cn") == 0)
        return refuse(bucket, "there are no FIPS endpoints in China", err);
    if (r->accelerated && strcmp(p->name, "aws") != 0)
        return refuse(bucket, "there is no S3 Transfer Acceleration in this partition of AWS", err);
    return CW_OK;
}

static cw_status route_to_general(const cw__endpoint *e, const char *bucket, cw__reach reach,
                                  cw__route *r, cw_error *err)
{
    r->in_host = is_virtual_hosted(e, bucket);
    r->everywhere = e->global && !e->variant.dualstack && !e->variant.fips &&
                    strcmp(r->region, "us-east-1") == 0;
    r->accelerated = e->accelerate && *bucket && reach != CW__REACH_BUCKET;
    if (r->accelerated) {
        r->host = "s3-accelerate";
        if (!r->in_host)
            return refuse(bucket, "S3 Transfer Acceleration wants a bucket's name without dots",
                          err);
    }
    return CW_OK;
}

/* The kind of hardware is in the name as well: only Outposts racks have an id in their host. */
static cw_status route_to_outpost_alias(const cw__endpoint *e, const char *bucket, cw__route *r,
                                        cw_error *err)
{
    size_t n = strlen(bucket);
    char kind = n > ALIAS_KIND && is_dns_label(bucket) ? bucket[n - ALIAS_KIND] : '\0';
    r->service = r->host = "s3-outposts";
    r->in_host = true;
    if (kind == 'o')
        r->zone =
            (cw__piece){bucket + n - ALIAS_OUTPOST_FROM, ALIAS_OUTPOST_FROM - ALIAS_OUTPOST_TO};
    else if (kind != 'e')
        return refuse(bucket, "it is no alias of an access point on Outposts", err);
    if (e->variant.dualstack || e->variant.fips || e->accelerate || e->custom)
        return refuse(bucket, "Outposts have the plain endpoints of AWS alone", err);
    return CW_OK;
}

cw__piece cw__directory_zone(const char *bucket)
{
    size_t n = strlen(bucket);
    n -= cw__ends_with_nocase(bucket, directory_end)         ? sizeof directory_end - 1
         : cw__ends_with_nocase(bucket, directory_point_end) ? sizeof directory_point_end - 1
                                                             : n;
    for (size_t at = n; at >= 2; at--)
        if (bucket[at - 1] == '-' && bucket[at - 2] == '-')
            return memchr(bucket + at, '-', n - at) ? (cw__piece){bucket + at, n - at}
                                                    : (cw__piece){0};
    return (cw__piece){0};
}

static cw_status route_to_directory(const cw__endpoint *e, const char *bucket, cw__reach reach,
                                    cw__route *r, cw_error *err)
{
    r->service = "s3express";
    r->session = reach == CW__REACH_OBJECTS && !e->no_session;
    r->zone = cw__directory_zone(bucket);
    if (e->accelerate)
        return refuse(bucket, "S3 Transfer Acceleration knows no directory buckets", err);
    if (!is_dns_label(bucket))
        return refuse(bucket,
                      "the name of a directory bucket has lower-case letters, digits and "
                      "'-' alone",
                      err);
    if (!e->custom && r->zone.n == 0)
        return refuse(bucket, "the name of a directory bucket ends in --ZONE--x-s3", err);
    r->host = reach == CW__REACH_BUCKET ? "s3express-control" : "s3express";
    r->in_host = e->custom ? can_be_in_host(e) : reach != CW__REACH_BUCKET;
    return CW_OK;
}

/* Behind many regions: signed for all of them. */
static cw_status route_to_many(const cw__endpoint *e, const char *bucket, cw__route *r,
                               cw_error *err)
{
    if (e->no_multi_region)
        return refuse(bucket,
                      "access points of many regions were turned off "
                      "(s3_disable_multiregion_access_points)",
                      err);
    if (e->variant.dualstack || e->variant.fips || e->accelerate || e->custom)
        return refuse(bucket,
                      "an access point of many regions has one endpoint alone: no "
                      "endpoint_url, dual stack, FIPS or acceleration",
                      err);
    if (!cw__piece_is(r->arn.partition, cw__partition_of(r->region)->name))
        return refuse(bucket, "it is of another partition of AWS than the client's region", err);
    r->host = "accesspoint.s3-global";
    r->region_set = "*";
    r->everywhere = true;
    return CW_OK;
}

static cw_status route_by_arn(const cw__endpoint *e, const char *bucket, cw__route *r,
                              cw_error *err)
{
    const cw__piece region = r->arn.region;
    char home[sizeof r->region];
    cw__copy_string(home, sizeof home, r->region);
    if (region.n == 0)
        return route_to_many(e, bucket, r, err);
    memcpy(r->region, region.p, region.n); /* a label, of 63 characters at most */
    r->region[region.n] = '\0';
    if (e->own_region_only && strcmp(home, r->region) != 0)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "'%.200s' is in another region than %s, and s3_use_arn_region is off",
                        bucket, home);
    if (cw__partition_of(home) != cw__partition_of(r->region))
        return refuse(bucket, "it is of another partition of AWS than the client's region", err);
    return CW_OK;
}

static cw_status route_to_access_point(const cw__endpoint *e, const char *bucket, cw__reach reach,
                                       cw__route *r, cw_error *err)
{
    const char *rest;
    cw_status status = cw__arn_parse(&r->arn, bucket, &rest, err);
    if (status != CW_OK)
        return status;
    if (reach == CW__REACH_BUCKET)
        return cw__fail(err, CW_E_UNSUPPORTED, "'s3://%.200s' is an access point, and no bucket",
                        bucket);
    if (!can_be_in_host(e))
        return refuse(bucket,
                      "an access point stands in the name of a host: not with path-style "
                      "addressing, and not at an address",
                      err);
    if (e->accelerate)
        return refuse(bucket, "access points know no S3 Transfer Acceleration", err);
    bool lambda = cw__piece_is(r->arn.service, "s3-object-lambda");
    if ((lambda || r->arn.outpost.n) && e->variant.dualstack)
        return refuse(bucket, "it has no dual-stack endpoint", err);
    if (r->arn.outpost.n && e->variant.fips)
        return refuse(bucket, "Outposts have no FIPS endpoints", err);
    r->service = lambda ? "s3-object-lambda" : r->arn.outpost.n ? "s3-outposts" : "s3";
    r->host = lambda || r->arn.outpost.n ? r->service : "s3-accesspoint";
    r->in_host = true;
    return route_by_arn(e, bucket, r, err);
}

bool cw__is_directory_bucket(const char *bucket)
{
    return cw__ends_with_nocase(bucket, directory_end) ||
           cw__ends_with_nocase(bucket, directory_point_end);
}

cw_status cw__endpoint_route(const cw__endpoint *e, const char *region, const char *bucket,
                             cw__reach reach, cw__route *out, cw_error *err)
{
    cw_status status;
    *out = (cw__route){.service = "s3", .host = "s3"};
    cw__copy_string(out->region, sizeof out->region, region && *region ? region : "us-east-1");
    if (cw__is_arn(bucket)) {
        status = route_to_access_point(e, bucket, reach, out, err);
    } else if (cw__is_directory_bucket(bucket)) {
        status = route_to_directory(e, bucket, reach, out, err);
    } else if (cw__ends_with_nocase(bucket, outpost_alias_end)) {
        status = route_to_outpost_alias(e, bucket, out, err);
    } else {
        status = route_to_general(e, bucket, reach, out, err);
    }
    return status == CW_OK ? route_to_partition(e, bucket, out, err) : status;
}

/* ---- the address ---- */

static void add_piece(cw__text *t, cw__piece piece)
{
    cw__text_add_n(t, piece.p, piece.n);
}

/* What stands for the bucket in the host. */
static void add_bucket(const cw__route *r, const char *bucket, cw__text *host)
{
    if (r->arn.name.n == 0) {
        cw__text_add(host, bucket);
    } else {
        add_piece(host, r->arn.name);
        if (!r->region_set) {
            cw__text_add_char(host, '-');
            add_piece(host, r->arn.account);
        }
        if (r->arn.outpost.n) {
            cw__text_add_char(host, '.');
            add_piece(host, r->arn.outpost);
        }
    }
    cw__text_add_char(host, '.');
}

static void add_custom_host(const cw__endpoint *e, cw__text *host)
{
    cw__text_add(host, e->url.host);
    if (*e->url.port) {
        cw__text_add_char(host, ':');
        cw__text_add(host, e->url.port);
    }
}

static void add_aws_host(const cw__endpoint *e, const cw__route *r, cw__text *host)
{
    bool zonal = strcmp(r->host, "s3express") == 0, outposts = strcmp(r->host, "s3-outposts") == 0;
    if (outposts && r->zone.n)
        cw__text_addf(host, "op-%.*s.", (int)r->zone.n, r->zone.p);
    else if (outposts && r->arn.name.n == 0)
        cw__text_add(host, "ec2.");
    cw__text_add(host, r->host);
    if (e->variant.fips)
        cw__text_add(host, "-fips");
    if (zonal) {
        cw__text_add_char(host, '-');
        add_piece(host, r->zone);
    }
    if (e->variant.dualstack)
        cw__text_add(host, ".dualstack");
    if (!r->everywhere && !r->accelerated) {
        cw__text_add_char(host, '.');
        cw__text_add(host, r->region);
    }
    cw__text_add_char(host, '.');
    cw__text_add(host, r->domain);
}

void cw__endpoint_address(const cw__endpoint *e, const cw__route *r, const char *bucket,
                          const char *key, cw__text *host, cw__text *path)
{
    if (r->in_host)
        add_bucket(r, bucket, host);
    if (e->custom) {
        add_custom_host(e, host);
        cw__text_add(path, e->url.path);
    } else {
        add_aws_host(e, r, host);
    }
    if (!r->in_host && *bucket) {
        cw__text_add_char(path, '/');
        cw__text_add_encoded(path, bucket, strlen(bucket), false);
    }
    if (r->in_host || !*bucket || *key)
        cw__text_add_char(path, '/');
    cw__text_add_encoded(path, key, strlen(key), true);
}
