/* delete_many.c - delete many objects, in as few requests as the service allows
 *
 * URLs next to each other that are of one bucket make a batch. Keys that XML cannot hold, all of a
 * service that has no such request, and those that failed for a passing reason go one by one.
 */
#include <cloudwriter/object.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "s3/requests.h"
#include "store/backend.h"
#include "store/refusals.h"

#include <string.h>

enum { BATCH = 1000 };

typedef struct item {
    const char *url; /* the caller's */
    cw__url at;
    bool alone; /* not in the batch's request */
    cw_error outcome;
} item;

typedef struct deletion {
    cw_client *client;
    cw_object_each_fn each;
    void *user;
    item *items; /* of the batch */
    size_t count;
    size_t failed; /* of all batches */
    cw_error first;
    bool stopped;
} deletion;

/* ---- the request ---- */

/* XML 1.0 has no place for most control characters, nor for what is not UTF-8. */
static bool fits_xml(const char *key)
{
    for (const char *c = key; *c; c++)
        if ((unsigned char)*c < ' ')
            return false;
    return cw__is_utf8(key, strlen(key)) && !strstr(key, "\xef\xbf\xbe") &&
           !strstr(key, "\xef\xbf\xbf");
}

static size_t write_document(const deletion *d, cw__text *t)
{
    size_t written = 0;

    cw__text_add(t,
                 "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>");
    for (size_t i = 0; i < d->count; i++) {
        if (d->items[i].alone)
            continue;
        cw__text_add(t, "<Object><Key>");
        cw__text_add_xml(t, d->items[i].at.path);
        cw__text_add(t, "</Key></Object>");
        written++;
    }
    cw__text_add(t, "</Delete>");
    return written;
}

static item *find_item(const deletion *d, const char *key)
{
    for (size_t i = 0; i < d->count; i++)
        if (!d->items[i].alone && strcmp(d->items[i].at.path, key) == 0)
            return &d->items[i];
    return NULL;
}

/* One that the service says is not there was to be deleted, and is. */
static cw_status take_refusal(void *user, const cw__refusal *why, cw_error *err)
{
    item *of = find_item(user, why->key);

    if (!of)
        return cw__fail(err, CW_E_PROTOCOL,
                        "the service could not delete an object, and did not say which");
    if (why->passing) {
        of->alone = true;
    } else if (why->status != CW_E_NOT_FOUND) {
        cw__fail(&of->outcome, why->status, "cannot delete s3://%s/%.200s: %s: %s", of->at.bucket,
                 of->at.path, why->code, why->message);
        cw__copy_string(of->outcome.service_code, sizeof of->outcome.service_code, why->code);
        of->outcome.http_status = 200;
    }
    return CW_OK;
}

static cw_status send_batch(deletion *d, const cw__text *document, cw_error *err)
{
    const char *bucket = d->items[0].at.bucket;
    char hash[2 * CW__SHA256_BYTES + 1];
    cw__exchange x;
    cw_status st;

    cw__exchange_init(&x, d->client, cw__client_next_lane(d->client)->loop, "POST", bucket, "");
    cw__request_query(&x.request, "delete", NULL);
    cw__request_digest(&x, bucket, document);
    cw__request_document(&x, document, hash);
    x.expect = CW__EXPECT_DOCUMENT;
    x.root = "DeleteResult";
    x.doing = "delete objects of";
    st = cw__exchange_run(&x, err);
    if (st == CW_OK)
        st = cw__refusals_read(x.reply.document, take_refusal, d, err);
    cw__exchange_free(&x);
    return st;
}

/* ---- a batch ---- */

static void set_all_alone(deletion *d)
{
    for (size_t i = 0; i < d->count; i++)
        d->items[i].alone = true;
}

static cw_status delete_together(deletion *d, cw_error *err)
{
    cw__provider *provider = &d->client->provider;
    cw__text document = {0};
    cw_status st = CW_OK;

    if (d->count == 1 || cw__provider_is(provider, CW__NO_BATCH_DELETE))
        set_all_alone(d);
    else if (write_document(d, &document) > 0)
        st = document.failed ? cw__fail_memory(err, "deleting") : send_batch(d, &document, err);
    cw__text_free(&document);
    if (st != CW_E_UNSUPPORTED)
        return st;
    cw__provider_learn(provider, CW__NO_BATCH_DELETE, 0);
    set_all_alone(d);
    cw__error_clear(err);
    return CW_OK;
}

