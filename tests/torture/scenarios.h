/* scenarios.h - the ways to use the library that torture goes through again and again
 *
 * A scenario is one use from beginning to end on a stage: a scripted server, a client, a URL, and
 * the bytes that are to arrive. After each run, whatever was broken in it, stage_verdict() says
 * whether the promise was kept: what close answered with CW_OK is there byte for byte, and
 * otherwise there is nothing, and no upload is left that the error does not name.
 */
#ifndef CW_TESTS_TORTURE_SCENARIOS_H
#define CW_TESTS_TORTURE_SCENARIOS_H

#include "scripted/fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

/* Parts of one slab, so that three of them are quick. */
enum { PART = 64 * 1024, SMALL = 1000, THREE_PARTS = 3 * PART - 17 };

typedef struct scenario scenario;

/** What a custom sink keeps; published is what counts. */
typedef struct shelf {
    char *p;
    size_t n, room;
    bool published, freed;
} shelf;

typedef struct stage {
    const scenario *play;
    ts_server *server;
    cw_client *client;
    char folder[64];
    char url[200];
    unsigned char *data; /* what the object is to hold */
    size_t bytes;
    shelf shelf;
    cw_error doubt;
    size_t uploads_before;
    cw_client_options patience;
    size_t may_lose;         /* uploads of which nobody knows: answers to Create were lost */
    const char *first_rules; /* come before the play's own; NULL: none */
    unsigned listed;
} stage;

struct scenario {
    const char *name;
    cw_status (*run)(stage *s, cw_error *err);
    size_t bytes; /* of the object */
    enum { ON_S3, ON_FILE, ON_MEMORY, ON_SHELF, NOWHERE } where;
    cw_compression compression; /* as the object is stored */
    const char *rules;          /* what the server does wrong, in every run */
    void (*prepare)(stage *s);  /* before each run */
    bool own_client;            /* it makes its client by itself */
    bool tls;
    bool core;      /* slow trouble is tried on these only */
    cw_status also; /* may be the answer to a failure in the midst of all */
};

/* ---- small pieces ---- */

static inline cw_client_options stage_client_options(void)
{
    cw_client_options o = client_defaults();

    o.max_attempts = 3;
    o.retry_base_ms = 1;
    o.retry_cap_ms = 4;
    return o;
}

static inline cw_status stage_write(stage *s, cw_writer *w)
{
    enum { PIECE = 10007 };
    cw_status st = CW_OK;

    for (size_t at = 0; st == CW_OK && at < s->bytes; at += PIECE)
        st = cw_writer_write(w, s->data + at, s->bytes - at < PIECE ? s->bytes - at : PIECE);
    if (st != CW_OK) {
        CHECK_INT(cw_writer_error(w)->status, st); /* and it stays */
        CHECK_INT(cw_writer_write(w, "x", 1), st);
        CHECK_INT(cw_writer_flush(w), st);
    }
    return st;
}

static inline cw_status stage_send(stage *s, cw_client *c, const cw_writer_options *o,
                                   cw_error *err)
{
    cw_writer *w;
    cw_status wrote, st = cw_writer_open(&w, c, s->url, o, err);

    if (st != CW_OK)
        return st;
    wrote = stage_write(s, w);
    st = cw_writer_close(w, NULL, err);
    if (wrote != CW_OK)
        CHECK_INT(st, wrote); /* sticky */
    return st;
}

/* ---- objects in a bucket ---- */

static cw_status play_put(stage *s, cw_error *err)
{
    return stage_send(s, s->client, NULL, err);
}

static cw_status play_parts(stage *s, cw_error *err)
{
    cw_writer_options o = parts_of(PART);

    return stage_send(s, s->client, &o, err);
}

static cw_status play_compressed(stage *s, cw_error *err)
{
    cw_writer_options o = parts_of(PART);

    o.compression = s->play->compression;
    return stage_send(s, s->client, &o, err);
}

