/* http.c - many HTTP/1.1 requests at once on one thread (libcurl's multi interface)
 *
 * Owns the multi handle, the transfers (http_transfer.c), and the queue before them. A call waits
 * in our own queue, not in libcurl's, until fewer than max_connections are running: so there are
 * never more easy handles, with their buffers, than connections, and no clock runs for a call that
 * nobody serves yet.
 *
 *     cw__http_start          admit               libcurl is done, or nothing moves
 *          ->  queued (handle: the cw__http)  ->  running (handle: its transfer)  ->  done
 *
 * One thread and no locks; only the wakeup may come from another one.
 *
 * The rest of a long reply may be received without libcurl (http_direct.c): its handle is out of
 * the multi handle then, and its socket among ours.
 *
 * libcurl must not be asked to drop a handle from within its own callbacks. A call that is
 * cancelled there loses its transfer at once, which is never to call it again, and the transfer is
 * dropped when curl_multi_perform has returned.
 */
#include "port/http.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "port/http_libcurl.h"
#include "port/http_queue.h"
#include "port/http_sockets.h"
#include "port/http_transfer.h"
#include "port/tls_batch.h"

#include <curl/curl.h>

static const uint64_t NEVER = UINT64_MAX;
enum { TICK_MS = 1000, SHORTEST_TICK_MS = 10, TICKS_IN_A_LIMIT = 8 };
enum { TURN_BYTES = 2 * 1024 * 1024 }; /* of a body; then it is the next socket's turn */

typedef struct transfer_list {
    cw__transfer *first;
    unsigned count;
} transfer_list;

struct cw__http {
    CURLM *multi;
    cw__sockets sockets;
    uint64_t due_ms; /* when libcurl wants to be called without an event; NEVER */
    cw__transfer_settings settings;
    unsigned max_connections;
    unsigned inside_most; /* connections that libcurl may have, of those */
    transfer_list running, idle;
    unsigned direct; /* of those running: without libcurl */
    cw__http_kept kept;
    cw__http_queue queued;
    uint64_t slept_us;
    bool inside_libcurl;
    bool failing;          /* the last call had no answer */
    bool opening;          /* one opened a connection, or lost one: the next may open one, too */
    unsigned most_at_once; /* calls, so far: no more connections than that are open */
    unsigned orphans;      /* running transfers whose call was cancelled inside libcurl */
    uint32_t tick_ms;      /* of the stall clocks: short enough for the shortest limit */
    uint64_t ticked_ms;
};

/* --- lists ------------------------------------------------------------------------------------ */

static void list_add(transfer_list *list, cw__transfer *x)
{
    x->prev = NULL;
    x->next = list->first;
    if (x->next)
        x->next->prev = x;
    list->first = x;
    list->count++;
}

static void list_remove(transfer_list *list, cw__transfer *x)
{
    if (x->prev)
        x->prev->next = x->next;
    else
        list->first = x->next;
    if (x->next)
        x->next->prev = x->prev;
    x->prev = x->next = NULL;
    list->count--;
}

/* --- from the queue to libcurl and back ------------------------------------------------------- */

static void choose_tick(cw__http *h, const cw__http_call *call)
{
    uint32_t limits[] = {call->stall_ms, call->reply_ms, call->patience_ms};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        uint32_t tick = limits[i] / TICKS_IN_A_LIMIT;
        if (tick < SHORTEST_TICK_MS)
            tick = SHORTEST_TICK_MS;
        if (limits[i] && tick < h->tick_ms)
            h->tick_ms = tick;
    }
}

static void fail_call(cw__http_call *call, cw__http_end end)
{
    cw__http_result result = {.end = end, .message = "out of memory"};
    call->handle = NULL;
    call->done(call->user, &result);
}

