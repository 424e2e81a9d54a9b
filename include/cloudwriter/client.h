/* client.h - connections, credentials, the memory budget and the I/O thread that writers share
 *
 * A client is cheap to share and dear to make: one for a program is right, for any number of
 * writers. It is thread-safe and reference-counted; a writer holds a reference of its own.
 */
#ifndef CLOUDWRITER_CLIENT_H
#define CLOUDWRITER_CLIENT_H

#include <cloudwriter/status.h>

CW_BEGIN_DECLS

typedef struct cw_client cw_client;

/** How a bucket is named in a request. */
typedef enum cw_addressing {
    CW_ADDRESSING_AUTO = 0, /**< virtual-hosted at AWS; path for IP addresses, localhost, own
                                 endpoints and buckets with dots */
    CW_ADDRESSING_PATH,     /**< https://host/bucket/key */
    CW_ADDRESSING_VIRTUAL   /**< https://bucket.host/key */
} cw_addressing;

/** A setting that the shared config files may have as well. */
typedef enum cw_switch {
    CW_AS_CONFIGURED = 0, /**< as the files say; else the default */
    CW_ON,
    CW_OFF
} cw_switch;

/** Who runs the service: what can be done there. docs/providers.md has what each of them means. */
typedef enum cw_provider {
    CW_PROVIDER_AUTO = 0, /**< by the host of the endpoint, else by what it answers */
    CW_PROVIDER_GENERIC,  /**< like AWS, but conditions on writes are not sure to hold */
    CW_PROVIDER_AWS,
    CW_PROVIDER_R2,    /**< Cloudflare */
    CW_PROVIDER_GCS,   /**< Google Cloud Storage, the XML API with HMAC keys */
    CW_PROVIDER_MINIO, /**< MinIO */
    CW_PROVIDER_CEPH,  /**< Ceph Object Gateway */
    CW_PROVIDER_B2,    /**< Backblaze */
    CW_PROVIDER_OSS    /**< Alibaba Cloud */
} cw_provider;

/** Which check of the bytes travels with them. */
typedef enum cw_checksum {
    CW_CHECKSUM_DEFAULT = 0, /**< the client's choice; there: CRC-64/NVME */
    CW_CHECKSUM_CRC64NVME,   /**< of the whole object, folded from the parts */
    CW_CHECKSUM_CRC32C,      /**< of each part, and of those */
    CW_CHECKSUM_CRC32,       /**< of each part, and of those */
    CW_CHECKSUM_SHA256,      /**< of each part, and of those */
    CW_CHECKSUM_NONE
} cw_checksum;

/** Whether the signature covers the bytes of the body. */
typedef enum cw_payload {
    CW_PAYLOAD_AUTO = 0, /**< unsigned over TLS, signed over plain http */
    CW_PAYLOAD_UNSIGNED,
    CW_PAYLOAD_SIGNED
} cw_payload;

/** The oldest version of TLS that will do. */
typedef enum cw_tls_version {
    CW_TLS_DEFAULT = 0, /**< 1.2 */
    CW_TLS_1_2,
    CW_TLS_1_3
} cw_tls_version;

typedef enum cw_log_level {
    CW_LOG_OFF = 0,
    CW_LOG_ERROR, /**< something failed for good */
    CW_LOG_WARN,  /**< a retry, a downgrade, a region learned */
    CW_LOG_INFO,  /**< one line for each object */
    CW_LOG_DEBUG  /**< one line for each request */
} cw_log_level;

/**
 * Receives log lines, without newline and without secrets. Runs on any thread, the I/O thread
 * included: it must not call the library and should not block.
 */
typedef void (*cw_log_fn)(void *user, cw_log_level level, const char *line);

/**
 * Keys from a caller's own provider. Start from zero with struct_size set, as the library does for
 * a cw_credentials_fn.
 */
