/* test_bucket.c - buckets, signed URLs, requests of one's own, and paths below a root */
#include "fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static cw_error err;

/* ---- buckets ---- */

static void buckets(void)
{
    bed b = bed_open(NULL, NULL);
    char region[64];
    int there = 0;

    CHECK_OK(cw_bucket_exists(b.client, "s3://fresh-bucket", &there, &err), err);
    CHECK_INT(there, 0);
    CHECK_OK(cw_bucket_create(b.client, "s3://fresh-bucket", &err), err);
    CHECK_STATUS(cw_bucket_create(b.client, "s3://fresh-bucket/", &err), CW_E_ALREADY_EXISTS, err);
    CHECK_INT(err.status, CW_E_ALREADY_EXISTS);
    CHECK_OK(cw_bucket_exists(b.client, "s3://fresh-bucket", &there, &err), err);
    CHECK_INT(there, 1);
    CHECK_OK(cw_bucket_location(b.client, "s3://fresh-bucket", region, sizeof region, &err), err);
    CHECK_STR(region, "us-east-1");
    ts_object_put(b.server, "fresh-bucket", "key", "x", 1);
    CHECK_STATUS(cw_bucket_delete(b.client, "s3://fresh-bucket", &err), CW_E_CONFLICT, err);
    CHECK_OK(cw_object_delete(b.client, "s3://fresh-bucket/key", NULL, &err), err);
    CHECK_OK(cw_bucket_delete(b.client, "s3://fresh-bucket", &err), err);
    CHECK_STATUS(cw_bucket_delete(b.client, "s3://fresh-bucket", &err), CW_E_BUCKET_NOT_FOUND, err);
    CHECK_STATUS(cw_bucket_location(b.client, "s3://fresh-bucket", region, sizeof region, &err),
                 CW_E_BUCKET_NOT_FOUND, err);
    CHECK_STATUS(cw_bucket_delete(b.client, "s3://bucket/key", &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_bucket_create(NULL, "s3://bucket", &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_bucket_create(NULL, "mem://bucket", &err), CW_E_UNSUPPORTED, err);
    faults(&b, "op=HeadBucket do=status:403:AccessDenied");
    CHECK_OK(cw_bucket_exists(b.client, "s3://somebodys", &there, &err), err);
    CHECK_INT(there, 1);
    faults(&b, "op=HeadBucket times=inf do=status:503:SlowDown");
    CHECK_STATUS(cw_bucket_exists(b.client, "s3://bucket", &there, &err), CW_E_THROTTLED, err);
    CHECK_INT(there, 0);
    bed_close(&b);
}

static void another_region(void)
{
    ts_options s = server_defaults();
    cw_client_options o = client_defaults();
    char region[64];

    s.region = o.region = "eu-west-3";
    bed b = bed_open(&s, &o);
    CHECK_OK(cw_bucket_create(b.client, "s3://fresh-bucket", &err), err);
    ts_request_header(b.server, "CreateBucket", "content-length", region, sizeof region);
    CHECK(atoi(region) > 100);
    CHECK_OK(cw_bucket_location(b.client, "s3://fresh-bucket", region, sizeof region, &err), err);
    CHECK_STR(region, "eu-west-3");
    bed_close(&b);
}

static void folders(void)
{
    char folder[] = "/tmp/cw-bucket-XXXXXX", path[100], deep[120], region[64];
    int there;

    REQUIRE(mkdtemp(folder));
    snprintf(path, sizeof path, "file://%s/b", folder);
    CHECK_OK(cw_bucket_exists(NULL, path, &there, &err), err);
    CHECK_INT(there, 0);
    CHECK_OK(cw_bucket_create(NULL, path, &err), err);
    CHECK_STATUS(cw_bucket_create(NULL, path, &err), CW_E_ALREADY_EXISTS, err);
    snprintf(deep, sizeof deep, "%s/none/c", path);
    CHECK_STATUS(cw_bucket_create(NULL, deep, &err), CW_E_NOT_FOUND, err);
    CHECK(strstr(err.message, "create the one that it is in first"));
    CHECK_OK(cw_bucket_exists(NULL, path, &there, &err), err);
    CHECK_INT(there, 1);
    CHECK_STATUS(cw_bucket_delete(NULL, folder, &err), CW_E_CONFLICT, err);
    CHECK_STATUS(cw_bucket_location(NULL, path, region, sizeof region, &err), CW_E_UNSUPPORTED,
                 err);
    CHECK_OK(cw_bucket_delete(NULL, path, &err), err);
    CHECK_STATUS(cw_bucket_delete(NULL, path, &err), CW_E_BUCKET_NOT_FOUND, err);
    CHECK_OK(cw_bucket_delete(NULL, folder, &err), err);
}

/* ---- signed URLs ---- */

/* What a stranger is answered who has nothing but the URL: the status, and the reply's text. */
static int use_url(bed *b, const char *method, const char *url, const char *headers,
                   const char *body, char *reply, size_t size)
{
    const char *host = strstr(url, "//") + 2, *path = strchr(host, '/');
    struct sockaddr_in at = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0), status = 0;
    char request[16384];
    size_t n = 0;
    ssize_t got;

    (void)b;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons((uint16_t)atoi(strchr(host, ':') + 1));
    REQUIRE(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0);
    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: %.*s\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s",
             method, path, (int)(path - host), host, headers, strlen(body), body);
    REQUIRE(write(fd, request, strlen(request)) == (ssize_t)strlen(request));
    while (n < size - 1 && (got = read(fd, reply + n, size - 1 - n)) > 0)
        n += (size_t)got;
    reply[n] = '\0';
    close(fd);
    sscanf(reply, "HTTP/1.1 %d", &status);
    return status;
}

