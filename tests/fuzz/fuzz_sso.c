/* fuzz_sso.c - read any bytes as what SSO leaves behind and answers, and as a provider's keys */
#include "fuzz.h"

#include <string.h>

#include "s3/credentials_providers.h"
#include "s3/sso.h"

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
    status = cw__credentials_parse_json(&k, p, size, "Token", "x", "x", &err);
    check_keys(status, k);
    return 0;
}
