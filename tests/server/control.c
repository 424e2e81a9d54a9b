/* control.c - the test server's own questions and orders over HTTP, below /_test/ */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_uploads(ts_server *s, ts_buf *b)
{
    bool first = true;

    ts_buf_puts(b, "\"uploads\":[");
    for (size_t i = 0; i < s->store.upload_n; i++) {
        const ts_upload *u = s->store.uploads[i];
        int parts = 0;

        if (!ts_upload_open(u))
            continue;
        for (int k = 0; k < u->part_cap; k++)
            parts += u->parts[k] != NULL;
        ts_buf_puts(b, first ? "{\"bucket\":" : ",{\"bucket\":");
        first = false;
        ts_buf_json(b, u->bucket);
        ts_buf_puts(b, ",\"key\":");
        ts_buf_json(b, u->key);
        ts_buf_printf(b, ",\"id\":\"%s\",\"parts\":%d}", u->id, parts);
    }
    ts_buf_puts(b, "]");
}

static void add_objects(ts_server *s, ts_buf *b)
{
    bool first = true;

    ts_buf_puts(b, "\"objects\":[");
    for (size_t i = 0; i < s->store.bucket_n; i++)
        for (size_t k = 0; k < s->store.buckets[i]->n; k++) {
            const ts_object *o = s->store.buckets[i]->objects[k];

            ts_buf_puts(b, first ? "{\"bucket\":" : ",{\"bucket\":");
            first = false;
            ts_buf_json(b, s->store.buckets[i]->name);
            ts_buf_puts(b, ",\"key\":");
            ts_buf_json(b, o->key);
            ts_buf_printf(b, ",\"size\":%llu,\"etag\":\"%s\"}", (unsigned long long)o->size,
                          o->etag);
        }
    ts_buf_puts(b, "]");
}

static void state(ts_server *s, ts_reply *r)
{
    ts_buf *b = &r->body;

    pthread_mutex_lock(&s->lock);
    ts_buf_puts(b, "{\"requests\":{");
    for (int i = 0, n = 0; i < TS_OP_COUNT; i++)
        if (s->counts[i])
            ts_buf_printf(b, "%s\"%s\":%llu", n++ ? "," : "", ts_op_names[i],
                          (unsigned long long)s->counts[i]);
    ts_buf_printf(
        b,
        "},\"connections\":%llu,\"parts_in_flight_max\":%llu,\"bytes_received\":%llu,"
        "\"signature_failures\":%llu,\"faults_fired\":%llu,\"throttled\":%llu,\"last_error\":",
        (unsigned long long)s->connections, (unsigned long long)s->parts_max,
        (unsigned long long)s->body_bytes, (unsigned long long)s->signature_failures,
        (unsigned long long)s->faults.fired, (unsigned long long)s->throttled);
    ts_buf_json(b, s->last_error ? s->last_error : "");
    ts_buf_puts(b, ",");
    add_uploads(s, b);
    ts_buf_puts(b, ",");
    add_objects(s, b);
    ts_buf_puts(b, "}\n");
    pthread_mutex_unlock(&s->lock);
    ts_header(r, "Content-Type", "application/json");
}

static int fault(ts_server *s, const char *text, ts_reply *r)
{
    char why[300];

    if (ts_fault_add(s, text) == 0)
        return 0;
    ts_last_error(s, why, sizeof why);
    return ts_fail(r, 400, "InvalidArgument", "%s", why);
}

static int credentials(ts_server *s, char *text, ts_reply *r)
{
    char *save = NULL, *access = strtok_r(text, " \t\r\n", &save);
    char *secret = strtok_r(NULL, " \t\r\n", &save), *token = strtok_r(NULL, " \t\r\n", &save);

    if (!secret)
        return ts_fail(r, 400, "InvalidArgument", "expected: ACCESS SECRET [TOKEN]");
    ts_credentials_rotate(s, access, secret, token);
    return 0;
}

int ts_control(ts_server *s, ts_request *q, ts_reply *r)
{
    char *text = ts_strndup(q->body ? (const char *)q->body : "", q->body ? q->body_n : 0), *end;
    const char *what = q->path + strlen("/_test/");
    bool post = !strcmp(q->method, "POST");
    int rc = 0;

    if (post && !strcmp(what, "fault")) {
        rc = fault(s, text, r);
    } else if (!strcmp(q->method, "DELETE") && !strcmp(what, "fault")) {
        ts_fault_clear(s);
    } else if (!strcmp(q->method, "GET") && !strcmp(what, "state")) {
        state(s, r);
    } else if (post && !strcmp(what, "skew")) {
        long long v = strtoll(text, &end, 10);
        if (end == text)
            rc = ts_fail(r, 400, "InvalidArgument", "expected: seconds");
        else
            ts_skew_set(s, v);
    } else if (post && !strcmp(what, "credentials")) {
        rc = credentials(s, text, r);
    } else if (post && !strcmp(what, "reset")) {
        ts_server_reset(s);
    } else {
        rc = ts_fail(r, 404, "NoSuchKey", "nothing at %s %s", q->method, q->path);
    }
    free(text);
    return rc;
}
