/* cp.c - the verbs cp and mv: within a service by the service, else through this machine
 *
 * Each object is copied whole or not at all. What mv deletes it has looked at in its new place
 * before; through this machine, the sizes of both are compared. A disk that takes no more ends it.
 */
#include "client.h"
#include "failure.h"
#include "folders.h"
#include "memory.h"
#include "mime.h"
#include "place.h"
#include "say.h"
#include "stop.h"
#include "units.h"
#include "verbs.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 4 << 20 };

struct copying {
    const struct options *o;
    cw_client *client;
    bool move, many, shown;
    size_t done, count;
    uint64_t bytes, total;
};

/* ---- one object ------------------------------------------------------------------------------ */

static int on_progress(void *user, const cw_stats *now)
{
    (void)user;
    (void)now;
    return stop_asked();
}

static cw_status pump(cw_reader *r, cw_writer *w, cw_error *err)
{
    uint64_t at = 0, size = cw_reader_size(r);
    cw_status status = CW_OK;
    char *piece = tool_alloc(PIECE);

    while (status == CW_OK && at < size) {
        size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;
        status = stop_asked() ? failure(err, CW_E_CANCELLED, "stopped by a signal")
                              : cw_reader_pread(r, at, piece, n, err);
        if (status == CW_OK && (status = cw_writer_write(w, piece, n)) != CW_OK)
            *err = *cw_writer_error(w);
        at += n;
    }
    free(piece);
    return status;
}

static cw_status stream(const struct copying *c, const char *from, const char *to, cw_error *err)
{
    cw_writer_options how = c->o->writer;
    cw_reader *r = NULL;
    cw_writer *w = NULL;
    cw_status status = cw_reader_open_with(&r, c->client, from, &c->o->reader, err);

    if (status != CW_OK)
        return status;
    how.size_hint = cw_reader_size(r);
    how.progress = on_progress;
    if (!how.content_type && !place_is_local(to))
        how.content_type = mime_of_name(to);
    status = cw_writer_open(&w, c->client, to, &how, err);
    if (status == CW_OK) {
        status = pump(r, w, err);
        if (status == CW_OK)
            status = cw_writer_close(w, NULL, err);
        else
            cw_writer_abort(w, NULL);
    }
    cw_reader_close(r);
    return status;
}

static cw_status same_size(const struct copying *c, const char *from, const char *to, cw_error *err)
{
    cw_object_stat_options source = CW_OBJECT_STAT_OPTIONS_INIT,
                           target = CW_OBJECT_STAT_OPTIONS_INIT;
    cw_object_meta *a = NULL, *b = NULL;
    cw_status status;

    source.version_id = c->o->reader.version_id;
    source.sse_customer_key = c->o->reader.sse_customer_key;
    target.sse_customer_key = c->o->writer.sse_customer_key;
    status = cw_object_stat(&a, c->client, from, &source, err);
    if (status == CW_OK)
        status = cw_object_stat(&b, c->client, to, &target, err);
    if (status == CW_OK && a->bytes != b->bytes)
        status = failure(err, CW_E_INTEGRITY, "the copy has another size: nothing was deleted");
    cw_object_meta_free(a);
    cw_object_meta_free(b);
    return status;
}

static cw_status through_here(const struct copying *c, const char *from, const char *to,
                              cw_error *err)
{
    cw_object_delete_options gone = CW_OBJECT_DELETE_OPTIONS_INIT;
    cw_status status = stream(c, from, to, err);

    gone.version_id = c->o->reader.version_id;
    if (status == CW_OK && c->move)
        status = same_size(c, from, to, err);
    if (status == CW_OK && c->move)
        status = cw_object_delete(c->client, from, &gone, err);
    return status;
}

static bool is_described(const struct options *o)
{
    const cw_writer_options *w = &o->writer;

    return o->replace || w->content_type || w->content_encoding || w->content_disposition ||
           w->content_language || w->cache_control || w->metadata || w->tags || w->storage_class ||
           w->acl || w->sse != CW_SSE_BUCKET;
}

