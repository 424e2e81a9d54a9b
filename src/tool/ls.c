/* ls.c - the verbs ls, glob and du: what is below a URL, or matches a pattern */
#include "json.h"
#include "memory.h"
#include "place.h"
#include "say.h"
#include "stop.h"
#include "units.h"
#include "verbs.h"
#include <inttypes.h>
#include <stdlib.h>

/* ---- ls -------------------------------------------------------------------------------------- */

static void entry_json(const struct options *o, const cw_list_entry *e)
{
    struct json j = {0};
    char when[UNITS_TEXT];

    json_begin(&j, NULL);
    json_string(&j, "url", e->url);
    if (e->is_prefix) {
        json_string(&j, "type", "prefix");
    } else {
        json_string(&j, "type", e->is_delete_marker ? "delete_marker" : "object");
        json_uint(&j, "bytes", e->bytes);
        json_string(&j, "modified",
                    e->modified_ms ? units_format_time(when, e->modified_ms) : NULL);
        json_string_if(&j, "etag", e->etag);
        json_string_if(&j, "storage_class", e->storage_class);
    }
    if (o->versions && !e->is_prefix) {
        json_string(&j, "version_id", e->version_id);
        json_uint(&j, "latest", e->is_latest != 0);
    }
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

static void tell_entry(const struct options *o, const cw_list_entry *e)
{
    char when[UNITS_TEXT];
    char *line;

    if (o->json) {
        entry_json(o, e);
        return;
    }
    if (e->is_prefix)
        line = tool_format("%20s  %14s  %s", "", "-", e->url);
    else
        line = tool_format("%20s  %14" PRIu64 "  %s%s%s%s",
                           e->modified_ms ? units_format_time(when, e->modified_ms) : "", e->bytes,
                           e->url, o->versions ? "  " : "", e->version_id,
                           e->is_delete_marker ? "  (deleted)" : "");
    say_result_safe(line);
    free(line);
}

static void tell_url(const struct options *o, const cw_list_entry *e)
{
    if (o->json)
        entry_json(o, e);
    else
        say_result_safe(e->url);
}

static int ls_one(const struct options *o, cw_client *client, const char *url)
{
    cw_list_options how = CW_LIST_OPTIONS_INIT;
    const cw_list_entry *e = NULL;
    cw_list *list;
    cw_error err;
    cw_status status;

    how.delimiter = o->recursive ? NULL : "/";
    how.versions = o->versions;
    status = place_list(&list, o, client, url, &how, &err);
    while (status == CW_OK && !stop_asked()) {
        status = cw_list_next(list, &e, &err);
        if (status != CW_OK || !e)
            break;
        (o->verb == VERB_GLOB ? tell_url : tell_entry)(o, e);
    }
    cw_list_close(list);
    if (status != CW_OK)
        return place_failed(o, url, &err);
    return stop_asked() ? 1 : 0;
}

int ls_main(struct options *o)
{
    return verbs_each(o, ls_one);
}

int glob_main(struct options *o)
{
    o->glob = 1;
    return verbs_each(o, ls_one);
}

/* ---- du -------------------------------------------------------------------------------------- */

static void tell_total(const struct options *o, const char *url, uint64_t bytes, uint64_t objects)
{
    struct json j = {0};
    char text[UNITS_TEXT];
    char *line;

    if (!o->json) {
        line = tool_format("%14" PRIu64 "  %10s  %10" PRIu64 " objects  %s", bytes,
                           units_format_bytes(text, (double)bytes), objects, url);
        say_result_safe(line);
        free(line);
        return;
    }
    json_begin(&j, NULL);
    json_string(&j, "url", url);
    json_uint(&j, "bytes", bytes);
    json_uint(&j, "objects", objects);
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

static int du_one(const struct options *o, cw_client *client, const char *url)
{
    uint64_t bytes = 0, objects = 0;
    const cw_list_entry *e = NULL;
    cw_list *list;
    cw_error err;
    cw_list_options how = CW_LIST_OPTIONS_INIT;
    cw_status status = place_list(&list, o, client, url, &how, &err);

    while (status == CW_OK && !stop_asked()) {
        status = cw_list_next(list, &e, &err);
        if (status != CW_OK || !e)
            break;
        bytes += e->bytes;
        objects++;
    }
    cw_list_close(list);
    if (status != CW_OK)
        return place_failed(o, url, &err);
    if (stop_asked())
        return 1;
    tell_total(o, url, bytes, objects);
    return 0;
}

int du_main(struct options *o)
{
    return verbs_each(o, du_one);
}
