/* fuzz_sts.c - read any bytes as a reply of STS, as keys, as who has them and as a refusal */
#include "fuzz.h"

#include <string.h>

#include "s3/credentials_providers.h"
#include "s3/sts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data;
    cw__keys *k = NULL;
    cw_error err = {0};
    cw_status status = cw__sts_parse_keys(&k, p, size, "AssumeRole", "x", &err);
    MUST((status == CW_OK) == (k != NULL));
    MUST(status == CW_OK || status == CW_E_PROTOCOL);
    if (k) {
        MUST(k->expires_ms != 0 || *k->access_key_id);
        MUST(cw__credentials_printable(k->access_key_id));
        MUST(cw__credentials_printable(k->session_token ? k->session_token : ""));
    }
    cw__keys_free(k);
    char arn[32];
    status = cw__sts_parse_caller(arn, sizeof arn, p, size, &err);
    MUST(status == CW_OK || status == CW_E_PROTOCOL);
    MUST((status == CW_OK) == (*arn != '\0') && strlen(arn) < sizeof arn);
    memset(&err, 0, sizeof err);
    status = cw__sts_parse_error(p, size, 400, "AssumeRole", &err);
    MUST(status != CW_OK && status == err.status);
    MUST(strlen(err.message) < sizeof err.message);
    return 0;
}