typedef struct cw_credentials {
    size_t struct_size;
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /**< NULL: none */
    int64_t expires_ms;        /**< since 1970-01-01 UTC; 0: never */
    /** Called with this struct when the strings have been copied; NULL: nothing to be done. */
    void (*release)(void *user, struct cw_credentials *c);
} cw_credentials;

/**
 * A caller's own provider of keys: fill in `out`. Asked when keys are first wanted, again from 5
 * minutes before they expire, and when the service says that they have; never twice at once. Runs
 * on a thread of the library's own and may block; cw_client_release waits for it. The strings must
 * last until `release`, or, without one, until the next call or the end of the client.
 * @return CW_OK; CW_E_CREDENTIALS_MISSING: go on with the next provider; any other status is the
 *         error of the request that wanted keys, with what was put into `err`
 */
typedef cw_status (*cw_credentials_fn)(void *user, cw_credentials *out, cw_error *err);

/**
 * Settings of a client. Start from CW_CLIENT_OPTIONS_INIT; zero and NULL mean the default.
 * Strings are copied by cw_client_new.
 */
typedef struct cw_client_options {
    size_t struct_size;

    /* where */
    const char *endpoint_url; /**< "http://host:9000"; NULL: the profile's, or AWS in `region` */
    int ignore_configured_endpoints; /**< take no endpoint, of any service, from the shared config
                                          files */
    const char *region; /**< NULL: the profile's, or the provider's own, or us-east-1. For R2 one of
                             the profile or the environment that it does not know is "auto" */
    cw_addressing addressing;
    cw_provider provider; /**< what is set here is believed, whatever host or answers say */

    /* which of AWS's endpoints (docs/endpoints.md); those in the first three lines cannot be had
       together with an endpoint_url */
    cw_switch use_dualstack_endpoint;               /**< IPv6 as well as IPv4; default off */
    cw_switch use_fips_endpoint;                    /**< of S3, and of STS; default off */
    cw_switch use_accelerate_endpoint;              /**< S3 Transfer Acceleration; default off */
    cw_switch us_east_1_regional_endpoint;          /**< off: s3.amazonaws.com; default on */
    cw_switch s3_use_arn_region;                    /**< off: refuse access points of another
                                                         region than the client's; default on */
    cw_switch s3_disable_multiregion_access_points; /**< refuse them; default off */
    cw_switch s3_disable_express_session_auth;      /**< directory buckets without CreateSession;
                                                         default off */

    /* as whom: the first of these, in their order here, that has keys; else
       CW_E_CREDENTIALS_MISSING at first use */
    int anonymous;                 /**< nobody: send unsigned requests */
    cw_credentials_fn credentials; /**< NULL: none */
    void *credentials_user;
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token;           /**< NULL: none */
    const char *web_identity_token_file; /**< with role_arn: AssumeRoleWithWebIdentity; the file is
                                              read anew each time */
    const char *role_arn;                /**< for web_identity_token_file only */
    const char *role_session_name;       /**< NULL: made up */
    const char *profile;                 /**< NULL: "default" */
    const char *container_credentials_path;   /**< at the agent of ECS, http://169.254.170.2 */
    const char *container_credentials_url;    /**< https, or http on this machine, ECS or EKS */
    const char *container_authorization;      /**< sent to either */
    const char *container_authorization_file; /**< in its place; read anew each time */
    int instance_metadata;                    /**< ask the EC2 instance metadata service, v2 */
    const char *instance_metadata_url;        /**< in place of http://169.254.169.254 */

    /* for a profile: the files that it is in, which settings are taken from as well, and what it
       may need to get its keys */
    const char *home_directory;   /**< where .aws/config and .aws/credentials are; NULL: nowhere */
    const char *config_file;      /**< in place of the one below home_directory */
    const char *credentials_file; /**< in place of the one below home_directory */
    const char *sts_endpoint_url; /**< NULL: the profile's, or that of AWS in the region; for web
                                       identities, too */
    const char *sso_endpoint_url; /**< NULL: the profile's, or that of AWS in its sso_region */
    const char *sso_oidc_endpoint_url;    /**< where SSO renews tokens; NULL: the profile's, or that
                                               of AWS in its sso_region */
    const char *source_access_key_id;     /**< these three: the keys of a profile that says */
    const char *source_secret_access_key; /**< "credential_source = Environment" */
    const char *source_session_token;     /**< NULL: none */

    /* TLS */
    const char *ca_bundle;    /**< PEM file of the authorities to trust, in place of the system's */
    const char *ca_directory; /**< as OpenSSL's c_rehash makes it; with ca_bundle, or alone */
    const char *client_cert;  /**< PEM file of a certificate to show, its chain behind it */
    const char *client_key;   /**< PEM file; NULL: in that of client_cert */
    const char *client_key_password; /**< NULL: none */
    cw_tls_version tls_minimum;
    int no_verify; /**< accept any certificate: for experiments only */

    /* through what: "[SCHEME://][USER[:PASSWORD]@]HOST[:PORT]" of http (the default), https,
       socks4, socks4a, socks5 or socks5h, port 1080 (https: 443) if none; USER and PASSWORD are
       percent-encoded.
       What is asked of the instance metadata service and of containers goes through none. */
    const char *proxy_url;       /**< for all requests */
    const char *https_proxy_url; /**< for https, without proxy_url; else none */
    const char *http_proxy_url;  /**< for http, without proxy_url; else none */
    const char *no_proxy;        /**< "host,.domain,10.0.0.0/8" go without any of them; "*": all */

    /* resources */
    uint64_t memory_bytes;    /**< for all that the client and its writers hold; at
                                   least 12 MiB; default 128 MiB */
    unsigned io_threads;      /**< default 1, which is about 1 GB/s over TLS; at most 64 */
    unsigned max_connections; /**< for each I/O thread; default 32, but never more than one for
                                   each 8 MiB of memory */

    /* throughput, shared by all that use the client: each is on unless turned off */
    int no_pacing;   /**< do not space requests out after the service asked to slow down */
    int no_hedging;  /**< wait for a part that is stuck or trickles, however fast others are: do not
                          send it, or ask for the rest of it, a second time */
    int no_adapting; /**< send 8 parts of an object at once, as if writers had said so */
    int no_spreading; /**< leave it to libcurl which address of the endpoint to connect to */

    /* patience */
    unsigned max_attempts;        /**< for one request, the first included; default 10 */
    const char *retry_mode;       /**< "legacy", "standard", "adaptive"; NULL: the profile's. It is
                                       checked, and no more: retries are paced and adaptive always */
    uint32_t retry_base_ms;       /**< first pause, then doubled, with jitter; default 50 */
    uint32_t retry_cap_ms;        /**< longest pause; default 20,000 */
    uint32_t connect_timeout_ms;  /**< default 5,000 */
    uint32_t stall_timeout_ms;    /**< no byte either way; default 30,000 */
    uint32_t commit_timeout_ms;   /**< from the end of a Complete to its reply, twice
                                       before it is looked into; default 600,000 */
    uint64_t request_deadline_ms; /**< for one request with all its retries; default none */
    uint32_t exit_timeout_ms;     /**< for aborting open uploads at exit(); default 5,000 */

    /* defaults for the writers */
    cw_checksum checksum;
    cw_payload payload;

    /* who is asking: behind "libcloudwriter/X.Y.Z" in the user agent */
    const char *execution_environment; /**< "exec-env/…", such as AWS_Lambda_provided.al2023 */
    const char *app_id;                /**< "app/…"; NULL: the profile's sdk_ua_app_id */
    const char *user_agent_suffix;     /**< as it is, at the end */

    /* watching */
    cw_log_fn log;
    void *log_user;
    cw_log_level log_level;

    /* what cw_client_options_from_env filled in, for cw_settings_new to tell; not to be set */
    int environment_read;
    unsigned environment_max_attempts;
    cw_checksum environment_checksum;
    unsigned environment_switches; /* two bits for each cw_switch, in their order */
} cw_client_options;

