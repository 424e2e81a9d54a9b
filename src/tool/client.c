/* client.c - one client for the run, from the command line and the environment */
#include "client.h"
#include "say.h"

static void on_log(void *user, cw_log_level level, const char *line)
{
    (void)user;
    (void)level;
    say("%s", line);
}

int client_make(struct options *o, cw_client **out)
{
    cw_error err;
    cw_status status;

    if (o->verbose) {
        o->client.log = on_log;
        o->client.log_level = o->verbose > 1 ? CW_LOG_DEBUG : CW_LOG_INFO;
    }
    status = cw_client_options_from_env(&o->client, &err);
    if (status == CW_OK)
        status = cw_client_new(out, &o->client, &err);
    if (status == CW_OK)
        return 0;
    say("%s", err.message);
    return status == CW_E_INVALID_ARGUMENT ? 2 : 1;
}
