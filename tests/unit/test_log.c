/* test_log.c - which lines arrive, and that no secret does */
#include "base/log.h"
#include "harness.h"

typedef struct heard {
    int lines;
    cw_log_level level;
    char last[2048];
} heard;

static void listen(void *user, cw_log_level level, const char *line)
{
    heard *h = user;
    h->lines++;
    h->level = level;
    snprintf(h->last, sizeof h->last, "%s", line);
}

static void check_redacted(const char *line, const char *want)
{
    char text[1024];
    snprintf(text, sizeof text, "%s", line);
    cw__log_redact(text);
    CHECK_STR(text, want);
    char again[1024];
    snprintf(again, sizeof again, "%s", text);
    cw__log_redact(again);
    CHECK_STR(again, text);
}

static void only_the_levels_asked_for(void)
{
    heard h = {0};
    cw__log log = {listen, &h, CW_LOG_WARN};
    cw__log_line(&log, CW_LOG_ERROR, "part %d", 3);
    CHECK_INT(h.lines, 1);
    CHECK_INT(h.level, CW_LOG_ERROR);
    CHECK_STR(h.last, "part 3");
    cw__log_line(&log, CW_LOG_WARN, "w");
    CHECK_INT(h.lines, 2);
    cw__log_line(&log, CW_LOG_INFO, "i");
    cw__log_line(&log, CW_LOG_OFF, "o");
    CHECK_INT(h.lines, 2);
    log.level = CW_LOG_OFF;
    cw__log_line(&log, CW_LOG_ERROR, "e");
    CHECK_INT(h.lines, 2);
    cw__log deaf = {NULL, NULL, CW_LOG_DEBUG};
    cw__log_line(&deaf, CW_LOG_ERROR, "e");
}

static void lines_are_cut_and_flat(void)
{
    heard h = {0};
    cw__log log = {listen, &h, CW_LOG_DEBUG};
    cw__log_line(&log, CW_LOG_INFO, "%03000d", 1);
    CHECK_INT(strlen(h.last), 1023);
    cw__log_line(&log, CW_LOG_INFO, "a\nERROR forged\r\tb\x7F\x1B[31m\xC3\xBC");
    CHECK_STR(h.last, "a ERROR forged  b  [31m\xC3\xBC");
}

static void secrets_do_not_reach_the_callback(void)
{
    heard h = {0};
    cw__log log = {listen, &h, CW_LOG_DEBUG};
    cw__log_line(&log, CW_LOG_DEBUG, "GET /k?X-Amz-Signature=%s&x=1", "fe5f80f77d5fa3beca");
    CHECK_STR(h.last, "GET /k?X-Amz-Signature=***&x=1");
    char long_token[1500];
    memset(long_token, 'T', sizeof long_token);
    long_token[sizeof long_token - 1] = '\0';
    cw__log_line(&log, CW_LOG_DEBUG, "x-amz-security-token: %s", long_token);
    CHECK_STR(h.last, "x-amz-security-token: ***");
}

static void headers(void)
{
    check_redacted(
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20130524/us-east-1/s3/"
        "aws4_request, SignedHeaders=host;range;x-amz-date, Signature=f0e8bdb87c964420e8",
        "Authorization: ***");
    check_redacted(
        "> PUT /b/k HTTP/1.1\r\nHost: x\r\nauthorization: AWS4-HMAC-SHA256 a\r\n"
        "x-amz-security-token: FwoGZXIvYXdzEJr//////////wEaDG+/=\r\nx-amz-date: 2026\r\n",
        "> PUT /b/k HTTP/1.1\r\nHost: x\r\nauthorization: ***\r\n"
        "x-amz-security-token: ***\r\nx-amz-date: 2026\r\n");
    check_redacted("Proxy-Authorization:Basic dXNlcjpwYXNz\nnext", "Proxy-Authorization:***\nnext");
    check_redacted("x-amz-server-side-encryption-customer-algorithm: AES256\n"
                   "x-amz-server-side-encryption-customer-key: "
                   "pO3upElrwuEXSoFwCfnZPdSsmt/xWeFa0N9KgDijwVs=\n"
                   "x-amz-server-side-encryption-customer-key-MD5: MD5",
                   "x-amz-server-side-encryption-customer-algorithm: AES256\n"
                   "x-amz-server-side-encryption-customer-key: ***\n"
                   "x-amz-server-side-encryption-customer-key-MD5: MD5");
    check_redacted("x-amz-copy-source-server-side-encryption-customer-key: abcd\nx",
                   "x-amz-copy-source-server-side-encryption-customer-key: ***\nx");
}

static void query_strings(void)
{
    check_redacted("https://b.s3.amazonaws.com/k?X-Amz-Security-Token=IQoJb3JpZ2luX2VjE%2F%2B&"
                   "X-Amz-Credential=AKID&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4 ok",
                   "https://b.s3.amazonaws.com/k?X-Amz-Security-Token=***&"
                   "X-Amz-Credential=AKID&X-Amz-SignedHeaders=host&X-Amz-Signature=*** ok");
    check_redacted("?x-amz-signature=0123&X-AMZ-SECURITY-TOKEN=4567",
                   "?x-amz-signature=***&X-AMZ-SECURITY-TOKEN=***");
    check_redacted("Credential=A/b, SignedHeaders=host;x-amz-date, Signature=0123abcd, x",
                   "Credential=A/b, SignedHeaders=host;x-amz-date, Signature=***, x");
}

static void text_that_servers_send(void)
{
    check_redacted("<Error><Code>ExpiredToken</Code><Token-0>FwoGZXIvYXdz</Token-0></Error>",
                   "<Error><Code>ExpiredToken</Code><Token-0>***</Token-0></Error>");
    check_redacted("<Code>SignatureDoesNotMatch</Code><SignatureProvided>3d5f</SignatureProvided>",
                   "<Code>SignatureDoesNotMatch</Code><SignatureProvided>***</SignatureProvided>");
    check_redacted(
        "{\"SecretAccessKey\" : \"wJalrXUtn\\/FEMI\", \"SessionToken\":\"AQoD=\", \"a\": 1}",
        "{\"SecretAccessKey\" : \"***\", \"SessionToken\":\"***\", \"a\": 1}");
}

static void what_only_mentions_a_secret_stays(void)
{
    check_redacted("", "");
    check_redacted("SignedHeaders=host;x-amz-security-token;x-amz-date",
                   "SignedHeaders=host;x-amz-security-token;x-amz-date");
    check_redacted("<Code>SignatureDoesNotMatch</Code>", "<Code>SignatureDoesNotMatch</Code>");
    check_redacted("no Authorization header", "no Authorization header");
    check_redacted("PUT s3://bucket/key 200 in 12 ms", "PUT s3://bucket/key 200 in 12 ms");
    check_redacted("ends with Signature", "ends with Signature");
}

static void short_and_missing_values(void)
{
    check_redacted("Signature=", "Signature=");
    check_redacted("Signature=a", "Signature=*");
    check_redacted("Signature=ab&x", "Signature=**&x");
    check_redacted("Authorization:", "Authorization:");
    check_redacted("Authorization:   ", "Authorization:   ");
    check_redacted("Signature=\"abcdef", "Signature=\"***");
}

int main(int argc, char **argv)
{
    TEST(only_the_levels_asked_for);
    TEST(lines_are_cut_and_flat);
    TEST(secrets_do_not_reach_the_callback);
    TEST(headers);
    TEST(query_strings);
    TEST(text_that_servers_send);
    TEST(what_only_mentions_a_secret_stays);
    TEST(short_and_missing_values);
    return test_end();
}
