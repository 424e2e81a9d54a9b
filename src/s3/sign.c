/* sign.c - AWS Signature Version 4
 *
 * The request is brought into one canonical text, its hash into a text to sign, and that is signed
 * with a key derived from secret, day, region and service. The derived key is kept by the caller
 * (cw__sign_day_key), so that a request costs three digests and no more.
 *
 * Owns nothing between calls. Whatever held the secret or a derived key here is wiped.
 */
#include "s3/sign.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crc.h"
#include "base/memory.h"
#include "port/digest.h"
#include "s3/sign_everywhere.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

enum {
    FEW_PAIRS = 32, /* more headers or parameters than this are sorted in allocated memory */
    SCOPE_BYTES = sizeof((cw__sign_day_key *)0)->scope,
    HEX_BYTES = 2 * CW__ECDSA_BYTES + 1
};

/* A header or a query parameter, where it lies in the input. */
typedef struct pair {
    const char *name, *value;
    size_t name_n, value_n;
} pair;

typedef struct pairs {
    pair few[FEW_PAIRS];
    pair *p;
    size_t n;
} pairs;

static bool pairs_init(pairs *list, size_t capacity)
{
    list->n = 0;
    list->p = list->few;
    if (capacity > FEW_PAIRS)
        list->p = cw__alloc(capacity * sizeof *list->p);
    return list->p != NULL;
}

static void pairs_free(pairs *list)
{
    if (list->p != list->few)
        cw__free(list->p);
}

static int compare_bytes(const char *a, size_t a_n, const char *b, size_t b_n)
{
    size_t n = a_n < b_n ? a_n : b_n;
    int order = n ? memcmp(a, b, n) : 0;
    if (order != 0)
        return order;
    return (a_n > b_n) - (a_n < b_n);
}

static bool is_before(const pair *a, const pair *b, bool by_value)
{
    int order = compare_bytes(a->name, a->name_n, b->name, b->name_n);
    if (order == 0 && by_value)
        order = compare_bytes(a->value, a->value_n, b->value, b->value_n);
    return order < 0;
}

/* Insertion: the lists are short, nearly in order already, and equal names must keep theirs. */
static void pairs_sort(pairs *list, bool by_value)
{
    for (size_t i = 1; i < list->n; i++) {
        pair moving = list->p[i];
        size_t at = i;
        for (; at > 0 && is_before(&moving, &list->p[at - 1], by_value); at--)
            list->p[at] = list->p[at - 1];
        list->p[at] = moving;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Trimmed, and every run of blanks inside as one space. */
static void add_header_value(cw__text *out, const char *value, size_t n)
{
    size_t i = 0;
    while (n > 0 && is_blank(value[n - 1]))
        n--;
    while (i < n && is_blank(value[i]))
        i++;
    while (i < n) {
        size_t from = i;
        while (i < n && !is_blank(value[i]))
            i++;
        cw__text_add_n(out, value + from, i - from);
        if (i < n)
            cw__text_add_char(out, ' ');
        while (i < n && is_blank(value[i]))
            i++;
    }
}

static bool same_name(const pair *a, const pair *b)
{
    return a->name_n == b->name_n && memcmp(a->name, b->name, a->name_n) == 0;
}

/* A header that comes twice is one line with its values in order, separated by commas. */
static void add_headers(cw__text *out, const pairs *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const pair *h = &list->p[i];
        if (i > 0 && same_name(h, h - 1)) {
            cw__text_add_char(out, ',');
        } else {
            if (i > 0)
                cw__text_add_char(out, '\n');
            cw__text_add_n(out, h->name, h->name_n);
            cw__text_add_char(out, ':');
        }
        add_header_value(out, h->value, h->value_n);
    }
    cw__text_add_char(out, '\n');
}

static void add_header_names(cw__text *out, const pairs *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const pair *h = &list->p[i];
        if (i > 0 && same_name(h, h - 1))
            continue;
        if (i > 0)
            cw__text_add_char(out, ';');
        cw__text_add_n(out, h->name, h->name_n);
    }
}