/* To be used again by the next call, this one first: its memory is warm. */
static void retire(cw__http *h, cw__transfer *x)
{
    list_remove(&h->running, x);
    curl_multi_remove_handle(h->multi, x->easy);
    cw__transfer_leave(x, NULL);
    if (x->direct) {
        cw__sockets_forget(&h->sockets, x->fd);
        h->direct--;
    }
    cw__transfer_release(x);
    if (x->call)
        x->call->handle = NULL;
    cw__transfer_clear(x);
    list_add(&h->idle, x);
    if (h->running.count == 0)
        h->tick_ms = TICK_MS;
}

static cw__transfer *take_transfer(cw__http *h)
{
    cw__transfer *x = h->idle.first;
    if (x)
        list_remove(&h->idle, x);
    else
        x = cw__transfer_new(&h->settings);
    return x;
}

/* One call after the other needs one address, as long as that is in order. */
static void spread(cw__http *h, cw__transfer *x, uint64_t now)
{
    bool resolve = h->running.count > 1 || h->failing;
    bool choose = h->opening || h->running.count > h->most_at_once;
    if (h->running.count > h->most_at_once)
        h->most_at_once = h->running.count;
    h->opening = false;
    cw__transfer_spread(x, now, resolve, choose);
}

/* Preparing may read the body, and reading may cancel. false: out of memory. */
static bool admit(cw__http *h, cw__http_call *call, uint64_t now)
{
    cw__transfer *x = take_transfer(h);
    if (!x)
        return false;
    call->handle = x;
    list_add(&h->running, x);
    h->inside_libcurl = true;
    bool ok = cw__transfer_prepare(x, call, now);
    h->inside_libcurl = false;
    bool cancelled = !x->call;
    if (cancelled)
        h->orphans--;
    if (ok && !cancelled)
        spread(h, x, now);
    if (ok && !cancelled && curl_multi_add_handle(h->multi, x->easy) == CURLM_OK) {
        choose_tick(h, call);
        return true;
    }
    retire(h, x);
    return cancelled;
}

/* false when one has failed at once: then there is news, and no reason to wait for any. */
static bool admit_queued(cw__http *h)
{
    uint64_t now = h->queued.first ? cw__clock_mono_ms() : 0;
    bool fine = true;
    while (h->queued.first && h->running.count < h->max_connections) {
        cw__http_call *call = h->queued.first;
        cw__http_queue_remove(&h->queued, call);
        if (!admit(h, call, now)) {
            fail_call(call, CW__HTTP_NO_MEMORY);
            fine = false;
        }
    }
    return fine;
}

/* The call may be freed or started again in `done`, so it is let go before. */
static void finish(cw__http *h, cw__transfer *x, const cw__http_result *result)
{
    cw__http_call *call = x->call;
    cw__http_result kept = *result;
    char message[CURL_ERROR_SIZE];
    cw__copy_string(message, sizeof message, result->message);
    kept.message = message;
    h->failing = result->end != CW__HTTP_ANSWERED;
    h->opening = h->opening || h->failing || result->new_connection;
    cw__transfer_leave(x, result);
    retire(h, x);
    call->done(call->user, &kept);
}

/* libcurl does so by itself, but not on what it took for a new connection. */
static bool was_dead(const cw__transfer *x, const cw__http_result *result)
{
    return x->lent && result->end != CW__HTTP_ANSWERED && !x->status;
}

static void send_again(cw__http *h, cw__transfer *x)
{
    cw__http_call *call = x->call;
    retire(h, x);
    call->again = h->opening = true;
    call->handle = h;
    cw__http_queue_first(&h->queued, call);
}

static void finish_ended(cw__http *h)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
        char *private = NULL;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
        if (m->msg != CURLMSG_DONE || !private)
            continue;
        cw__transfer *x = (void *)private;
        cw__http_result result = cw__transfer_result(x, m->data.result);
        if (was_dead(x, &result))
            send_again(h, x);
        else
            finish(h, x, &result);
    }
}

