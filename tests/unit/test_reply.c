/* test_reply.c - what replies mean: the table of docs/s3-replies.md, case by case */
#include "harness.h"

#include "base/clock.h"
#include "fault_alloc.h"
#include "s3/reply.h"
#include "s3/reply_rules.h"

#define WALL        1700000000000 /* Tue, 14 Nov 2023 22:13:20 GMT */

#define OK          CW__VERDICT_OK
#define RETRY       CW__VERDICT_RETRY
#define TIMEOUT     CW__VERDICT_TIMEOUT
#define THROTTLED   CW__VERDICT_THROTTLED
#define CLOCK       CW__VERDICT_CLOCK
#define CREDENTIALS CW__VERDICT_CREDENTIALS
#define REGION      CW__VERDICT_REGION
#define CHECKSUM    CW__VERDICT_CHECKSUM
#define NO_UPLOAD   CW__VERDICT_NO_UPLOAD
#define DOUBT       CW__VERDICT_DOUBT
#define FINAL       CW__VERDICT_FINAL

#define EMPTY       CW__EXPECT_EMPTY
#define DOCUMENT    CW__EXPECT_DOCUMENT
#define COMMIT      CW__EXPECT_COMMIT

static cw__judge_input expecting(cw__expect expect)
{
    return (cw__judge_input){.expect = expect, .root = "Result", .wall_ms = WALL};
}

/* An answer that has arrived: headers as "name: value\n" lines. */
static void arrive(cw__reply *r, int status, const char *headers, const char *body)
{
    cw__http_result result = {.end = CW__HTTP_ANSWERED, .status = status, .message = ""};
    cw__reply_reset(r);
    while (headers && *headers) {
        char name[64] = "", value[256] = "";
        size_t n = strcspn(headers, "\n");
        sscanf(headers, "%63[^:]: %255[^\n]", name, value);
        cw__reply_header(r, name, value);
        headers += n + (headers[n] == '\n');
    }
    if (body)
        CHECK(cw__reply_body(r, body, strlen(body)));
    cw__reply_end(r, &result);
}

static cw__judgement judge(cw__reply *r, int status, const char *headers, const char *body,
                           const cw__judge_input *in)
{
    cw__judgement out;
    arrive(r, status, headers, body);
    cw__reply_judge(r, in, &out);
    return out;
}

static char error_body[4096];

static const char *error_of(const char *code, const char *message)
{
    snprintf(
        error_body, sizeof error_body,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message>"
        "<RequestId>ABC123</RequestId></Error>",
        code, message);
    return error_body;
}

static void check_case(const char *label, cw__judgement got, cw__verdict verdict, cw_status status)
{
    char text[160];
    if (got.verdict == verdict && got.status == status)
        return;
    snprintf(text, sizeof text, "%s: verdict %d status %d, expected %d %d", label, (int)got.verdict,
             (int)got.status, (int)verdict, (int)status);
    test_say(__FILE__, __LINE__, text);
}

typedef struct code_case {
    int http;
    const char *code;
    cw__verdict verdict;
    cw_status status;
} code_case;

