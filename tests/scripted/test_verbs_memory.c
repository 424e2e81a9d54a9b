/* test_verbs_memory.c - every allocation of every verb fails once: it says so, and nothing leaks */
#include "fault_alloc.h"
#include "fixture.h"

enum { BYTES = 5000 };

static char left_at[40] = "s3://bucket/to"; /* where an upload may be left */

typedef cw_status (*verb)(cw_client *c, cw_error *err);

static cw_status do_stat(cw_client *c, cw_error *err)
{
    cw_object_meta *m;
    cw_status st = cw_object_stat(&m, c, "s3://bucket/from", NULL, err);

    CHECK((st == CW_OK) == (m != NULL));
    cw_object_meta_free(m);
    return st;
}

static cw_status do_get(cw_client *c, cw_error *err)
{
    static char bytes[BYTES];
    size_t n;

    cw_status st = cw_object_get(bytes, sizeof bytes, &n, c, "s3://bucket/from", NULL, err);
    CHECK_INT(n, st == CW_OK ? BYTES : 0);
    return st;
}

static cw_status do_put(cw_client *c, cw_error *err)
{
    return cw_object_put(c, "s3://bucket/to", "hello", 5, NULL, NULL, err);
}

static cw_status list(cw_client *c, const char *url, cw_error *err)
{
    cw_list_options o = CW_LIST_OPTIONS_INIT;
    const cw_list_entry *e = NULL;
    cw_list *l;
    unsigned count = 0;

    o.delimiter = "/";
    o.start_after = "0";
    o.page_keys = 2;
    cw_status st = cw_list_open(&l, c, url, &o, err);
    while (st == CW_OK && (st = cw_list_next(l, &e, err)) == CW_OK && e)
        count++;
    CHECK(st != CW_OK || count == 4);
    cw_list_close(l);
    return st;
}

static cw_status do_list(cw_client *c, cw_error *err)
{
    return list(c, "s3://bucket/l/", err);
}

static cw_status list_memory(cw_client *c, cw_error *err)
{
    return list(c, "mem://l/", err);
}

static cw_status list_pattern(cw_client *c, cw_error *err)
{
    cw_list_options o = CW_LIST_OPTIONS_INIT;
    const cw_list_entry *e = NULL;
    cw_list *l;
    unsigned count = 0;

    o.glob = "l/[12]{,x}";
    o.page_keys = 1;
    cw_status st = cw_list_open(&l, c, "s3://bucket", &o, err);
    while (st == CW_OK && (st = cw_list_next(l, &e, err)) == CW_OK && e)
        count++;
    CHECK(st != CW_OK || count == 2);
    cw_list_close(l);
    return st;
}

/* Described in part: the rest, with the tags, is asked for. */
static cw_status copy_described(cw_client *c, cw_error *err)
{
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;
    cw_writer_options w = CW_WRITER_OPTIONS_INIT;
    cw_pair metadata = {"who", "me"};

    w.storage_class = "STANDARD_IA";
    w.metadata = &metadata;
    w.metadata_count = 1;
    o.describe = &w;
    o.keep = 1;
    return cw_object_copy(c, "s3://bucket/from", "s3://bucket/to", &o, NULL, err);
}

static cw_status copy_with_keys(cw_client *c, cw_error *err)
{
    static const unsigned char key[32] = "the first key, of 32 bytes, I sa";
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;
    cw_writer_options w = CW_WRITER_OPTIONS_INIT;

    w.sse = CW_SSE_C;
    w.sse_customer_key = key;
    o.describe = &w;
    o.sse_customer_key = key;
    o.multipart_bytes = 1000;
    return cw_object_copy(c, "s3://bucket/keyed", "s3://bucket/to", &o, NULL, err);
}

static cw_status do_copy(cw_client *c, cw_error *err)
{
    return cw_object_copy(c, "s3://bucket/from", "s3://bucket/to", NULL, NULL, err);
}

static cw_status copy_in_parts(cw_client *c, cw_error *err)
{
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;

    o.multipart_bytes = 1000;
    o.part_bytes = 2000;
    o.concurrency = 2;
    return cw_object_copy(c, "s3://bucket/from", "s3://bucket/to", &o, NULL, err);
}

static cw_status copy_memory(cw_client *c, cw_error *err)
{
    return cw_object_copy(c, "mem://l/1", "mem://other", NULL, NULL, err);
}

static cw_status get_tags(cw_client *c, cw_error *err)
{
    cw_object_tags *t;
    cw_status st = cw_object_tags_get(&t, c, "s3://bucket/from", err);

    CHECK(st != CW_OK || (t && t->count == 2));
    cw_object_tags_free(t);
    return st;
}

static cw_status put_tags(cw_client *c, cw_error *err)
{
    cw_pair tags[] = {{"a", "1"}, {"b", ""}};

    return cw_object_tags_put(c, "s3://bucket/from", tags, 2, err);
}

static cw_status delete_many(cw_client *c, cw_error *err)
{
    static const char *const urls[] = {"s3://bucket/x", "s3://bucket/y", "s3://bucket/z\x01",
                                       "mem://none"};

    return cw_object_delete_many(c, urls, 4, NULL, NULL, err);
}

