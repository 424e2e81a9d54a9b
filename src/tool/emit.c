/* emit.c - settings in the words of other programs
 *
 * All text is made before any is printed, since half of it would be run as the whole. A value is
 * quoted by the rules of the language that it goes to: SQL doubles the quote, Python escapes it,
 * the shell ends the text, writes it apart and begins again. No language here has a form of a line
 * break that survives every way of copying it, so a control character is refused, as is what is no
 * UTF-8.
 */
#include "emit.h"
#include "memory.h"
#include "say.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

struct page {
    char *text;
    size_t n, capacity;
    const char *comma;       /* before the next member */
    const char *bad, *about; /* why it cannot be, once it cannot */
};

static void add(struct page *p, const char *s)
{
    size_t n = strlen(s);
    if (p->n + n + 1 > p->capacity) {
        char *bigger;
        p->capacity = 2 * (p->n + n + 1);
        bigger = tool_alloc(p->capacity);
        if (p->n)
            memcpy(bigger, p->text, p->n);
        if (p->text)
            explicit_bzero(p->text, p->n); /* there may be a key in it */
        free(p->text);
        p->text = bigger;
    }
    memcpy(p->text + p->n, s, n + 1);
    p->n += n;
}

static void check(struct page *p, const char *name, const char *value)
{
    bool control = false;
    for (const char *c = value; *c; c++)
        control |= (unsigned char)*c < ' ' || *c == 0x7F;
    if (p->bad || (!control && utf8_is_valid(value, strlen(value))))
        return;
    p->bad = control ? "has a line break or another control character in it" : "is not UTF-8";
    p->about = name;
}

/* The value between `quote`s, with `escaped` for each quote and backslashes doubled by choice. */
static void add_quoted(struct page *p, const char *name, const char *value, const char *quote,
                       const char *escaped, bool backslash)
{
    check(p, name, value);
    add(p, quote);
    for (; *value; value++) {
        char c[2] = {*value, '\0'};
        add(p, c[0] == quote[0] ? escaped : backslash && c[0] == '\\' ? "\\\\" : c);
    }
    add(p, quote);
}

static void add_comment(struct page *p, const char *mark, const char *text)
{
    check(p, "a comment", text);
    add(p, mark);
    add(p, " ");
    add(p, text);
    add(p, "\n");
}

static void comment(struct page *p, const char *mark, const char *before, const char *value,
                    const char *after)
{
    char *text = tool_format("%s%s%s", before, value, after);
    add_comment(p, mark, text);
    free(text);
}

static void add_how_keys_are_had(struct page *p, const char *mark, const struct emit_settings *s)
{
    if (s->keys.access_key_id && s->expires)
        comment(p, mark, "these keys expire ", s->expires, "");
    else if (!s->keys.access_key_id && !s->anonymous)
        add_comment(p, mark, "keys are looked for as the AWS tools do; --secrets prints ours");
}

/* The host of an access point is a service's like any other, and what stands before it a bucket's
   name, for a program that knows nothing of ARNs. */
static void name_point(struct page *p, const char *mark, const struct emit_settings *s)
{
    if (s->arn)
        comment(p, mark, "the access point is s3://", s->bucket, "/ here");
}

/* For one that knows them. */
static void name_arn(struct page *p, const struct emit_settings *s)
{
    if (s->arn)
        comment(p, "#", "in place of a bucket's name: ", s->arn, "");
    if (s->arn && strstr(s->arn, "::"))
        add_comment(p, "#",
                    "the AWS tools need their extra \"crt\" for it: pip install botocore[crt]");
}

/* ---- SQL ---- */

static void sql(struct page *p, const char *name, const char *value)
{
    if (!value)
        return;
    add(p, p->comma);
    add(p, name);
    add(p, " ");
    add_quoted(p, name, value, "'", "''", false);
    p->comma = ",\n    ";
}