/* Every code of the rules, written down a second time. */
static const code_case codes[] = {
    {500, "InternalError", RETRY, CW_E_UNAVAILABLE},
    {200, "InternalError", RETRY, CW_E_UNAVAILABLE},
    {500, "InternalFailure", RETRY, CW_E_UNAVAILABLE},
    {500, "InternalServerError", RETRY, CW_E_UNAVAILABLE},
    {500, "InternalServiceException", RETRY, CW_E_UNAVAILABLE},
    {502, "BadGateway", RETRY, CW_E_UNAVAILABLE},
    {504, "GatewayTimeout", RETRY, CW_E_UNAVAILABLE},
    {400, "IncompleteBody", RETRY, CW_E_UNAVAILABLE},
    {400, "RequestTimeout", TIMEOUT, CW_E_TIMEOUT},
    {400, "RequestTimeoutException", TIMEOUT, CW_E_TIMEOUT},
    {499, "ClientDisconnected", RETRY, CW_E_UNAVAILABLE},
    {409, "OperationAborted", RETRY, CW_E_CONFLICT},

    {503, "SlowDown", THROTTLED, CW_E_THROTTLED},
    {200, "SlowDown", THROTTLED, CW_E_THROTTLED},
    {503, "SlowDownRead", THROTTLED, CW_E_THROTTLED},
    {503, "SlowDownWrite", THROTTLED, CW_E_THROTTLED},
    {503, "ServiceUnavailable", THROTTLED, CW_E_THROTTLED},
    {503, "ServiceUnavailableException", THROTTLED, CW_E_THROTTLED},
    {400, "Throttling", THROTTLED, CW_E_THROTTLED},
    {400, "ThrottlingException", THROTTLED, CW_E_THROTTLED},
    {400, "ThrottledException", THROTTLED, CW_E_THROTTLED},
    {429, "TooManyRequests", THROTTLED, CW_E_THROTTLED},
    {429, "TooManyRequestsException", THROTTLED, CW_E_THROTTLED},
    {400, "RequestThrottled", THROTTLED, CW_E_THROTTLED},
    {400, "RequestThrottledException", THROTTLED, CW_E_THROTTLED},
    {400, "RequestLimitExceeded", THROTTLED, CW_E_THROTTLED},
    {400, "BandwidthLimitExceeded", THROTTLED, CW_E_THROTTLED},
    {400, "ProvisionedThroughputExceededException", THROTTLED, CW_E_THROTTLED},
    {400, "PriorRequestNotComplete", THROTTLED, CW_E_THROTTLED},
    {400, "KMS.ThrottlingException", THROTTLED, CW_E_THROTTLED},
    {503, "ServerBusy", THROTTLED, CW_E_THROTTLED},
    {503, "Busy", THROTTLED, CW_E_THROTTLED},

    {400, "ExpiredToken", CREDENTIALS, CW_E_CREDENTIALS_EXPIRED},
    {400, "ExpiredTokenException", CREDENTIALS, CW_E_CREDENTIALS_EXPIRED},
    {400, "TokenRefreshRequired", CREDENTIALS, CW_E_CREDENTIALS_EXPIRED},
    {400, "InvalidToken", CREDENTIALS, CW_E_CREDENTIALS_EXPIRED},
    {403, "InvalidTokenId", CREDENTIALS, CW_E_CREDENTIALS_EXPIRED},

    {301, "PermanentRedirect", REGION, CW_E_SERVICE},
    {307, "TemporaryRedirect", REGION, CW_E_SERVICE},
    {307, "Redirect", REGION, CW_E_SERVICE},
    {400, "AuthorizationHeaderMalformed", FINAL, CW_E_SERVICE},
    {400, "IllegalLocationConstraintException", FINAL, CW_E_SERVICE},
    {400, "InvalidRegion", FINAL, CW_E_SERVICE},

    {412, "PreconditionFailed", FINAL, CW_E_PRECONDITION},
    {304, "NotModified", FINAL, CW_E_PRECONDITION},
    {409, "ObjectAlreadyExists", FINAL, CW_E_ALREADY_EXISTS},
    {409, "FileAlreadyExists", FINAL, CW_E_ALREADY_EXISTS},
    {409, "ConditionalRequestConflict", FINAL, CW_E_CONFLICT},
    {409, "BucketAlreadyExists", FINAL, CW_E_CONFLICT},
    {409, "BucketAlreadyOwnedByYou", FINAL, CW_E_CONFLICT},
    {409, "BucketNotEmpty", FINAL, CW_E_CONFLICT},
    {409, "InvalidBucketState", FINAL, CW_E_CONFLICT},
    {409, "OperationConflict", FINAL, CW_E_CONFLICT},

    {404, "NoSuchUpload", NO_UPLOAD, CW_E_NOT_FOUND},
    {404, "NoSuchBucket", FINAL, CW_E_BUCKET_NOT_FOUND},
    {404, "NoSuchKey", FINAL, CW_E_NOT_FOUND},
    {404, "NoSuchVersion", FINAL, CW_E_NOT_FOUND},
    {404, "NotFound", FINAL, CW_E_NOT_FOUND},

    {403, "AccessDenied", FINAL, CW_E_PERMISSION},
    {403, "AccessDeniedException", FINAL, CW_E_PERMISSION},
    {403, "AccessForbidden", FINAL, CW_E_PERMISSION},
    {403, "SecondLevelDomainForbidden", FINAL, CW_E_PERMISSION},
    {403, "Forbidden", FINAL, CW_E_PERMISSION},
    {401, "Unauthorized", FINAL, CW_E_PERMISSION},
    {401, "UnauthorizedAccess", FINAL, CW_E_PERMISSION},
    {403, "SignatureDoesNotMatch", FINAL, CW_E_PERMISSION},
    {403, "InvalidAccessKeyId", FINAL, CW_E_PERMISSION},
    {403, "InvalidClientTokenId", FINAL, CW_E_PERMISSION},
    {400, "UnrecognizedClientException", FINAL, CW_E_PERMISSION},
    {403, "MissingAuthenticationToken", FINAL, CW_E_PERMISSION},
    {400, "MissingSecurityHeader", FINAL, CW_E_PERMISSION},
    {400, "CredentialsNotSupported", FINAL, CW_E_PERMISSION},
    {403, "InvalidSecurity", FINAL, CW_E_PERMISSION},
    {403, "InvalidPayer", FINAL, CW_E_PERMISSION},
    {403, "AccountProblem", FINAL, CW_E_PERMISSION},
    {403, "AllAccessDisabled", FINAL, CW_E_PERMISSION},
    {403, "NotSignedUp", FINAL, CW_E_PERMISSION},
    {403, "UserDisable", FINAL, CW_E_PERMISSION},
    {403, "NotDeviceOwnerError", FINAL, CW_E_PERMISSION},
    {403, "CrossLocationLoggingProhibited", FINAL, CW_E_PERMISSION},
    {403, "RequestExpired", FINAL, CW_E_PERMISSION},
    {400, "AccessControlListNotSupported", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "KMS.DisabledException", FINAL, CW_E_PERMISSION},

    {400, "EntityTooLarge", FINAL, CW_E_TOO_LARGE},
    {400, "MaxMessageLengthExceeded", FINAL, CW_E_TOO_LARGE},
    {400, "MaxPostPreDataLengthExceeded", FINAL, CW_E_TOO_LARGE},
    {400, "MetadataTooLarge", FINAL, CW_E_TOO_LARGE},
    {400, "RequestHeaderSectionTooLarge", FINAL, CW_E_TOO_LARGE},
    {403, "QuotaExceeded", FINAL, CW_E_TOO_LARGE},
    {403, "StorageQuotaExceeded", FINAL, CW_E_TOO_LARGE},
    {400, "XMinioAdminBucketQuotaExceeded", FINAL, CW_E_TOO_LARGE},
    {507, "XMinioStorageFull", FINAL, CW_E_TOO_LARGE},
    {402, "ServiceQuotaExceededException", FINAL, CW_E_TOO_LARGE},
    {400, "TooManyParts", FINAL, CW_E_TOO_LARGE},

    {400, "BadDigest", RETRY, CW_E_INTEGRITY},
    {400, "InvalidDigest", RETRY, CW_E_INTEGRITY},
    {400, "XAmzContentSHA256Mismatch", RETRY, CW_E_INTEGRITY},
    {400, "XAmzContentChecksumMismatch", RETRY, CW_E_INTEGRITY},
    {400, "ChecksumMismatch", RETRY, CW_E_INTEGRITY},

    {501, "NotImplemented", FINAL, CW_E_UNSUPPORTED},
    {501, "XNotImplemented", FINAL, CW_E_UNSUPPORTED},
    {405, "MethodNotAllowed", FINAL, CW_E_UNSUPPORTED},
    {400, "UnsupportedOperation", FINAL, CW_E_UNSUPPORTED},

    {400, "InvalidPart", FINAL, CW_E_SERVICE},
    {400, "InvalidPartOrder", FINAL, CW_E_SERVICE},
    {416, "InvalidPartNumber", FINAL, CW_E_SERVICE},
    {400, "EntityTooSmall", FINAL, CW_E_SERVICE},
    {411, "MissingContentLength", FINAL, CW_E_SERVICE},
    {400, "MissingRequestBodyError", FINAL, CW_E_SERVICE},
    {400, "MalformedXML", FINAL, CW_E_SERVICE},
    {400, "MalformedTrailerError", FINAL, CW_E_SERVICE},
    {403, "InvalidObjectState", FINAL, CW_E_SERVICE},
    {403, "ObjectNotInActiveTierError", FINAL, CW_E_SERVICE},
    {416, "InvalidRange", FINAL, CW_E_SERVICE},

    {400, "InvalidArgument", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "InvalidRequest", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "InvalidBucketName", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "InvalidObjectName", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "XMinioInvalidObjectName", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "XMinioInvalidResourceName", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "KeyTooLongError", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "InvalidURI", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "InvalidStorageClass", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "InvalidTag", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "BadRequest", FINAL, CW_E_SERVICE},
    {400, "InvalidEncryptionAlgorithmError", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "ServerSideEncryptionConfigurationNotFoundError", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "InvalidLocationConstraint", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "UnresolvableGrantByEmailAddress", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "InvalidTargetBucketForLogging", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "MalformedACLError", FINAL, CW_E_INVALID_ARGUMENT},
    {412, "MalformedPOSTRequest", FINAL, CW_E_SERVICE},
    {400, "AuthorizationQueryParametersError", FINAL, CW_E_PERMISSION},

    {400, "InvalidSessionException", CREDENTIALS, CW_E_CREDENTIALS_EXPIRED},
    {301, "PermanentRedirectControlError", REGION, CW_E_SERVICE},
    {400, "IncorrectEndpoint", FINAL, CW_E_SERVICE},
    {400, "EndpointNotFound", FINAL, CW_E_SERVICE},
    {400, "BucketHasAccessPointsAttached", FINAL, CW_E_CONFLICT},
    {409, "RestoreAlreadyInProgress", FINAL, CW_E_CONFLICT},
    {404, "NoSuchAccessPoint", FINAL, CW_E_NOT_FOUND},
    {400, "NoSuchAsyncRequest", FINAL, CW_E_NOT_FOUND},
    {400, "InvalidSignature", FINAL, CW_E_PERMISSION},
    {400, "TokenCodeInvalidError", FINAL, CW_E_PERMISSION},
    {400, "MissingSecurityElement", FINAL, CW_E_PERMISSION},
    {400, "MaxPostPreDataLengthExceededError", FINAL, CW_E_TOO_LARGE},
    {400, "InlineDataTooLarge", FINAL, CW_E_TOO_LARGE},
    {400, "TooManyBuckets", FINAL, CW_E_TOO_LARGE},
    {400, "UnsupportedArgument", FINAL, CW_E_UNSUPPORTED},
    {400, "UnsupportedSignature", FINAL, CW_E_UNSUPPORTED},
    {400, "InvalidAccessPoint", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "InvalidAccessPointAliasError", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "InvalidBucketAclWithObjectOwnership", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "InvalidBucketOwnerAWSAccountID", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "InvalidHostHeader", FINAL, CW_E_SERVICE},
    {400, "AmbiguousGrantByEmailAddress", FINAL, CW_E_INVALID_ARGUMENT},

    /* of the public list, but left to the HTTP status: of what is not done here, mostly */
    {409, "AccessPointAlreadyOwnedByYou", FINAL, CW_E_CONFLICT},
    {409, "ClientTokenConflict", FINAL, CW_E_CONFLICT},
    {400, "ConnectionClosedByRequester", FINAL, CW_E_SERVICE},
    {400, "DeviceNotActiveError", FINAL, CW_E_SERVICE},
    {400, "IllegalVersioningConfigurationException", FINAL, CW_E_SERVICE},
    {400, "IncorrectNumberOfFilesInPostRequest", FINAL, CW_E_SERVICE},
    {400, "InvalidAddressingHeader", FINAL, CW_E_SERVICE},
    {400, "InvalidHttpMethod", FINAL, CW_E_SERVICE},
    {400, "InvalidPolicyDocument", FINAL, CW_E_SERVICE},
    {400, "InvalidSOAPRequest", FINAL, CW_E_SERVICE},
    {400, "MalformedPolicy", FINAL, CW_E_SERVICE},
    {400, "MissingAttachment", FINAL, CW_E_SERVICE},
    {400, "NoLoggingStatusForKey", FINAL, CW_E_SERVICE},
    {404, "ObjectLockConfigurationNotFoundError", FINAL, CW_E_NOT_FOUND},
    {404, "OwnershipControlsNotFoundError", FINAL, CW_E_NOT_FOUND},
    {404, "ReplicationConfigurationNotFoundError", FINAL, CW_E_NOT_FOUND},
    {412, "RequestIsNotMultiPartContent", FINAL, CW_E_PRECONDITION},
    {400, "RequestTorrentOfBucketError", FINAL, CW_E_SERVICE},
    {400, "ResponseInterrupted", FINAL, CW_E_SERVICE},
    {400, "UnexpectedContent", FINAL, CW_E_SERVICE},
    {403, "UnexpectedIPError", FINAL, CW_E_PERMISSION},
    {400, "UserKeyMustBeSpecified", FINAL, CW_E_SERVICE},

    /* not in the rules: by the HTTP status */
    {418, "NeverHeardOf", FINAL, CW_E_SERVICE},
    {500, "NeverHeardOf", RETRY, CW_E_UNAVAILABLE},
    {503, "NeverHeardOf", THROTTLED, CW_E_THROTTLED},
    {403, "NeverHeardOf", FINAL, CW_E_PERMISSION},
    {200, "NeverHeardOf", FINAL, CW_E_SERVICE},
};