static cw_status copy_object(const struct copying *c, const char *from, const char *to,
                             cw_error *err)
{
    cw_object_copy_options how = CW_OBJECT_COPY_OPTIONS_INIT;

    if (place_is_local(from) != place_is_local(to))
        return through_here(c, from, to, err);
    how.create_only = c->o->writer.create_only;
    how.describe = is_described(c->o) ? &c->o->writer : NULL;
    how.keep = !c->o->replace;
    how.version_id = c->o->reader.version_id;
    how.if_match = c->o->reader.if_match;
    how.sse_customer_key = c->o->reader.sse_customer_key;
    how.progress = on_progress;
    return (c->move ? cw_object_move : cw_object_copy)(c->client, from, to, &how, NULL, err);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell_status(const struct copying *c)
{
    char text[160], done[UNITS_TEXT], total[UNITS_TEXT];

    if (!c->shown)
        return;
    snprintf(text, sizeof text, "%s %zu of %zu, %s of %s", c->move ? "moved" : "copied", c->done,
             c->count, units_format_bytes(done, (double)c->bytes),
             units_format_bytes(total, (double)c->total));
    say_status(text);
}

static void tell_done(const struct copying *c, const char *from, const char *to)
{
    bool dry = c->o->dry_run;
    const char *past = c->move ? "moved" : "copied", *verb = c->move ? "move" : "copy";
    char *words =
        dry ? tool_format("would %s  %s ->", verb, from) : tool_format("%s  %s ->", past, from);
    char *status = dry ? tool_format("would_%s", verb) : tool_strdup(past);

    place_tell(c->o, to, words, status);
    free(words);
    free(status);
}

/* Where reading fails with EIO, other files may be read. */
static bool disk_takes_no_more(const char *from, const char *to, const cw_error *err)
{
    bool of_source = err->os_errno == EIO && place_is_local(from);

    return place_is_local(to) && !of_source && failure_is_of_disk(err->os_errno);
}

static int act(struct copying *c, const char *from, const char *to, size_t folders)
{
    cw_error err;
    cw_status status = CW_OK;

    if (!c->o->dry_run)
        status = folders_make(to, folders, &err);
    if (status == CW_OK && !c->o->dry_run)
        status = copy_object(c, from, to, &err);
    if (status != CW_OK && c->many && disk_takes_no_more(from, to, &err))
        stop_ask();
    if (status != CW_OK)
        return place_failed(c->o, from, &err);
    tell_done(c, from, to);
    return 0;
}

/* ---- which objects --------------------------------------------------------------------------- */

static size_t slashes_in(const char *path)
{
    size_t n = 0;
    for (; *path; path++)
        n += *path == '/';
    return n;
}

/* A key may be what no file below a folder can be named: "../x". */
static int act_below(struct copying *c, const char *from, const char *target, const char *path)
{
    char *to = tool_format("%s%s", target, path);
    int code;

    if (place_is_local(target) && !place_is_safe(path)) {
        say_about(from, "no file can be named so below %s", target);
        code = 1;
    } else {
        code = act(c, from, to, slashes_in(path) + 1);
    }
    free(to);
    return code;
}

static int copy_below(struct copying *c, const char *from, const char *to)
{
    struct places found = {0};
    char *source = place_base(c->o, from), *target = place_folder(to);
    int code = place_collect(c->o, c->client, from, &found);

    if (code == 0 && !strncmp(target, source, strlen(source))) {
        say_about(from, "cannot be copied into itself");
        code = 2;
    }
    c->count += found.count;
    for (size_t i = 0; i < found.count; i++)
        c->total += found.list[i].bytes;
    for (size_t i = 0; code != 2 && i < found.count && !stop_asked(); i++) {
        const char *url = found.list[i].url;
        code = exit_code_worse(code, act_below(c, url, target, url + strlen(source)));
        c->done++;
        c->bytes += found.list[i].bytes;
        tell_status(c);
    }
    place_free(&found);
    free(source);
    free(target);
    return code;
}

static bool ends_in_slash(const char *url)
{
    size_t n = strlen(url);
    return n > 0 && url[n - 1] == '/';
}

static int copy_one(struct copying *c, const char *from, const char *to)
{
    if (c->o->recursive || c->o->glob)
        return copy_below(c, from, to);
    return ends_in_slash(to) ? act_below(c, from, to, place_name(from)) : act(c, from, to, 0);
}

static int run(struct options *o, bool move)
{
    struct copying c = {.o = o, .move = move};
    size_t sources = o->operand_count ? o->operand_count - 1 : 0;
    const char *to = sources ? o->operands[sources] : "";
    int code;

    if (sources == 0 || (sources > 1 && !ends_in_slash(to))) {
        say("wanted: %s SOURCE… TARGET; several sources go into a folder, TARGET/",
            move ? "mv" : "cp");
        return 2;
    }
    c.many = o->recursive || o->glob || sources > 1;
    if (c.many && (o->reader.version_id || o->reader.if_match)) {
        say("--version-id and --if-match are of one object");
        return 2;
    }
    c.shown = (o->recursive || o->glob) && options_want_progress(o);
    code = client_make(o, &c.client);
    for (size_t i = 0; i < sources && c.client && !stop_asked(); i++)
        code = exit_code_worse(code, copy_one(&c, o->operands[i], to));
    if (c.shown)
        say_status(NULL);
    if (stop_asked_here())
        say("%s", stop_reason());
    cw_client_release(c.client);
    return stop_asked() ? exit_code_worse(code, 1) : code;
}

int cp_main(struct options *o)
{
    return run(o, false);
}

int mv_main(struct options *o)
{
    return run(o, true);
}