static cw_status play_zstd_threads(stage *s, cw_error *err)
{
    cw_writer_options o = parts_of(PART);

    o.compression = CW_COMPRESSION_ZSTD;
    o.compression_threads = 2;
    return stage_send(s, s->client, &o, err);
}

static cw_writer_options every_option(void)
{
    static const cw_pair metadata[] = {{"Origin", "a ship"}, {"port", "Novorossijsk"}};
    static const cw_pair tags[] = {{"team", "torture & co"}, {"empty", ""}};
    cw_writer_options o = parts_of(PART);

    o.checksum = CW_CHECKSUM_SHA256;
    o.payload = CW_PAYLOAD_SIGNED;
    o.content_type = "text/plain; charset=utf-8";
    o.content_disposition = "attachment; filename=\"a b.txt\"";
    o.content_language = "de";
    o.cache_control = "no-store";
    o.metadata = metadata;
    o.metadata_count = 2;
    o.tags = tags;
    o.tags_count = 2;
    o.storage_class = "STANDARD_IA";
    o.acl = "bucket-owner-full-control";
    o.sse = CW_SSE_KMS;
    o.sse_kms_key_id = "alias/key";
    o.sse_kms_context = "e30=";
    o.sse_bucket_key = 1;
    o.create_only = 1;
    o.deadline_ms = 60000;
    return o;
}

static cw_status play_options(stage *s, cw_error *err)
{
    cw_writer_options o = every_option();

    return stage_send(s, s->client, &o, err);
}

static cw_status play_customer_key(stage *s, cw_error *err)
{
    static const unsigned char key[32] = "thirty-two bytes for one object";
    cw_writer_options o = parts_of(PART);

    o.sse = CW_SSE_C;
    o.sse_customer_key = key;
    return stage_send(s, s->client, &o, err);
}

/* Lent memory, with pieces that fit and pieces that do not. */
static cw_status play_reserve(stage *s, cw_error *err)
{
    static const size_t wants[] = {1, 30000, 100000, 7};
    cw_writer_options o = parts_of(PART);
    cw_writer *w;
    cw_status st = cw_writer_open(&w, s->client, s->url, &o, err);
    size_t at = 0;

    if (st != CW_OK)
        return st;
    for (int i = 0; st == CW_OK && at < s->bytes; i++) {
        size_t room, k;
        void *p;

        st = cw_writer_reserve(w, wants[i % 4], &p, &room);
        if (st != CW_OK)
            break;
        k = room < s->bytes - at ? room : s->bytes - at;
        memcpy(p, s->data + at, k);
        st = cw_writer_commit(w, k);
        at += k;
    }
    cw_status closed = cw_writer_close(w, NULL, err);
    if (st != CW_OK)
        CHECK_INT(closed, st);
    return closed;
}

static int go_on(void *user, const cw_stats *now)
{
    (void)user;
    (void)now;
    return 0;
}

/* printf, flush and a progress callback, that nothing else has. */
static cw_status play_printf(stage *s, cw_error *err)
{
    cw_writer_options o = parts_of(PART);
    cw_writer *w;
    cw_status st;

    o.progress = go_on;
    o.progress_interval_ms = 1;
    st = cw_writer_open(&w, s->client, s->url, &o, err);
    if (st != CW_OK)
        return st;
    for (size_t at = 0; st == CW_OK && at < s->bytes; at += 90000) {
        int k = s->bytes - at < 90000 ? (int)(s->bytes - at) : 90000;

        st = cw_writer_printf(w, "%.*s", k, (const char *)s->data + at);
        if (st == CW_OK)
            st = cw_writer_flush(w);
    }
    cw_status closed = cw_writer_close(w, NULL, err);
    if (st != CW_OK)
        CHECK_INT(closed, st);
    return closed;
}

/* An answer of CW_OK is that of the abort: nothing is left. */
static cw_status play_abort(stage *s, cw_error *err)
{
    cw_writer_options o = parts_of(PART);
    cw_writer *w;
    cw_status st = cw_writer_open(&w, s->client, s->url, &o, err);

    if (st != CW_OK)
        return st;
    (void)stage_write(s, w);
    return cw_writer_abort(w, err);
}

