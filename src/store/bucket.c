/* bucket.c - buckets, and the folders that take their place among files */
#include <cloudwriter/bucket.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/url.h"
#include "s3/requests.h"
#include "store/file_error.h"

static cw_status check_s3(const cw__url *at, const cw_client *c, const char *url, cw_error *err)
{
    if (!c)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' cannot be reached without a client", url);
    if (at->path[0])
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' names an object: s3://%s is the bucket",
                        url, at->bucket);
    return cw__client_check(c, err);
}

static cw_status parse(cw__url *at, const cw_client *c, const char *url, cw_error *err)
{
    cw_status st = cw__url_parse(at, url, err);

    if (st != CW_OK)
        return st;
    if (at->scheme == CW__SCHEME_MEMORY)
        st = cw__fail(err, CW_E_UNSUPPORTED, "'%s': there are no buckets in memory", url);
    else if (at->scheme == CW__SCHEME_S3)
        st = check_s3(at, c, url, err);
    if (st != CW_OK)
        cw__url_free(at);
    return st;
}

static void begin(cw__exchange *x, cw_client *c, const cw__url *at, const char *method,
                  cw__reach reach, const char *doing)
{
    cw__exchange_init(x, c, cw__client_next_lane(c)->loop, method, at->bucket, "");
    x->expect = CW__EXPECT_EMPTY;
    x->payload_hash = CW__EMPTY_SHA256;
    x->doing = doing;
    x->request.reach = reach;
}

/* ---- create ---- */

/* us-east-1 must not be named; at AWS all others must, and elsewhere they may. */
static bool names_region(const cw_client *c)
{
    return c->region && c->region[0] && strcmp(c->region, "us-east-1") != 0 &&
           strcmp(c->region, "auto") != 0;
}

#define CONFIGURATION "CreateBucketConfiguration"

/* A zone of an availability zone has one hyphen in its id, one of a local zone two. */
static void write_zone(cw__text *t, cw__piece zone)
{
    const char *hyphen = memchr(zone.p, '-', zone.n);
    bool local = memchr(hyphen + 1, '-', (size_t)(zone.p + zone.n - hyphen) - 1) != NULL;
    const char *kind = local ? "LocalZone" : "AvailabilityZone";

    cw__text_addf(t,
                  "<Location><Name>%.*s</Name><Type>%s</Type></Location><Bucket><DataRedundancy>"
                  "Single%s</DataRedundancy><Type>Directory</Type></Bucket>",
                  (int)zone.n, zone.p, kind, kind);
}

/* What a bucket is to be; nothing for one of us-east-1. */
static void write_configuration(cw__text *t, const cw_client *c, const char *bucket)
{
    cw__piece zone = cw__directory_zone(bucket);

    if (!zone.n && !names_region(c))
        return;
    cw__text_add(t, "<" CONFIGURATION " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    if (zone.n) {
        write_zone(t, zone);
    } else {
        cw__text_add(t, "<LocationConstraint>");
        cw__text_add_xml(t, c->region);
        cw__text_add(t, "</LocationConstraint>");
    }
    cw__text_add(t, "</" CONFIGURATION ">");
}

static cw_status create_s3(cw_client *c, const cw__url *at, cw_error *err)
{
    char hash[2 * CW__SHA256_BYTES + 1];
    cw__text document = {0};
    cw__exchange x;
    cw_status st;

    begin(&x, c, at, "PUT", CW__REACH_BUCKET, "create the bucket");
    write_configuration(&document, c, at->bucket);
    if (document.n > 0 || document.failed)
        cw__request_document(&x, &document, hash);
    st = cw__exchange_run(&x, err);
    if (st == CW_E_CONFLICT && cw__starts_with(x.reply.code, "BucketAlready")) {
        bool ours = x.in_doubt && strcmp(x.reply.code, "BucketAlreadyOwnedByYou") == 0;
        st = ours ? CW_OK : CW_E_ALREADY_EXISTS;
        if (ours)
            cw__error_clear(err);
        else if (err)
            err->status = st;
    }
    cw__exchange_free(&x);
    cw__text_free(&document);
    return st;
}

static cw_status create_folder(const cw__url *at, cw_error *err)
{
    if (mkdir(at->path, 0777) == 0)
        return CW_OK;
    if (errno == ENOENT)
        return cw__fail(err, CW_E_NOT_FOUND,
                        "cannot create the folder '%s': create the one that it is in first",
                        at->path);
    return cw__path_failed(err, errno, "create the folder", at->path);
}

cw_status cw_bucket_create(cw_client *c, const char *url, cw_error *err)
{
    cw__url at;
    cw_status st;

    cw__error_clear(err);
    st = parse(&at, c, url, err);
    if (st != CW_OK)
        return st;
    if (at.scheme == CW__SCHEME_S3)
        st = create_s3(c, &at, err);
    else
        st = create_folder(&at, err);
    cw__url_free(&at);
    return st;
}

/* ---- delete ---- */

