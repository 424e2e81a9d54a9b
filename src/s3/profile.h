/* profile.h - the shared AWS config and credentials files, as far as one profile is concerned */
#ifndef CW_S3_PROFILE_H
#define CW_S3_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cloudwriter/client.h>

/** The way in which a profile gets its keys: where it names several, the first of the AWS tools. */
typedef enum cw__profile_way {
    CW__WAY_NONE,
    CW__WAY_ROLE,    /* role_arn, web_identity_token_file */
    CW__WAY_SSO,     /* sso_… */
    CW__WAY_KEYS,    /* in the credentials file; or in the config file, behind the next two */
    CW__WAY_PROCESS, /* credential_process */
    CW__WAY_LOGIN    /* login_session, which is not supported */
} cw__profile_way;

/** Settings of one profile; NULL where the files do not say. */
typedef struct cw__profile {
    char *name;
    bool found; /* in either file */
    char *access_key_id;
    char *secret_access_key;
    char *session_token;
    char *region;
    char *endpoint_url; /* of S3, in its services section, before that of all; so the next three */
    char *sts_endpoint_url;
    char *sso_endpoint_url;
    char *sso_oidc_endpoint_url;
    bool ignore_endpoints;  /* what is configured of them, here or in the environment */
    char *addressing_style; /* "path", "virtual", "auto", from the nested s3 = section */
    char *ca_bundle;
    char *max_attempts;
    char *checksum_calculation; /* request_checksum_calculation */
    char *retry_mode;
    char *sdk_ua_app_id;

    char *payload_signing_enabled; /* these, in the s3 = section or beside it: "true", "false" */
    char *use_dualstack_endpoint;
    char *use_fips_endpoint;
    char *use_accelerate_endpoint;
    char *us_east_1_regional_endpoint; /* "regional", "legacy" */
    char *s3_use_arn_region;
    char *s3_disable_multiregion_access_points;
    char *s3_disable_express_session_auth;

    cw__profile_way way;
    char *role_arn;
    char *source_profile;
    char *credential_source;
    char *external_id;
    char *duration_seconds;
    char *role_session_name;
    char *mfa_serial;
    char *web_identity_token_file;
    char *credential_process;
    char *sso_session;
    char *sso_start_url; /* the session's before the profile's own, and so the next */
    char *sso_region;
    char *sso_account_id;
    char *sso_role_name;
    char *login_session;

    char *config_path; /* the files that were looked at, to read them again */
    char *credentials_path;
    uint64_t in_credentials; /* for cw__profile_file */
} cw__profile;

/**
 * Read both files. A missing default file is fine; one that was named, or a profile that was named
 * and is in neither, is an error that says so. Keys in the credentials file win over the config
 * file's. @return CW_OK; CW_E_IO; CW_E_INVALID_ARGUMENT (with file and line); CW_E_NO_MEMORY
 */
cw_status cw__profile_read(cw__profile *out, const cw_client_options *o, cw_error *err);

/** The file that a setting is from, where there is one (and not a key). */
const char *cw__profile_file(const cw__profile *p, char *const *field);

/** Wipes the keys. */
void cw__profile_free(cw__profile *p);

/** The texts of the two files; what is borrowed is so for the call. */
typedef struct cw__profile_input {
    const char *name;
    const char *home_directory; /* for paths that begin with ~/; NULL leaves them as they are */
    bool ignore_endpoints;
    const char *config_path; /* for messages */
    const char *config;
    size_t config_bytes;
    const char *credentials_path;
    const char *credentials;
    size_t credentials_bytes;
} cw__profile_input;

/** The pure half of reading: does not set the paths. */
cw_status cw__profile_parse(cw__profile *out, const cw__profile_input *in, cw_error *err);

#endif
