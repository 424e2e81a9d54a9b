/* fuzz_session.c - read any bytes as the answer to CreateSession */
#include "fuzz.h"

#include <string.h>

#include "s3/credentials_providers.h"
#include "s3/reply.h"
#include "s3/sts.h"

static void read_keys(const cw__reply *r)
{
    cw__keys *k = NULL;
    cw_error err = {0};
    cw_status status = cw__sts_read_keys(&k, cw__xml_root(r->document), "x", &err);

    MUST((status == CW_OK) == (k != NULL));
    MUST(status == CW_OK || status == CW_E_PROTOCOL);
    if (k) {
        MUST(*k->access_key_id && *k->secret_access_key);
        MUST(cw__credentials_printable(k->access_key_id));
        MUST(cw__credentials_printable(k->session_token ? k->session_token : ""));
    }
    cw__keys_free(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cw__judge_input in = {.expect = CW__EXPECT_DOCUMENT, .root = "CreateSessionResult"};
    const cw__http_result end = {.end = CW__HTTP_ANSWERED, .status = 200, .message = ""};
    cw__reply r = {0};
    cw__judgement judged;

    cw__reply_reset(&r);
    r.body.secret = true;
    cw__reply_body(&r, data, size);
    cw__reply_end(&r, &end);
    cw__reply_judge(&r, &in, &judged);
    MUST(judged.verdict != CW__VERDICT_OK || r.document);
    if (judged.verdict == CW__VERDICT_OK)
        read_keys(&r);
    cw__reply_free(&r);
    return 0;
}