static cw_status delete_s3(cw_client *c, const cw__url *at, cw_error *err)
{
    cw__exchange x;
    cw_status st;

    begin(&x, c, at, "DELETE", CW__REACH_BUCKET, "delete the bucket");
    st = cw__exchange_run(&x, err);
    if (st == CW_E_BUCKET_NOT_FOUND && x.in_doubt) { /* an attempt that was not answered did it */
        cw__error_clear(err);
        st = CW_OK;
    }
    cw__exchange_free(&x);
    return st;
}

static cw_status delete_folder(const char *path, cw_error *err)
{
    struct stat there;
    int e = rmdir(path) == 0 ? 0 : errno;

    if (e == 0)
        return CW_OK;
    if (e == ENOTDIR && stat(path, &there) == 0)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' is no folder", path);
    if (e == ENOENT || e == ENOTDIR)
        return cw__fail(err, CW_E_BUCKET_NOT_FOUND, "there is no folder '%s'", path);
    return cw__path_failed(err, e == EEXIST ? ENOTEMPTY : e, "delete the folder", path);
}

cw_status cw_bucket_delete(cw_client *c, const char *url, cw_error *err)
{
    cw__url at;
    cw_status st;

    cw__error_clear(err);
    st = parse(&at, c, url, err);
    if (st != CW_OK)
        return st;
    st = at.scheme == CW__SCHEME_S3 ? delete_s3(c, &at, err) : delete_folder(at.path, err);
    cw__url_free(&at);
    return st;
}

/* ---- look ---- */

/* HEAD has no document: its status tells, and the region is in a header whatever that is. */
static cw_status look_s3(cw_client *c, const cw__url *at, int *exists, char *region, size_t bytes,
                         cw_error *err)
{
    cw__exchange x;
    cw_status st;

    begin(&x, c, at, "HEAD", CW__REACH_OWN, "look at the bucket");
    st = cw__exchange_run(&x, err);
    *exists = st != CW_E_NOT_FOUND && st != CW_E_BUCKET_NOT_FOUND;
    cw__copy_string(region, bytes, x.reply.region);
    if (st == CW_E_NOT_FOUND && err)
        err->status = CW_E_BUCKET_NOT_FOUND;
    cw__exchange_free(&x);
    return st == CW_E_NOT_FOUND ? CW_E_BUCKET_NOT_FOUND : st;
}

static cw_status folder_exists(const char *path, int *out, cw_error *err)
{
    struct stat there;

    if (stat(path, &there) == 0)
        *out = S_ISDIR(there.st_mode);
    else if (errno != ENOENT && errno != ENOTDIR)
        return cw__path_failed(err, errno, "look at", path);
    return CW_OK;
}

cw_status cw_bucket_exists(cw_client *c, const char *url, int *out, cw_error *err)
{
    char region[2];
    cw__url at;
    cw_status st;

    *out = 0;
    cw__error_clear(err);
    st = parse(&at, c, url, err);
    if (st != CW_OK)
        return st;
    if (at.scheme == CW__SCHEME_S3) {
        st = look_s3(c, &at, out, region, sizeof region, err);
        if (st == CW_E_PERMISSION || st == CW_E_BUCKET_NOT_FOUND) {
            cw__error_clear(err);
            st = CW_OK;
        }
        if (st != CW_OK)
            *out = 0;
    } else {
        st = folder_exists(at.path, out, err);
    }
    cw__url_free(&at);
    return st;
}

/* Services that do not name the region in HEAD answer GetBucketLocation; "" is us-east-1. */
static cw_status ask_location(cw_client *c, const cw__url *at, char *out, size_t bytes,
                              cw_error *err)
{
    cw__exchange x;
    cw_status st;

    begin(&x, c, at, "GET", CW__REACH_BUCKET, "get the location of");
    cw__request_query(&x.request, "location", NULL);
    x.expect = CW__EXPECT_DOCUMENT;
    x.root = "LocationConstraint";
    st = cw__exchange_run(&x, err);
    if (st == CW_OK)
        cw__xml_copy_own_text(cw__xml_root(x.reply.document), out, bytes);
    if (st == CW_OK && !out[0])
        cw__copy_string(out, bytes, "us-east-1");
    else if (strcmp(out, "EU") == 0)
        cw__copy_string(out, bytes, "eu-west-1");
    cw__exchange_free(&x);
    return st;
}

cw_status cw_bucket_location(cw_client *c, const char *url, char *out, size_t bytes, cw_error *err)
{
    int exists;
    cw__url at;
    cw_status st;

    cw__error_clear(err);
    if (!out || bytes == 0)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "there is no room for the location");
    out[0] = '\0';
    st = parse(&at, c, url, err);
    if (st != CW_OK)
        return st;
    if (at.scheme != CW__SCHEME_S3)
        st = cw__fail(err, CW_E_UNSUPPORTED, "'%s' is a folder and has no region", url);
    else
        st = look_s3(c, &at, &exists, out, bytes, err);
    if (st == CW_E_PERMISSION && out[0]) {
        cw__error_clear(err);
        st = CW_OK;
    }
    if (st == CW_OK && !out[0])
        st = ask_location(c, &at, out, bytes, err);
    cw__url_free(&at);
    return st;
}
