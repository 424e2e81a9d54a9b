/* transport.c - how a client's connections are made: TLS, proxies, the user agent */
#include "s3/transport.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>
#include <cloudwriter/version.h>

enum { DEFAULT_CONNECT_MS = 5000 };

/* A copy of our own; NULL for none, and when out of memory, which is looked for at the end. */
static const char *keep(cw__transport *t, cw__settings *s, const char *text)
{
    char *copy = cw__strdup(text);
    if (!copy)
        s->lines.failed |= text != NULL;
    else
        t->strings[t->count++] = copy;
    return copy;
}

/* ---- TLS ---- */

static cw_status take_tls(cw__transport *t, cw__settings *s, cw_error *err)
{
    static const char *const versions[] = {"1.2", "1.2", "1.3"};
    const cw_client_options *o = s->options;
    cw__http_options *h = &t->http;
    size_t minimum = (size_t)o->tls_minimum;
    if (minimum >= sizeof versions / sizeof *versions)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "tls_minimum is %zu: no such version", minimum);
    h->ca_bundle =
        keep(t, s, cw__settings_text(s, "ca_bundle", o->ca_bundle, &s->profile->ca_bundle, NULL));
    h->ca_directory = keep(t, s, cw__settings_text(s, "ca_directory", o->ca_directory, NULL, NULL));
    h->client_cert = keep(t, s, cw__settings_text(s, "client_cert", o->client_cert, NULL, NULL));
    h->client_key = keep(t, s, cw__settings_text(s, "client_key", o->client_key, NULL, NULL));
    h->client_key_password =
        keep(t, s, cw__settings_secret(s, "client_key_password", o->client_key_password));
    h->tls_1_3 = o->tls_minimum == CW_TLS_1_3;
    cw__settings_text(s, "tls_minimum", minimum ? versions[minimum] : NULL, NULL, versions[0]);
    h->no_verify = cw__settings_number(s, "no_verify", o->no_verify != 0, 0) != 0;
    if ((h->client_key || h->client_key_password) && !(o->client_cert && *o->client_cert))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "client_key is of no use without client_cert: name the file of the "
                        "certificate");
    return CW_OK;
}

/* ---- proxies ---- */

static void note_proxy(cw__settings *s, const char *name, const cw__proxy_url *p,
                       const char *origin)
{
    cw__text shown = {0};
    const char *host = p->url ? strstr(p->url, "://") + 3 : "";
    if (p->url)
        cw__text_addf(&shown, "%.*s%s%s", (int)(host - p->url), p->url, p->user ? "****@" : "",
                      host);
    cw__settings_note(s, name, cw__text_str(&shown), origin);
    s->lines.failed |= shown.failed;
    cw__text_free(&shown);
}

static cw_status take_proxy(cw__http_proxy *to, cw__proxy_url *p, cw__settings *s, const char *name,
                            const char *of_scheme, cw_error *err)
{
    const char *all = s->options->proxy_url, *url = all && *all ? all : of_scheme;
    cw__text room = {0};
    cw_error why = {0};
    cw_status status = CW_OK;
    const char *origin = url && *url ? cw__settings_origin(s, url, &room) : "default";
    if (url && *url)
        status = cw__proxy_url_parse(p, url, &why);
    if (status != CW_OK)
        cw__fail(err, status, "%s (%s): %s", url == all ? "proxy_url" : name, origin, why.message);
    else
        note_proxy(s, name, p, origin);
    s->lines.failed |= room.failed;
    cw__text_free(&room);
    *to = (cw__http_proxy){p->url, p->user, p->password, p->where};
    return status;
}

static cw_status take_proxies(cw__transport *t, cw__settings *s, cw_error *err)
{
    const cw_client_options *o = s->options;
    cw_status status = take_proxy(&t->http.tls_proxy, &t->tls_proxy, s, "https_proxy_url",
                                  o->https_proxy_url, err);
    if (status == CW_OK)
        status = take_proxy(&t->http.proxy, &t->proxy, s, "http_proxy_url", o->http_proxy_url, err);
    if (status == CW_OK)
        t->http.no_proxy = keep(t, s, cw__settings_text(s, "no_proxy", o->no_proxy, NULL, NULL));
    return status;
}

/* ---- the user agent ---- */

/* Nothing that would end the header or the word. */
static void add_word(cw__text *agent, const char *kind, const char *word)
{
    if (!word)
        return;
    cw__text_addf(agent, " %s/", kind);
    for (; *word; word++)
        cw__text_add_char(agent, *word > ' ' && *word < 0x7F ? *word : '-');
}

static cw_status take_user_agent(cw__transport *t, cw__settings *s, cw_error *err)
{
    const cw_client_options *o = s->options;
    const char *suffix =
        cw__settings_text(s, "user_agent_suffix", o->user_agent_suffix, NULL, NULL);
    cw__text agent = {0};
    for (const char *c = suffix; c && *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            return cw__fail(err, CW_E_INVALID_ARGUMENT,
                            "user_agent_suffix has a control character in it");
    cw__text_add(&agent, "libcloudwriter/" CW_VERSION_STRING);
    add_word(&agent, "exec-env",
             cw__settings_text(s, "execution_environment", o->execution_environment, NULL, NULL));
    add_word(&agent, "app",
             cw__settings_text(s, "app_id", o->app_id, &s->profile->sdk_ua_app_id, NULL));
    if (suffix)
        cw__text_addf(&agent, " %s", suffix);
    t->http.user_agent = keep(t, s, cw__text_str(&agent));
    s->lines.failed |= agent.failed;
    cw__text_free(&agent);
    return CW_OK;
}

/* ---- all of it ---- */

cw_status cw__transport_make(cw__transport *t, cw__settings *s, cw_error *err)
{
    cw_status status = take_tls(t, s, err);
    if (status == CW_OK)
        status = take_proxies(t, s, err);
    if (status == CW_OK)
        status = take_user_agent(t, s, err);
    t->http.connect_timeout_ms = (uint32_t)cw__settings_number(
        s, "connect_timeout_ms", s->options->connect_timeout_ms, DEFAULT_CONNECT_MS);
    if (status == CW_OK && s->lines.failed)
        status = cw__fail_memory(err, "making a client");
    return status;
}

void cw__transport_free(cw__transport *t)
{
    while (t->count)
        cw__free_secret(t->strings[--t->count]); /* one may be the password of a key */
    cw__proxy_url_free(&t->proxy);
    cw__proxy_url_free(&t->tls_proxy);
}