static void every_code(void)
{
    cw__reply r = {0};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        const code_case *c = &codes[i];
        cw__judge_input in = expecting(DOCUMENT);
        cw__judgement got = judge(&r, c->http, NULL, error_of(c->code, "words"), &in);
        check_case(c->code, got, c->verdict, c->status);
        CHECK_STR(r.code, c->code);
        CHECK_STR(r.message, "words");
        CHECK_STR(r.request_id, "ABC123");
    }
    cw__reply_free(&r);
}

/* The table above has them all, or it proves less than it says. */
static void no_rule_is_left_out(void)
{
    const char *rule;
    for (size_t i = 0; (rule = cw__reply_rule_code_at(i)) != NULL; i++) {
        bool tested = strcmp(rule, "RequestTimeTooSkewed") == 0;
        size_t n = strcspn(rule, "*");
        for (size_t k = 0; k < sizeof codes / sizeof *codes; k++)
            tested |= strncmp(codes[k].code, rule, n) == 0 &&
                      (rule[n] == '*' || codes[k].code[n] == '\0');
        if (!tested)
            test_say(__FILE__, __LINE__, rule);
    }
}

typedef struct status_case {
    int http;
    cw__verdict verdict;
    cw_status status;
} status_case;

static const status_case statuses[] = {
    {302, FINAL, CW_E_PROTOCOL},
    {304, FINAL, CW_E_PRECONDITION},
    {400, FINAL, CW_E_SERVICE},
    {401, FINAL, CW_E_PERMISSION},
    {403, FINAL, CW_E_PERMISSION},
    {404, FINAL, CW_E_NOT_FOUND},
    {405, FINAL, CW_E_UNSUPPORTED},
    {407, FINAL, CW_E_PERMISSION},
    {408, TIMEOUT, CW_E_TIMEOUT},
    {409, FINAL, CW_E_CONFLICT},
    {410, FINAL, CW_E_SERVICE},
    {412, FINAL, CW_E_PRECONDITION},
    {413, FINAL, CW_E_TOO_LARGE},
    {414, FINAL, CW_E_INVALID_ARGUMENT},
    {425, RETRY, CW_E_UNAVAILABLE},
    {429, THROTTLED, CW_E_THROTTLED},
    {431, FINAL, CW_E_TOO_LARGE},
    {499, RETRY, CW_E_UNAVAILABLE},
    {500, RETRY, CW_E_UNAVAILABLE},
    {501, FINAL, CW_E_UNSUPPORTED},
    {502, RETRY, CW_E_UNAVAILABLE},
    {503, THROTTLED, CW_E_THROTTLED},
    {504, RETRY, CW_E_UNAVAILABLE},
    {599, RETRY, CW_E_UNAVAILABLE},
    {0, FINAL, CW_E_PROTOCOL},
    {101, FINAL, CW_E_PROTOCOL},
    {600, FINAL, CW_E_PROTOCOL},
    {200, OK, CW_OK},
    {204, OK, CW_OK},
};