static cw_status delete_alone(const deletion *d, item *i)
{
    cw_object_delete_options o = CW_OBJECT_DELETE_OPTIONS_INIT;

    o.missing_ok = 1;
    return cw__backend_of(i->at.scheme)->remove(d->client, &i->at, &o, &i->outcome);
}

static void tell(deletion *d, const item *i)
{
    if (i->outcome.status != CW_OK && d->failed++ == 0)
        d->first = i->outcome;
    if (d->each && d->each(d->user, i->url, &i->outcome) != 0)
        d->stopped = true;
}

/* Whether what kept this one will keep all others of the bucket. */
static bool is_final(cw_status st)
{
    return st == CW_E_BUCKET_NOT_FOUND || st == CW_E_CREDENTIALS_MISSING ||
           st == CW_E_CREDENTIALS_EXPIRED || st == CW_E_UNAVAILABLE || st == CW_E_NO_MEMORY;
}

/* What ends it is told of every object that is left of the batch. */
static cw_status run_batch(deletion *d, cw_error *err)
{
    cw_error ended = {0};

    if (d->items[0].at.scheme != CW__SCHEME_S3)
        set_all_alone(d);
    else if (delete_together(d, err) != CW_OK)
        ended = *err;
    for (size_t i = 0; i < d->count && !d->stopped; i++) {
        item *now = &d->items[i];
        if (ended.status != CW_OK)
            now->outcome = ended;
        else if (now->alone && delete_alone(d, now) != CW_OK && is_final(now->outcome.status))
            ended = now->outcome;
        tell(d, now);
    }
    return ended.status;
}

/* ---- all ---- */

static void free_batch(deletion *d)
{
    for (size_t i = 0; i < d->count; i++)
        cw__url_free(&d->items[i].at);
    d->count = 0;
}

static bool belongs(const deletion *d, const cw__url *at)
{
    const cw__url *first = &d->items[0].at;

    if (d->count == 0)
        return true;
    return d->count < BATCH && at->scheme == first->scheme &&
           (at->scheme != CW__SCHEME_S3 || strcmp(at->bucket, first->bucket) == 0);
}

static cw_status add(deletion *d, const char *url, cw_error *err)
{
    cw__url at;
    cw_status st = cw__place_parse(&at, d->client, url, err);

    if (st != CW_OK)
        return st;
    if (!belongs(d, &at)) {
        st = run_batch(d, err);
        free_batch(d);
    }
    if (st != CW_OK || d->stopped) {
        cw__url_free(&at);
        return st;
    }
    item *i = &d->items[d->count++];
    *i = (item){.url = url, .at = at, .alone = !fits_xml(at.path)};
    return CW_OK;
}

/* Nothing is deleted where a URL is wrong. */
static cw_status check_all(const cw_client *c, const char *const *urls, size_t count, cw_error *err)
{
    cw_status st = CW_OK;

    for (size_t i = 0; st == CW_OK && i < count; i++) {
        cw__url at;
        st = cw__place_parse(&at, c, urls[i], err);
        if (st == CW_OK)
            cw__url_free(&at);
    }
    return st;
}

static cw_status outcome(const deletion *d, cw_status st, size_t count, cw_error *err)
{
    if (d->stopped)
        return cw__fail(err, CW_E_CANCELLED, "cancelled by the callback");
    if (d->failed > 0) {
        cw__error_copy(err, &d->first);
        if (d->failed > 1)
            cw__error_append(err, "; %zu of %zu were not deleted", d->failed, count);
        return d->first.status;
    }
    return st;
}

cw_status cw_object_delete_many(cw_client *c, const char *const *urls, size_t count,
                                cw_object_each_fn each, void *user, cw_error *err)
{
    deletion d = {.client = c, .each = each, .user = user};
    cw_error why = {0};
    cw_status st = CW_OK;

    cw__error_clear(err);
    if (count > 0)
        st = check_all(c, urls, count, err);
    if (count == 0 || st != CW_OK)
        return st;
    d.items = cw__alloc((count < BATCH ? count : BATCH) * sizeof *d.items);
    if (!d.items)
        return cw__fail_memory(err, "deleting");
    for (size_t i = 0; st == CW_OK && !d.stopped && i < count; i++)
        st = add(&d, urls[i], &why);
    if (st == CW_OK && !d.stopped && d.count > 0)
        st = run_batch(&d, &why);
    free_batch(&d);
    cw__free(d.items);
    cw__error_copy(err, &why);
    return outcome(&d, st, count, err);
}
