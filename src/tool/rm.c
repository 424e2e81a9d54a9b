/* rm.c - the verb rm: delete objects, or all that is below a URL
 *
 * What is below, or matches, is listed to the end first, so that nothing is deleted where the list
 * fails.
 */
#include "memory.h"
#include "place.h"
#include "say.h"
#include "stop.h"
#include "verbs.h"
#include <stdio.h>
#include <stdlib.h>

struct removal {
    const struct options *o;
    size_t done, count;
    bool shown;
    int code;
};

static int told(void *user, const char *url, const cw_error *outcome)
{
    struct removal *r = user;
    char text[100];

    if (outcome->status == CW_OK)
        place_tell(r->o, url, "deleted", "deleted");
    else if (place_failed(r->o, url, outcome))
        r->code = 1;
    if (++r->done % 1000 == 0 && r->shown) {
        snprintf(text, sizeof text, "deleted %zu of %zu", r->done, r->count);
        say_status(text);
    }
    return stop_asked();
}

static int delete_all(const struct options *o, cw_client *client, const struct places *found)
{
    struct removal r = {.o = o, .count = found->count, .shown = options_want_progress(o)};
    const char **urls = tool_alloc((found->count + 1) * sizeof *urls);
    cw_error err;
    cw_status status;

    for (size_t i = 0; i < found->count; i++)
        urls[i] = found->list[i].url;
    status = cw_object_delete_many(client, urls, found->count, told, &r, &err);
    if (r.shown)
        say_status(NULL);
    if (status != CW_OK && r.code == 0 && status != CW_E_CANCELLED)
        say("%s", err.message);
    free(urls);
    return status == CW_OK ? 0 : 1;
}

static int rm_below(const struct options *o, cw_client *client, const char *url)
{
    struct places found = {0};
    int code = place_collect(o, client, url, &found);

    if (code == 0 && o->dry_run)
        for (size_t i = 0; i < found.count; i++)
            place_tell(o, found.list[i].url, "would delete", "would_delete");
    else if (code == 0)
        code = delete_all(o, client, &found);
    place_free(&found);
    return code;
}

/* With -f nobody looks whether there was one: S3 answers a delete alike. */
static const char *what_became(const struct options *o)
{
    return o->force ? "gone" : "deleted";
}

/* What a dry run tells of is looked at, so that a missing object is told as such. */
static int rm_one(const struct options *o, cw_client *client, const char *url)
{
    cw_object_delete_options how = CW_OBJECT_DELETE_OPTIONS_INIT;
    cw_object_stat_options look = CW_OBJECT_STAT_OPTIONS_INIT;
    cw_object_meta *there = NULL;
    cw_error err;
    cw_status status;

    if (o->recursive || o->glob)
        return rm_below(o, client, url);
    how.missing_ok = o->force;
    how.version_id = look.version_id = o->reader.version_id;
    if (o->dry_run) {
        status = cw_object_stat(&there, client, url, &look, &err);
        cw_object_meta_free(there);
        if (status == CW_E_NOT_FOUND && o->force)
            return 0;
    } else {
        status = cw_object_delete(client, url, &how, &err);
    }
    if (status != CW_OK)
        return place_failed(o, url, &err);
    place_tell(o, url, o->dry_run ? "would delete" : what_became(o),
               o->dry_run ? "would_delete" : what_became(o));
    return 0;
}

int rm_main(struct options *o)
{
    if (o->reader.version_id && (o->recursive || o->glob)) {
        say("--version-id is of one object");
        return 2;
    }
    return verbs_each(o, rm_one);
}
