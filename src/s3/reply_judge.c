/* reply_judge.c - say what a reply means
 *
 * In this order: how the exchange ended; a success and its document; and for an error the
 * circumstances that need a second look (region, clock, checksum), then the service's code, then
 * the HTTP status. A commit is special in one way: what cannot be understood is in doubt, because
 * it may have been carried out.
 */
#include "s3/reply.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "s3/reply_rules.h"

/* S3 refuses what was signed more than 15 minutes before or after its own time. */
enum { CLOCK_TOLERANCE_MS = 15 * 60 * 1000 };

static void set(cw__judgement *out, cw__verdict verdict, cw_status status)
{
    out->verdict = verdict;
    out->status = status;
}

/* Not to be understood: a commit may have happened; anything else can be asked for again. */
static void set_garbled(cw__judgement *out, const cw__judge_input *in)
{
    if (in->expect == CW__EXPECT_COMMIT)
        set(out, CW__VERDICT_DOUBT, CW_E_INDETERMINATE);
    else
        set(out, CW__VERDICT_RETRY, CW_E_PROTOCOL);
}

static void set_no_memory(cw__judgement *out, const cw__judge_input *in)
{
    if (in->expect == CW__EXPECT_COMMIT)
        set(out, CW__VERDICT_DOUBT, CW_E_INDETERMINATE);
    else
        set(out, CW__VERDICT_FINAL, CW_E_NO_MEMORY);
}

/* 407 and 403 will be the same again; 502 may be of the service behind it. */
static void judge_proxy(const cw__reply *r, cw__judgement *out)
{
    bool refused = r->http_status >= 400 && r->http_status <= 499;
    set(out, refused ? CW__VERDICT_FINAL : CW__VERDICT_RETRY,
        refused ? CW_E_PERMISSION : CW_E_UNAVAILABLE);
}

static void judge_transport(const cw__reply *r, const cw__judge_input *in, cw__judgement *out)
{
    bool commit = in->expect == CW__EXPECT_COMMIT;
    switch (r->end) {
    case CW__HTTP_UNREACHABLE:
        set(out, CW__VERDICT_RETRY, CW_E_UNAVAILABLE);
        break;
    case CW__HTTP_PROXY:
        judge_proxy(r, out);
        break;
    case CW__HTTP_PROXY_UNTRUSTED:
    case CW__HTTP_UNTRUSTED:
    case CW__HTTP_NO_TLS:
        set(out, CW__VERDICT_FINAL, CW_E_UNAVAILABLE);
        break;
    case CW__HTTP_NO_MEMORY:
        set_no_memory(out, in);
        break;
    case CW__HTTP_STALLED:
        set(out, commit ? CW__VERDICT_DOUBT : CW__VERDICT_TIMEOUT,
            commit ? CW_E_INDETERMINATE : CW_E_TIMEOUT);
        break;
    case CW__HTTP_BROKEN:
    case CW__HTTP_ANSWERED:
        set(out, commit ? CW__VERDICT_DOUBT : CW__VERDICT_RETRY,
            commit ? CW_E_INDETERMINATE : CW_E_UNAVAILABLE);
        break;
    }
}

/* <Error>, as the root or inside <ErrorResponse>; NULL when the document is none. */
static const cw__xml_node *error_node(const cw__reply *r)
{
    const cw__xml_node *root = r->document ? cw__xml_root(r->document) : NULL;
    if (!root)
        return NULL;
    if (strcmp(cw__xml_name(root), "Error") == 0)
        return root;
    if (strcmp(cw__xml_name(root), "ErrorResponse") == 0)
        return cw__xml_child(root, "Error");
    return NULL;
}

static void read_error(cw__reply *r, const cw__xml_node *error)
{
    cw__xml_copy_text(error, "Code", r->code, sizeof r->code);
    cw__xml_copy_text(error, "Message", r->message, sizeof r->message);
    cw__log_clean(r->code);
    cw__log_clean(r->message);
    if (!*r->request_id)
        cw__xml_copy_text(error, "RequestId", r->request_id, sizeof r->request_id);
    cw__log_clean(r->request_id);
}

static bool is_region_name(const char *s)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    return *s && s[strspn(s, allowed)] == '\0';
}

