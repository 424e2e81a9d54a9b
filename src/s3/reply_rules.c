/* reply_rules.c - what each service code and each HTTP status means
 *
 * The codes are those of S3 and of the services that speak like it. Circumstances that no table
 * can see (a clock that is off, a region in the reply, a checksum that the provider does not know,
 * If-None-Match) are looked at before, in reply_judge.c.
 */
#include "s3/reply_rules.h"

#include <string.h>

#define RETRY       CW__VERDICT_RETRY
#define TIMEOUT     CW__VERDICT_TIMEOUT
#define THROTTLED   CW__VERDICT_THROTTLED
#define CLOCK       CW__VERDICT_CLOCK
#define CREDENTIALS CW__VERDICT_CREDENTIALS
#define REGION      CW__VERDICT_REGION
#define NO_UPLOAD   CW__VERDICT_NO_UPLOAD
#define FINAL       CW__VERDICT_FINAL

#define KEYS        "check the access key id and the secret access key, and that they belong together"
#define SLOWER      "send less at a time, or try again later"
#define LATER       "try again later"
#define CHANGED     "the bytes changed on the way, or in memory while they were sent"
#define SHIFTED     "check that the clock of this machine is right"
#define BUCKET_NAME "create the bucket, or check its name, the endpoint and the region"
#define RENEW       "get new temporary credentials"
#define PAYMENT     "the account may not use this service: see its billing or its provider"
#define ARCHIVED    "restore the object from its archive first"
#define ENCRYPTION  "check the encryption settings and the rights to the key"
#define RESTART     "the upload cannot be completed: send the object again from the start"

typedef struct code_rule {
    const char *code; /* one that ends in '*' is a beginning */
    cw__reply_rule rule;
} code_rule;

