/* whoami.c - the verb whoami: which keys are used, and why not others
 *
 * What is known is told on failure too: why each provider had nothing is then the answer.
 */
#include "whoami.h"
#include "client.h"
#include "json.h"
#include "memory.h"
#include "report.h"
#include "say.h"
#include "units.h"
#include <stdlib.h>

static void line(const char *name, const char *value)
{
    char *text = tool_format("%-10s %s", name, value);
    say_result_safe(text);
    free(text);
}

static void tell_steps(const cw_identity *who)
{
    for (size_t i = 0; i < who->step_count; i++) {
        const cw_identity_step *s = &who->steps[i];
        char *text = tool_format("%s %s: %s", s->status == CW_OK ? "*" : "-", s->provider, s->said);
        say_result_safe(text);
        free(text);
    }
}

static void tell(const struct options *o, const cw_identity *who, cw_status status)
{
    char when[UNITS_TEXT];
    if (status == CW_OK || who->provider[0]) {
        line("provider", who->provider);
        line("key id", who->anonymous ? "none: requests are unsigned" : who->masked_key_id);
        line("expires", who->expires_ms ? units_format_time(when, who->expires_ms)
                                        : "never, as far as is known");
    }
    line("region", who->region);
    line("endpoint", who->endpoint);
    if (who->arn[0])
        line("arn", who->arn);
    if (o->verbose)
        tell_steps(who);
}

static void tell_steps_json(struct json *j, const cw_identity *who)
{
    json_begin(j, "providers");
    for (size_t i = 0; i < who->step_count; i++) {
        json_begin(j, who->steps[i].provider);
        json_string(j, "status", cw_status_name(who->steps[i].status));
        json_string(j, "said", who->steps[i].said);
        json_end(j);
    }
    json_end(j);
}

static void tell_json(const struct options *o, const cw_identity *who, cw_status status,
                      const cw_error *err)
{
    struct json j = {0};
    char when[UNITS_TEXT];
    json_begin(&j, NULL);
    json_string(&j, "provider", who->provider[0] ? who->provider : NULL);
    json_string(&j, "key_id", who->masked_key_id[0] ? who->masked_key_id : NULL);
    json_string(&j, "expires", who->expires_ms ? units_format_time(when, who->expires_ms) : NULL);
    json_string(&j, "region", who->region);
    json_string(&j, "endpoint", who->endpoint);
    json_string_if(&j, "arn", who->arn);
    if (o->verbose)
        tell_steps_json(&j, who);
    if (status != CW_OK)
        report_error_json(&j, err);
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

static int look(const struct options *o, cw_client *client, const char *url)
{
    cw_identity who;
    cw_error err;
    cw_status status = cw_client_get_identity(client, url, o->verify, &who, &err);
    if (status == CW_E_INVALID_ARGUMENT && who.step_count == 0) {
        say("%s", err.message);
        return 2;
    }
    if (o->json)
        tell_json(o, &who, status, &err);
    else
        tell(o, &who, status);
    if (status == CW_OK)
        return 0;
    char *text = report_error_text(&err);
    say("%s", text);
    free(text);
    return 1;
}

int whoami_main(struct options *o)
{
    cw_client *client = NULL;
    int code;
    if (o->operand_count > 1) {
        say("whoami wants one URL at most");
        return 2;
    }
    code = client_make(o, &client);
    if (code == 0)
        code = look(o, client, o->operand_count ? o->operands[0] : NULL);
    cw_client_release(client);
    return code;
}