/* "…the region 'us-east-1' is wrong; expecting 'eu-west-1'" */
static void region_of_message(const char *message, char *out, size_t size)
{
    static const char before[] = "expecting '";
    const char *at = strstr(message, before);
    if (!at)
        return;
    at += sizeof before - 1;
    size_t n = strcspn(at, "'");
    if (at[n] != '\'' || n >= size)
        return;
    memcpy(out, at, n);
    out[n] = '\0';
}

/* The region that a reply points to: header, then body; "" when it names none that could be one. */
static void find_region(const cw__reply *r, const cw__xml_node *error, char *out, size_t size)
{
    cw__copy_string(out, size, r->region);
    if (!*out)
        cw__xml_copy_text(error, "Region", out, size);
    if (!*out)
        region_of_message(r->message, out, size);
    if (!is_region_name(out))
        *out = '\0';
}

static bool is_redirect(int http_status)
{
    return http_status == 301 || http_status == 307 || http_status == 308;
}

/* Codes, and the bare 400 to a HEAD, that mean the region only if the reply names another one. */
static bool may_be_region(const cw__reply *r)
{
    return strcmp(r->code, "AuthorizationHeaderMalformed") == 0 ||
           strcmp(r->code, "IllegalLocationConstraintException") == 0 ||
           strcmp(r->code, "InvalidRegion") == 0 || (r->http_status == 400 && !*r->code);
}

static bool judge_region(const cw__reply *r, const cw__xml_node *error, const cw__judge_input *in,
                         cw__judgement *out)
{
    const cw__reply_rule *rule = cw__reply_rule_of_code(r->code);
    bool redirect = is_redirect(r->http_status) || (rule && rule->verdict == CW__VERDICT_REGION);
    if (!redirect && !may_be_region(r))
        return false;
    find_region(r, error, out->region, sizeof out->region);
    bool same = *out->region && in->region && strcmp(out->region, in->region) == 0;
    if (!redirect && (same || !*out->region)) {
        *out->region = '\0';
        return false;
    }
    set(out, same ? CW__VERDICT_FINAL : CW__VERDICT_REGION, CW_E_SERVICE);
    return true;
}

static void read_server_time(cw__reply *r, const cw__xml_node *error)
{
    char time[40];
    if (r->date_ms)
        return;
    cw__xml_copy_text(error, "ServerTime", time, sizeof time);
    if (!cw__clock_parse_iso(time, &r->date_ms))
        r->date_ms = 0;
}

static bool is_clock_off(const cw__reply *r, const cw__judge_input *in)
{
    if (!r->date_ms || !in->wall_ms)
        return false;
    int64_t off = r->date_ms - in->wall_ms;
    return off > CLOCK_TOLERANCE_MS || off < -CLOCK_TOLERANCE_MS;
}

/* Refusals that some services give to a date that they find too far off. */
static bool may_be_clock(const cw__reply *r)
{
    if (!*r->code)
        return r->http_status == 403;
    return strcmp(r->code, "AccessDenied") == 0 || strcmp(r->code, "RequestExpired") == 0 ||
           strcmp(r->code, "SignatureDoesNotMatch") == 0;
}

static bool judge_clock(cw__reply *r, const cw__xml_node *error, const cw__judge_input *in,
                        cw__judgement *out)
{
    const cw__reply_rule *rule = cw__reply_rule_of_code(r->code);
    if (rule && rule->verdict == CW__VERDICT_CLOCK) {
        read_server_time(r, error);
        set(out, r->date_ms ? CW__VERDICT_CLOCK : CW__VERDICT_FINAL, rule->status);
        return true;
    }
    if (!may_be_clock(r) || !is_clock_off(r, in))
        return false;
    set(out, CW__VERDICT_CLOCK, CW_E_PERMISSION);
    return true;
}

static bool contains(const char *text, const char *what)
{
    return strcasestr(text, what) != NULL;
}

static bool names_checksum(const char *text)
{
    return contains(text, "checksum") || contains(text, "x-amz-sdk-");
}

/* A checksum that was understood and is wrong, which is about the bytes and not the provider. */
static bool says_wrong_value(const char *message)
{
    if (contains(message, "algorithm") || contains(message, "checksum type"))
        return false;
    return contains(message, "not match") || contains(message, "mismatch") ||
           contains(message, "n't match") ||
           (contains(message, "value for") && contains(message, "is invalid"));
}