static bool sorted_headers(pairs *list, const cw__sign_input *in)
{
    if (!pairs_init(list, in->header_count))
        return false;
    for (size_t i = 0; i < in->header_count; i++) {
        const cw__sign_header *h = &in->headers[i];
        list->p[list->n++] =
            (pair){h->name, h->value, strlen(h->name), h->value ? strlen(h->value) : 0};
    }
    pairs_sort(list, false);
    return true;
}

/* The next of "a=1&b&c=" from *at on; empty pieces are passed over. false at the end. */
static bool next_parameter(const char **at, pair *out)
{
    const char *s = *at;
    while (*s == '&')
        s++;
    size_t n = strcspn(s, "&");
    const char *equals = memchr(s, '=', n);
    out->name = s;
    out->name_n = equals ? (size_t)(equals - s) : n;
    out->value = equals ? equals + 1 : s + n;
    out->value_n = n - out->name_n - (equals ? 1 : 0);
    *at = s + n;
    return n > 0;
}

static bool sorted_query(pairs *list, const char *query)
{
    size_t capacity = 1;
    for (const char *s = query; *s; s++)
        capacity += *s == '&';
    if (!pairs_init(list, capacity))
        return false;
    while (next_parameter(&query, &list->p[list->n]) && ++list->n < capacity)
        ;
    pairs_sort(list, true);
    return true;
}

static void add_query(cw__text *out, const char *query)
{
    pairs list;
    if (!query || !*query)
        return;
    if (!sorted_query(&list, query)) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < list.n; i++) {
        if (i > 0)
            cw__text_add_char(out, '&');
        cw__text_add_n(out, list.p[i].name, list.p[i].name_n);
        cw__text_add_char(out, '=');
        cw__text_add_n(out, list.p[i].value, list.p[i].value_n);
    }
    pairs_free(&list);
}

static void add_canonical(cw__text *out, const cw__sign_input *in, const pairs *headers)
{
    cw__text_add(out, in->method);
    cw__text_add_char(out, '\n');
    cw__text_add(out, in->path);
    cw__text_add_char(out, '\n');
    add_query(out, in->query);
    cw__text_add_char(out, '\n');
    add_headers(out, headers);
    cw__text_add_char(out, '\n');
    add_header_names(out, headers);
    cw__text_add_char(out, '\n');
    cw__text_add(out, in->payload_hash);
}

static const char *algorithm_of(const cw__sign_input *in)
{
    return in->region_set ? CW__SIGV4A : ALGORITHM;
}

/* "20260102/us-east-1/s3", without a region where all are meant */
static bool make_scope(const cw__sign_input *in, const char date[17], char scope[SCOPE_BYTES])
{
    bool one = !in->region_set;
    int n = snprintf(scope, SCOPE_BYTES, "%.8s/%s%s%s", date, one ? in->region : "", one ? "/" : "",
                     in->service);
    return n > 0 && n < SCOPE_BYTES;
}

static cw_status hmac_text(const unsigned char key[CW__SHA256_BYTES], const char *text,
                           unsigned char out[CW__SHA256_BYTES])
{
    return cw__hmac_sha256(key, CW__SHA256_BYTES, text, strlen(text), out);
}

static cw_status derive_key(const cw__sign_input *in, const char *secret, const char date[17],
                            unsigned char key[CW__SHA256_BYTES])
{
    size_t n = strlen(secret);
    char *first = cw__alloc(4 + n);
    unsigned char step[CW__SHA256_BYTES];
    cw_status status = CW_E_NO_MEMORY;

    if (!first)
        return status;
    memcpy(first, "AWS4", 4);
    memcpy(first + 4, secret, n);
    status = cw__hmac_sha256(first, 4 + n, date, 8, step);
    if (status == CW_OK)
        status = hmac_text(step, in->region, key);
    if (status == CW_OK)
        status = hmac_text(key, in->service, step);
    if (status == CW_OK)
        status = hmac_text(step, "aws4_request", key);
    cw__wipe(first, 4 + n);
    cw__free(first);
    cw__wipe(step, sizeof step);
    return status;
}

