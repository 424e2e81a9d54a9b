/* config.c - the verb config: what is in effect, from where, and for other programs
 *
 * How buckets are addressed is not decided here a second time: it is seen in the endpoint that the
 * library gives for one.
 */
#include "config.h"
#include "client.h"
#include "emit.h"
#include "json.h"
#include "memory.h"
#include "say.h"
#include "units.h"
#include <stdlib.h>
#include <string.h>

/* Says why not; NULL then. */
static cw_settings *open_settings(cw_client *client, const char *url)
{
    cw_settings *list = NULL;
    cw_error err;
    if (cw_settings_new(&list, client, url, &err) != CW_OK)
        say("%s", err.message);
    return list;
}

/* ---- for people, and as JSON ---- */

static int tell(cw_client *client, const char *url)
{
    cw_settings *list = open_settings(client, url);
    const cw_setting *s;
    if (!list)
        return 2;
    while ((s = cw_settings_next(list)) != NULL) {
        char *line =
            tool_format("%-36s  %-32s  %s", s->name, s->value[0] ? s->value : "-", s->origin);
        say_result_safe(line);
        free(line);
    }
    cw_settings_free(list);
    return 0;
}

static int tell_json(cw_client *client, const char *url)
{
    cw_settings *list = open_settings(client, url);
    const cw_setting *s;
    struct json j = {0};
    if (!list)
        return 2;
    json_begin(&j, NULL);
    while ((s = cw_settings_next(list)) != NULL) {
        json_begin(&j, s->name);
        json_string(&j, "value", s->value[0] ? s->value : NULL);
        json_string(&j, "origin", s->origin);
        json_end(&j);
    }
    json_end(&j);
    cw_settings_free(list);
    say_result(j.text);
    free(j.text);
    return 0;
}

/* ---- for other programs ---- */

/* The bucket of s3://bucket/key, which the library has accepted. */
static char *bucket_of(const char *url)
{
    char *bucket = tool_strdup(url + strlen("s3://"));
    bucket[strcspn(bucket, "/")] = '\0';
    return bucket;
}

/* The ARN of s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/key, which the library has accepted:
   its resource is of two words, or of four. */
static char *arn_of(const char *url)
{
    const char *arn = url + strlen("s3://"), *end = arn;
    for (int colons = 0; colons < 5; end++)
        colons += *end == ':';
    for (int words = strncmp(end, "outpost", strlen("outpost")) == 0 ? 4 : 2; words > 0; words--)
        end += strcspn(end, ":/") + (words > 1);
    return tool_format("%.*s", (int)(end - arn), arn);
}

/* "http://host:9000/prefix/bucket" or "http://bucket.host/": what is left without the bucket. What
   stands for an access point is always in the host, whatever its name. */
static void take_apart(struct emit_settings *s, const char *endpoint, const char *bucket)
{
    size_t n = strlen(bucket), scheme_n = strcspn(endpoint, ":");
    const char *host = endpoint + scheme_n + strlen("://");
    if (s->arn) {
        n = strcspn(host, ".");
        s->bucket = tool_format("%.*s", (int)n, host);
    }
    s->virtual_hosted = s->arn || (strncmp(host, bucket, n) == 0 && host[n] == '.');
    if (s->virtual_hosted)
        host += n + 1;
    size_t host_n = strcspn(host, "/");
    s->scheme = tool_format("%.*s", (int)scheme_n, endpoint);
    s->host = tool_format("%.*s", (int)host_n, host);
    s->path = tool_strdup(host + host_n);
    size_t path_n = strlen(s->path);
    if (path_n && s->path[path_n - 1] == '/')
        s->path[--path_n] = '\0';
    if (!s->virtual_hosted && path_n > n)
        s->path[path_n - n - 1] = '\0';
}

static void take(struct emit_settings *s, const cw_setting *one, const char *bucket)
{
    if (strcmp(one->name, "endpoint") == 0)
        take_apart(s, one->value, bucket);
    else if (strcmp(one->name, "region") == 0)
        s->region = tool_strdup(one->value);
    else if (strcmp(one->name, "ca_bundle") == 0 && one->value[0])
        s->ca_bundle = tool_strdup(one->value);
    else if (strcmp(one->name, "profile") == 0 && strcmp(one->origin, "default") != 0)
        s->profile = tool_strdup(one->value);
}

