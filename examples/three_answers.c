/* three_answers.c - the three answers of close, and what to do about each
 *
 *     three_answers s3://bucket/key
 *
 * Exit code: 0 committed, 1 not committed, 4 not known.
 */
#include <cloudwriter/cloudwriter.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* The commit was sent, and the answer was lost. What is in `doubt` is enough to ask again: later,
 * or from another process. */
static int ask_again(cw_client *client, const char *url, const cw_error *doubt)
{
    cw_object_info info;
    cw_error err;

    for (int i = 0; i < 3; i++) {
        switch (cw_commit_query(client, url, doubt, &info, &err)) {
        case CW_OK:
            printf("%s: committed after all\n", url);
            return 0;
        case CW_E_NOT_FOUND:
            fprintf(stderr, "%s: not committed; write it again\n", url);
            return 1;
        default:
            sleep(1);
        }
    }
    fprintf(stderr, "%s: still not known: %s\n", url, err.message);
    fprintf(stderr, "ask later with upload id %s, commit token %s\n", doubt->upload_id,
            doubt->commit_token);
    return 4;
}

static int write_and_close(cw_client *client, const char *url)
{
    cw_writer *w;
    cw_object_info info;
    cw_error err;

    if (cw_writer_open(&w, client, url, NULL, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        return 1;
    }
    cw_writer_printf(w, "precious\n");
    switch (cw_writer_close(w, &info, &err)) {
    case CW_OK:
        printf("%s: committed, %" PRIu64 " bytes\n", url, info.bytes);
        return 0;
    case CW_E_INDETERMINATE:
        return ask_again(client, url, &err);
    default:
        fprintf(stderr, "%s: not committed: %s\n", url, err.message);
        if (err.upload_id[0])
            fprintf(stderr, "an upload was left behind: %s\n", err.upload_id);
        return 1;
    }
}

int main(int argc, char **argv)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw_client *client;
    cw_error err;
    int code;

    if (cw_client_options_from_env(&o, &err) != CW_OK ||
        cw_client_new(&client, &o, &err) != CW_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    code = write_and_close(client, argc > 1 ? argv[1] : "mem://precious");
    cw_client_release(client);
    return code;
}