/* As after a HEAD. */
static void every_status_without_a_body(void)
{
    cw__reply r = {0};
    cw__judge_input in = expecting(EMPTY);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        char label[16];
        snprintf(label, sizeof label, "HTTP %d", statuses[i].http);
        check_case(label, judge(&r, statuses[i].http, NULL, NULL, &in), statuses[i].verdict,
                   statuses[i].status);
    }
    cw__reply_free(&r);
}

static void a_body_that_is_not_xml_leaves_the_status(void)
{
    cw__reply r = {0};
    cw__judge_input in = expecting(EMPTY);
    check_case("html", judge(&r, 502, NULL, "<html><body>Bad gateway<br></body>", &in), RETRY,
               CW_E_UNAVAILABLE);
    check_case("json", judge(&r, 403, NULL, "{\"Code\": \"SlowDown\"}", &in), FINAL,
               CW_E_PERMISSION);
    check_case("cut", judge(&r, 404, NULL, "<Error><Code>NoSuchBucket</Code>", &in), FINAL,
               CW_E_NOT_FOUND);
    CHECK_STR(r.code, "");
    cw__reply_free(&r);
}

static void errors_may_be_wrapped(void)
{
    cw__reply r = {0};
    cw__judge_input in = expecting(EMPTY);
    check_case("wrapped",
               judge(&r, 400, NULL,
                     "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>NoSuchBucket"
                     "</Code><Message>m</Message></Error></ErrorResponse>",
                     &in),
               FINAL, CW_E_BUCKET_NOT_FOUND);
    cw__reply_free(&r);
}

typedef struct success_case {
    const char *label, *body;
    cw__verdict of_document, of_commit;
    cw_status document_status, commit_status;
} success_case;

static const success_case successes[] = {
    {"whole", "<?xml version='1.0'?><Result><ETag>x</ETag></Result>", OK, OK, CW_OK, CW_OK},
    {"namespace", "<Result xmlns='http://s3.amazonaws.com/doc/2006-03-01/'/>", OK, OK, CW_OK,
     CW_OK},
    {"kept alive", " \n \n <?xml version='1.0'?>\n  \n<Result/>", OK, OK, CW_OK, CW_OK},
    {"empty", "", RETRY, DOUBT, CW_E_PROTOCOL, CW_E_INDETERMINATE},
    {"blank", "   \n", RETRY, DOUBT, CW_E_PROTOCOL, CW_E_INDETERMINATE},
    {"cut", "<?xml version='1.0'?><Result><ETag>x</ET", RETRY, DOUBT, CW_E_PROTOCOL,
     CW_E_INDETERMINATE},
    {"other root", "<html></html>", RETRY, DOUBT, CW_E_PROTOCOL, CW_E_INDETERMINATE},
    {"garbled", "\x01\x02\xff<Result/>", RETRY, DOUBT, CW_E_PROTOCOL, CW_E_INDETERMINATE},
    {"two roots", "<Result/><Result/>", RETRY, DOUBT, CW_E_PROTOCOL, CW_E_INDETERMINATE},
    {"error without a code", "<Error><Message>x</Message></Error>", RETRY, DOUBT, CW_E_PROTOCOL,
     CW_E_INDETERMINATE},
    {"internal error", "<Error><Code>InternalError</Code></Error>", RETRY, RETRY, CW_E_UNAVAILABLE,
     CW_E_UNAVAILABLE},
    {"slow down", "<Error><Code>SlowDown</Code></Error>", THROTTLED, THROTTLED, CW_E_THROTTLED,
     CW_E_THROTTLED},
    {"refused", "<Error><Code>AccessDenied</Code></Error>", FINAL, FINAL, CW_E_PERMISSION,
     CW_E_PERMISSION},
    {"conflict", "<Error><Code>PreconditionFailed</Code></Error>", FINAL, FINAL, CW_E_PRECONDITION,
     CW_E_PRECONDITION},
};

static void a_200_is_a_success_only_by_its_document(void)
{
    cw__reply r = {0};
    for (size_t i = 0; i < sizeof successes / sizeof *successes; i++) {
        const success_case *c = &successes[i];
        cw__judge_input in = expecting(DOCUMENT);
        check_case(c->label, judge(&r, 200, NULL, c->body, &in), c->of_document,
                   c->document_status);
        in = expecting(COMMIT);
        check_case(c->label, judge(&r, 200, NULL, c->body, &in), c->of_commit, c->commit_status);
        CHECK((r.document != NULL) || c->of_document != OK);
        in = expecting(EMPTY);
        check_case(c->label, judge(&r, 200, NULL, c->body, &in), OK, CW_OK);
    }
    cw__reply_free(&r);
}

static void a_body_over_the_limit_is_cut_and_never_a_success(void)
{
    enum { PIECE = 1024 * 1024 };
    char *piece = malloc(PIECE);
    cw__http_result result = {.end = CW__HTTP_ANSWERED, .status = 200, .message = ""};
    cw__judge_input in = expecting(COMMIT);
    cw__judgement out;
    cw__reply r = {0};
    REQUIRE(piece);
    memset(piece, ' ', PIECE);
    cw__reply_reset(&r);
    CHECK(cw__reply_body(&r, "<Result/>", 9));
    for (int i = 0; i < 9; i++)
        CHECK(cw__reply_body(&r, piece, PIECE));
    cw__reply_end(&r, &result);
    CHECK_INT(r.body.n, CW__REPLY_LIMIT);
    CHECK(r.body_cut);
    cw__reply_judge(&r, &in, &out);
    check_case("cut", out, DOUBT, CW_E_INDETERMINATE);
    cw__reply_free(&r);
    free(piece);
}

