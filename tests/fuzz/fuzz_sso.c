/* fuzz_sso.c - read any bytes as what SSO leaves behind and answers, and as a provider's keys */
#include "fuzz.h"

#include <string.h>

#include "s3/credentials_providers.h"
#include "s3/sso.h"
#include "s3/sso_renew.h"

static void check_keys(cw_status status, cw__keys *k)
{
    MUST((status == CW_OK) == (k != NULL));
    MUST(status == CW_OK || status == CW_E_PROTOCOL);
    if (k) {
        MUST(*k->access_key_id && *k->secret_access_key);
        MUST(cw__credentials_printable(k->access_key_id));
        MUST(!k->session_token || cw__credentials_printable(k->session_token));
    }
    cw__keys_free(k);
}

/* The same bytes as the cache and as the reply: what is written can be read again. */
static void check_renewal(const char *p, size_t size)
{
    cw__text token = {0}, cache = {0}, again = {0};
    cw_error err = {0};
    bool may;
    cw_status status = cw__sso_parse_renewal(&token, &cache, p, size, p, size, &err);
    MUST(status == CW_OK || status == CW_E_PROTOCOL);
    MUST(cw__sso_may_renew(&may, p, size, &err) == CW_OK || !may);
    if (status == CW_OK) {
        MUST(cw__credentials_printable(token.p));
        MUST(cw__sso_parse_token(&again, cache.p, cache.n, "a", &err) == CW_OK);
        MUST(strcmp(again.p, token.p) == 0);
        MUST(cw__sso_may_renew(&may, cache.p, cache.n, &err) == CW_OK);
    }
    cw__text_free(&token);
    cw__text_free(&cache);
    cw__text_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data;
    cw__text token = {0};
    cw__keys *k = NULL;
    cw_error err = {0};
    cw_status status = cw__sso_parse_token(&token, p, size, "a", &err);
    MUST(status == CW_OK || status == CW_E_PROTOCOL || status == CW_E_CREDENTIALS_EXPIRED);
    MUST((status == CW_OK) == (token.n > 0));
    MUST(status != CW_OK || cw__credentials_printable(token.p));
    cw__text_free(&token);
    status = cw__sso_parse_keys(&k, p, size, &err);
    check_keys(status, k);
    check_renewal(p, size);
    status = cw__credentials_parse_json(&k, p, size, "Token", "x", "x", &err);
    check_keys(status, k);
    return 0;
}
