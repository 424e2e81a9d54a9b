/* settings_list.c - tell what a client's settings came to, and what the service has taught since */
#include "s3/client.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

struct cw_settings {
    cw__text lines; /* as in cw__settings */
    size_t at;
    cw__place place;
    const char *provider;
    bool no_checksums;
    cw_setting current;
};

static const char LEARNED[] = "learned";

static const char *take(cw_settings *s)
{
    const char *text = s->lines.p + s->at;
    s->at += strlen(text) + 1;
    return text;
}

static void put_learned(cw_settings *s, cw_setting *line)
{
    if (strcmp(line->name, "region") == 0 && strcmp(line->value, s->place.region) != 0)
        *line = (cw_setting){line->name, s->place.region, LEARNED};
    else if (strcmp(line->name, "provider") == 0 && strcmp(line->value, s->provider) != 0)
        *line = (cw_setting){line->name, s->provider, LEARNED};
    else if (strcmp(line->name, "checksum") == 0 && s->no_checksums)
        *line = (cw_setting){line->name, "none", LEARNED};
}

const cw_setting *cw_settings_next(cw_settings *s)
{
    if (s->at >= s->lines.n)
        return NULL;
    s->current.name = take(s);
    s->current.value = take(s);
    s->current.origin = take(s);
    put_learned(s, &s->current);
    return &s->current;
}

cw_status cw_settings_new(cw_settings **out, cw_client *c, const char *url, cw_error *err)
{
    cw__settings all = {0};
    cw__place place;
    *out = NULL;
    cw__error_clear(err);
    cw_status status = cw__client_check(c, err);
    if (status == CW_OK)
        status = cw__client_place(c, url, &place, err);
    if (status != CW_OK)
        return status;
    cw_settings *s = cw__alloc_zero(sizeof *s);
    cw__settings_note(&all, "endpoint", place.endpoint,
                      c->endpoint.custom ? "endpoint_url" : "region");
    cw__text_add_n(&all.lines, c->settings.lines.p, c->settings.lines.n);
    if (!s || all.lines.failed) {
        cw__free(s);
        cw__text_free(&all.lines);
        return cw__fail_memory(err, "listing the settings");
    }
    s->lines = all.lines;
    s->place = place;
    s->provider = cw__provider_name(&c->provider);
    s->no_checksums = cw__provider_is(&c->provider, CW__NO_CHECKSUMS);
    *out = s;
    return CW_OK;
}

void cw_settings_free(cw_settings *s)
{
    if (!s)
        return;
    cw__text_free(&s->lines);
    cw__free(s);
}