static cw_status do_presign(cw_client *c, cw_error *err)
{
    char url[8192];

    return cw_presign(c, "s3://bucket/from", NULL, url, sizeof url, err);
}

static cw_status send_request(cw_client *c, cw_error *err)
{
    cw_response *r;
    cw_status st = cw_request_send(&r, c, "s3://bucket/from", NULL, err);

    CHECK(st != CW_OK || (r && r->body_bytes == BYTES));
    cw_response_free(r);
    return st;
}

static cw_status look_at_bucket(cw_client *c, cw_error *err)
{
    char region[64];

    return cw_bucket_location(c, "s3://bucket", region, sizeof region, err);
}

static cw_status open_store(cw_client *c, cw_error *err)
{
    cw_store *s;
    cw_status st = cw_store_open(&s, c, "s3://bucket/l", err);

    CHECK((st == CW_OK) == (s != NULL));
    cw_store_close(s);
    return st;
}

static bed prepare(void)
{
    static const char *const keys[] = {"l/1", "l/2", "l/3/a", "l/3/b", "l/4"};
    bed b = bed_open(NULL, NULL);
    unsigned char *data = noise(BYTES);
    cw_error err;

    ts_object_put(b.server, "bucket", "from", data, BYTES);
    cw_writer_options keyed = CW_WRITER_OPTIONS_INIT;
    keyed.sse = CW_SSE_C;
    keyed.sse_customer_key = (const unsigned char *)"the first key, of 32 bytes, I sa";
    CHECK_OK(send_bytes(&b, "keyed", &keyed, data, BYTES, NULL, &err), err);
    free(data);
    CHECK_OK(put_tags(b.client, &err), err);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char url[40];
        cw_writer *w;
        ts_object_put(b.server, "bucket", keys[i], "x", 1);
        snprintf(url, sizeof url, "mem://%s", keys[i]);
        CHECK_OK(cw_writer_open(&w, NULL, url, NULL, &err), err);
        CHECK_OK(cw_writer_close(w, NULL, &err), err);
    }
    return b;
}

/* An upload that could not be aborted either is named. */
static void clear_up(bed *b, const cw_error *err)
{
    cw_error again;

    if (ts_upload_count(b->server) == 0)
        return;
    CHECK(err->upload_id[0]);
    CHECK_INT(cw_upload_abort(b->client, left_at, err->upload_id, &again), CW_OK);
}

static void fail_each(verb run)
{
    bed b;
    long asked, n = 0, failed = 0;

    fault_install();
    fault_arm(0, 0);
    b = prepare();
    do {
        cw_error err;

        n++;
        fault_arm(n, n);
        cw_status st = run(b.client, &err);
        asked = fault_disarm();
        failed += st != CW_OK;
        if (st != CW_OK && st != CW_E_NO_MEMORY && st != CW_E_INDETERMINATE)
            CHECK_OK(st, err);
        CHECK_INT(err.status, st);
        clear_up(&b, &err);
    } while (asked >= n && n < 10000); /* until it ends before the nth */
    CHECK(failed > 0 && n > 1 && n < 10000);
    CHECK_INT(ts_upload_count(b.server), 0);
    bed_close(&b);
    cw_memory_remove(NULL);
    CHECK_INT(atomic_load(&fault_live), 0);
    fault_end();
}

/* Anew each time: what could not be deleted for want of memory stays. */
static cw_status probe(cw_client *c, cw_error *err)
{
    static unsigned n;

    snprintf(left_at, sizeof left_at, "s3://bucket/probe/%u", ++n);
    return cw_capabilities_probe(c, left_at, err);
}

#define VERB(fn)                                                                                   \
    static void failing_##fn(void)                                                                 \
    {                                                                                              \
        fail_each(fn);                                                                             \
    }
VERB(do_stat)
VERB(do_get)
VERB(do_put)
VERB(do_list)
VERB(list_memory)
VERB(list_pattern)
VERB(copy_described)
VERB(copy_with_keys)
VERB(do_copy)
VERB(copy_in_parts)
VERB(copy_memory)
VERB(get_tags)
VERB(put_tags)
VERB(delete_many)
VERB(do_presign)
VERB(send_request)
VERB(look_at_bucket)
VERB(open_store)
VERB(probe)

int main(int argc, char **argv)
{
    WITHIN(10000, failing_do_stat);
    WITHIN(10000, failing_do_get);
    WITHIN(10000, failing_do_put);
    WITHIN(10000, failing_do_list);
    WITHIN(10000, failing_list_memory);
    WITHIN(10000, failing_list_pattern);
    WITHIN(10000, failing_copy_described);
    WITHIN(10000, failing_copy_with_keys);
    WITHIN(10000, failing_do_copy);
    WITHIN(10000, failing_copy_in_parts);
    WITHIN(10000, failing_copy_memory);
    WITHIN(10000, failing_get_tags);
    WITHIN(10000, failing_put_tags);
    WITHIN(10000, failing_delete_many);
    WITHIN(10000, failing_do_presign);
    WITHIN(10000, failing_send_request);
    WITHIN(10000, failing_look_at_bucket);
    WITHIN(10000, failing_open_store);
    WITHIN(10000, failing_probe);
    return test_end();
}
