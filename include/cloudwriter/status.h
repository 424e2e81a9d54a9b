/* status.h - what a call answers, and the whole story behind an answer that is not CW_OK */
#ifndef CLOUDWRITER_STATUS_H
#define CLOUDWRITER_STATUS_H

#include <cloudwriter/export.h>

CW_BEGIN_DECLS

/**
 * Every status: number (frozen for ever), name, and what it means in a few words.
 * The enum, cw_status_name and cw_status_text come from this one list.
 */
#define CW_STATUS_LIST(X)                                                                          \
    X(0, CW_OK, "success")                                                                         \
    X(1, CW_E_INVALID_ARGUMENT, "an argument, option, URL or setting is not usable")               \
    X(2, CW_E_STATE, "the call does not fit the state of the object")                              \
    X(3, CW_E_NO_MEMORY, "the process is out of memory")                                           \
    X(4, CW_E_BUDGET, "the memory budget of the client is too small for what is open")             \
    X(5, CW_E_UNSUPPORTED, "this backend or build cannot do that")                                 \
    X(6, CW_E_CANCELLED, "cancelled by the caller")                                                \
    X(7, CW_E_IO, "the operating system reported an error")                                        \
    X(8, CW_E_NOT_FOUND, "no such object or upload")                                               \
    X(9, CW_E_BUCKET_NOT_FOUND, "no such bucket")                                                  \
    X(10, CW_E_ALREADY_EXISTS, "an object with this key exists already")                           \
    X(11, CW_E_PRECONDITION, "the object is not the one the condition names")                      \
    X(12, CW_E_CONFLICT, "another writer changed the key during the commit")                       \
    X(13, CW_E_PERMISSION, "permission denied")                                                    \
    X(14, CW_E_CREDENTIALS_MISSING, "no credentials were found")                                   \
    X(15, CW_E_CREDENTIALS_EXPIRED, "the credentials have expired")                                \
    X(16, CW_E_TOO_LARGE, "larger than this configuration or service can hold")                    \
    X(17, CW_E_THROTTLED, "the service asks to slow down, and went on doing so")                   \
    X(18, CW_E_TIMEOUT, "a deadline passed")                                                       \
    X(19, CW_E_UNAVAILABLE, "the service cannot be reached or fails")                              \
    X(20, CW_E_INTEGRITY, "what arrived is not what was sent")                                     \
    X(21, CW_E_PROTOCOL, "the reply is not one that this service gives")                           \
    X(22, CW_E_INDETERMINATE, "the commit was sent and its outcome is not known")                  \
    X(23, CW_E_SERVICE, "the service refused the request")

typedef enum cw_status {
#define CW_STATUS_ENUM_(number, name, text) name = number,
    CW_STATUS_LIST(CW_STATUS_ENUM_)
#undef CW_STATUS_ENUM_
} cw_status;

/**
 * The first error of an object, in full. Allocated by the caller, of fixed size, owns nothing:
 * copy it, keep it, let it go out of scope. Strings are empty where there is nothing to say.
 */
typedef struct cw_error {
    cw_status status;
    int os_errno;          /**< errno of the system call that failed, or 0 */
    int http_status;       /**< of the last reply, or 0 if there was none */
    int attempts;          /**< how many times the request was sent, or 0 */
    char service_code[64]; /**< the service's own code, such as "NoSuchBucket" */
    char request_id[96];   /**< what the service's support asks for */
    char upload_id[512];   /**< an upload that could not be aborted, or may yet be complete */
    char commit_token[40]; /**< with CW_E_INDETERMINATE: for cw_commit_query */
    char message[512];     /**< one sentence: what was wrong, and what to do */
} cw_error;

/** The name of a status, such as "CW_E_TIMEOUT". Static storage; never NULL. */
CW_API const char *cw_status_name(cw_status status);

/** What a status means in a few words. Static storage; never NULL. */
CW_API const char *cw_status_text(cw_status status);

CW_END_DECLS

#endif