static void signed_urls(void)
{
    bed b = bed_open(NULL, NULL);
    cw_presign_options o = CW_PRESIGN_OPTIONS_INIT;
    cw_pair type = {"content-type", "text/plain"}, query = {"response-content-type", "a b+c"};
    char url[8192], reply[4096];

    ts_object_put(b.server, "bucket", "a +%\xc3\xa9/../key", "the object", 10);
    CHECK_OK(cw_presign(b.client, "s3://bucket/a +%\xc3\xa9/../key", NULL, url, sizeof url, &err),
             err);
    CHECK_INT(ts_request_count(b.server, NULL), 0);
    CHECK(!strstr(url, SECRET));
    CHECK_INT(use_url(&b, "GET", url, "", "", reply, sizeof reply), 200);
    CHECK(strstr(reply, "\r\n\r\nthe object"));
    CHECK_INT(use_url(&b, "PUT", url, "", "x", reply, sizeof reply), 403);
    *strstr(url, "key") = 'K';
    CHECK_INT(use_url(&b, "GET", url, "", "", reply, sizeof reply), 403);

    o.method = "PUT";
    o.headers = &type;
    o.header_count = 1;
    o.query = &query;
    o.query_count = 1;
    o.expires_s = 60;
    CHECK_OK(cw_presign(b.client, "s3://bucket/new", &o, url, sizeof url, &err), err);
    CHECK(strstr(url, "X-Amz-Expires=60"));
    CHECK_INT(use_url(&b, "PUT", url, "", "hello", reply, sizeof reply), 403);
    CHECK_INT(use_url(&b, "PUT", url, "Content-Type: text/plain\r\n", "hello", reply, sizeof reply),
              200);
    check_object(&b, "new", "hello", 5);
    ts_skew_set(b.server, 120);
    CHECK_INT(use_url(&b, "PUT", url, "Content-Type: text/plain\r\n", "hello", reply, sizeof reply),
              403);
    cw_client_release(b.client);
    ts_server_stop(b.server);
}

