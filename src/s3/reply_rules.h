/* reply_rules.h - the two tables that replies are judged by: service codes and HTTP statuses */
#ifndef CW_S3_REPLY_RULES_H
#define CW_S3_REPLY_RULES_H

#include "s3/reply.h"

typedef struct cw__reply_rule {
    cw__verdict verdict;
    cw_status status;
    const char *advice; /* what the user can do about it; NULL for nothing to say */
} cw__reply_rule;

/** What a service's code means; NULL for one that is not in the table. */
const cw__reply_rule *cw__reply_rule_of_code(const char *code);

/** What an HTTP status means where the code says nothing. Never NULL. */
const cw__reply_rule *cw__reply_rule_of_http(int http_status);

/** For tests: the codes in order, NULL at the end. A '*' ends one that is a beginning. */
const char *cw__reply_rule_code_at(size_t index);

#endif