typedef struct end_case {
    cw__http_end end;
    cw__verdict usual, of_commit;
    cw_status usual_status, commit_status;
} end_case;

static const end_case ends[] = {
    {CW__HTTP_UNREACHABLE, RETRY, RETRY, CW_E_UNAVAILABLE, CW_E_UNAVAILABLE},
    {CW__HTTP_PROXY, RETRY, RETRY, CW_E_UNAVAILABLE, CW_E_UNAVAILABLE},
    {CW__HTTP_UNTRUSTED, FINAL, FINAL, CW_E_UNAVAILABLE, CW_E_UNAVAILABLE},
    {CW__HTTP_PROXY_UNTRUSTED, FINAL, FINAL, CW_E_UNAVAILABLE, CW_E_UNAVAILABLE},
    {CW__HTTP_NO_TLS, FINAL, FINAL, CW_E_UNAVAILABLE, CW_E_UNAVAILABLE},
    {CW__HTTP_BROKEN, RETRY, DOUBT, CW_E_UNAVAILABLE, CW_E_INDETERMINATE},
    {CW__HTTP_STALLED, TIMEOUT, DOUBT, CW_E_TIMEOUT, CW_E_INDETERMINATE},
    {CW__HTTP_NO_MEMORY, FINAL, DOUBT, CW_E_NO_MEMORY, CW_E_INDETERMINATE},
};

static void every_end_of_the_transport(void)
{
    cw__reply r = {0};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        cw__http_result result = {.end = ends[i].end, .status = 0, .message = "words of libcurl"};
        cw__judge_input in = expecting(EMPTY);
        cw__judgement out;
        cw__reply_reset(&r);
        cw__reply_end(&r, &result);
        cw__reply_judge(&r, &in, &out);
        check_case("not a commit", out, ends[i].usual, ends[i].usual_status);
        in = expecting(COMMIT);
        cw__reply_judge(&r, &in, &out);
        check_case("a commit", out, ends[i].of_commit, ends[i].commit_status);
        CHECK_STR(r.transport, "words of libcurl");
    }
    cw__reply_free(&r);
}

static void a_commit_that_is_refused(void)
{
    cw__reply r = {0};
    cw__judge_input in = expecting(COMMIT);
    check_case("500", judge(&r, 500, NULL, NULL, &in), RETRY, CW_E_UNAVAILABLE);
    check_case("503", judge(&r, 503, NULL, NULL, &in), THROTTLED, CW_E_THROTTLED);
    check_case("404", judge(&r, 404, NULL, NULL, &in), NO_UPLOAD, CW_E_NOT_FOUND);
    check_case("no upload", judge(&r, 404, NULL, error_of("NoSuchUpload", ""), &in), NO_UPLOAD,
               CW_E_NOT_FOUND);
    check_case("no bucket", judge(&r, 404, NULL, error_of("NoSuchBucket", ""), &in), FINAL,
               CW_E_BUCKET_NOT_FOUND);
    check_case("412", judge(&r, 412, NULL, NULL, &in), FINAL, CW_E_PRECONDITION);
    check_case("409", judge(&r, 409, NULL, error_of("ConditionalRequestConflict", ""), &in), FINAL,
               CW_E_CONFLICT);
    check_case("302", judge(&r, 302, NULL, NULL, &in), DOUBT, CW_E_INDETERMINATE);
    in.create_only = true;
    check_case("412", judge(&r, 412, NULL, NULL, &in), FINAL, CW_E_ALREADY_EXISTS);
    check_case("412", judge(&r, 412, NULL, error_of("PreconditionFailed", ""), &in), FINAL,
               CW_E_ALREADY_EXISTS);
    cw__reply_free(&r);
}

typedef struct region_case {
    int http;
    const char *headers, *code, *extra;
    cw__verdict verdict;
    const char *region;
} region_case;

static const region_case regions[] = {
    {301, "x-amz-bucket-region: eu-west-1", NULL, "", REGION, "eu-west-1"},
    {301, "x-amz-bucket-region: eu-west-1", "PermanentRedirect", "", REGION, "eu-west-1"},
    {301, NULL, "PermanentRedirect", "", REGION, ""},
    {307, NULL, "TemporaryRedirect", "<Region>eu-west-2</Region>", REGION, "eu-west-2"},
    {308, NULL, NULL, "", REGION, ""},
    {301, "x-amz-bucket-region: eu-west-1", "PermanentRedirect", "<Region>eu-west-2</Region>",
     REGION, "eu-west-1"},
    {400, NULL, "AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>", REGION,
     "eu-central-1"},
    {400, NULL, "AuthorizationHeaderMalformed",
     "<Message>the region 'us-east-1' is wrong; expecting 'ap-south-1'</Message>", REGION,
     "ap-south-1"},
    {400, NULL, "AuthorizationHeaderMalformed", "<Message>no comma in the header</Message>", FINAL,
     ""},
    {400, "x-amz-bucket-region: us-west-2", "IllegalLocationConstraintException", "", REGION,
     "us-west-2"},
    {400, "x-amz-bucket-region: us-west-2", NULL, "", REGION, "us-west-2"}, /* a HEAD */
    {400, "x-amz-bucket-region: us-west-2", "InvalidArgument", "", FINAL, ""},
    {400, "x-amz-bucket-region: us-east-1", NULL, "", FINAL, ""}, /* where it was sent to */
    {400, NULL, "AuthorizationHeaderMalformed", "<Region>us-east-1</Region>", FINAL, ""},
    {403, "x-amz-bucket-region: us-west-2", "AccessDenied", "", FINAL, ""},
    {301, "x-amz-bucket-region: evil.example.org/", NULL, "", REGION, ""},
    {307, NULL, "TemporaryRedirect", "<Region>a b</Region>", REGION, ""},
};

static void every_way_to_name_a_region(void)
{
    cw__reply r = {0};
    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
        const region_case *c = &regions[i];
        char body[512] = "", label[32];
        cw__judge_input in = expecting(DOCUMENT);
        in.region = "us-east-1";
        snprintf(label, sizeof label, "region case %zu", i);
        if (c->code)
            snprintf(body, sizeof body, "<Error><Code>%s</Code>%s</Error>", c->code, c->extra);
        cw__judgement got = judge(&r, c->http, c->headers, body, &in);
        if (got.verdict != c->verdict)
            test_say(__FILE__, __LINE__, label);
        CHECK_STR(got.region, c->region);
    }
    cw__reply_free(&r);
}