#define CW_CLIENT_OPTIONS_INIT CW_OPTIONS_INIT(cw_client_options)

/**
 * Fill what is still at its default from the environment, as the AWS tools read it:
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_DEFAULT_REGION,
 * AWS_PROFILE, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL,
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_CA_BUNDLE, AWS_MAX_ATTEMPTS,
 * AWS_REQUEST_CHECKSUM_CALCULATION, AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE,
 * AWS_ROLE_SESSION_NAME, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,
 * AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_CONTAINER_AUTHORIZATION_TOKEN,
 * AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, AWS_EC2_METADATA_DISABLED,
 * AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE, AWS_ENDPOINT_URL_STS,
 * AWS_ENDPOINT_URL_SSO, AWS_ENDPOINT_URL_SSO_OIDC, AWS_USE_DUALSTACK_ENDPOINT,
 * AWS_USE_FIPS_ENDPOINT, AWS_S3_US_EAST_1_REGIONAL_ENDPOINT, AWS_S3_USE_ARN_REGION,
 * AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS, AWS_S3_DISABLE_EXPRESS_SESSION_AUTH, AWS_RETRY_MODE,
 * AWS_SDK_UA_APP_ID, AWS_EXECUTION_ENV, HOME; and, as curl reads them, https_proxy, HTTPS_PROXY,
 * http_proxy, all_proxy, ALL_PROXY (for the one or the other that has none of its own), no_proxy,
 * NO_PROXY; of each pair the first. HTTP_PROXY is not read: a web server lets whoever sends it a
 * header "Proxy:" set that. An empty variable counts as not set. The instance metadata service is
 * asked only after this call (or with `instance_metadata` set), as the last of all. Keys are used
 * before the profile that AWS_PROFILE names (which then gives only the region and the like), but
 * are left alone when `profile`, a key or `anonymous` is set in `o` already.
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true passes over the endpoints of the environment and of the
 * config files. The strings point into the environment: make the client before changing it.
 * @return CW_OK; CW_E_INVALID_ARGUMENT when a variable has no usable value (the message names it):
 *         then `o` is as it was
 */