/* `done` may cancel any other call, so the walk starts again after each; so in the next. */
static void finish_direct(cw__http *h)
{
    for (cw__transfer *x = h->direct ? h->running.first : NULL; x;) {
        if (!x->over) {
            x = x->next;
            continue;
        }
        cw__http_result result = cw__transfer_result(x, x->code);
        finish(h, x, &result);
        x = h->running.first;
    }
}

static void drop_orphans(cw__http *h)
{
    for (cw__transfer *x = h->running.first, *next; x && h->orphans; x = next) {
        next = x->next;
        if (!x->call) {
            h->orphans--;
            retire(h, x);
        }
    }
}

static void resume_paused(cw__http *h)
{
    for (cw__transfer *x = h->running.first; x; x = x->next)
        if (x->paused) {
            x->paused = false;
            curl_easy_pause(x->easy, CURLPAUSE_CONT);
        }
}

static void finish_stalled(cw__http *h)
{
    uint64_t now = cw__clock_mono_ms();
    if (now - h->ticked_ms < h->tick_ms)
        return;
    h->ticked_ms = now;
    for (cw__transfer *x = h->running.first; x;) {
        if (!cw__transfer_stalled(x, now)) {
            x = x->next;
            continue;
        }
        cw__http_result result = cw__transfer_stall_result(x);
        finish(h, x, &result);
        x = h->running.first;
    }
}

/* --- libcurl's turn --------------------------------------------------------------------------- */

/* libcurl closes its socket, from 8.13 on in the name of a handle of its own. */
static void forget_socket(cw__http *h, curl_socket_t fd)
{
    cw__sockets_forget(&h->sockets, fd);
    for (cw__transfer *x = h->running.first; x; x = x->next)
        if (x->fd == fd)
            x->fd = CURL_SOCKET_BAD;
}

/* A socket that there is no memory to watch is left to the timeouts. */
static int on_socket_wish(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_data)
{
    cw__http *h = user;
    char *private = NULL;
    (void)socket_data;
    if (what == CURL_POLL_REMOVE) {
        forget_socket(h, fd);
        return 0;
    }
    (void)cw__sockets_watch(&h->sockets, fd, what & CURL_POLL_IN, what & CURL_POLL_OUT);
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    cw__transfer *x = (void *)private;
    if (x)
        x->fd = fd;
    return 0;
}

static int on_timer_wish(CURLM *multi, long timeout_ms, void *user)
{
    cw__http *h = user;
    (void)multi;
    h->due_ms = timeout_ms < 0 ? NEVER : cw__clock_mono_ms() + (uint64_t)timeout_ms;
    return 0;
}

static cw__transfer *transfer_at(const cw__http *h, int fd)
{
    cw__transfer *x = h->running.first;
    while (x && x->fd != fd)
        x = x->next;
    return x;
}

/* In gulps all of it has to be taken: TLS hands on a record at a time, and poll(2) keeps silent
   about the next. Else there is more, most likely, where libcurl's buffer was filled. */
static bool has_more(const cw__transfer *x, uint64_t got)
{
    return x->gulps ? got > 0 : got >= (uint64_t)x->receive_buffer_bytes;
}

static void serve(cw__http *h, const cw__sockets_ready *r)
{
    int events = (r->readable ? CURL_CSELECT_IN : 0) | (r->writable ? CURL_CSELECT_OUT : 0);
    cw__transfer *x = transfer_at(h, r->fd);
    uint64_t first = x ? x->body_got : 0, before;
    int running;
    if (x && x->direct) {
        cw__transfer_receive(x, TURN_BYTES);
        return;
    }
    do {
        before = x ? x->body_got : 0;
        curl_multi_socket_action(h->multi, r->fd, events, &running);
    } while (x && x->fd == r->fd && has_more(x, x->body_got - before) &&
             x->body_got - first < TURN_BYTES);
}

/* Its connection was taken from libcurl just now. That there is no memory to watch it is left to
 * the timeouts, too. */