/* ---- faces ---- */

static cw_status play_csv(stage *s, cw_error *err)
{
    cw_writer_options o = parts_of(PART);
    cw_csv *csv;
    cw_writer *w;
    cw_status st = cw_writer_open(&w, s->client, s->url, &o, err), closed;

    if (st != CW_OK)
        return st;
    st = cw_csv_new(&csv, w, NULL, err);
    if (st != CW_OK) {
        (void)cw_writer_abort(w, NULL);
        return st;
    }
    for (size_t at = 0; st == CW_OK && at < s->bytes; at += 64)
        st = cw_csv_row(csv, "s", (const char *)s->data + at);
    cw_csv_free(csv);
    closed = cw_writer_close(w, NULL, err);
    if (st != CW_OK)
        CHECK_INT(closed, st);
    return closed;
}

static cw_status play_stdio(stage *s, cw_error *err)
{
    cw_writer_options o = parts_of(PART);
    FILE *f = cw_fopen_with(s->url, "w", s->client, &o, err);

    if (!f)
        return err->status;
    (void)fwrite(s->data, 1, s->bytes / 2, f);
    (void)fflush(f);
    (void)fwrite(s->data + s->bytes / 2, 1, s->bytes - s->bytes / 2, f);
    return cw_fclose(f, NULL, err);
}

/* A FILE * on a writer that stays the caller's. */
static cw_status play_view(stage *s, cw_error *err)
{
    cw_writer_options o = parts_of(PART);
    cw_writer *w;
    cw_status st = cw_writer_open(&w, s->client, s->url, &o, err);
    FILE *f;

    if (st != CW_OK)
        return st;
    st = cw_writer_file(w, &f);
    if (st != CW_OK) {
        err->status = st; /* the call has no error of its own */
        snprintf(err->message, sizeof err->message, "no stream");
        (void)cw_writer_abort(w, NULL);
        return st;
    }
    (void)fwrite(s->data, 1, s->bytes, f);
    (void)fclose(f);
    return cw_writer_close(w, NULL, err);
}

/* ---- sinks ---- */

static cw_status shelf_write(void *self, const void *p, size_t n, cw_error *err)
{
    shelf *k = self;

    (void)err;
    if (n > k->room - k->n) {
        k->room = 2 * (k->n + n);
        k->p = realloc(k->p, k->room);
        REQUIRE(k->p);
    }
    memcpy(k->p + k->n, p, n);
    k->n += n;
    return CW_OK;
}

static cw_status shelf_publish(void *self, cw_object_info *info, cw_error *err)
{
    (void)info;
    (void)err;
    ((shelf *)self)->published = true;
    return CW_OK;
}

static cw_status shelf_abort(void *self, cw_error *err)
{
    (void)err;
    CHECK(!((shelf *)self)->published);
    return CW_OK;
}

static void shelf_free(void *self)
{
    CHECK(!((shelf *)self)->freed);
    ((shelf *)self)->freed = true;
}

static const cw_sink_ops shelf_ops = {
    .struct_size = sizeof(cw_sink_ops),
    .name = "shelf",
    .write = shelf_write,
    .publish = shelf_publish,
    .abort = shelf_abort,
    .free = shelf_free,
};

static cw_status play_custom(stage *s, cw_error *err)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_sink *sink;
    cw_writer *w;
    cw_status wrote, st = cw_sink_new(&sink, &shelf_ops, &s->shelf, err);

    if (st != CW_OK) {
        CHECK(!s->shelf.freed);
        return st;
    }
    o.compression = s->play->compression;
    st = cw_writer_open_sink(&w, sink, &o, err);
    if (st != CW_OK) {
        CHECK(!s->shelf.freed);
        cw_sink_free(sink);
    } else {
        wrote = stage_write(s, w);
        st = cw_writer_close(w, NULL, err);
        if (wrote != CW_OK)
            CHECK_INT(st, wrote);
    }
    CHECK(s->shelf.freed);
    return st;
}