CW_CHECKED cw_status cw_client_options_from_env(cw_client_options *o, cw_error *err);

/**
 * Make a client. Reads the shared config files if the options name them; sends nothing.
 * @param out  receives the client, with one reference; NULL on failure
 * @param o    NULL: every default
 * @return CW_OK; CW_E_INVALID_ARGUMENT; CW_E_NO_MEMORY; CW_E_IO when a named file cannot be read
 */
CW_CHECKED cw_status cw_client_new(cw_client **out, const cw_client_options *o, cw_error *err);

/** One more reference; returns `c`. */
CW_API cw_client *cw_client_retain(cw_client *c);

/**
 * Give a reference back. The last one stops the I/O threads and closes the connections. NULL is
 * fine. Not from a log callback.
 */
CW_API void cw_client_release(cw_client *c);

/** What one provider of keys said when they were asked for, or why it was not asked. */
typedef struct cw_identity_step {
    char provider[48];
    cw_status status; /**< CW_OK: the keys are from here */
    char said[256];   /**< CW_OK: what kind of keys; else why there were none */
} cw_identity_step;

/** Whose keys a client uses, without their secrets. */
typedef struct cw_identity {
    int anonymous;             /**< there are none: requests are unsigned */
    char provider[64];         /**< who had them; "" when nobody */
    char masked_key_id[32];    /**< "AKIA****WXYZ" */
    int64_t expires_ms;        /**< since 1970-01-01 UTC; 0: never */
    char region[64];           /**< that requests are signed for */
    char endpoint[512];        /**< where requests for the bucket go, or for the service */
    char arn[256];             /**< as STS says, if it was asked; "" */
    cw_identity_step steps[8]; /**< in the order in which they were asked */
    size_t step_count;
    uint64_t reserved[16];
} cw_identity;