static bool ends_with(const char *s, size_t n, const char *end)
{
    size_t end_n = strlen(end);
    return n >= end_n && strncmp(s + n - end_n, end, end_n) == 0;
}

/* What a host at AWS begins with, before the region, that differs by no setting. */
static bool is_usual_name(const char *name, size_t n)
{
    static const char *const names[] = {"s3", "s3-accesspoint", "s3-object-lambda"};
    static const char zonal[] = "s3express-", fips[] = "s3express-fips-";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == n && strncmp(name, names[i], n) == 0)
            return true;
    if (strncmp(name, zonal, strlen(zonal)) == 0)
        return strncmp(name, fips, strlen(fips)) != 0 && !memchr(name, '.', n);
    return ends_with(name, n, ".s3-outposts");
}

/* Is it where everybody goes who is told the region and the bucket, and nothing else? */
static bool is_usual_place(const struct emit_settings *s)
{
    if (!s->region || !s->host || !s->virtual_hosted || strcmp(s->scheme, "https") != 0)
        return false;
    char *usual = tool_format(".%s.amazonaws.com", s->region);
    size_t n = strlen(s->host);
    bool same = ends_with(s->host, n, usual) && is_usual_name(s->host, n - strlen(usual));
    free(usual);
    return same || ends_with(s->host, n, ".accesspoint.s3-global.amazonaws.com");
}

static bool is_access_point(const char *url)
{
    return strncmp(url, "s3://arn:", strlen("s3://arn:")) == 0;
}

static bool is_directory(const char *bucket)
{
    size_t n = strlen(bucket);
    return ends_with(bucket, n, "--x-s3") || ends_with(bucket, n, "--xa-s3");
}

static int take_all(struct emit_settings *s, cw_client *client, const char *url)
{
    static const char any[] = "s3://any-bucket";
    cw_settings *list = open_settings(client, url ? url : any);
    const cw_setting *one;
    char *bucket;
    if (!list)
        return 2;
    if (url && is_access_point(url))
        s->arn = arn_of(url);
    bucket = bucket_of(url ? url : any);
    s->directory = is_directory(bucket);
    while ((one = cw_settings_next(list)) != NULL)
        take(s, one, bucket);
    cw_settings_free(list);
    s->aws = is_usual_place(s);
    if (s->scheme && strcmp(s->scheme, "https") != 0) { /* nobody to be trusted */
        free(s->ca_bundle);
        s->ca_bundle = NULL;
    }
    if (url && !s->arn)
        s->bucket = bucket;
    else
        free(bucket);
    return 0;
}

static int take_keys(struct emit_settings *s, cw_client *client)
{
    char when[UNITS_TEXT];
    cw_error err;
    if (cw_client_get_credentials(client, &s->keys, &err) != CW_OK) {
        say("%s", err.message);
        return 1;
    }
    s->anonymous = !s->keys.access_key_id;
    if (s->keys.expires_ms)
        s->expires = tool_strdup(units_format_time(when, s->keys.expires_ms));
    return 0;
}

static void free_settings(struct emit_settings *s)
{
    char *const texts[] = {s->region, s->scheme,    s->host,    s->path,   s->bucket,
                           s->arn,    s->ca_bundle, s->profile, s->expires};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    if (s->keys.release)
        s->keys.release(NULL, &s->keys);
}

static int emit_all(const struct options *o, cw_client *client, const char *url)
{
    struct emit_settings s = {.anonymous = o->client.anonymous != 0};
    const char *about, *wrong;
    int code;
    code = take_all(&s, client, url);
    if (code == 0 && o->secrets)
        code = take_keys(&s, client);
    if (code == 0 && (wrong = emit((enum emit_target)o->emit, &s, &about)) != NULL) {
        say("%s %s", about, wrong);
        code = 1;
    }
    free_settings(&s);
    return code;
}

int config_main(struct options *o)
{
    cw_client *client = NULL;
    const char *url = o->operand_count ? o->operands[0] : NULL;
    int code;
    if (o->operand_count > 1) {
        say("config wants one URL at most");
        return 2;
    }
    if (o->secrets && !o->emit) {
        say("--secrets goes with --emit");
        return 2;
    }
    code = client_make(o, &client);
    if (code == 0)
        code = o->emit   ? emit_all(o, client, url)
               : o->json ? tell_json(client, url)
                         : tell(client, url);
    cw_client_release(client);
    return code;
}