static void go_on_directly(cw__http *h, cw__transfer *x)
{
    int libcurls = x->fd;
    curl_multi_remove_handle(h->multi, x->easy);
    cw__sockets_forget(&h->sockets, libcurls);
    (void)cw__sockets_watch(&h->sockets, x->ours, true, false);
    x->fd = x->ours;
    x->downloaded = x->body_got;
    x->direct = true;
    h->direct++;
    cw__transfer_receive(x, TURN_BYTES);
}

/* libcurl may have failed on it in the same turn: then it has told so, and nothing goes on. */
static void go_on_with_taken(cw__http *h)
{
    for (cw__transfer *x = h->running.first; x; x = x->next)
        if (x->ours != CURL_SOCKET_BAD && x->fd != CURL_SOCKET_BAD && !x->direct && x->call)
            go_on_directly(h, x);
}

static void perform(cw__http *h, size_t ready)
{
    int running;
    h->inside_libcurl = true;
    for (size_t i = 0; i < ready; i++)
        serve(h, &h->sockets.ready[i]);
    if (h->due_ms != NEVER && cw__clock_mono_ms() >= h->due_ms) {
        h->due_ms = NEVER;
        curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    resume_paused(h);
    go_on_with_taken(h);
    h->inside_libcurl = false;
    drop_orphans(h);
}

/*
 * libcurl's connections, those taken from it and the kept ones are no more than allowed together.
 * Each call that libcurl runs can have one; beyond that its idle ones have to go. It is told before
 * it runs one that was just admitted: of one put off it does not think again when it may have more.
 */
static void share_connections(cw__http *h)
{
    unsigned inside = h->running.count - h->direct, away = h->direct + h->kept.count;
    unsigned most = h->max_connections > away ? h->max_connections - away : 0;
    most = most > inside ? most : inside;
    if (most == 0 || most == h->inside_most)
        return;
    h->inside_most = most;
    curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)most);
}

static int time_to_wait(const cw__http *h, uint64_t timeout_ms)
{
    uint64_t wait = timeout_ms < INT32_MAX ? timeout_ms : INT32_MAX;
    if (h->running.count && h->tick_ms < wait)
        wait = h->tick_ms;
    if (h->due_ms != NEVER) {
        uint64_t now = cw__clock_mono_ms();
        uint64_t left = h->due_ms > now ? h->due_ms - now : 0;
        wait = left < wait ? left : wait;
    }
    return (int)wait;
}

static size_t wait_for_sockets(cw__http *h, int wait_ms)
{
    uint64_t before = cw__clock_mono_us();
    size_t ready = cw__sockets_wait(&h->sockets, wait_ms);
    h->slept_us += cw__clock_mono_us() - before;
    return ready;
}

/* --- the face --------------------------------------------------------------------------------- */

void cw__http_poll(cw__http *h, uint32_t timeout_ms)
{
    if (!admit_queued(h))
        timeout_ms = 0;
    share_connections(h);
    perform(h, wait_for_sockets(h, time_to_wait(h, timeout_ms)));
    finish_ended(h);
    finish_direct(h);
    finish_stalled(h);
    admit_queued(h);
}

uint64_t cw__http_slept_us(const cw__http *h)
{
    return h->slept_us;
}

bool cw__http_has_room(const cw__http *h)
{
    return !h->queued.first && h->running.count < h->max_connections;
}

bool cw__http_busy(const cw__http *h)
{
    return h->queued.first || h->running.count > 0;
}

void cw__http_wakeup(cw__http *h)
{
    cw__sockets_wakeup(&h->sockets);
}

static bool is_known_method(const cw__http_call *call)
{
    static const char *const with_body[] = {"PUT", "POST"};
    static const char *const without[] = {"GET", "HEAD", "DELETE"};
    for (size_t i = 0; i < 2; i++)
        if (strcmp(call->method, with_body[i]) == 0)
            return call->body_bytes == 0 || call->read;
    for (size_t i = 0; i < 3; i++)
        if (strcmp(call->method, without[i]) == 0)
            return call->body_bytes == 0;
    return false;
}