/* An upload whose parts somebody else sends, who has URLs and no keys. */
static void signed_parts(void)
{
    static const char *const bodies[] = {"the first part, ", "the second"};
    bed b = bed_open(NULL, NULL);
    cw_pair begin = {"uploads", NULL}, id = {"uploadId", NULL}, part[] = {{"partNumber", NULL}, id};
    cw_request_options create = CW_REQUEST_OPTIONS_INIT, complete = CW_REQUEST_OPTIONS_INIT;
    cw_presign_options o = CW_PRESIGN_OPTIONS_INIT;
    char url[8192], reply[4096], upload[200] = "", etag[80] = "", number[4], xml[1000];
    size_t n = (size_t)snprintf(xml, sizeof xml, "<CompleteMultipartUpload>");
    cw_response *answer = NULL;

    create.method = complete.method = "POST";
    create.query = &begin;
    create.query_count = complete.query_count = 1;
    CHECK_OK(cw_request_send(&answer, b.client, "s3://bucket/parts", &create, &err), err);
    REQUIRE(answer);
    sscanf(strstr(answer->body, "<UploadId>"), "<UploadId>%199[^<]", upload);
    cw_response_free(answer);
    o.method = "PUT";
    o.query = part;
    o.query_count = 2;
    part[0].value = number;
    part[1].value = id.value = upload;
    for (int i = 0; i < 2; i++) {
        snprintf(number, sizeof number, "%d", i + 1);
        CHECK_OK(cw_presign(b.client, "s3://bucket/parts", &o, url, sizeof url, &err), err);
        CHECK_INT(use_url(&b, "PUT", url, "", bodies[i], reply, sizeof reply), 200);
        REQUIRE(strcasestr(reply, "\nETag: "));
        sscanf(strcasestr(reply, "\nETag: ") + 7, "%79[^\r]", etag);
        n += (size_t)snprintf(xml + n, sizeof xml - n,
                              "<Part><PartNumber>%s</PartNumber><ETag>%s</ETag></Part>", number,
                              etag);
    }
    n += (size_t)snprintf(xml + n, sizeof xml - n, "</CompleteMultipartUpload>");
    complete.query = &id;
    complete.body = xml;
    complete.body_bytes = n;
    CHECK_OK(cw_request_send(&answer, b.client, "s3://bucket/parts", &complete, &err), err);
    cw_response_free(answer);
    check_object(&b, "parts", "the first part, the second", 26);
    bed_close(&b);
}

static void urls_that_are_not_signed(void)
{
    bed b = bed_open(NULL, NULL);
    cw_presign_options o = CW_PRESIGN_OPTIONS_INIT;
    cw_client_options anonymous = client_defaults();
    char url[300] = "x";

    CHECK_STATUS(cw_presign(b.client, "mem://x", NULL, url, sizeof url, &err), CW_E_UNSUPPORTED,
                 err);
    CHECK_STATUS(cw_presign(b.client, "s3://bucket", NULL, url, sizeof url, &err),
                 CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_presign(b.client, "s3://bucket/key", NULL, url, sizeof url, &err),
                 CW_E_TOO_LARGE, err);
    CHECK_STR(url, "");
    o.expires_s = 604801;
    CHECK_STATUS(cw_presign(b.client, "s3://bucket/key", &o, url, sizeof url, &err),
                 CW_E_INVALID_ARGUMENT, err);
    o.expires_s = 1;
    o.method = "POST";
    CHECK_STATUS(cw_presign(b.client, "s3://bucket/key", &o, url, sizeof url, &err),
                 CW_E_INVALID_ARGUMENT, err);
    anonymous.anonymous = 1;
    anonymous.access_key_id = anonymous.secret_access_key = anonymous.session_token = NULL;
    cw_client *c = start_client(b.server, &anonymous);
    CHECK_STATUS(cw_presign(c, "s3://bucket/key", NULL, url, sizeof url, &err),
                 CW_E_CREDENTIALS_MISSING, err);
    cw_client_release(c);
    bed_close(&b);
}

/* ---- requests ---- */

