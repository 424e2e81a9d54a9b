/* credential_process.h - keys from a program that a profile names */
#ifndef CW_S3_CREDENTIAL_PROCESS_H
#define CW_S3_CREDENTIAL_PROCESS_H

#include "s3/credentials.h"

/**
 * Run `command` by the shell and read the keys that it prints. Its standard input and error are
 * /dev/null; it and what it started is killed after a minute, or when asked to stop.
 * @param profile  for messages
 */
cw_status cw__process_keys(const char *command, const char *profile, const cw__asking *how,
                           cw__keys **out, cw_error *err);

#endif
