/* report.c - tell what became of a source */
#include "report.h"
#include "json.h"
#include "memory.h"
#include "say.h"
#include "units.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *status_word(cw_status status)
{
    return status == CW_OK                ? "committed"
           : status == CW_E_INDETERMINATE ? "indeterminate"
                                          : "not_committed";
}

void report_error_json(struct json *j, const cw_error *error)
{
    json_begin(j, "error");
    json_string(j, "status", cw_status_name(error->status));
    json_string(j, "message", error->message);
    json_string(j, "service_code", error->service_code[0] ? error->service_code : NULL);
    json_int(j, "http_status", error->http_status);
    json_string(j, "upload_id", error->upload_id[0] ? error->upload_id : NULL);
    json_string(j, "commit_token", error->commit_token[0] ? error->commit_token : NULL);
    json_string(j, "request_id", error->request_id[0] ? error->request_id : NULL);
    json_int(j, "errno", error->os_errno);
    json_int(j, "attempts", error->attempts);
    json_end(j);
}

static const char *source_name(const struct job *job)
{
    return job->source ? job->source : "--exec";
}

static void print_json(const struct options *o, const struct job *job, const struct outcome *out)
{
    bool ok = out->error.status == CW_OK;
    struct json j = {0};

    json_begin(&j, NULL);
    json_string(&j, "url", job->url);
    json_string(&j, "source", source_name(job));
    json_string(&j, "status", status_word(out->error.status));
    json_uint(&j, "bytes", ok ? out->info.bytes : 0);
    json_uint(&j, "bytes_in", ok ? out->info.bytes_in : out->stats.bytes_in);
    if (o->verb == VERB_PARQUET) {
        json_uint(&j, "rows", out->rows);
        json_uint(&j, "row_groups", out->row_groups);
    }
    json_string(&j, "etag", ok && out->info.etag[0] ? out->info.etag : NULL);
    json_string(&j, "version_id", ok && out->info.version_id[0] ? out->info.version_id : NULL);
    json_string(&j, "checksum", ok && out->info.checksum[0] ? out->info.checksum : NULL);
    json_uint(&j, "parts", ok ? out->info.parts : out->stats.parts_done);
    json_uint(&j, "requests", ok ? out->info.requests : out->stats.requests);
    json_uint(&j, "retries", ok ? out->info.retries : out->stats.retries);
    json_seconds(&j, "seconds", out->seconds);
    if (!ok)
        report_error_json(&j, &out->error);
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

char *report_error_text(const cw_error *error)
{
    const char *message = error->message[0] ? error->message : cw_status_text(error->status);
    if (error->upload_id[0] && error->commit_token[0])
        return tool_format("%s (upload id %s, commit token %s)", message, error->upload_id,
                           error->commit_token);
    if (error->upload_id[0])
        return tool_format("%s (upload id %s)", message, error->upload_id);
    if (error->commit_token[0])
        return tool_format("%s (commit token %s)", message, error->commit_token);
    return tool_strdup(message);
}

static void print_committed(const struct job *job, const struct outcome *out)
{
    char size[UNITS_TEXT], rate[UNITS_TEXT], parts[UNITS_TEXT] = "";
    double seconds = out->seconds > 0.001 ? out->seconds : 0.001;
    units_format_bytes(size, (double)out->info.bytes);
    units_format_bytes(rate, (double)out->info.bytes_in / seconds);
    if (out->info.parts)
        snprintf(parts, sizeof parts, "%" PRIu64 " parts, ", out->info.parts);
    if (out->rows)
        say_about(job->url, "%" PRIu64 " rows, %s, %s%.1f s, %s/s", out->rows, size, parts,
                  out->seconds, rate);
    else
        say_about(job->url, "%s, %s%.1f s, %s/s", size, parts, out->seconds, rate);
}

void report_outcome(const struct options *o, const struct job *job, const struct outcome *out)
{
    if (out->error.status != CW_OK) {
        char *text = report_error_text(&out->error);
        say_about(job->url, "%s", text);
        free(text);
    } else if (o->verbose && !o->quiet) {
        print_committed(job, out);
    }
    if (o->json)
        print_json(o, job, out);
}