static const char *header_of(const cw_response *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (strcmp(r->headers[i].name, name) == 0)
            return r->headers[i].value;
    return "";
}

static void own_requests(void)
{
    bed b = bed_open(NULL, NULL);
    cw_request_options o = CW_REQUEST_OPTIONS_INIT;
    cw_pair query = {"tagging", NULL}, range = {"range", "bytes=1-3"};
    cw_response *r;

    ts_object_put(b.server, "bucket", "key", "hello", 5);
    o.headers = &range;
    o.header_count = 1;
    CHECK_OK(cw_request_send(&r, b.client, "s3://bucket/key", &o, &err), err);
    REQUIRE(r);
    CHECK_INT(r->http_status, 206);
    CHECK_INT(r->body_bytes, 3);
    CHECK_STR(r->body, "ell");
    CHECK_STR(header_of(r, "content-range"), "bytes 1-3/5");
    cw_response_free(r);
    o = (cw_request_options)CW_REQUEST_OPTIONS_INIT;
    o.method = "PUT";
    o.query = &query;
    o.query_count = 1;
    o.body = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>";
    o.body_bytes = strlen(o.body);
    faults(&b, "op=PutObjectTagging do=status:503:SlowDown");
    CHECK_OK(cw_request_send(&r, b.client, "s3://bucket/key", &o, &err), err);
    CHECK(r && r->http_status == 200 && r->body_bytes == 0 && r->body);
    cw_response_free(r);
    char value[20] = "";
    ts_object_header(b.server, "bucket", "key", "x-amz-tagging", value, sizeof value);
    CHECK_STR(value, "k=v");
    o.method = "BREW";
    CHECK_STATUS(cw_request_send(&r, b.client, "s3://bucket/key", &o, &err), CW_E_INVALID_ARGUMENT,
                 err);
    CHECK_STATUS(cw_request_send(&r, b.client, "s3://bucket/no", NULL, &err), CW_E_NOT_FOUND, err);
    CHECK(!r);
    CHECK_STR(err.service_code, "NoSuchKey");
    CHECK_STATUS(cw_request_send(&r, b.client, "/tmp/x", NULL, &err), CW_E_UNSUPPORTED, err);
    cw_response_free(NULL);
    bed_close(&b);
}

/* ---- stores ---- */

static void write_to(cw_store *s, const char *path, const char *text)
{
    char url[1000];
    cw_writer *w;

    CHECK_OK(cw_store_url(s, path, url, sizeof url, &err), err);
    CHECK_OK(cw_writer_open(&w, cw_store_client(s), url, NULL, &err), err);
    REQUIRE(w);
    CHECK(cw_writer_write(w, text, strlen(text)) == CW_OK);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
}

/* The same program on each backend. */
static void walk(cw_client *c, const char *root)
{
    cw_list_options o = CW_LIST_OPTIONS_INIT;
    cw_object_meta *m;
    const cw_list_entry *e;
    char told[200] = "";
    cw_store *s;
    cw_list *l;

    CHECK_OK(cw_store_open(&s, c, root, &err), err);
    REQUIRE(s);
    write_to(s, "a.txt", "hello");
    CHECK_OK(cw_store_stat(&m, s, "a.txt", &err), err);
    CHECK(m && m->bytes == 5);
    cw_object_meta_free(m);
    CHECK_OK(cw_store_copy(s, "a.txt", "b.txt", NULL, &err), err);
    CHECK_OK(cw_store_move(s, "b.txt", "c.txt", NULL, &err), err);
    o.delimiter = "/";
    CHECK_OK(cw_store_list(&l, s, "", &o, &err), err);
    while (cw_list_next(l, &e, &err) == CW_OK && e)
        snprintf(told + strlen(told), sizeof told - strlen(told), "%s,", cw_store_path(s, e->url));
    cw_list_close(l);
    CHECK_STR(told, "a.txt,c.txt,");
    CHECK_OK(cw_store_delete(s, "a.txt", NULL, &err), err);
    CHECK_STATUS(cw_store_delete(s, "a.txt", NULL, &err), CW_E_NOT_FOUND, err);
    CHECK_STATUS(cw_store_stat(&m, s, "a.txt", &err), CW_E_NOT_FOUND, err);
    CHECK_OK(cw_store_delete(s, "c.txt", NULL, &err), err);
    cw_store_close(s);
}