static const code_rule code_rules[] = {
    /* transient */
    {"InternalError", {RETRY, CW_E_UNAVAILABLE, LATER}},
    {"InternalFailure", {RETRY, CW_E_UNAVAILABLE, LATER}},
    {"InternalServerError", {RETRY, CW_E_UNAVAILABLE, LATER}},
    {"InternalServiceException", {RETRY, CW_E_UNAVAILABLE, LATER}},
    {"BadGateway", {RETRY, CW_E_UNAVAILABLE, LATER}},
    {"GatewayTimeout", {RETRY, CW_E_UNAVAILABLE, LATER}},
    {"IncompleteBody", {RETRY, CW_E_UNAVAILABLE, "the connection may cut uploads: try again"}},
    {"RequestTimeout", {TIMEOUT, CW_E_TIMEOUT, "the service got no bytes for too long"}},
    {"RequestTimeoutException", {TIMEOUT, CW_E_TIMEOUT, "the service got no bytes for too long"}},
    {"ClientDisconnected", {RETRY, CW_E_UNAVAILABLE, LATER}},
    {"OperationAborted",
     {RETRY, CW_E_CONFLICT, "another operation on the same bucket or key was running: try again"}},

    /* slow down */
    {"SlowDown*", {THROTTLED, CW_E_THROTTLED, SLOWER}},
    {"ServiceUnavailable*", {THROTTLED, CW_E_THROTTLED, SLOWER}},
    {"Throttl*", {THROTTLED, CW_E_THROTTLED, SLOWER}},
    {"TooManyRequests*", {THROTTLED, CW_E_THROTTLED, SLOWER}},
    {"RequestThrottl*", {THROTTLED, CW_E_THROTTLED, SLOWER}},
    {"RequestLimitExceeded", {THROTTLED, CW_E_THROTTLED, SLOWER}},
    {"BandwidthLimitExceeded", {THROTTLED, CW_E_THROTTLED, SLOWER}},
    {"ProvisionedThroughputExceededException", {THROTTLED, CW_E_THROTTLED, SLOWER}},
    {"PriorRequestNotComplete", {THROTTLED, CW_E_THROTTLED, SLOWER}},
    {"KMS.Throttl*", {THROTTLED, CW_E_THROTTLED, SLOWER}},
    {"ServerBusy", {THROTTLED, CW_E_THROTTLED, SLOWER}},
    {"Busy", {THROTTLED, CW_E_THROTTLED, SLOWER}},

    /* the clock */
    {"RequestTimeTooSkewed", {CLOCK, CW_E_SERVICE, SHIFTED}},
    {"RequestExpired", {FINAL, CW_E_PERMISSION, SHIFTED}},

    /* credentials that were right once */
    {"ExpiredToken*", {CREDENTIALS, CW_E_CREDENTIALS_EXPIRED, RENEW}},
    {"TokenRefreshRequired", {CREDENTIALS, CW_E_CREDENTIALS_EXPIRED, RENEW}},
    {"InvalidToken", {CREDENTIALS, CW_E_CREDENTIALS_EXPIRED, RENEW}},
    {"InvalidTokenId", {CREDENTIALS, CW_E_CREDENTIALS_EXPIRED, RENEW}},
    {"InvalidSessionException", {CREDENTIALS, CW_E_CREDENTIALS_EXPIRED, RENEW}},

    /* another region; those that need one in the reply are FINAL here */
    {"PermanentRedirect*", {REGION, CW_E_SERVICE, "check the region and the endpoint"}},
    {"TemporaryRedirect", {REGION, CW_E_SERVICE, "check the region and the endpoint"}},
    {"Redirect", {REGION, CW_E_SERVICE, "check the region and the endpoint"}},
    {"AuthorizationHeaderMalformed", {FINAL, CW_E_SERVICE, "check the region and the keys"}},
    {"IllegalLocationConstraintException", {FINAL, CW_E_SERVICE, "check the region"}},
    {"InvalidRegion", {FINAL, CW_E_SERVICE, "check the region"}},
    {"IncorrectEndpoint", {FINAL, CW_E_SERVICE, "check the region and the endpoint"}},
    {"EndpointNotFound", {FINAL, CW_E_SERVICE, "check the region and the endpoint"}},

    /* conditions and rivals */
    {"PreconditionFailed", {FINAL, CW_E_PRECONDITION, "the object is not the one expected"}},
    {"NotModified", {FINAL, CW_E_PRECONDITION, NULL}},
    {"ObjectAlreadyExists", {FINAL, CW_E_ALREADY_EXISTS, "choose another key"}},
    {"FileAlreadyExists", {FINAL, CW_E_ALREADY_EXISTS, "choose another key"}},
    {"ConditionalRequestConflict",
     {FINAL, CW_E_CONFLICT, "another writer was at this key: look at it, then write again"}},
    {"BucketAlreadyExists", {FINAL, CW_E_CONFLICT, "choose another name for the bucket"}},
    {"BucketAlreadyOwnedByYou", {FINAL, CW_E_CONFLICT, "the bucket is there already"}},
    {"BucketNotEmpty", {FINAL, CW_E_CONFLICT, "remove its objects and uploads first"}},
    {"BucketHasAccessPointsAttached", {FINAL, CW_E_CONFLICT, "remove its access points first"}},
    {"RestoreAlreadyInProgress", {FINAL, CW_E_CONFLICT, "wait for the end of the one under way"}},
    {"InvalidBucketState", {FINAL, CW_E_CONFLICT, NULL}},
    {"OperationConflict", {FINAL, CW_E_CONFLICT, NULL}},

    /* not there */
    {"NoSuchUpload",
     {NO_UPLOAD, CW_E_NOT_FOUND, "it was completed or aborted, or a lifecycle rule removed it"}},
    {"NoSuchBucket", {FINAL, CW_E_BUCKET_NOT_FOUND, BUCKET_NAME}},
    {"NoSuchKey", {FINAL, CW_E_NOT_FOUND, "check the key"}},
    {"NoSuchVersion", {FINAL, CW_E_NOT_FOUND, "check the version id"}},
    {"NotFound", {FINAL, CW_E_NOT_FOUND, "check the bucket and the key"}},
    {"NoSuch*", {FINAL, CW_E_NOT_FOUND, "create it first, or check its name"}},

    /* not allowed; the advice on AccessDenied names the permission, see reply_explain.c */
    {"AccessDenied*", {FINAL, CW_E_PERMISSION, NULL}},
    {"SecondLevelDomainForbidden",
     {FINAL, CW_E_PERMISSION,
      "the service wants the bucket in the host: use virtual-hosted style"}},
    {"AccessForbidden", {FINAL, CW_E_PERMISSION, NULL}},
    {"Forbidden", {FINAL, CW_E_PERMISSION, NULL}},
    {"Unauthorized*", {FINAL, CW_E_PERMISSION, NULL}},
    {"SignatureDoesNotMatch",
     {FINAL, CW_E_PERMISSION, "check the secret access key, and that no proxy changes requests"}},
    {"InvalidAccessKeyId",
     {FINAL, CW_E_PERMISSION, "check the access key id, and that it belongs to this endpoint"}},
    {"InvalidClientTokenId", {FINAL, CW_E_PERMISSION, KEYS}},
    {"UnrecognizedClientException", {FINAL, CW_E_PERMISSION, KEYS}},
    {"MissingAuthenticationToken", {FINAL, CW_E_PERMISSION, "give credentials"}},
    {"MissingSecurityHeader", {FINAL, CW_E_PERMISSION, "give credentials"}},
    {"CredentialsNotSupported", {FINAL, CW_E_PERMISSION, NULL}},
    {"InvalidSignature", {FINAL, CW_E_PERMISSION, KEYS}},
    {"TokenCodeInvalidError", {FINAL, CW_E_PERMISSION, RENEW}},
    {"MissingSecurityElement", {FINAL, CW_E_PERMISSION, "give credentials"}},
    {"InvalidSecurity", {FINAL, CW_E_PERMISSION, KEYS}},
    {"InvalidPayer", {FINAL, CW_E_PERMISSION, PAYMENT}},
    {"AccountProblem", {FINAL, CW_E_PERMISSION, PAYMENT}},
    {"AllAccessDisabled", {FINAL, CW_E_PERMISSION, PAYMENT}},
    {"NotSignedUp", {FINAL, CW_E_PERMISSION, PAYMENT}},
    {"UserDisable", {FINAL, CW_E_PERMISSION, PAYMENT}},
    {"NotDeviceOwnerError", {FINAL, CW_E_PERMISSION, NULL}},
    {"CrossLocationLoggingProhibited", {FINAL, CW_E_PERMISSION, NULL}},
    {"AccessControlListNotSupported",
     {FINAL, CW_E_INVALID_ARGUMENT, "the bucket has no ACLs: leave out the ACL"}},
    {"KMS.*", {FINAL, CW_E_PERMISSION, ENCRYPTION}},

    /* too much */
    {"EntityTooLarge",
     {FINAL, CW_E_TOO_LARGE, "the service takes no more in one part or object: use smaller parts"}},
    {"MaxMessageLengthExceeded", {FINAL, CW_E_TOO_LARGE, NULL}},
    {"MaxPostPreDataLengthExceeded*", {FINAL, CW_E_TOO_LARGE, NULL}},
    {"MetadataTooLarge", {FINAL, CW_E_TOO_LARGE, "at most 2 KiB of metadata"}},
    {"RequestHeaderSectionTooLarge", {FINAL, CW_E_TOO_LARGE, "use less metadata or fewer tags"}},
    {"QuotaExceeded*", {FINAL, CW_E_TOO_LARGE, "the bucket or the account is full"}},
    {"StorageQuotaExceeded", {FINAL, CW_E_TOO_LARGE, "the bucket or the account is full"}},
    {"XMinioAdminBucketQuotaExceeded", {FINAL, CW_E_TOO_LARGE, "the bucket is full"}},
    {"XMinioStorageFull", {FINAL, CW_E_TOO_LARGE, "the storage of the service is full"}},
    {"ServiceQuotaExceeded*", {FINAL, CW_E_TOO_LARGE, NULL}},
    {"InlineDataTooLarge", {FINAL, CW_E_TOO_LARGE, NULL}},
    {"TooManyParts", {FINAL, CW_E_TOO_LARGE, "use larger parts, or give a size hint"}},
    {"TooMany*", {FINAL, CW_E_TOO_LARGE, "remove some, or have the quota raised"}},

    /* other bytes than were sent */
    {"BadDigest*", {RETRY, CW_E_INTEGRITY, CHANGED}},
    {"InvalidDigest", {RETRY, CW_E_INTEGRITY, CHANGED}},
    {"XAmzContentSHA256Mismatch", {RETRY, CW_E_INTEGRITY, CHANGED}},
    {"XAmzContentChecksumMismatch", {RETRY, CW_E_INTEGRITY, CHANGED}},
    {"ChecksumMismatch*", {RETRY, CW_E_INTEGRITY, CHANGED}},

    /* not known here */
    {"NotImplemented", {FINAL, CW_E_UNSUPPORTED, "this service cannot do what was asked for"}},
    {"XNotImplemented", {FINAL, CW_E_UNSUPPORTED, "this service cannot do what was asked for"}},
    {"MethodNotAllowed", {FINAL, CW_E_UNSUPPORTED, "is this an S3 endpoint, and that a bucket?"}},
    {"Unsupported*", {FINAL, CW_E_UNSUPPORTED, NULL}},

    /* the upload and its parts */
    {"InvalidPart", {FINAL, CW_E_SERVICE, RESTART}},
    {"InvalidPartOrder", {FINAL, CW_E_SERVICE, RESTART}},
    {"InvalidPartNumber", {FINAL, CW_E_SERVICE, RESTART}},
    {"EntityTooSmall", {FINAL, CW_E_SERVICE, "this service wants larger parts: raise part_bytes"}},
    {"MissingContentLength", {FINAL, CW_E_SERVICE, "does a proxy change requests?"}},
    {"MissingRequestBodyError", {FINAL, CW_E_SERVICE, "does a proxy change requests?"}},
    {"MalformedXML", {FINAL, CW_E_SERVICE, NULL}},
    {"MalformedTrailerError", {FINAL, CW_E_SERVICE, NULL}},
    {"InvalidObjectState", {FINAL, CW_E_SERVICE, ARCHIVED}},
    {"ObjectNotInActiveTierError", {FINAL, CW_E_SERVICE, ARCHIVED}},
    {"InvalidRange", {FINAL, CW_E_SERVICE, NULL}},

    /* settings that the service does not take */
    {"InvalidArgument", {FINAL, CW_E_INVALID_ARGUMENT, NULL}},
    {"InvalidRequest", {FINAL, CW_E_INVALID_ARGUMENT, NULL}},
    {"InvalidBucketName", {FINAL, CW_E_INVALID_ARGUMENT, "check the name of the bucket"}},
    {"InvalidObjectName", {FINAL, CW_E_INVALID_ARGUMENT, "this service does not take such a key"}},
    {"XMinioInvalidObjectName",
     {FINAL, CW_E_INVALID_ARGUMENT, "this service does not take such a key"}},
    {"XMinioInvalidResourceName",
     {FINAL, CW_E_INVALID_ARGUMENT, "this service does not take such a key"}},
    {"KeyTooLong*", {FINAL, CW_E_INVALID_ARGUMENT, "a key has at most 1,024 bytes"}},
    {"InvalidURI", {FINAL, CW_E_INVALID_ARGUMENT, "this service does not take such a key"}},
    {"InvalidStorageClass", {FINAL, CW_E_INVALID_ARGUMENT, "check the storage class"}},
    {"InvalidTag", {FINAL, CW_E_INVALID_ARGUMENT, "check the tags"}},
    {"InvalidAccessPoint*", {FINAL, CW_E_INVALID_ARGUMENT, "check the ARN or the alias"}},
    {"InvalidBucketAclWithObjectOwnership",
     {FINAL, CW_E_INVALID_ARGUMENT, "the bucket has no ACLs: leave out the ACL"}},
    {"InvalidBucketOwnerAWSAccountID", {FINAL, CW_E_INVALID_ARGUMENT, "check the account's id"}},
    {"InvalidHostHeader", {FINAL, CW_E_SERVICE, "does a proxy change requests?"}},
    {"BadRequest", {FINAL, CW_E_SERVICE, NULL}},
    {"InvalidEncryptionAlgorithmError", {FINAL, CW_E_INVALID_ARGUMENT, ENCRYPTION}},
    {"ServerSideEncryptionConfigurationNotFoundError", {FINAL, CW_E_INVALID_ARGUMENT, ENCRYPTION}},
    {"InvalidLocationConstraint", {FINAL, CW_E_INVALID_ARGUMENT, "check the region"}},
    {"UnresolvableGrantByEmailAddress", {FINAL, CW_E_INVALID_ARGUMENT, "check the ACL"}},
    {"AmbiguousGrantByEmailAddress", {FINAL, CW_E_INVALID_ARGUMENT, "check the ACL"}},
    {"InvalidTargetBucketForLogging", {FINAL, CW_E_INVALID_ARGUMENT, NULL}},
    {"MalformedACLError", {FINAL, CW_E_INVALID_ARGUMENT, "check the ACL"}},
    {"MalformedPOSTRequest", {FINAL, CW_E_SERVICE, NULL}},
    {"AuthorizationQueryParametersError", {FINAL, CW_E_PERMISSION, NULL}},
};