/**
 * Say whose keys a client uses, and why those of every other provider are not. Asks the providers
 * if that was not done yet, and waits for them.
 * @param url     "s3://bucket[/key]" for the endpoint of that bucket; NULL for the service
 * @param verify  also ask STS (GetCallerIdentity, which needs no permission) for the ARN
 * @param out     filled in as far as is known, on failure too
 * @return CW_OK; CW_E_CREDENTIALS_MISSING; CW_E_INVALID_ARGUMENT for a URL that is not of S3; what
 *         was wrong with the keys that were found; or what STS refused
 */
CW_CHECKED cw_status cw_client_get_identity(cw_client *c, const char *url, int verify,
                                            cw_identity *out, cw_error *err);

/** What a client's settings came to, and from where. */
typedef struct cw_settings cw_settings;

typedef struct cw_setting {
    const char *name;   /**< of the field of cw_client_options, or of what it led to */
    const char *value;  /**< in words; "set" for a secret; "" for none */
    const char *origin; /**< "option", "environment NAME", "profile NAME in FILE", "default",
                             "learned" from an answer of the service, or the name of the setting
                             that it follows from */
} cw_setting;

/**
 * List what is in effect. Sends nothing, and shows no secret; whose keys are used is
 * cw_client_get_identity's to say.
 * @param url  "s3://bucket[/key]": the endpoint and the region are those of that bucket; NULL
 * @return CW_OK; CW_E_INVALID_ARGUMENT for a URL that is not of S3; CW_E_NO_MEMORY; CW_E_STATE
 */
CW_CHECKED cw_status cw_settings_new(cw_settings **out, cw_client *c, const char *url,
                                     cw_error *err);

/** The next setting, or NULL behind the last. It lasts until the next call. */
CW_API const cw_setting *cw_settings_next(cw_settings *s);

/** NULL is fine. */
CW_API void cw_settings_free(cw_settings *s);

/**
 * The keys that requests are signed with now, their secrets included: for handing them to another
 * program. Asks the providers as a request would, and waits for them.
 * @param out  to be given to its `release` once used (with NULL for the user), which wipes the
 *             keys; all NULL on failure, and where requests are not signed
 * @return CW_OK; CW_E_CREDENTIALS_MISSING; or what was wrong with the keys that were found
 */
CW_CHECKED cw_status cw_client_get_credentials(cw_client *c, cw_credentials *out, cw_error *err);

/** What a client has done since it was made. */
typedef struct cw_client_stats {
    /* requests */
    uint64_t requests; /**< sent, retries included */
    uint64_t retries;
    uint64_t throttled;    /**< replies that asked to slow down */
    uint64_t paced;        /**< attempts that waited for their turn after such a reply */
    uint64_t request_rate; /**< requests a second that are let through now; 0: all */
    uint64_t hedged; /**< sent next to or in place of one that was stuck, or trickled, while others
                          got through: retries, too */

    /* connections */
    uint64_t connections; /**< opened */
    uint64_t addresses;   /**< of the endpoint, to spread connections over; 0: no more than one, or
                               not known yet */
    uint64_t addresses_avoided; /**< of those: left alone for a while, failing or slow */
    uint64_t parts_at_once;     /**< of an object that are sent now, where writers leave it open */

    /* memory */
    uint64_t memory_bytes; /**< held in slabs now */
    uint64_t memory_peak_bytes;

    uint64_t reserved[4];
} cw_client_stats;

/** Read the counters. Cheap; from any thread. */
CW_API void cw_client_get_stats(const cw_client *c, cw_client_stats *out);

CW_END_DECLS

#endif