static void a_redirect_to_where_it_was_sent_is_final(void)
{
    cw__reply r = {0};
    cw__judge_input in = expecting(EMPTY);
    in.region = "eu-west-1";
    check_case("loop", judge(&r, 301, "x-amz-bucket-region: eu-west-1", NULL, &in), FINAL,
               CW_E_SERVICE);
    cw__reply_free(&r);
}

/* WALL is 22:13:20. */
#define SAME_TIME   "Date: Tue, 14 Nov 2023 22:14:00 GMT"
#define NEARLY_LATE "Date: Tue, 14 Nov 2023 22:28:19 GMT"
#define JUST_LATE   "Date: Tue, 14 Nov 2023 22:28:21 GMT"
#define LATE        "Date: Tue, 14 Nov 2023 22:33:20 GMT"
#define EARLY       "Date: Tue, 14 Nov 2023 21:53:20 GMT"

static void a_clock_that_is_off(void)
{
    cw__reply r = {0};
    cw__judge_input in = expecting(EMPTY);
    const char *skewed = "<Error><Code>RequestTimeTooSkewed</Code><ServerTime>2023-11-14T22:33:20Z"
                         "</ServerTime></Error>";
    check_case("skewed", judge(&r, 403, LATE, error_of("RequestTimeTooSkewed", ""), &in), CLOCK,
               CW_E_SERVICE);
    CHECK_INT(r.date_ms, WALL + 20 * 60 * 1000);
    check_case("by server time", judge(&r, 403, NULL, skewed, &in), CLOCK, CW_E_SERVICE);
    CHECK_INT(r.date_ms, WALL + 20 * 60 * 1000);
    check_case("no time at all", judge(&r, 403, NULL, error_of("RequestTimeTooSkewed", ""), &in),
               FINAL, CW_E_SERVICE);
    check_case("denied late", judge(&r, 403, LATE, error_of("AccessDenied", ""), &in), CLOCK,
               CW_E_PERMISSION);
    check_case("denied early", judge(&r, 403, EARLY, error_of("AccessDenied", ""), &in), CLOCK,
               CW_E_PERMISSION);
    check_case("denied in time", judge(&r, 403, SAME_TIME, error_of("AccessDenied", ""), &in),
               FINAL, CW_E_PERMISSION);
    check_case("just in time", judge(&r, 403, NEARLY_LATE, error_of("AccessDenied", ""), &in),
               FINAL, CW_E_PERMISSION);
    check_case("just late", judge(&r, 403, JUST_LATE, error_of("AccessDenied", ""), &in), CLOCK,
               CW_E_PERMISSION);
    check_case("HEAD", judge(&r, 403, LATE, NULL, &in), CLOCK, CW_E_PERMISSION);
    check_case("HEAD in time", judge(&r, 403, SAME_TIME, NULL, &in), FINAL, CW_E_PERMISSION);
    check_case("another code", judge(&r, 403, LATE, error_of("InvalidAccessKeyId", ""), &in), FINAL,
               CW_E_PERMISSION);
    in.wall_ms = 0;
    check_case("not known", judge(&r, 403, LATE, error_of("AccessDenied", ""), &in), FINAL,
               CW_E_PERMISSION);
    cw__reply_free(&r);
}

typedef struct checksum_case {
    int http;
    const char *code, *message, *extra;
    cw__verdict verdict;
    cw_status status;
} checksum_case;

static const checksum_case checksums[] = {
    {501, NULL, "", "", CHECKSUM, CW_E_UNSUPPORTED},
    {501, "NotImplemented", "Header 'x-amz-checksum-crc64nvme' not implemented", "", CHECKSUM,
     CW_E_UNSUPPORTED},
    {501, "NotImplemented", "A header you provided implies functionality that is not implemented",
     "<Header>x-amz-checksum-algorithm</Header>", CHECKSUM, CW_E_UNSUPPORTED},
    {501, "NotImplemented", "A header you provided implies functionality that is not implemented",
     "<Header>x-amz-tagging</Header>", FINAL, CW_E_UNSUPPORTED},
    {400, "XNotImplemented", "words", "", CHECKSUM, CW_E_UNSUPPORTED},
    {400, "InvalidRequest", "Unsupported header 'x-amz-sdk-checksum-algorithm' received", "",
     CHECKSUM, CW_E_UNSUPPORTED},
    {400, "InvalidRequest", "Checksum algorithm provided is unsupported", "", CHECKSUM,
     CW_E_UNSUPPORTED},
    {400, "InvalidRequest",
     "Checksum Type mismatch occurred, expected checksum Type: null, actual: crc64nvme", "",
     CHECKSUM, CW_E_UNSUPPORTED},
    {400, "InvalidArgument", "Invalid argument.",
     "<ArgumentName>x-amz-checksum-crc64nvme</ArgumentName>", CHECKSUM, CW_E_UNSUPPORTED},
    {400, "InvalidArgument", "the value of x-amz-acl is invalid", "", FINAL, CW_E_INVALID_ARGUMENT},
    {400, "SomethingElse", "x-amz-checksum-crc32 is not a header we know", "", CHECKSUM,
     CW_E_UNSUPPORTED},
    {400, NULL, "HEAD", "", CHECKSUM, CW_E_UNSUPPORTED},
    {403, "AccessDenied", "checksum", "", FINAL, CW_E_PERMISSION},
    {500, "InternalError", "checksum", "", RETRY, CW_E_UNAVAILABLE},

    /* a wrong value is no reason to go without */
    {400, "BadDigest", "The CRC64NVME you specified did not match the calculated checksum.", "",
     RETRY, CW_E_INTEGRITY},
    {400, "XAmzContentChecksumMismatch", "The provided 'x-amz-checksum' header does not match", "",
     RETRY, CW_E_INTEGRITY},
    {400, "InvalidRequest", "Value for x-amz-checksum-crc32 header is invalid.", "", RETRY,
     CW_E_INTEGRITY},
    {400, "InvalidRequest", "The checksum did not match what we calculated", "", RETRY,
     CW_E_INTEGRITY},
};

static void checksums_that_the_provider_does_not_know(void)
{
    cw__reply r = {0};
    for (size_t i = 0; i < sizeof checksums / sizeof *checksums; i++) {
        const checksum_case *c = &checksums[i];
        char body[512] = "";
        cw__judge_input in = expecting(EMPTY);
        in.sent_checksum = true;
        if (c->code)
            snprintf(body, sizeof body, "<Error><Code>%s</Code><Message>%s</Message>%s</Error>",
                     c->code, c->message, c->extra);
        check_case(c->message, judge(&r, c->http, NULL, body, &in), c->verdict, c->status);
        in.sent_checksum = false;
        if (judge(&r, c->http, NULL, body, &in).verdict == CHECKSUM)
            test_say(__FILE__, __LINE__, "nothing was sent that could be left out");
    }
    cw__reply_free(&r);
}