cw_status cw__http_start(cw__http *h, cw__http_call *call, cw_error *err)
{
    if (!cw__starts_with(call->url, "http:") && !cw__starts_with(call->url, "https:"))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' is no http URL", call->url);
    if (!is_known_method(call))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "%s with a body of %llu bytes is not possible",
                        call->method, (unsigned long long)call->body_bytes);
    call->again = false;
    call->handle = h;
    cw__http_queue_add(&h->queued, call);
    return CW_OK;
}

void cw__http_cancel(cw__http *h, cw__http_call *call)
{
    cw__transfer *x = call->handle;
    if (!x)
        return;
    if (call->handle == h) {
        cw__http_queue_remove(&h->queued, call);
        call->handle = NULL;
    } else if (h->inside_libcurl) {
        call->handle = NULL;
        x->call = NULL;
        h->orphans++;
    } else {
        retire(h, x);
    }
}

/* TLS within TLS: the batch would not know which of the two it gathers. */
static bool is_reached_through_tls(const cw__http_proxy *proxy)
{
    return proxy->url && cw__starts_with(proxy->url, "https:");
}

static bool open_multi(cw__http *h)
{
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    h->settings.short_upload_is_error = v->version_num >= 0x080700;
    h->settings.ipv6_is_first = v->version_num >= 0x080a00;
    if (!is_reached_through_tls(&h->settings.options.tls_proxy))
        h->settings.batch = cw__tls_batch_new(v->ssl_version);
    h->multi = curl_multi_init();
    if (!h->multi)
        return false;
    long max = (long)h->max_connections;
    return curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, max) == CURLM_OK &&
           curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, max) == CURLM_OK &&
           curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, max) == CURLM_OK &&
           curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) == CURLM_OK &&
           curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wish) == CURLM_OK &&
           curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h) == CURLM_OK &&
           curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer_wish) == CURLM_OK &&
           curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h) == CURLM_OK;
}

cw_status cw__http_new(cw__http **out, const cw__http_options *o, cw_error *err)
{
    *out = NULL;
    cw_status st = cw__http_look_at_libcurl(err);
    if (st != CW_OK)
        return st;
    cw__http *h = cw__alloc_zero(sizeof *h);
    if (!h)
        return cw__fail_memory(err, "preparing connections");
    cw__http_queue_init(&h->queued);
    h->tick_ms = TICK_MS;
    h->due_ms = NEVER;
    h->max_connections = o->max_connections ? o->max_connections : 1;
    int os_errno = cw__sockets_open(&h->sockets, 2 * (size_t)h->max_connections);
    if (os_errno) {
        cw__free(h);
        return os_errno == ENOMEM ? cw__fail_memory(err, "preparing connections")
                                  : cw__fail_errno(err, os_errno, "preparing connections");
    }
    h->settings.options = *o;
    h->settings.kept = &h->kept;
    if (!open_multi(h)) {
        cw__http_free(h);
        return cw__fail_memory(err, "preparing connections");
    }
    *out = h;
    return CW_OK;
}

/* The connections close with the multi handle, and with them ends their use of the batch. */
void cw__http_free(cw__http *h)
{
    if (!h)
        return;
    for (cw__http_call *call; (call = h->queued.first) != NULL; call->handle = NULL)
        cw__http_queue_remove(&h->queued, call);
    while (h->running.first)
        retire(h, h->running.first);
    while (h->idle.first) {
        cw__transfer *x = h->idle.first;
        list_remove(&h->idle, x);
        cw__transfer_free(x);
    }
    if (h->multi)
        curl_multi_cleanup(h->multi);
    while (h->kept.count)
        cw__http_kept_drop(&h->kept);
    cw__sockets_close(&h->sockets);
    cw__tls_batch_free(h->settings.batch);
    cw__free(h);
}
