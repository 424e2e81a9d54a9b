/* report.h - tell what became of a source */
#ifndef CW_TOOL_REPORT_H
#define CW_TOOL_REPORT_H

#include "transfer.h"

/** Errors on standard error; with --json an object on standard output whatever the outcome. */
void report_outcome(const struct options *o, const struct job *job, const struct outcome *out);

/** The members of "error". */
struct json;
void report_error_json(struct json *j, const cw_error *error);

/** What an error says, with the ids that the user may need. To be freed. */
char *report_error_text(const cw_error *error);

#endif