/* ---- objects that are read ---- */

/* Longer than the first range that is read ahead, so that there are several. */
enum { READ_BYTES = 1300 * 1000 };

static void leave_object(stage *s)
{
    CHECK_INT(ts_object_put(s->server, "bucket", "source", s->data, s->bytes), 0);
}

static void leave_packed(stage *s)
{
    size_t room = s->bytes + 1000;
    unsigned char *p = malloc(room);

    REQUIRE(p);
    if (s->play->compression == CW_COMPRESSION_GZIP) {
        z_stream z = {0};

        REQUIRE(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
        z.next_in = s->data;
        z.avail_in = (uInt)s->bytes;
        z.next_out = p;
        z.avail_out = (uInt)room;
        REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
        deflateEnd(&z);
        room -= z.avail_out;
    } else {
        room = ZSTD_compress(p, room, s->data, s->bytes, 1);
        REQUIRE(!ZSTD_isError(room));
    }
    CHECK_INT(ts_object_put(s->server, "bucket", "source", p, room), 0);
    free(p);
}

/* All in order; then some of it elsewhere. A reader that failed can still be closed. */
static cw_status read_source(stage *s, cw_reader *r, cw_error *err)
{
    static unsigned char got[70001];
    size_t at = 0, n = 1;
    cw_status st = CW_OK;

    while (st == CW_OK && n > 0) {
        st = cw_reader_read(r, got, sizeof got, &n, err);
        CHECK(n <= s->bytes - at && memcmp(got, s->data + at, n) == 0);
        at += n;
    }
    if (st != CW_OK)
        return st;
    CHECK_INT(at, s->bytes);
    if (s->play->compression != CW_COMPRESSION_NONE)
        return st;
    st = cw_reader_pread(r, 1000, got, 2000, err);
    if (st == CW_OK)
        CHECK(memcmp(got, s->data + 1000, 2000) == 0);
    if (st == CW_OK)
        st = cw_reader_seek(r, 600000, err);
    if (st == CW_OK)
        st = cw_reader_read(r, got, 5000, &n, err);
    if (st == CW_OK)
        CHECK(n == 5000 && memcmp(got, s->data + 600000, n) == 0);
    return st;
}

static cw_status play_read(stage *s, cw_error *err)
{
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_reader *r;
    cw_status st;

    if (s->play->compression != CW_COMPRESSION_NONE)
        o.decompression = CW_DECOMPRESSION_AUTO;
    st = cw_reader_open_with(&r, s->client, "s3://bucket/source", &o, err);
    if (st != CW_OK) {
        CHECK(!r);
        return st;
    }
    st = read_source(s, r, err);
    cw_reader_close(r);
    return st;
}

/* ---- the verbs around ---- */

/* Two uploads that were left: their abort is refused. */
static void leave_uploads(stage *s)
{
    unsigned char *data = noise(2 * PART);

    ts_fault_clear(s->server);
    CHECK_INT(
        ts_fault_add(s->server, "op=AbortMultipartUpload times=inf do=status:403:AccessDenied"), 0);
    for (int i = 0; i < 2; i++) {
        cw_writer_options o = parts_of(PART);
        char url[100];
        cw_writer *w;
        cw_error err;

        snprintf(url, sizeof url, "s3://bucket/left/%d", i);
        CHECK_OK(cw_writer_open(&w, s->client, url, &o, &err), err);
        CHECK_INT(cw_writer_write(w, data, 2 * PART), CW_OK);
        while (ts_upload_count(s->server) <= (size_t)i)
            sleep_ms(1);
        CHECK_STATUS(cw_writer_abort(w, &err), CW_E_PERMISSION, err);
    }
    ts_fault_clear(s->server);
    free(data);
    CHECK_INT(ts_upload_count(s->server), 2);
}

static int count_upload(void *user, const cw_upload_info *u)
{
    stage *s = user;

    CHECK_STR(u->bucket, "bucket");
    CHECK(strncmp(u->key, "left/", 5) == 0 && u->upload_id[0]);
    s->listed++;
    return 0;
}

static cw_status play_list(stage *s, cw_error *err)
{
    cw_status st;

    s->listed = 0;
    st = cw_upload_list(s->client, "s3://bucket/left/", count_upload, s, err);
    if (st == CW_OK)
        CHECK_INT(s->listed, 2);
    return st;
}

static cw_status play_abort_upload(stage *s, cw_error *err)
{
    char id[512];

    if (ts_upload_id(s->server, 0, id, sizeof id) != 0)
        return cw_upload_abort(s->client, "s3://bucket/left/0", "gone", err);
    return cw_upload_abort(s->client, "s3://bucket/left/0", id, err);
}

/* An object that was committed, and an error that does not know it. */
static void leave_doubt(stage *s)
{
    cw_error err;

    CHECK_OK(stage_send(s, s->client, NULL, &err), err);
    memset(&s->doubt, 0, sizeof s->doubt);
    s->doubt.status = CW_E_INDETERMINATE;
    CHECK_INT(ts_object_header(s->server, "bucket", "key", "x-amz-meta-cw-commit",
                               s->doubt.commit_token, sizeof s->doubt.commit_token),
              0);
}

static cw_status play_query(stage *s, cw_error *err)
{
    cw_object_info info;

    return cw_commit_query(s->client, s->url, &s->doubt, &info, err);
}

/* ---- a client from the environment ---- */

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    REQUIRE(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void prepare_environment(stage *s)
{
    char path[200], text[1000];

    snprintf(path, sizeof path, "%s/config", s->folder);
    snprintf(text, sizeof text,
             "[default]\nregion = eu-west-1\n[profile torture]\nregion = us-east-1\n"
             "endpoint_url = %s\nmax_attempts = 3\ns3 =\n  addressing_style = path\n",
             ts_server_url(s->server));
    write_file(path, text);
    setenv("AWS_CONFIG_FILE", path, 1);
    snprintf(path, sizeof path, "%s/credentials", s->folder);
    write_file(path, "[torture]\naws_access_key_id = ACCESSKEY\naws_secret_access_key = " SECRET
                     "\naws_session_token = " SESSION "\n");
    setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
    setenv("AWS_PROFILE", "torture", 1);
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_ENDPOINT_URL");
    unsetenv("AWS_ENDPOINT_URL_S3");
}

/* The client is private to the writer. */
static cw_status play_environment(stage *s, cw_error *err)
{
    return stage_send(s, NULL, NULL, err);
}

static cw_status play_own_client(stage *s, cw_error *err)
{
    cw_client_options o = s->patience;
    cw_client *c;
    cw_status st;

    o.endpoint_url = ts_server_url(s->server);
    o.ca_bundle = ts_server_ca_file(s->server);
    o.user_agent_suffix = "torture/1";
    o.io_threads = 2;
    st = cw_client_new(&c, &o, err);
    if (st != CW_OK) {
        CHECK(!c);
        return st;
    }
    st = stage_send(s, c, NULL, err);
    cw_client_release(c);
    return st;
}

/* ---- all of them ---- */

static const scenario scenarios[] = {
    {.name = "put", .core = true, .run = play_put, .bytes = SMALL},
    {.name = "empty", .run = play_put, .bytes = 0},
    {.name = "parts", .core = true, .run = play_parts, .bytes = THREE_PARTS},
    {.name = "gzip",
     .run = play_compressed,
     .bytes = THREE_PARTS,
     .compression = CW_COMPRESSION_GZIP},
    {.name = "zstd",
     .run = play_compressed,
     .bytes = THREE_PARTS,
     .compression = CW_COMPRESSION_ZSTD},
    {.name = "zstd_threads",
     .run = play_zstd_threads,
     .bytes = THREE_PARTS,
     .compression = CW_COMPRESSION_ZSTD},
    {.name = "options_put", .core = true, .run = play_options, .bytes = SMALL},
    {.name = "options_parts", .run = play_options, .bytes = THREE_PARTS},
    {.name = "customer_key", .run = play_customer_key, .bytes = THREE_PARTS},
    {.name = "reserve", .run = play_reserve, .bytes = THREE_PARTS},
    {.name = "printf", .run = play_printf, .bytes = THREE_PARTS},
    {.name = "abort", .core = true, .run = play_abort, .bytes = THREE_PARTS, .where = NOWHERE},
    {.name = "csv", .run = play_csv, .bytes = 2048 * 64},
    {.name = "stdio", .run = play_stdio, .bytes = THREE_PARTS},
    {.name = "view", .run = play_view, .bytes = THREE_PARTS},
    {.name = "file", .run = play_put, .bytes = THREE_PARTS, .where = ON_FILE},
    {.name = "memory", .run = play_put, .bytes = THREE_PARTS, .where = ON_MEMORY},
    {.name = "custom", .run = play_custom, .bytes = SMALL, .where = ON_SHELF},
    {.name = "custom_gzip",
     .run = play_custom,
     .bytes = SMALL,
     .where = ON_SHELF,
     .compression = CW_COMPRESSION_GZIP},
    {.name = "read",
     .core = true,
     .run = play_read,
     .bytes = READ_BYTES,
     .where = NOWHERE,
     .prepare = leave_object},
    {.name = "read_gzip",
     .run = play_read,
     .bytes = THREE_PARTS,
     .where = NOWHERE,
     .compression = CW_COMPRESSION_GZIP,
     .prepare = leave_packed},
    {.name = "read_zstd",
     .run = play_read,
     .bytes = THREE_PARTS,
     .where = NOWHERE,
     .compression = CW_COMPRESSION_ZSTD,
     .prepare = leave_packed},
    {.name = "list", .run = play_list, .where = NOWHERE, .prepare = leave_uploads},
    {.name = "abort_upload", .run = play_abort_upload, .where = NOWHERE, .prepare = leave_uploads},
    {.name = "query", .core = true, .run = play_query, .bytes = SMALL, .prepare = leave_doubt},
    {.name = "environment",
     .run = play_environment,
     .bytes = SMALL,
     .prepare = prepare_environment,
     .own_client = true},
    {.name = "own_client", .run = play_own_client, .bytes = SMALL, .own_client = true},
    {.name = "tls", .run = play_parts, .bytes = THREE_PARTS, .tls = true},
    {.name = "tls_own_client",
     .run = play_own_client,
     .bytes = SMALL,
     .own_client = true,
     .tls = true},
    {.name = "after_500",
     .run = play_parts,
     .bytes = THREE_PARTS,
     .rules = "op=UploadPart part=2 do=status:500:InternalError\n"
              "op=CreateMultipartUpload do=drop_before\n"
              "op=CompleteMultipartUpload do=status:500:InternalError",
     .also = CW_E_INDETERMINATE},
    {.name = "lost_complete",
     .core = true,
     .run = play_parts,
     .bytes = THREE_PARTS,
     .rules = "op=CompleteMultipartUpload do=drop_reply_after_commit",
     .also = CW_E_INDETERMINATE},
    {.name = "lost_put",
     .run = play_put,
     .bytes = SMALL,
     .rules = "op=PutObject times=inf do=drop_reply_after_commit",
     .also = CW_E_INDETERMINATE},
    {.name = "lost_part",
     .run = play_parts,
     .bytes = THREE_PARTS,
     .rules = "op=UploadPart part=2 do=drop_reply_after_commit\n"
              "op=UploadPart part=2 do=status:403:AccessDenied",
     .also = CW_E_PERMISSION},
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

/* ---- the stage ---- */

/** Printable, so that printf and CSV can write it; in rows of 63 letters and a line end. */
static inline unsigned char *stage_data(size_t n)
{
    unsigned char *p = noise(n);

    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)('A' + p[i] % 58);
    return p;
}

static inline void stage_open(stage *s, const scenario *play)
{
    ts_options o = server_defaults();

    memset(s, 0, sizeof *s);
    s->play = play;
    s->patience = stage_client_options();
    o.tls = play->tls;
    o.max_keys = 1; /* a page for each upload */
    s->server = start_server(&o);
    snprintf(s->folder, sizeof s->folder, "/tmp/cw-torture-XXXXXX");
    REQUIRE(mkdtemp(s->folder));
    s->bytes = play->bytes;
    s->data = stage_data(play->bytes);
    if (play->where == ON_FILE)
        snprintf(s->url, sizeof s->url, "%s/object", s->folder);
    else
        snprintf(s->url, sizeof s->url, play->where == ON_MEMORY ? "mem://key" : "s3://bucket/key");
    if (play->run == play_csv)
        for (size_t i = 63; i < s->bytes; i += 64)
            s->data[i] = '\0';
}

/** A clean stage for one run; the client is made anew unless there is one or the play makes it. */
static inline void stage_prepare(stage *s)
{
    ts_server_reset(s->server);
    cw_memory_remove(NULL);
    unlink(s->url);
    free(s->shelf.p);
    s->shelf = (shelf){0};
    if (!s->play->own_client && !s->client) {
        s->client = start_client(s->server, &s->patience);
    }
    if (s->play->prepare)
        s->play->prepare(s);
    s->uploads_before = ts_upload_count(s->server);
    if (s->first_rules)
        CHECK_INT(ts_fault_add(s->server, s->first_rules), 0);
    if (s->play->rules)
        CHECK_INT(ts_fault_add(s->server, s->play->rules), 0);
}

/** Files other than the object and those that the stage itself put there. */
static inline unsigned stage_litter(const stage *s)
{
    char command[200];
    unsigned lines = 0;
    FILE *f;

    snprintf(command, sizeof command,
             "ls -A %s | grep -v -x -e object -e config -e credentials | wc -l", s->folder);
    f = popen(command, "r");
    REQUIRE(f && fscanf(f, "%u", &lines) == 1);
    pclose(f);
    return lines;
}

/** What lies there now, to be freed; NULL: nothing. */
static inline unsigned char *stage_object(stage *s, size_t *n)
{
    unsigned char *p = NULL;
    const void *memory;
    struct stat there;
    FILE *f;

    *n = 0;
    switch (s->play->where) {
    case ON_S3:
        return ts_object_bytes(s->server, "bucket", "key", n);
    case ON_MEMORY:
        if (cw_memory_get("key", &memory, n) != CW_OK)
            return NULL;
        p = malloc(*n + 1);
        REQUIRE(p);
        memcpy(p, memory, *n);
        return p;
    case ON_FILE:
        if (stat(s->url, &there) != 0)
            return NULL;
        *n = (size_t)there.st_size;
        p = malloc(*n + 1);
        f = fopen(s->url, "rb");
        REQUIRE(p && f && fread(p, 1, *n, f) == *n);
        fclose(f);
        return p;
    case ON_SHELF:
        if (!s->shelf.published)
            return NULL;
        p = malloc(s->shelf.n + 1);
        REQUIRE(p);
        memcpy(p, s->shelf.p ? s->shelf.p : "", s->shelf.n);
        *n = s->shelf.n;
        return p;
    case NOWHERE:
        break;
    }
    return ts_object_bytes(s->server, "bucket", "key", n);
}

static inline bool inflates_to(const unsigned char *p, size_t n, const unsigned char *want,
                               size_t bytes)
{
    unsigned char *out = malloc(bytes + 1);
    z_stream z = {.next_in = (unsigned char *)p,
                  .avail_in = (unsigned)n,
                  .next_out = out,
                  .avail_out = (unsigned)bytes + 1};
    bool same;

    REQUIRE(out && inflateInit2(&z, 15 + 16) == Z_OK);
    same = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0 && z.total_out == bytes &&
           memcmp(out, want, bytes) == 0;
    inflateEnd(&z);
    free(out);
    return same;
}

static inline bool unzstd_to(const unsigned char *p, size_t n, const unsigned char *want,
                             size_t bytes)
{
    unsigned char *out = malloc(bytes + 1);
    ZSTD_DCtx *z = ZSTD_createDCtx();
    ZSTD_inBuffer in = {p, n, 0};
    ZSTD_outBuffer to = {out, bytes + 1, 0};
    size_t left = 1;

    REQUIRE(out && z);
    while (left && !ZSTD_isError(left) && in.pos < in.size)
        left = ZSTD_decompressStream(z, &to, &in);
    ZSTD_freeDCtx(z);
    left = left == 0 && in.pos == n && to.pos == bytes && memcmp(out, want, bytes) == 0;
    free(out);
    return left != 0;
}

static inline bool stage_is_right(const stage *s, const unsigned char *p, size_t n)
{
    if (s->play->compression == CW_COMPRESSION_GZIP)
        return inflates_to(p, n, s->data, s->bytes);
    if (s->play->compression == CW_COMPRESSION_ZSTD)
        return unzstd_to(p, n, s->data, s->bytes);
    if (s->play->run != play_csv)
        return n == s->bytes && memcmp(p, s->data, n) == 0;
    for (size_t i = 0; i < n; i++)
        if (p[i] != (s->data[i] ? s->data[i] : '\n'))
            return false;
    return n == s->bytes;
}

/** How many uploads are there that were not before and that the error does not name? */
static inline size_t stage_lost_uploads(stage *s, const cw_error *err)
{
    size_t now = ts_upload_count(s->server), named = 0;
    char id[512];

    if (now <= s->uploads_before)
        return 0;
    for (size_t i = 0; i < now; i++)
        if (ts_upload_id(s->server, i, id, sizeof id) == 0 && strcmp(id, err->upload_id) == 0)
            named = 1;
    return now - s->uploads_before - named;
}

/** NULL: the promise was kept. Otherwise what is wrong. */
static inline const char *stage_verdict(stage *s, cw_status st, const cw_error *err)
{
    size_t n;
    unsigned char *p = stage_object(s, &n);
    bool there = p != NULL, right = there && stage_is_right(s, p, n);
    bool in_doubt = st == CW_E_INDETERMINATE;

    free(p);
    look_into_error(err);
    if (s->play->run == play_query)
        return there && right ? NULL : "asking about an object changed it";
    if (st == CW_OK && s->play->where != NOWHERE && !there)
        return "CW_OK, but there is no object";
    if (there && s->play->where == NOWHERE)
        return "there is an object that nobody published";
    if (there && st != CW_OK && !in_doubt)
        return "there is an object, though close did not answer CW_OK";
    if (there && !right)
        return "the object has other bytes";
    if (in_doubt && !err->commit_token[0] && s->play->where == ON_S3)
        return "an indeterminate answer without a commit token";
    if ((st == CW_OK) != (err->status == CW_OK) || (st != CW_OK && err->status != st))
        return "the error is another one than the status";
    if ((st == CW_OK) != (err->message[0] == '\0'))
        return "the message does not fit the status";
    if (stage_lost_uploads(s, err) > s->may_lose)
        return "an upload was left that the error does not name";
    if (s->play->where == ON_FILE && stage_litter(s) != 0)
        return "a temporary file was left";
    return NULL;
}

/**
 * Until the server has done with the client's requests, too: one that was given up in mid-way would
 * take a fault that the next run is to meet.
 */
static inline void stage_drop_client(stage *s)
{
    cw_client_release(s->client);
    s->client = NULL;
    for (int ms = 0; ms < 2000 && ts_connections_open(s->server); ms++)
        usleep(1000);
}

static inline void stage_close(stage *s)
{
    char path[200];
    static const char *const names[] = {"object", "config", "credentials"};

    stage_drop_client(s);
    ts_server_stop(s->server);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", s->folder, names[i]);
        unlink(path);
    }
    rmdir(s->folder);
    free(s->shelf.p);
    free(s->data);
}

#endif
