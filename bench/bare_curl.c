/* bare_curl.c - the upload that a program with libcurl and nothing else would do
 *
 * The yardstick of the benchmark: a real multipart upload (Create, parts, Complete with their
 * ETags) by one thread and one multi handle. No signature, no checksum, no retry, no recovery:
 * everything a library adds has to be paid on top of this. Arranged as well as we know how:
 * connections, handles and part buffers are kept, the buffer used last is used first, and
 * libcurl's upload buffer is 1 MiB, so that each send() is large.
 *
 *   stream   one copy, from the producer's piece of 1 MiB into the part
 *   nocopy   parts are produced where they are sent from (see job_produce_in_place)
 *   small    one PUT after the other over one connection
 *
 * AWS_ENDPOINT_URL says where; AWS_CA_BUNDLE names the authority for https. The bucket is "bucket".
 */
#include "job.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { UPLOAD_BUFFER = 1 << 20, URL_MAX = 512, ETAG_MAX = 128, REPLY_MAX = 4096, WAIT_MS = 1000 };

typedef struct reply {
    char etag[ETAG_MAX];
    char body[REPLY_MAX];
    size_t body_bytes;
} reply;

typedef struct part {
    CURL *easy;
    unsigned char *bytes;
    size_t filled;
    size_t sent;
    size_t number; /* from 1 */
    reply reply;
    struct part *next; /* in the list of free ones */
} part;

typedef struct upload {
    CURLM *multi;
    struct curl_slist *headers;
    const char *endpoint;
    char upload_id[256];
    part *free;
    unsigned in_flight;
    unsigned concurrency;
    char (*etags)[ETAG_MAX];
    size_t parts;
} upload;

static void *allocate(size_t n)
{
    void *p = malloc(n);
    if (p == NULL)
        job_fail("out of memory");
    return p;
}

static size_t on_read(char *to, size_t size, size_t count, void *user)
{
    part *p = user;
    size_t n = p->filled - p->sent;
    if (n > size * count)
        n = size * count;
    memcpy(to, p->bytes + p->sent, n);
    p->sent += n;
    return n;
}

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    static const char name[] = "etag:";
    reply *r = user;
    size_t n = size * count;
    if (n < sizeof name || strncasecmp(line, name, sizeof name - 1) != 0)
        return n;
    snprintf(r->etag, sizeof r->etag, "%.*s", (int)(n - (sizeof name - 1)), line + sizeof name - 1);
    r->etag[strcspn(r->etag, "\r\n")] = '\0';
    return n;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    reply *r = user;
    size_t n = size * count;
    size_t room = sizeof r->body - 1 - r->body_bytes;
    memcpy(r->body + r->body_bytes, bytes, n < room ? n : room);
    r->body_bytes += n < room ? n : room;
    return n;
}