enum { CODE_RULES = sizeof code_rules / sizeof *code_rules };

typedef struct http_rule {
    int from, to;
    cw__reply_rule rule;
} http_rule;

/* The first that fits. */
static const http_rule http_rules[] = {
    {304, 304, {FINAL, CW_E_PRECONDITION, NULL}},
    {300, 399, {FINAL, CW_E_PROTOCOL, "check the endpoint: it sends requests elsewhere"}},
    {401, 401, {FINAL, CW_E_PERMISSION, NULL}},
    {403, 403, {FINAL, CW_E_PERMISSION, NULL}},
    {404,
     404,
     {FINAL, CW_E_NOT_FOUND, "nothing is there: check the key, the bucket and the endpoint"}},
    {405, 405, {FINAL, CW_E_UNSUPPORTED, "is this an S3 endpoint, and that a bucket?"}},
    {407,
     407,
     {FINAL, CW_E_PERMISSION, "the proxy asks for a user and a password: give them in proxy_url"}},
    {408, 408, {TIMEOUT, CW_E_TIMEOUT, "the service got no bytes for too long"}},
    {409, 409, {FINAL, CW_E_CONFLICT, "another writer was at this key"}},
    {412, 412, {FINAL, CW_E_PRECONDITION, "the object is not the one expected"}},
    {413, 413, {FINAL, CW_E_TOO_LARGE, "use smaller parts"}},
    {414, 414, {FINAL, CW_E_INVALID_ARGUMENT, "use a shorter key"}},
    {425, 425, {RETRY, CW_E_UNAVAILABLE, LATER}},
    {429, 429, {THROTTLED, CW_E_THROTTLED, SLOWER}},
    {431, 431, {FINAL, CW_E_TOO_LARGE, "use less metadata or fewer tags"}},
    {499, 499, {RETRY, CW_E_UNAVAILABLE, LATER}},
    {200, 499, {FINAL, CW_E_SERVICE, NULL}},
    {501, 501, {FINAL, CW_E_UNSUPPORTED, "this service cannot do what was asked for"}},
    {503, 503, {THROTTLED, CW_E_THROTTLED, SLOWER}},
    {500, 599, {RETRY, CW_E_UNAVAILABLE, LATER}},
};

static bool fits(const char *pattern, const char *code)
{
    size_t n = strlen(pattern);
    if (pattern[n - 1] == '*')
        return strncmp(pattern, code, n - 1) == 0;
    return strcmp(pattern, code) == 0;
}

const cw__reply_rule *cw__reply_rule_of_code(const char *code)
{
    for (size_t i = 0; *code && i < CODE_RULES; i++)
        if (fits(code_rules[i].code, code))
            return &code_rules[i].rule;
    return NULL;
}

const cw__reply_rule *cw__reply_rule_of_http(int http_status)
{
    static const cw__reply_rule unheard_of = {FINAL, CW_E_PROTOCOL, "is this an S3 endpoint?"};
    for (size_t i = 0; i < sizeof http_rules / sizeof *http_rules; i++)
        if (http_status >= http_rules[i].from && http_status <= http_rules[i].to)
            return &http_rules[i].rule;
    return &unheard_of;
}

const char *cw__reply_rule_code_at(size_t index)
{
    return index < CODE_RULES ? code_rules[index].code : NULL;
}