static void duckdb(struct page *p, const struct emit_settings *s)
{
    char *scope = s->bucket ? tool_format("s3://%s/", s->bucket) : NULL;
    bool chain = !s->keys.access_key_id && !s->anonymous;
    name_point(p, "--", s);
    add_how_keys_are_had(p, "--", s);
    if (chain)
        add(p, "INSTALL aws;\nLOAD aws;\n");
    add(p, "INSTALL httpfs;\nLOAD httpfs;\n");
    if (s->ca_bundle) {
        add(p, "SET ca_cert_file = ");
        add_quoted(p, "ca_bundle", s->ca_bundle, "'", "''", false);
        add(p, ";\nSET enable_server_cert_verification = true;\n");
    }
    add(p, "CREATE OR REPLACE SECRET cloudwriter (\n    TYPE s3");
    p->comma = ",\n    ";
    add(p, chain ? ",\n    PROVIDER credential_chain" : ",\n    PROVIDER config");
    if (chain && s->profile) {
        sql(p, "CHAIN", "config");
        sql(p, "PROFILE", s->profile);
    }
    sql(p, "KEY_ID", s->keys.access_key_id);
    sql(p, "SECRET", s->keys.secret_access_key);
    sql(p, "SESSION_TOKEN", s->keys.session_token);
    sql(p, "REGION", s->region);
    sql(p, "ENDPOINT", s->host);
    sql(p, "URL_STYLE", s->virtual_hosted ? "vhost" : "path");
    add(p, strcmp(s->scheme, "https") == 0 ? ",\n    USE_SSL true" : ",\n    USE_SSL false");
    sql(p, "SCOPE", scope);
    add(p, "\n);\n");
    free(scope);
}

/* ---- Python ---- */

static void begin(struct page *p, const char *name)
{
    if (name) {
        add(p, p->comma);
        add_quoted(p, name, name, "\"", "\\\"", true);
        add(p, ": ");
    }
    add(p, "{");
    p->comma = "";
}

static void end(struct page *p)
{
    add(p, "}");
    p->comma = ", ";
}

static void python(struct page *p, const char *name, const char *value)
{
    if (!value)
        return;
    add(p, p->comma);
    add_quoted(p, name, name, "\"", "\\\"", true);
    add(p, ": ");
    add_quoted(p, name, value, "\"", "\\\"", true);
    p->comma = ", ";
}

static void python_true(struct page *p, const char *name, bool value)
{
    if (!value)
        return;
    add(p, p->comma);
    add_quoted(p, name, name, "\"", "\\\"", true);
    add(p, ": True");
    p->comma = ", ";
}

static void add_keys(struct page *p, const struct emit_settings *s, const char *id,
                     const char *secret, const char *token)
{
    python(p, id, s->keys.access_key_id);
    python(p, secret, s->keys.secret_access_key);
    python(p, token, s->keys.session_token);
}

static void name_profile(struct page *p, const struct emit_settings *s)
{
    if (s->profile && !s->keys.access_key_id && !s->anonymous)
        comment(p, "#", "of the profile '", s->profile, "': it must be in AWS_PROFILE");
}

/* object_store wants the bucket in the endpoint's name where it is in the host. */
static void polars(struct page *p, const struct emit_settings *s)
{
    bool in_host = s->virtual_hosted && (s->aws || s->bucket);
    bool named = in_host && s->bucket, usual = s->aws && !s->arn;
    char *url = tool_format("%s://%s%s%s%s", s->scheme, named ? s->bucket : "", named ? "." : "",
                            s->host, s->path);
    name_point(p, "#", s);
    add_how_keys_are_had(p, "#", s);
    name_profile(p, s);
    if (s->ca_bundle)
        comment(p, "#", "no option takes the authorities: put ", s->ca_bundle,
                " into SSL_CERT_FILE");
    if (s->virtual_hosted && !in_host)
        add_comment(p, "#", "for requests that name the bucket in the host, give its URL");
    begin(p, NULL);
    add_keys(p, s, "aws_access_key_id", "aws_secret_access_key", "aws_session_token");
    python(p, "aws_skip_signature", s->anonymous ? "true" : NULL);
    python(p, "aws_region", s->region);
    python(p, "aws_endpoint_url", usual ? NULL : url);
    python(p, "aws_s3_express", s->directory ? "true" : NULL);
    python(p, "aws_virtual_hosted_style_request", in_host ? "true" : "false");
    python(p, "aws_allow_http", strcmp(s->scheme, "http") == 0 ? "true" : NULL);
    end(p);
    add(p, "\n");
    free(url);
}

static void fsspec(struct page *p, const struct emit_settings *s)
{
    char *url = tool_format("%s://%s%s", s->scheme, s->host, s->path);
    name_arn(p, s);
    add_how_keys_are_had(p, "#", s);
    begin(p, NULL);
    add_keys(p, s, "key", "secret", "token");
    python_true(p, "anon", s->anonymous);
    python(p, "profile", s->keys.access_key_id || s->anonymous ? NULL : s->profile);
    python(p, "endpoint_url", s->aws ? NULL : url);
    begin(p, "client_kwargs");
    python(p, "region_name", s->region);
    python(p, "verify", s->ca_bundle);
    end(p);
    begin(p, "config_kwargs");
    begin(p, "s3");
    python(p, "addressing_style", s->virtual_hosted ? "virtual" : "path");
    end(p);
    end(p);
    end(p);
    add(p, "\n");
    free(url);
}

