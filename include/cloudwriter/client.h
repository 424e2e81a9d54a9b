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
 * Settings of a client. Start from CW_CLIENT_OPTIONS_INIT; zero and NULL mean the default.
 * Strings are copied by cw_client_new.
 */
typedef struct cw_client_options {
    size_t struct_size;

    /* where */
    const char *endpoint_url; /**< "http://host:9000"; NULL: the profile's, or AWS in `region` */
    const char *region;       /**< NULL: the profile's, or us-east-1 */
    cw_addressing addressing;

    /* as whom: explicit keys, else the profile, else CW_E_CREDENTIALS_MISSING at first use */
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token;
    int anonymous;                /**< send unsigned requests */
    const char *profile;          /**< NULL: "default" */
    const char *home_directory;   /**< where .aws/config and .aws/credentials are; NULL: nowhere */
    const char *config_file;      /**< in place of the one below home_directory */
    const char *credentials_file; /**< in place of the one below home_directory */

    /* TLS */
    const char *ca_bundle; /**< PEM file of the authorities to trust, in place of the system's */
    int no_verify;         /**< accept any certificate: for experiments only */

    /* resources */
    uint64_t memory_bytes;    /**< for all that the client and its writers hold; at
                                   least 12 MiB; default 128 MiB */
    unsigned io_threads;      /**< default 1, which is about 1 GB/s over TLS; at most 64 */
    unsigned max_connections; /**< for each I/O thread; default 32 */

    /* patience */
    unsigned max_attempts;        /**< for one request, the first included; default 10 */
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

    /* watching */
    cw_log_fn log;
    void *log_user;
    cw_log_level log_level;
    const char *user_agent_suffix; /**< appended to "libcloudwriter/X.Y.Z" */

    int ignore_configured_endpoints; /**< take no endpoint_url from the shared config files */
} cw_client_options;

#define CW_CLIENT_OPTIONS_INIT CW_OPTIONS_INIT(cw_client_options)

/**
 * Fill what is still at its default from the environment, as the AWS tools read it:
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_DEFAULT_REGION,
 * AWS_PROFILE, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL,
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_CA_BUNDLE, AWS_MAX_ATTEMPTS,
 * AWS_REQUEST_CHECKSUM_CALCULATION, HOME. An empty variable counts as not set.
 * Keys are used before the profile that AWS_PROFILE names (which then gives only the region and
 * the like), but are left alone when `profile`, a key or `anonymous` is set in `o` already.
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true passes over the endpoints of the environment and of the
 * config files. The strings point into the environment: make the client before changing it.
 * @return CW_OK; CW_E_INVALID_ARGUMENT when a variable has no usable value (the message names it)
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

/** What a client has done since it was made. */
typedef struct cw_client_stats {
    uint64_t requests; /**< sent, retries included */
    uint64_t retries;
    uint64_t throttled;    /**< replies that asked to slow down */
    uint64_t connections;  /**< opened */
    uint64_t memory_bytes; /**< held in slabs now */
    uint64_t memory_peak_bytes;
    uint64_t reserved[10];
} cw_client_stats;

/** Read the counters. Cheap; from any thread. */
CW_API void cw_client_get_stats(const cw_client *c, cw_client_stats *out);

CW_END_DECLS

#endif