/* 501 is about the checksum unless it names something else as what is not implemented, and 400 to
 * a HEAD, which has no body to say why, may be. */
static bool is_unknown_checksum(const cw__reply *r, const cw__xml_node *error)
{
    char header[80], argument[80];
    cw__xml_copy_text(error, "Header", header, sizeof header);
    cw__xml_copy_text(error, "ArgumentName", argument, sizeof argument);
    if (names_checksum(r->message) || names_checksum(header) || names_checksum(argument))
        return true;
    bool not_implemented = r->http_status == 501 || strcmp(r->code, "NotImplemented") == 0 ||
                           strcmp(r->code, "XNotImplemented") == 0;
    return (not_implemented && !*header) || (r->http_status == 400 && !*r->code);
}

static bool judge_checksum(const cw__reply *r, const cw__xml_node *error, const cw__judge_input *in,
                           cw__judgement *out)
{
    const cw__reply_rule *rule = cw__reply_rule_of_code(r->code);
    bool refused = r->http_status == 501 || r->http_status == 400;
    if (!in->sent_checksum || !refused || (rule && rule->verdict != CW__VERDICT_FINAL))
        return false;
    if (!is_unknown_checksum(r, error))
        return false;
    if (says_wrong_value(r->message))
        set(out, CW__VERDICT_RETRY, CW_E_INTEGRITY);
    else
        set(out, CW__VERDICT_CHECKSUM, CW_E_UNSUPPORTED);
    return true;
}

static void judge_by_rule(const cw__reply *r, const cw__judge_input *in, cw__judgement *out)
{
    const cw__reply_rule *rule = cw__reply_rule_of_code(r->code);
    if (!rule)
        rule = cw__reply_rule_of_http(r->http_status);
    set(out, rule->verdict, rule->status);
    if (rule->status == CW_E_PRECONDITION && in->create_only)
        out->status = CW_E_ALREADY_EXISTS;
    if (in->expect != CW__EXPECT_COMMIT)
        return;
    if (rule->status == CW_E_PROTOCOL)
        set_garbled(out, in);
    else if (r->http_status == 404 && !*r->code)
        out->verdict = CW__VERDICT_NO_UPLOAD; /* nothing else can be missing for sure */
}

static void judge_error(cw__reply *r, const cw__judge_input *in, cw__judgement *out)
{
    const cw__xml_node *error = error_node(r);
    if (error)
        read_error(r, error);
    if (judge_region(r, error, in, out) || judge_clock(r, error, in, out) ||
        judge_checksum(r, error, in, out))
        return;
    judge_by_rule(r, in, out);
}

static void judge_document(cw__reply *r, const cw__judge_input *in, cw__judgement *out)
{
    const cw__xml_node *root = r->document ? cw__xml_root(r->document) : NULL;
    const cw__xml_node *error = error_node(r);
    char code[2] = "";
    if (error)
        cw__xml_copy_text(error, "Code", code, sizeof code);
    if (*code)
        judge_error(r, in, out);
    else if (root && !error && (!in->root || strcmp(cw__xml_name(root), in->root) == 0))
        set(out, CW__VERDICT_OK, CW_OK);
    else
        set_garbled(out, in);
}

static void judge_answer(cw__reply *r, const cw__judge_input *in, cw__judgement *out)
{
    bool success = r->http_status >= 200 && r->http_status <= 299;
    if (success && in->expect == CW__EXPECT_EMPTY) {
        set(out, CW__VERDICT_OK, CW_OK);
        return;
    }
    cw_status parsed = CW_E_PROTOCOL;
    if (r->body.n > 0 && !r->body_cut)
        parsed = cw__xml_parse(&r->document, r->body.p, r->body.n, NULL);
    if (parsed == CW_E_NO_MEMORY)
        set_no_memory(out, in);
    else if (success)
        judge_document(r, in, out);
    else
        judge_error(r, in, out);
}

void cw__reply_judge(cw__reply *r, const cw__judge_input *in, cw__judgement *out)
{
    memset(out, 0, sizeof *out);
    cw__xml_free(r->document);
    r->document = NULL;
    cw__log_clean(r->transport);
    if (r->body.failed)
        set_no_memory(out, in);
    else if (r->end != CW__HTTP_ANSWERED)
        judge_transport(r, in, out);
    else
        judge_answer(r, in, out);
}
