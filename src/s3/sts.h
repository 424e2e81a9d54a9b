/* sts.h - the Security Token Service: keys of a role, and whose keys these are */
#ifndef CW_S3_STS_H
#define CW_S3_STS_H

#include "port/xml.h"
#include "s3/credentials.h"

/** Strings are borrowed. */
typedef struct cw__sts {
    const char *endpoint_url; /* NULL: that of AWS in the region */
    const char *region;
} cw__sts;

typedef struct cw__sts_role {
    const char *arn;
    const char *session_name; /* NULL: made up */
    const char *external_id;  /* NULL: none */
    uint32_t duration_s;      /* 0: the service's own */
} cw__sts_role;

/** AssumeRole, signed with `with`. */
cw_status cw__sts_assume_role(const cw__sts *sts, const cw__sts_role *role, const cw__keys *with,
                              const cw__asking *how, cw__keys **out, cw_error *err);

/** AssumeRoleWithWebIdentity. */
cw_status cw__sts_web_identity(const cw__sts *sts, const cw__sts_role *role, const char *token,
                               const cw__asking *how, cw__keys **out, cw_error *err);

/** GetCallerIdentity: the ARN of whose keys `with` are. */
cw_status cw__sts_caller(const cw__sts *sts, const cw__keys *with, const cw__asking *how, char *arn,
                         size_t size, cw_error *err);

/** The pure half: keys out of a reply's Credentials, in the result element of `action`. */
cw_status cw__sts_parse_keys(cw__keys **out, const char *p, size_t n, const char *action,
                             const char *source, cw_error *err);

/** The same of a document that was parsed already: of the Credentials below `in`. */
cw_status cw__sts_read_keys(cw__keys **out, const cw__xml_node *in, const char *source,
                            cw_error *err);

/** The pure half of GetCallerIdentity. */
cw_status cw__sts_parse_caller(char *arn, size_t size, const char *p, size_t n, cw_error *err);

/** The pure half of a refusal: always fails, with what the service said. */
cw_status cw__sts_parse_error(const char *p, size_t n, int http_status, const char *action,
                              cw_error *err);

#endif