static void headers_are_kept(void)
{
    cw__reply r = {0};
    arrive(&r, 200,
           "ETag: \"abc-3\"\nX-Amz-Version-Id: v1\nx-amz-request-id: R1\nx-oss-request-id: R2\n"
           "X-AMZ-CHECKSUM-CRC64NVME: AAAAAAAAAAA=\nx-amz-checksum-type: FULL_OBJECT\n"
           "x-amz-checksum-crc32: BBBBBB==\nx-amz-meta-cw-commit: t0k3n\n"
           "Server: MinIO\n"
           "Content-Length: 18446744073709551615\nDate: Tue, 14 Nov 2023 22:13:20 GMT\n"
           "Retry-After: 7",
           NULL);
    CHECK_STR(r.etag, "abc-3");
    CHECK_STR(r.version_id, "v1");
    CHECK_STR(r.request_id, "R1");
    CHECK_STR(r.checksum, "crc64nvme:AAAAAAAAAAA=");
    CHECK_STR(r.token, "t0k3n");
    CHECK_STR(r.server, "MinIO");
    CHECK(r.has_content_length);
    CHECK(r.content_length == UINT64_MAX);
    CHECK_INT(r.date_ms, WALL);
    CHECK_INT(r.retry_after_ms, 7000);
    cw__reply_reset(&r);
    CHECK_STR(r.etag, "");
    CHECK_INT(r.retry_after_ms, 0);
    cw__reply_free(&r);
}

static void etags_in_every_dress(void)
{
    cw__reply r = {0};
    arrive(&r, 200, "ETag: W/\"weak\"", NULL);
    CHECK_STR(r.etag, "weak");
    arrive(&r, 200, "ETag: bare", NULL);
    CHECK_STR(r.etag, "bare");
    arrive(&r, 200, "ETag: \"", NULL);
    CHECK_STR(r.etag, "\"");
    arrive(&r, 200, "ETag: \"\"", NULL);
    CHECK_STR(r.etag, "");
    arrive(&r, 200, "ETag: \"a\033b\"\nx-amz-request-id: R\033[31m", NULL);
    CHECK_STR(r.etag, "a b"); /* nothing that a terminal would obey */
    CHECK_STR(r.request_id, "R [31m");
    cw__reply_free(&r);
}

static int64_t test_wall(void)
{
    return WALL;
}

static void retry_after_in_every_form(void)
{
    cw__reply r = {0};
    cw__clock_set_wall(test_wall);
    arrive(&r, 503, "Retry-After: Tue, 14 Nov 2023 22:13:50 GMT\n" SAME_TIME, NULL);
    CHECK_INT(r.retry_after_ms, 0); /* that is over, by the server's own clock */
    arrive(&r, 503, SAME_TIME "\nRetry-After: Tue, 14 Nov 2023 22:14:50 GMT", NULL);
    CHECK_INT(r.retry_after_ms, 50000);
    arrive(&r, 503, "Retry-After: Tue, 14 Nov 2023 22:13:50 GMT", NULL);
    CHECK_INT(r.retry_after_ms, 30000);
    arrive(&r, 503, "x-amz-retry-after-millis: 1234", NULL);
    CHECK_INT(r.retry_after_ms, 1234);
    arrive(&r, 503, "Retry-After: soon", NULL);
    CHECK_INT(r.retry_after_ms, 0);
    arrive(&r, 503, "Retry-After: 99999999999", NULL);
    CHECK_INT(r.retry_after_ms, 0);
    cw__clock_set_wall(NULL);
    cw__reply_free(&r);
}

static void explain(cw__reply *r, const char *doing, cw_status status, cw_error *err)
{
    memset(err, 0, sizeof *err);
    cw__reply_explain(r, status, doing, err);
    CHECK_INT(err->status, status);
}

