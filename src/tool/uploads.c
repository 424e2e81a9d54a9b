/* uploads.c - the verb uploads: list and abort what was left behind
 *
 * What is to be aborted is listed to the end first: aborting while paging would change the pages.
 * One that is named is looked for in the list, since some services accept the abort of any id.
 */
#include "uploads.h"
#include "client.h"
#include "failure.h"
#include "json.h"
#include "memory.h"
#include "report.h"
#include "say.h"
#include "stop.h"
#include "units.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct upload {
    char *url;
    char *id;
    int64_t initiated_ms;
    bool named, unknown; /* on the command line; and not in the list */
};

struct found {
    const struct options *o;
    int64_t before_ms; /* only those begun earlier */
    struct upload *list;
    size_t count;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- finding --------------------------------------------------------------------------------- */

static int collect(void *user, const cw_upload_info *u)
{
    struct found *f = user;
    if (stop_asked())
        return 1;
    if (u->initiated_ms >= f->before_ms)
        return 0;

    struct upload upload = {.url = tool_format("s3://%s/%s", u->bucket, u->key),
                            .id = tool_strdup(u->upload_id),
                            .initiated_ms = u->initiated_ms};
    f->list = tool_append(f->list, &f->count, &upload, sizeof upload);
    return 0;
}

static int fail_about(const char *url, const cw_error *err)
{
    char *text = report_error_text(err);
    say_about(url, "%s", text);
    free(text);
    return err->status == CW_E_INVALID_ARGUMENT ? 2 : 1;
}

static int find(struct found *f, cw_client *client, const char *url)
{
    cw_error err;
    int64_t now = now_ms();
    int64_t age = f->o->older_than_ms < (uint64_t)now ? (int64_t)f->o->older_than_ms : now;

    f->before_ms = f->o->older_than_given ? now - age : INT64_MAX;
    if (cw_upload_list(client, url, collect, f, &err) == CW_OK)
        return 0;
    return fail_about(url, &err);
}

/* 1 ends the list. */
static int is_it(void *user, const cw_upload_info *u)
{
    const struct upload *wanted = user;
    size_t n = strlen(wanted->url), key = strlen(u->key);
    return n > key && strcmp(wanted->url + n - key, u->key) == 0 &&
           strcmp(wanted->id, u->upload_id) == 0;
}

/* The list came to its end without it. Where there is none, that is not known. */
static bool is_unknown(cw_client *client, struct upload *u)
{
    cw_error err;
    return cw_upload_list(client, u->url, is_it, u, &err) == CW_OK;
}

static void free_found(struct found *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->list[i].url);
        free(f->list[i].id);
    }
    free(f->list);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell_json(const struct upload *u, const char *status, const cw_error *err)
{
    struct json j = {0};
    char when[UNITS_TEXT];
    json_begin(&j, NULL);
    json_string(&j, "url", u->url);
    json_string(&j, "upload_id", u->id);
    json_string(&j, "initiated", u->initiated_ms ? units_format_time(when, u->initiated_ms) : NULL);
    json_string(&j, "status", status);
    if (err)
        report_error_json(&j, err);
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

static void tell(const struct options *o, const struct upload *u, const char *verb,
                 const char *status)
{
    char when[UNITS_TEXT];
    char *line;
    if (o->json) {
        tell_json(u, status, NULL);
        return;
    }
    if (o->quiet && *verb)
        return;
    line = tool_format("%s%s%s%s  %s", verb,
                       u->initiated_ms ? units_format_time(when, u->initiated_ms) : "",
                       u->initiated_ms ? "  " : "", u->url, u->id);
    say_result_safe(line);
    free(line);
}

/* ---- doing ----------------------------------------------------------------------------------- */

static int abort_one(const struct options *o, cw_client *client, const struct upload *u)
{
    cw_error err;
    cw_status status = o->dry_run ? CW_OK : cw_upload_abort(client, u->url, u->id, &err);
    if (status == CW_OK && u->unknown)
        status = failure(&err, CW_E_NOT_FOUND,
                         "the service lists no such upload: it was completed or aborted");
    if (status == CW_OK) {
        tell(o, u, o->dry_run ? "would abort  " : "aborted  ",
             o->dry_run ? "would_abort" : "aborted");
        return 0;
    }
    if (status == CW_E_NOT_FOUND && (o->force || !u->named)) {
        tell(o, u, "gone  ", "gone");
        return 0;
    }
    if (o->json)
        tell_json(u, "failed", &err);
    return fail_about(u->url, &err);
}

static int list(const struct options *o, cw_client *client, const char *url)
{
    struct found f = {.o = o};
    int code = find(&f, client, url);
    for (size_t i = 0; i < f.count; i++)
        tell(o, &f.list[i], "", "in_progress");
    free_found(&f);
    return code;
}

static int abort_found(const struct options *o, cw_client *client, const char *url)
{
    struct found f = {.o = o};
    int code = find(&f, client, url);
    for (size_t i = 0; code != 2 && i < f.count && !stop_asked(); i++)
        if (abort_one(o, client, &f.list[i]) != 0)
            code = 1;
    if (stop_asked())
        code = 1;
    free_found(&f);
    return code;
}

static bool is_usable(const struct options *o, bool aborts)
{
    bool by_id = o->operand_count == 3;
    if (o->operand_count < 2 || o->operand_count > 3 || (!aborts && by_id)) {
        say("wanted: uploads ls URL, or uploads abort URL [UPLOAD-ID]");
        return false;
    }
    if (!aborts && (o->all || o->dry_run || o->force)) {
        say("--all, --dry-run and --force go with abort");
        return false;
    }
    if (aborts && !by_id && !o->older_than_given && !o->all) {
        say("abort wants an upload id, --older-than AGE or --all: an upload that is being made "
            "now looks the same as one left behind");
        return false;
    }
    if (by_id && (o->older_than_given || o->all)) {
        say("abort wants either an upload id, or --older-than or --all");
        return false;
    }
    return true;
}

static int act(const struct options *o, cw_client *client, bool aborts)
{
    struct upload one = {
        .url = o->operands[1], .id = o->operand_count == 3 ? o->operands[2] : NULL, .named = true};
    if (!aborts)
        return list(o, client, one.url);
    if (!one.id)
        return abort_found(o, client, one.url);
    one.unknown = is_unknown(client, &one);
    return abort_one(o, client, &one);
}

int uploads_main(struct options *o)
{
    cw_client *client = NULL;
    const char *action = o->operand_count ? o->operands[0] : "";
    bool aborts = strcmp(action, "abort") == 0;
    int code;

    if (!aborts && strcmp(action, "ls") != 0) {
        say("uploads wants one of 'ls' and 'abort'");
        return 2;
    }
    if (!is_usable(o, aborts))
        return 2;
    code = client_make(o, &client);
    if (code == 0)
        code = act(o, client, aborts);
    cw_client_release(client);
    return code;
}
