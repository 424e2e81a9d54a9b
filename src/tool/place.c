/* place.c - URLs, what is below them, and what went wrong with one */
#include "place.h"
#include "failure.h"
#include "json.h"
#include "memory.h"
#include "report.h"
#include "say.h"
#include "stop.h"
#include <stdlib.h>
#include <string.h>

bool place_is_local(const char *url)
{
    return strncmp(url, "file://", 7) == 0 || !strstr(url, "://");
}

char *place_folder(const char *url)
{
    size_t n = strlen(url);
    return tool_format("%s%s", url, n > 0 && url[n - 1] == '/' ? "" : "/");
}

const char *place_name(const char *url)
{
    const char *slash = strrchr(url, '/');
    return slash ? slash + 1 : url;
}

bool place_is_safe(const char *path)
{
    while (*path) {
        size_t n = strcspn(path, "/");
        if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
            return false;
        path += n;
        if (*path == '/' && !*++path)
            return false;
    }
    return true;
}

static void fail_json(const char *url, const cw_error *err)
{
    struct json j = {0};
    json_begin(&j, NULL);
    json_string(&j, "url", url);
    json_string(&j, "status", "failed");
    report_error_json(&j, err);
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

int place_failed(const struct options *o, const char *url, const cw_error *err)
{
    char *text = report_error_text(err);
    if (o->json)
        fail_json(url, err);
    say_about(url, "%s", text);
    free(text);
    if (err->status == CW_E_INDETERMINATE)
        return 4;
    return err->status == CW_E_INVALID_ARGUMENT ? 2 : 1;
}

void place_tell(const struct options *o, const char *url, const char *words, const char *status)
{
    struct json j = {0};
    char *line;

    if (!o->json) {
        if (o->quiet)
            return;
        line = tool_format("%s  %s", words, url);
        say_result_safe(line);
        free(line);
        return;
    }
    json_begin(&j, NULL);
    json_string(&j, "url", url);
    json_string(&j, "status", status);
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

/* Bytes of a URL before its pattern; those of "*.csv", which is here, are none. */
static size_t before_pattern(const char *url)
{
    return strcspn(url, "*?[{\\");
}

char *place_base(const struct options *o, const char *url)
{
    size_t n = o->glob ? before_pattern(url) : 0;

    if (!o->glob)
        return place_folder(url);
    while (n > 0 && url[n - 1] != '/')
        n--;
    return n ? tool_format("%.*s", (int)n, url) : tool_strdup("./");
}

static bool names_bucket(const char *url)
{
    return strncmp(url, "s3://", 5) != 0 || strcspn(url + 5, "/") < before_pattern(url + 5);
}

cw_status place_list(cw_list **out, const struct options *o, cw_client *client, const char *url,
                     const cw_list_options *how, cw_error *err)
{
    cw_list_options options = CW_LIST_OPTIONS_INIT;
    char *from = how ? tool_strdup(url) : place_folder(url);
    cw_status status;

    *out = NULL;
    if (o->glob && !names_bucket(url)) {
        free(from);
        return failure(err, CW_E_INVALID_ARGUMENT, "wanted: s3://bucket/pattern");
    }
    if (how)
        options = *how;
    if (o->glob) {
        size_t n = before_pattern(url);
        bool here = !strchr(url, '/');
        free(from);
        from = tool_format("%s%.*s", here ? "./" : "", (int)n, url);
        options.glob = url + n;
        options.delimiter = NULL;
    }
    status = cw_list_open(out, client, from, &options, err);
    free(from);
    return status;
}

static int fail_plain(const char *url, const cw_error *err)
{
    struct options plain = {0};
    return place_failed(&plain, url, err);
}

void place_tell_none(const struct options *o, const char *url)
{
    if (!o->quiet && !o->force)
        say_about(url, "nothing %s", o->glob ? "matches" : "is below it");
}

int place_collect(const struct options *o, cw_client *client, const char *url, struct places *out)
{
    const cw_list_entry *e = NULL;
    cw_list *list;
    cw_error err;
    cw_status status = place_list(&list, o, client, url, NULL, &err);

    while (status == CW_OK && !stop_asked()) {
        status = cw_list_next(list, &e, &err);
        if (status != CW_OK || !e)
            break;
        struct place found = {.url = tool_strdup(e->url), .bytes = e->bytes};
        out->list = tool_append(out->list, &out->count, &found, sizeof found);
    }
    cw_list_close(list);
    if (status != CW_OK)
        return fail_plain(url, &err);
    if (stop_asked())
        return 1;
    if (out->count == 0)
        place_tell_none(o, url);
    return 0;
}

void place_free(struct places *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->list[i].url);
    free(p->list);
    *p = (struct places){0};
}