#define CHECK_SAYS(err, what)                                                                      \
    (strstr((err).message, what) ? (void)0                                                         \
                                 : test_str(__FILE__, __LINE__, #err, (err).message, what))

static void explanations_say_what_to_do(void)
{
    cw__reply r = {0};
    cw_error err;
    cw__judge_input in = expecting(EMPTY);
    judge(&r, 404, "x-amz-request-id: RID", error_of("NoSuchBucket", "It is not there"), &in);
    explain(&r, "upload part 3 of s3://b/k", CW_E_BUCKET_NOT_FOUND, &err);
    CHECK_STR(err.message, "cannot upload part 3 of s3://b/k: NoSuchBucket: create the bucket, or "
                           "check its name, the endpoint and the region; the service says: It is "
                           "not there");
    CHECK_STR(err.service_code, "NoSuchBucket");
    CHECK_STR(err.request_id, "RID");
    CHECK_INT(err.http_status, 404);

    judge(&r, 400, NULL, "Client sent an HTTP request to an HTTPS server.\n", &in);
    explain(&r, "list s3://b/", CW_E_SERVICE, &err);
    CHECK_SAYS(err, "HTTP status 400: does the endpoint want https://");
    judge(&r, 404, NULL, "", &in);
    explain(&r, "look at s3://b/k", CW_E_NOT_FOUND, &err);
    CHECK_SAYS(err, "nothing is there: check the key, the bucket and the endpoint");

    judge(&r, 403, NULL, error_of("SignatureDoesNotMatch", ""), &in);
    explain(&r, "upload", CW_E_PERMISSION, &err);
    CHECK_SAYS(err, "secret access key");
    judge(&r, 403, NULL, error_of("AccessDenied", "Access Denied"), &in);
    explain(&r, "upload part 1 of s3://b/k", CW_E_PERMISSION, &err);
    CHECK_SAYS(err, "s3:PutObject");
    explain(&r, "abort the upload of s3://b/k", CW_E_PERMISSION, &err);
    CHECK_SAYS(err, "s3:AbortMultipartUpload");
    explain(&r, "list s3://b/k", CW_E_PERMISSION, &err);
    CHECK_SAYS(err, "s3:ListBucket");
    judge(&r, 403, NULL, NULL, &in);
    explain(&r, "look at s3://b/k", CW_E_PERMISSION, &err);
    CHECK_SAYS(err, "HTTP status 403");
    CHECK_SAYS(err, "s3:GetObject");
    judge(&r, 503, NULL, error_of("SlowDown", ""), &in);
    explain(&r, "upload", CW_E_THROTTLED, &err);
    CHECK_SAYS(err, "later");
    judge(&r, 400, NULL, error_of("EntityTooLarge", ""), &in);
    explain(&r, "upload", CW_E_TOO_LARGE, &err);
    CHECK_SAYS(err, "smaller parts");
    judge(&r, 412, NULL, NULL, &in);
    explain(&r, "complete s3://b/k", CW_E_ALREADY_EXISTS, &err);
    CHECK_SAYS(err, "exists already");
    cw__reply_free(&r);
}

static void explanations_of_the_transport(void)
{
    cw__reply r = {0};
    cw_error err;
    cw__judge_input in = expecting(COMMIT);
    cw__judgement out;
    cw__http_result result = {.end = CW__HTTP_UNREACHABLE, .message = "Could not resolve host: h"};
    cw__reply_reset(&r);
    cw__reply_end(&r, &result);
    cw__reply_judge(&r, &in, &out);
    explain(&r, "upload", CW_E_UNAVAILABLE, &err);
    CHECK_SAYS(err, "check the endpoint");
    CHECK_SAYS(err, "(Could not resolve host: h)");

    result.message = "OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number";
    cw__reply_end(&r, &result);
    explain(&r, "upload", CW_E_UNAVAILABLE, &err);
    CHECK_SAYS(err, "write http:// in the endpoint");

    result = (cw__http_result){.end = CW__HTTP_UNTRUSTED, .message = "self-signed certificate"};
    cw__reply_end(&r, &result);
    explain(&r, "upload", CW_E_UNAVAILABLE, &err);
    CHECK_SAYS(err, "AWS_CA_BUNDLE");
    CHECK_SAYS(err, "ca_bundle");

    result = (cw__http_result){.end = CW__HTTP_NO_TLS, .message = "alert"};
    cw__reply_end(&r, &result);
    explain(&r, "upload", CW_E_UNAVAILABLE, &err);
    CHECK_SAYS(err, "client_cert");
    CHECK_SAYS(err, "tls_minimum");

    result = (cw__http_result){.end = CW__HTTP_PROXY, .status = 407};
    cw__reply_end(&r, &result);
    cw__reply_judge(&r, &in, &out);
    CHECK_INT(out.verdict, CW__VERDICT_FINAL);
    CHECK_INT(out.status, CW_E_PERMISSION);
    explain(&r, "upload", CW_E_PERMISSION, &err);
    CHECK_SAYS(err, "the proxy asks for a user and a password");

    result = (cw__http_result){.end = CW__HTTP_BROKEN, .message = "Recv failure"};
    cw__reply_end(&r, &result);
    explain(&r, "complete the upload of s3://b/k", CW_E_INDETERMINATE, &err);
    CHECK(cw__starts_with(err.message, "not known whether it worked to complete the upload"));

    judge(&r, 200, NULL, "<html/>", &in);
    explain(&r, "complete the upload of s3://b/k", CW_E_INDETERMINATE, &err);
    CHECK_SAYS(err, "is this an S3 endpoint?");
    cw__reply_explain(&r, CW_E_PROTOCOL, "do", NULL);
    cw__reply_free(&r);
}

static void a_long_key_leaves_room_for_the_reason(void)
{
    char doing[1200];
    cw_error err;
    cw__reply r = {0};
    cw__judge_input in = expecting(EMPTY);
    memset(doing, 'k', sizeof doing - 1);
    doing[sizeof doing - 1] = '\0';
    judge(&r, 404, NULL, error_of("NoSuchBucket", "It is not there"), &in);
    explain(&r, doing, CW_E_BUCKET_NOT_FOUND, &err);
    CHECK_SAYS(err, "...: NoSuchBucket: create the bucket");
    CHECK_SAYS(err, "It is not there");
    cw__reply_free(&r);
}

static void secrets_and_line_breaks_stay_out_of_messages(void)
{
    cw__reply r = {0};
    cw_error err;
    cw__judge_input in = expecting(EMPTY);
    judge(&r, 403, NULL,
          error_of("AccessDenied", "bad\nheader Authorization: AWS4-HMAC-SHA256 Signature=c0ffee "
                                   "x-amz-security-token: s3cr3t-token"),
          &in);
    explain(&r, "upload", CW_E_PERMISSION, &err);
    CHECK(!strstr(err.message, "c0ffee"));
    CHECK(!strstr(err.message, "s3cr3t"));
    CHECK(!strchr(err.message, '\n'));
    CHECK_SAYS(err, "bad header");
    cw__reply_free(&r);
}

/* Out of memory: a commit may still have happened, and nothing else has. */
static void every_allocation_may_fail(void)
{
    for (int commit = 0; commit < 2; commit++) {
        bool reached = true;
        for (long nth = 1; reached; nth++) {
            cw__reply r = {0};
            cw__judgement out;
            cw__judge_input in = expecting(commit ? COMMIT : DOCUMENT);
            cw__http_result result = {.end = CW__HTTP_ANSWERED, .status = 200, .message = ""};
            REQUIRE(nth < 100);
            fault_begin(nth);
            cw__reply_reset(&r);
            for (int i = 0; i < 20; i++)
                if (!cw__reply_body(&r, "                                ", 32))
                    break;
            (void)cw__reply_body(&r, "<Result/>", 9);
            cw__reply_end(&r, &result);
            cw__reply_judge(&r, &in, &out);
            reached = fault_happened();
            cw__reply_free(&r);
            CHECK_INT(fault_end(), 0);
            if (!reached)
                check_case("enough memory", out, OK, CW_OK);
            else if (commit)
                check_case("commit", out, DOUBT, CW_E_INDETERMINATE);
            else
                check_case("document", out, FINAL, CW_E_NO_MEMORY);
        }
    }
}

int main(int argc, char **argv)
{
    TEST(every_code);
    TEST(no_rule_is_left_out);
    TEST(every_status_without_a_body);
    TEST(a_body_that_is_not_xml_leaves_the_status);
    TEST(errors_may_be_wrapped);
    TEST(a_200_is_a_success_only_by_its_document);
    TEST(a_body_over_the_limit_is_cut_and_never_a_success);
    TEST(every_end_of_the_transport);
    TEST(a_commit_that_is_refused);
    TEST(every_way_to_name_a_region);
    TEST(a_redirect_to_where_it_was_sent_is_final);
    TEST(a_clock_that_is_off);
    TEST(checksums_that_the_provider_does_not_know);
    TEST(headers_are_kept);
    TEST(etags_in_every_dress);
    TEST(retry_after_in_every_form);
    TEST(explanations_say_what_to_do);
    TEST(explanations_of_the_transport);
    TEST(a_long_key_leaves_room_for_the_reason);
    TEST(secrets_and_line_breaks_stay_out_of_messages);
    TEST(every_allocation_may_fail);
    return test_end();
}