static void pyarrow(struct page *p, const struct emit_settings *s)
{
    bool usual = s->aws && !s->arn;
    name_point(p, "#", s);
    add_how_keys_are_had(p, "#", s);
    name_profile(p, s);
    begin(p, NULL);
    add_keys(p, s, "access_key", "secret_key", "session_token");
    python_true(p, "anonymous", s->anonymous);
    python(p, "region", s->region);
    python(p, "scheme", s->scheme);
    python(p, "endpoint_override", usual ? NULL : s->host);
    python_true(p, "force_virtual_addressing", s->virtual_hosted && !usual);
    python(p, "tls_ca_file_path", s->ca_bundle);
    end(p);
    add(p, "\n");
}

/* ---- the shell ---- */

static void export(struct page *p, const char *name, const char *value)
{
    if (!value)
        return;
    add(p, "export ");
    add(p, name);
    add(p, "=");
    add_quoted(p, name, value, "'", "'\\''", false);
    add(p, "\n");
}

static void env(struct page *p, const struct emit_settings *s)
{
    char *url = tool_format("%s://%s%s", s->scheme, s->host, s->path);
    name_arn(p, s);
    add_how_keys_are_had(p, "#", s);
    if (s->anonymous)
        add_comment(p, "#", "requests are unsigned, for which there is no variable");
    export(p, "AWS_ACCESS_KEY_ID", s->keys.access_key_id);
    export(p, "AWS_SECRET_ACCESS_KEY", s->keys.secret_access_key);
    if (s->keys.access_key_id && !s->keys.session_token)
        add(p, "unset AWS_SESSION_TOKEN\n");
    export(p, "AWS_SESSION_TOKEN", s->keys.session_token);
    export(p, "AWS_PROFILE", s->keys.access_key_id ? NULL : s->profile);
    export(p, "AWS_REGION", s->region);
    export(p, "AWS_ENDPOINT_URL_S3", s->aws ? NULL : url);
    export(p, "AWS_CA_BUNDLE", s->ca_bundle);
    free(url);
}

/* ---- all of them ---- */

static bool bucket_ends(const struct emit_settings *s, const char *end)
{
    size_t n = s->bucket ? strlen(s->bucket) : 0, end_n = strlen(end);
    return n > end_n && strcmp(s->bucket + n - end_n, end) == 0;
}

/* Why a program that signs for "s3" and one region cannot reach it; NULL: it can. */
static const char *signed_otherwise(const struct emit_settings *s)
{
    if (s->arn && strstr(s->arn, "::"))
        return "is of many regions, and this program signs for one alone";
    if (s->arn && strstr(s->arn, ":s3-object-lambda:"))
        return "is one of Object Lambda, and this program signs for S3 alone";
    if ((s->arn && strstr(s->arn, ":s3-outposts:")) || bucket_ends(s, "--op-s3"))
        return "is one on Outposts, and this program signs for S3 alone";
    return NULL;
}

static const char *impossible(enum emit_target target, const struct emit_settings *s,
                              const char **about)
{
    bool host_only = target == EMIT_DUCKDB || target == EMIT_PYARROW;
    const char *why = host_only || target == EMIT_POLARS ? signed_otherwise(s) : NULL;
    *about = why ? "the access point" : s->directory ? "the directory bucket" : "the endpoint";
    if (!why && target == EMIT_POLARS && bucket_ends(s, "--xa-s3"))
        return "is named by an access point of it, which this program does not know";
    if (!why && target == EMIT_POLARS && s->directory && !s->aws)
        return "has an endpoint of its own, and this program asks for its sessions at AWS alone";
    if (!why && host_only && s->path[0])
        return "has a path, for which this program has no setting";
    return why;
}

const char *emit(enum emit_target target, const struct emit_settings *s, const char **about)
{
    static void (*const writers[])(struct page *, const struct emit_settings *) = {
        [EMIT_DUCKDB] = duckdb,   [EMIT_POLARS] = polars, [EMIT_FSSPEC] = fsspec,
        [EMIT_PYARROW] = pyarrow, [EMIT_ENV] = env,
    };
    struct page p = {.comma = ""};
    p.bad = impossible(target, s, &p.about);
    if (!p.bad)
        writers[target](&p, s);
    if (!p.bad && p.n) {
        p.text[p.n - 1] = '\0'; /* the line break that printing adds */
        say_result(p.text);
    }
    if (p.text)
        explicit_bzero(p.text, p.n);
    free(p.text);
    *about = p.about;
    return p.bad;
}