static CURL *new_easy(struct curl_slist *headers, reply *r)
{
    CURL *easy = curl_easy_init();
    const char *ca = getenv("AWS_CA_BUNDLE");
    if (easy == NULL)
        job_fail("out of memory");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
    if (ca != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
    return easy;
}

static void make_put(part *p)
{
    curl_easy_setopt(p->easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(p->easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(p->easy, CURLOPT_READDATA, p);
    curl_easy_setopt(p->easy, CURLOPT_PRIVATE, p);
}

static void clear(reply *r)
{
    r->etag[0] = '\0';
    r->body_bytes = 0;
}

static void check(CURL *easy, CURLcode code, reply *r)
{
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    r->body[r->body_bytes] = '\0';
    if (code != CURLE_OK)
        job_fail("libcurl: %s", curl_easy_strerror(code));
    if (status != 200 || strstr(r->body, "<Error>") != NULL)
        job_fail("status %ld: %s", status, r->body);
}

/* --- the multipart upload -------------------------------------------------------------------- */

static void finish(upload *u, part *p, CURLcode code)
{
    check(p->easy, code, &p->reply);
    memcpy(u->etags[p->number - 1], p->reply.etag, ETAG_MAX);
    curl_multi_remove_handle(u->multi, p->easy);
    p->next = u->free;
    u->free = p;
    u->in_flight--;
}

static void step(upload *u, bool wait)
{
    int running;
    int left;
    CURLMsg *m;
    if (wait && curl_multi_poll(u->multi, NULL, 0, WAIT_MS, NULL) != CURLM_OK)
        job_fail("curl_multi_poll failed");
    if (curl_multi_perform(u->multi, &running) != CURLM_OK)
        job_fail("curl_multi_perform failed");
    while ((m = curl_multi_info_read(u->multi, &left)) != NULL) {
        part *p;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p);
        finish(u, p, m->data.result);
    }
}

static part *take_free(upload *u)
{
    while (u->free == NULL)
        step(u, true);
    part *p = u->free;
    u->free = p->next;
    p->filled = 0;
    p->sent = 0;
    return p;
}

static void send_part(upload *u, part *p)
{
    char url[URL_MAX];
    while (u->in_flight == u->concurrency)
        step(u, true);
    p->number = ++u->parts;
    u->etags = realloc(u->etags, u->parts * sizeof *u->etags);
    if (u->etags == NULL)
        job_fail("out of memory");
    clear(&p->reply);
    snprintf(url, sizeof url, "%s/bucket/bare?partNumber=%zu&uploadId=%s", u->endpoint, p->number,
             u->upload_id);
    curl_easy_setopt(p->easy, CURLOPT_URL, url);
    curl_easy_setopt(p->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)p->filled);
    curl_multi_add_handle(u->multi, p->easy);
    u->in_flight++;
    step(u, false);
}

static void produce(const job *j, part *p, uint64_t offset, size_t n)
{
    if (strcmp(j->mode, "nocopy") == 0)
        job_produce_in_place(p->bytes + p->filled, n, offset);
    else
        memcpy(p->bytes + p->filled, job_piece(), n);
    p->filled += n;
}

static void send_all(upload *u, const job *j)
{
    uint64_t done = 0;
    while (done < j->bytes) {
        part *p = take_free(u);
        while (done < j->bytes && p->filled < j->part_bytes) {
            uint64_t n = j->bytes - done;
            if (n > j->part_bytes - p->filled)
                n = j->part_bytes - p->filled;
            if (n > JOB_PIECE)
                n = JOB_PIECE;
            produce(j, p, done, (size_t)n);
            done += n;
        }
        send_part(u, p);
    }
    while (u->in_flight > 0)
        step(u, true);
}

static void post(upload *u, const char *query, const char *body, reply *r)
{
    char url[URL_MAX];
    CURL *easy = new_easy(u->headers, r);
    clear(r);
    snprintf(url, sizeof url, "%s/bucket/bare?%s", u->endpoint, query);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    check(easy, curl_easy_perform(easy), r);
    curl_easy_cleanup(easy);
}

static void create(upload *u)
{
    static const char open[] = "<UploadId>";
    reply r;
    post(u, "uploads", "", &r);
    const char *id = strstr(r.body, open);
    if (id == NULL)
        job_fail("no upload id in the reply: %s", r.body);
    id += sizeof open - 1;
    snprintf(u->upload_id, sizeof u->upload_id, "%.*s", (int)strcspn(id, "<"), id);
}

static void complete(upload *u)
{
    size_t room = u->parts * (ETAG_MAX + 64) + 128;
    char *xml = allocate(room);
    char query[URL_MAX];
    reply r;
    size_t n = (size_t)snprintf(xml, room, "<CompleteMultipartUpload>");
    for (size_t i = 0; i < u->parts; i++)
        n += (size_t)snprintf(xml + n, room - n,
                              "<Part><PartNumber>%zu</PartNumber><ETag>%s</ETag></Part>", i + 1,
                              u->etags[i]);
    snprintf(xml + n, room - n, "</CompleteMultipartUpload>");
    snprintf(query, sizeof query, "uploadId=%s", u->upload_id);
    post(u, query, xml, &r);
    free(xml);
}

/* One part being filled beside those in flight. */
static void run_stream(const job *j, struct curl_slist *headers)
{
    upload u = {.endpoint = job_env("AWS_ENDPOINT_URL"), .headers = headers};
    size_t count = j->concurrency + 1;
    part *parts = allocate(count * sizeof *parts);
    u.multi = curl_multi_init();
    u.concurrency = j->concurrency;
    for (size_t i = 0; i < count; i++) {
        part *p = &parts[i];
        p->bytes = allocate(j->part_bytes);
        p->easy = new_easy(headers, &p->reply);
        make_put(p);
        curl_easy_setopt(p->easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
        p->next = u.free;
        u.free = p;
    }
    create(&u);
    send_all(&u, j);
    complete(&u);
    for (size_t i = 0; i < count; i++) {
        curl_easy_cleanup(parts[i].easy);
        free(parts[i].bytes);
    }
    curl_multi_cleanup(u.multi);
    free(parts);
    free(u.etags);
}

/* --- small objects --------------------------------------------------------------------------- */

static void run_small(const job *j, struct curl_slist *headers)
{
    char url[URL_MAX];
    part p = {.filled = (size_t)j->bytes};
    p.bytes = allocate(p.filled);
    p.easy = new_easy(headers, &p.reply);
    make_put(&p);
    curl_easy_setopt(p.easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)p.filled);
    for (unsigned i = 0; i < j->objects; i++) {
        memcpy(p.bytes, job_piece(), p.filled);
        p.sent = 0;
        clear(&p.reply);
        snprintf(url, sizeof url, "%s/bucket/small-%u", job_env("AWS_ENDPOINT_URL"), i);
        curl_easy_setopt(p.easy, CURLOPT_URL, url);
        check(p.easy, curl_easy_perform(p.easy), &p.reply);
    }
    curl_easy_cleanup(p.easy);
    free(p.bytes);
}

int main(int argc, char **argv)
{
    job j = job_from_args(argc, argv, "stream|nocopy|small");
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    if (j.part_bytes == 0)
        j.part_bytes = 8U << 20;
    if (j.concurrency == 0)
        j.concurrency = 4;
    if (headers == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        job_fail("libcurl does not start");
    if (strcmp(j.mode, "small") == 0 && j.bytes <= JOB_PIECE)
        run_small(&j, headers);
    else if (strcmp(j.mode, "stream") == 0 || strcmp(j.mode, "nocopy") == 0)
        run_stream(&j, headers);
    else
        job_fail("unknown mode %s", j.mode);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    return 0;
}
