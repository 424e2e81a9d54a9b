/* about.c - the verbs stat, presign, mb and rb, and what all verbs on URLs share */
#include "client.h"
#include "failure.h"
#include "json.h"
#include "memory.h"
#include "place.h"
#include "say.h"
#include "stop.h"
#include "units.h"
#include "verbs.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int verbs_each(struct options *o,
               int (*act)(const struct options *o, cw_client *c, const char *url))
{
    cw_client *client = NULL;
    int code;

    if (o->operand_count == 0) {
        say("a URL is missing");
        return 2;
    }
    code = client_make(o, &client);
    for (size_t i = 0; i < o->operand_count && (code == 0 || client) && !stop_asked(); i++)
        code = exit_code_worse(code, act(o, client, o->operands[i]));
    cw_client_release(client);
    return stop_asked() ? exit_code_worse(code, 1) : code;
}

/* ---- stat ------------------------------------------------------------------------------------ */

static const struct {
    const char *name, *label;
    size_t offset;
} texts[] = {
    {"etag", "ETag", offsetof(cw_object_meta, etag)},
    {"version_id", "version", offsetof(cw_object_meta, version_id)},
    {"content_type", "content type", offsetof(cw_object_meta, content_type)},
    {"content_encoding", "content encoding", offsetof(cw_object_meta, content_encoding)},
    {"content_disposition", "content disposition", offsetof(cw_object_meta, content_disposition)},
    {"content_language", "content language", offsetof(cw_object_meta, content_language)},
    {"cache_control", "cache control", offsetof(cw_object_meta, cache_control)},
    {"storage_class", "storage class", offsetof(cw_object_meta, storage_class)},
    {"checksum", "checksum", offsetof(cw_object_meta, checksum)},
    {"checksum_type", "checksum type", offsetof(cw_object_meta, checksum_type)},
    {"sse", "encryption", offsetof(cw_object_meta, sse)},
    {"sse_kms_key_id", "KMS key", offsetof(cw_object_meta, sse_kms_key_id)},
    {"restore", "restore", offsetof(cw_object_meta, restore)},
};

enum { TEXTS = sizeof texts / sizeof *texts };

static const char *text_of(const cw_object_meta *m, size_t offset)
{
    const char *text;
    memcpy(&text, (const char *)m + offset, sizeof text);
    return text;
}

static void stat_json(const char *url, const cw_object_meta *m)
{
    struct json j = {0};
    char when[UNITS_TEXT];

    json_begin(&j, NULL);
    json_string(&j, "url", url);
    json_uint(&j, "bytes", m->bytes);
    json_string(&j, "modified", m->modified_ms ? units_format_time(when, m->modified_ms) : NULL);
    for (size_t i = 0; i < TEXTS; i++)
        json_string_if(&j, texts[i].name, text_of(m, texts[i].offset));
    json_uint(&j, "tags", m->tags_count);
    json_begin(&j, "metadata");
    for (size_t i = 0; i < m->metadata_count; i++)
        json_string(&j, m->metadata[i].name, m->metadata[i].value);
    json_end(&j);
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

static void tell_line(const char *label, const char *value)
{
    char *line = tool_format("  %-20s %s", label, value);
    say_result_safe(line);
    free(line);
}

static void stat_lines(const char *url, const cw_object_meta *m)
{
    char when[UNITS_TEXT], number[UNITS_TEXT];

    say_result_safe(url);
    snprintf(number, sizeof number, "%" PRIu64, m->bytes);
    tell_line("bytes", number);
    if (m->modified_ms)
        tell_line("modified", units_format_time(when, m->modified_ms));
    for (size_t i = 0; i < TEXTS; i++)
        if (text_of(m, texts[i].offset)[0])
            tell_line(texts[i].label, text_of(m, texts[i].offset));
    snprintf(number, sizeof number, "%" PRIu64, m->tags_count);
    if (m->tags_count)
        tell_line("tags", number);
    for (size_t i = 0; i < m->metadata_count; i++) {
        char *label = tool_format("metadata %s", m->metadata[i].name);
        tell_line(label, m->metadata[i].value);
        free(label);
    }
}

static int stat_one(const struct options *o, cw_client *client, const char *url)
{
    cw_object_stat_options how = CW_OBJECT_STAT_OPTIONS_INIT;
    cw_object_meta *m;
    cw_error err;

    how.version_id = o->reader.version_id;
    how.sse_customer_key = o->reader.sse_customer_key;
    if (cw_object_stat(&m, client, url, &how, &err) != CW_OK)
        return place_failed(o, url, &err);
    if (o->json)
        stat_json(url, m);
    else
        stat_lines(url, m);
    cw_object_meta_free(m);
    return 0;
}

int stat_main(struct options *o)
{
    return verbs_each(o, stat_one);
}

/* ---- buckets --------------------------------------------------------------------------------- */

static int mb_one(const struct options *o, cw_client *client, const char *url)
{
    cw_error err;

    if (cw_bucket_create(client, url, &err) != CW_OK)
        return place_failed(o, url, &err);
    place_tell(o, url, "created", "created");
    return 0;
}

int mb_main(struct options *o)
{
    return verbs_each(o, mb_one);
}

static int rb_one(const struct options *o, cw_client *client, const char *url)
{
    cw_error err;

    if (o->dry_run) {
        place_tell(o, url, "would delete", "would_delete");
        return 0;
    }
    if (cw_bucket_delete(client, url, &err) != CW_OK)
        return place_failed(o, url, &err);
    place_tell(o, url, "deleted", "deleted");
    return 0;
}

int rb_main(struct options *o)
{
    return verbs_each(o, rb_one);
}

/* ---- presign --------------------------------------------------------------------------------- */

static void tell_signed(const struct options *o, const char *url, const char *text)
{
    struct json j = {0};

    if (!o->json) {
        say_result(text);
        return;
    }
    json_begin(&j, NULL);
    json_string(&j, "url", url);
    json_string(&j, "signed", text);
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

static int presign_one(const struct options *o, cw_client *client, const char *url)
{
    enum { ROOM = 16384 };
    cw_presign_options how = CW_PRESIGN_OPTIONS_INIT;
    cw_pair type = {"content-type", o->writer.content_type};
    char *out = tool_alloc(ROOM);
    cw_error err;
    int code = 0;

    how.method = o->method;
    how.expires_s =
        o->expires_ms / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(o->expires_ms / 1000);
    how.headers = &type;
    how.header_count = type.value != NULL;
    if (cw_presign(client, url, &how, out, ROOM, &err) == CW_OK)
        tell_signed(o, url, out);
    else
        code = place_failed(o, url, &err);
    free(out);
    return code;
}

int presign_main(struct options *o)
{
    return verbs_each(o, presign_one);
}
