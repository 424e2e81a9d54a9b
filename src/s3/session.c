/* session.c - whose keys a request is signed with: the client's, or a directory bucket's
 *
 * Each session is a chain of keys with one provider, which sends CreateSession. It runs on the
 * chain's own thread, and the request on a loop of the client's, like any other.
 */
#include "s3/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "s3/exchange.h"
#include "s3/sts.h"

enum { DEADLINE_MS = 30000 };

typedef struct cw__session {
    struct cw__session *next;
    cw_client *client;
    cw__credentials *keys;
    char bucket[];
} cw__session;

/* ---- asking ---- */

static cw_status create(cw__session *s, const cw__asking *how, cw__keys **out, cw_error *err)
{
    cw__exchange x;
    cw_status st;

    cw__exchange_init(&x, s->client, cw__client_next_lane(s->client)->loop, "GET", s->bucket, "");
    cw__request_query(&x.request, "session", NULL);
    x.request.reach = CW__REACH_OWN;
    x.reply.body.secret = true;
    x.expect = CW__EXPECT_DOCUMENT;
    x.root = "CreateSessionResult";
    x.payload_hash = CW__EMPTY_SHA256;
    x.doing = "create a session with";
    x.deadline = cw__clock_mono_ms() + DEADLINE_MS;
    x.stop = how->stop;
    st = cw__exchange_run(&x, err);
    if (st == CW_OK)
        st = cw__sts_read_keys(out, cw__xml_root(x.reply.document), "a session with the bucket",
                               err);
    cw__exchange_free(&x);
    return st;
}

/* Who sends unsigned requests has no session either. */
static cw_status get(void *self, cw__asking *how, cw__keys **out, cw_error *err)
{
    cw__session *s = self;
    cw__credentials *own = s->client->credentials;
    cw__keys *k;
    cw_status st;

    if (cw__asking_refuses(how))
        return CW_E_CREDENTIALS_MISSING;
    how->final = true;
    st = cw__credentials_get(own, &k, err);
    if (st != CW_OK)
        return st;
    if (k->anonymous) {
        *out = cw__keys_new(NULL, NULL, NULL, 0, k->source);
        st = *out ? CW_OK : cw__fail_memory(err, "preparing a session");
    } else {
        st = create(s, how, out, err);
    }
    cw__keys_release(own, k);
    return st;
}

/* ---- all of a client's ---- */

int cw__sessions_init(cw__sessions *s)
{
    s->list = NULL;
    return cw__mutex_init(&s->lock);
}

void cw__sessions_destroy(cw__sessions *s)
{
    while (s->list) {
        cw__session *first = s->list;
        s->list = first->next;
        cw__credentials_free(first->keys);
        cw__free(first);
    }
    cw__mutex_destroy(&s->lock);
}

static cw_status add(cw_client *c, const char *bucket, cw__session **out, cw_error *err)
{
    size_t n = strlen(bucket) + 1;
    cw__session *s = cw__alloc_zero(sizeof *s + n);
    cw__credentials_provider p = {.name = "a session with the bucket", .get = get, .self = s};
    cw_status st;

    if (!s)
        return cw__fail_memory(err, "preparing a session");
    memcpy(s->bucket, bucket, n);
    s->client = c;
    st = cw__credentials_of(&s->keys, &p, err);
    if (st != CW_OK) {
        cw__free(s);
        return st;
    }
    s->next = c->sessions.list;
    c->sessions.list = *out = s;
    return CW_OK;
}

cw_status cw__client_keys(cw_client *c, const cw__route *r, const char *bucket,
                          cw__credentials **out, cw_error *err)
{
    cw__session *s;
    cw_status st = CW_OK;

    *out = c->credentials;
    if (!r->session)
        return CW_OK;
    cw__mutex_lock(&c->sessions.lock);
    s = c->sessions.list;
    while (s && strcmp(s->bucket, bucket) != 0)
        s = s->next;
    if (!s)
        st = add(c, bucket, &s, err);
    if (st == CW_OK)
        *out = s->keys;
    cw__mutex_unlock(&c->sessions.lock);
    return st;
}
