/* fuzz_reply.c - collect, judge and explain any reply
 *
 * Input: a line "FLAGS STATUS" (FLAGS: the expectation in the lowest two bits, then "a checksum was
 * sent", "only create", "the connection broke"), header lines, an empty line, the body.
 */
#include "fuzz.h"

#include <string.h>

#include "s3/reply.h"

enum { CHECKSUM_SENT = 4, CREATE_ONLY = 8, BROKEN = 16 };

/* The line at *at, NUL-terminated in `line`, and *at moved past it. false at the end. */
static int next_line(const uint8_t **at, size_t *left, char *line, size_t size)
{
    const uint8_t *newline = *left ? memchr(*at, '\n', *left) : NULL;
    size_t n = newline ? (size_t)(newline - *at) : *left;
    size_t kept = n < size - 1 ? n : size - 1;
    if (*left == 0)
        return 0;
    memcpy(line, *at, kept);
    line[kept] = '\0';
    *at += n + (newline != NULL);
    *left -= n + (newline != NULL);
    return 1;
}

static void feed_headers(cw__reply *r, const uint8_t **at, size_t *left)
{
    char line[1024];
    while (next_line(at, left, line, sizeof line) && line[0]) {
        char *colon = strchr(line, ':');
        if (!colon)
            continue;
        *colon++ = '\0';
        cw__reply_header(r, line, colon + strspn(colon, " "));
    }
}

static void check_text(const char *s, size_t size)
{
    MUST(memchr(s, '\0', size) != NULL);
    for (; *s; s++)
        MUST((unsigned char)*s >= ' ' && *s != 0x7f);
}

static void check_region(const char *region)
{
    for (; *region; region++)
        MUST(strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", *region));
}

static void check_judgement(const cw__reply *r, const cw__judge_input *in, const cw__judgement *j)
{
    MUST((j->verdict == CW__VERDICT_OK) == (j->status == CW_OK));
    MUST(j->verdict != CW__VERDICT_OK || (r->http_status >= 200 && r->http_status <= 299));
    MUST(j->verdict != CW__VERDICT_OK || in->expect == CW__EXPECT_EMPTY || r->document);
    MUST(j->verdict != CW__VERDICT_DOUBT || in->expect == CW__EXPECT_COMMIT);
    MUST(j->verdict != CW__VERDICT_CHECKSUM || in->sent_checksum);
    MUST(j->verdict != CW__VERDICT_CLOCK || r->date_ms != 0);
    check_region(j->region);
    check_text(r->code, sizeof r->code);
    check_text(r->message, sizeof r->message);
    check_text(r->request_id, sizeof r->request_id);
    check_text(r->etag, sizeof r->etag);
    check_text(r->version_id, sizeof r->version_id);
    check_text(r->checksum, sizeof r->checksum);
    check_text(r->token, sizeof r->token);
}

static void judge_and_explain(cw__reply *r, unsigned flags)
{
    cw__judge_input in = {.expect = (cw__expect)((flags & 3) % 3),
                          .root = "CompleteMultipartUploadResult",
                          .sent_checksum = (flags & CHECKSUM_SENT) != 0,
                          .create_only = (flags & CREATE_ONLY) != 0,
                          .wall_ms = 1700000000000,
                          .region = "us-east-1"};
    cw__judgement judgement;
    cw_error err;
    cw__reply_judge(r, &in, &judgement);
    check_judgement(r, &in, &judgement);
    cw__reply_explain(r, judgement.status, "upload part 3 of s3://bucket/key", &err);
    check_text(err.message, sizeof err.message);
    check_text(err.request_id, sizeof err.request_id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cw__reply r = {0};
    char line[32];
    unsigned flags = 0;
    cw__http_result result = {.end = CW__HTTP_ANSWERED, .message = "words of the transport"};
    if (!next_line(&data, &size, line, sizeof line))
        return 0;
    sscanf(line, "%4u %4d", &flags, &result.status);
    if (flags & BROKEN)
        result.end = CW__HTTP_BROKEN;
    cw__reply_reset(&r);
    feed_headers(&r, &data, &size);
    cw__reply_body(&r, data, size);
    cw__reply_end(&r, &result);
    judge_and_explain(&r, flags);
    cw__reply_free(&r);
    return 0;
}