/* Leave in *day the key of this scope and secret, derived anew unless it is there already. */
static cw_status day_key(const cw__sign_input *in, const char *secret, const char date[17],
                         cw__sign_day_key *day)
{
    char scope[SCOPE_BYTES];
    uint64_t mark = cw__crc64nvme(0, secret, strlen(secret));
    if (!make_scope(in, date, scope))
        return CW_E_INVALID_ARGUMENT;
    if (day->valid && strcmp(day->scope, scope) == 0 && day->secret_mark == mark)
        return CW_OK;
    day->valid = false;
    cw_status status = derive_key(in, secret, date, day->key);
    if (status != CW_OK)
        return status;
    memcpy(day->scope, scope, sizeof scope);
    day->secret_mark = mark;
    day->valid = true;
    return CW_OK;
}

static cw_status add_string_to_sign(const cw__sign_input *in, const cw__text *canonical,
                                    cw__text *out)
{
    char date[17], scope[SCOPE_BYTES], hex[HEX_BYTES];
    unsigned char digest[CW__SHA256_BYTES];
    cw__clock_format_amz(in->wall_ms, date);
    if (!make_scope(in, date, scope))
        return CW_E_INVALID_ARGUMENT;
    cw_status status = cw__sha256_of(cw__text_str(canonical), canonical->n, digest);
    if (status != CW_OK)
        return status;
    cw__hex(digest, sizeof digest, hex);
    cw__text_add(out, algorithm_of(in));
    cw__text_add_char(out, '\n');
    cw__text_add(out, date);
    cw__text_add_char(out, '\n');
    cw__text_add(out, scope);
    cw__text_add(out, "/aws4_request\n");
    cw__text_add(out, hex);
    return out->failed ? CW_E_NO_MEMORY : CW_OK;
}

static cw_status sign_string(const cw__sign_keys *keys, const cw__sign_input *in,
                             cw__sign_day_key *day, const cw__text *string, char hex[HEX_BYTES])
{
    cw__sign_day_key own = {0};
    unsigned char digest[CW__SHA256_BYTES];
    char date[17];
    if (!day)
        day = &own;
    cw__clock_format_amz(in->wall_ms, date);
    cw_status status = day_key(in, keys->secret_access_key, date, day);
    if (status == CW_OK)
        status = cw__hmac_sha256(day->key, sizeof day->key, string->p, string->n, digest);
    if (status == CW_OK)
        cw__hex(digest, sizeof digest, hex);
    cw__wipe(&own, sizeof own);
    return status;
}

static cw_status sign_everywhere(const cw__sign_keys *keys, const cw__text *string,
                                 char hex[HEX_BYTES])
{
    unsigned char key[CW__P256_BYTES], digest[CW__SHA256_BYTES], der[CW__ECDSA_BYTES];
    size_t n = 0;
    cw_status status = cw__sign_everywhere_key(keys->access_key_id, keys->secret_access_key, key);
    if (status == CW_OK)
        status = cw__sha256_of(string->p, string->n, digest);
    if (status == CW_OK)
        status = cw__ecdsa_p256_sign(key, digest, der, &n);
    if (status == CW_OK)
        cw__hex(der, n, hex);
    cw__wipe(key, sizeof key);
    return status;
}

static cw_status signature(const cw__sign_keys *keys, const cw__sign_input *in,
                           const pairs *headers, cw__sign_day_key *day, char hex[HEX_BYTES])
{
    cw__text canonical = {.secret = true}, string = {0};
    cw_status status;
    add_canonical(&canonical, in, headers);
    if (canonical.failed) {
        status = CW_E_NO_MEMORY;
        goto out;
    }
    status = add_string_to_sign(in, &canonical, &string);
    if (status == CW_OK)
        status = in->region_set ? sign_everywhere(keys, &string, hex)
                                : sign_string(keys, in, day, &string, hex);
out:
    cw__text_free(&canonical);
    cw__text_free(&string);
    return status;
}

static void add_credential(cw__text *out, const cw__sign_keys *keys, const cw__sign_input *in)
{
    char date[17], scope[SCOPE_BYTES] = "";
    cw__clock_format_amz(in->wall_ms, date);
    make_scope(in, date, scope);
    cw__text_add(out, keys->access_key_id);
    cw__text_add_char(out, '/');
    cw__text_add(out, scope);
    cw__text_add(out, "/aws4_request");
}