static void one_program(void)
{
    bed b = bed_open(NULL, NULL);
    char folder[] = "/tmp/cw-store-XXXXXX", url[100];

    REQUIRE(mkdtemp(folder));
    walk(b.client, "s3://bucket");
    walk(b.client, "s3://bucket/some/prefix");
    walk(NULL, "mem://");
    walk(NULL, "mem://some/prefix/");
    walk(NULL, folder);
    snprintf(url, sizeof url, "file://%s/", folder);
    walk(NULL, url);
    CHECK_INT(rmdir(folder), 0);
    bed_close(&b);
}

static void nothing_leads_out(void)
{
    static const char *const refused[] = {"/etc/passwd", "..",   "../x", "a/../../x", "a/..", ".",
                                          "./a",         "a//b", "//",   "/",         "a/./b"};
    static const char *const fine[] = {"",    "a",    "a/",     "..a", "a../b",
                                       "...", "a/.b", "\\..\\", "%2e"};
    cw_object_meta *m;
    cw_store *s;
    char url[100], large[300];

    CHECK_STATUS(cw_store_open(&s, NULL, "s3://bucket", &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_store_open(&s, NULL, "ftp://x", &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(!s);
    CHECK_OK(cw_store_open(&s, NULL, "/srv/data", &err), err);
    REQUIRE(s);
    CHECK_STR(cw_store_root(s), "/srv/data/");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK_STATUS(cw_store_url(s, refused[i], url, sizeof url, &err), CW_E_INVALID_ARGUMENT,
                     err);
        CHECK_STR(url, "");
        CHECK_STATUS(cw_store_delete(s, refused[i], NULL, &err), CW_E_INVALID_ARGUMENT, err);
    }
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        CHECK_OK(cw_store_url(s, fine[i], url, sizeof url, &err), err);
        CHECK(strncmp(url, "/srv/data/", 10) == 0 && strcmp(url + 10, fine[i]) == 0);
        CHECK_STR(cw_store_path(s, url), fine[i]);
    }
    CHECK_STATUS(cw_store_stat(&m, s, "", &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_store_url(s, NULL, url, sizeof url, &err), CW_E_INVALID_ARGUMENT, err);
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    CHECK_STATUS(cw_store_url(s, large, url, sizeof url, &err), CW_E_TOO_LARGE, err);
    CHECK(!cw_store_path(s, "/srv/other"));
    cw_store_close(s);
    cw_store_close(NULL);
}

static void what_can_be_done(void)
{
    CHECK(cw_capabilities("s3://bucket") & CW_CAN_TAG);
    CHECK(!(cw_capabilities("s3://bucket") & CW_CAN_MOVE_ATOMIC));
    CHECK(cw_capabilities("/tmp") & CW_CAN_MOVE_ATOMIC);
    CHECK(!(cw_capabilities("/tmp") & CW_CAN_IF_MATCH));
    CHECK(cw_capabilities("mem://") & CW_CAN_IF_MATCH);
    CHECK_INT(cw_capabilities("mem://x"), cw_capabilities("mem://"));
    CHECK_INT(cw_capabilities("ftp://x"), 0);
}

int main(int argc, char **argv)
{
    WITHIN(4000, buckets);
    WITHIN(2000, another_region);
    WITHIN(2000, folders);
    WITHIN(3000, signed_urls);
    WITHIN(3000, signed_parts);
    WITHIN(2000, urls_that_are_not_signed);
    WITHIN(3000, own_requests);
    WITHIN(3000, one_program);
    WITHIN(2000, nothing_leads_out);
    WITHIN(2000, what_can_be_done);
    return test_end();
}