static void add_parameter(cw__text *query, const char *name, const cw__text *value)
{
    if (query->n > 0)
        cw__text_add_char(query, '&');
    cw__text_add(query, name);
    cw__text_add_char(query, '=');
    cw__text_add_encoded(query, cw__text_str(value), value->n, false);
    query->failed |= value->failed;
}

/* The query that is signed: what was asked for, and how and until when it may be. */
static void add_presigned_query(cw__text *out, const cw__sign_keys *keys, const cw__sign_input *in,
                                uint32_t expires_s, const pairs *headers)
{
    char date[17];
    cw__text value = {0};
    cw__clock_format_amz(in->wall_ms, date);
    cw__text_add(out, in->query ? in->query : "");

    cw__text_add(&value, algorithm_of(in));
    add_parameter(out, "X-Amz-Algorithm", &value);
    cw__text_reset(&value);
    add_credential(&value, keys, in);
    add_parameter(out, "X-Amz-Credential", &value);
    cw__text_reset(&value);
    cw__text_add(&value, date);
    add_parameter(out, "X-Amz-Date", &value);
    cw__text_reset(&value);
    cw__text_addf(&value, "%lu", (unsigned long)expires_s);
    add_parameter(out, "X-Amz-Expires", &value);
    cw__text_reset(&value);
    if (keys->session_token && *keys->session_token) {
        cw__text_add(&value, keys->session_token);
        add_parameter(out, keys->of_bucket ? "X-Amz-S3session-Token" : "X-Amz-Security-Token",
                      &value);
        cw__text_reset(&value);
    }
    if (in->region_set) {
        cw__text_add(&value, in->region_set);
        add_parameter(out, "X-Amz-Region-Set", &value);
        cw__text_reset(&value);
    }
    add_header_names(&value, headers);
    add_parameter(out, "X-Amz-SignedHeaders", &value);
    cw__text_free(&value);
}

cw_status cw__sign(const cw__sign_keys *keys, const cw__sign_input *in, cw__sign_day_key *day,
                   cw__text *authorization)
{
    pairs headers;
    char hex[HEX_BYTES];
    if (!sorted_headers(&headers, in))
        return CW_E_NO_MEMORY;
    cw_status status = signature(keys, in, &headers, day, hex);
    if (status == CW_OK) {
        cw__text_add(authorization, algorithm_of(in));
        cw__text_add(authorization, " Credential=");
        add_credential(authorization, keys, in);
        cw__text_add(authorization, ",SignedHeaders=");
        add_header_names(authorization, &headers);
        cw__text_add(authorization, ",Signature=");
        cw__text_add(authorization, hex);
        if (authorization->failed)
            status = CW_E_NO_MEMORY;
    }
    pairs_free(&headers);
    return status;
}

cw_status cw__sign_query(const cw__sign_keys *keys, const cw__sign_input *in, uint32_t expires_s,
                         cw__text *query)
{
    pairs headers;
    cw__text full = {0};
    char hex[HEX_BYTES];
    if (!sorted_headers(&headers, in))
        return CW_E_NO_MEMORY;
    add_presigned_query(&full, keys, in, expires_s, &headers);
    cw_status status = full.failed ? CW_E_NO_MEMORY : CW_OK;
    if (status == CW_OK) {
        cw__sign_input presigned = *in;
        presigned.query = full.p;
        status = signature(keys, &presigned, &headers, NULL, hex);
    }
    if (status == CW_OK) {
        cw__text_add_n(query, full.p, full.n);
        cw__text_add(query, "&X-Amz-Signature=");
        cw__text_add(query, hex);
        if (query->failed)
            status = CW_E_NO_MEMORY;
    }
    cw__text_free(&full);
    pairs_free(&headers);
    return status;
}

void cw__sign_canonical_request(const cw__sign_input *in, cw__text *out)
{
    pairs headers;
    if (!sorted_headers(&headers, in)) {
        out->failed = true;
        return;
    }
    add_canonical(out, in, &headers);
    pairs_free(&headers);
}

cw_status cw__sign_string_to_sign(const cw__sign_input *in, const char *canonical, cw__text *out)
{
    cw__text text = {.p = (char *)(uintptr_t)canonical, .n = strlen(canonical)};
    return add_string_to_sign(in, &text, out);
}
