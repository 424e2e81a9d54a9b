/* many_writers.c - a thousand open objects on one client
 *
 *     many_writers s3://bucket/prefix [COUNT]
 *
 * Rows are dealt out to objects by their key, all of which are open at the same time. The client's
 * connections, its thread and its memory budget serve them all.
 */
#include <cloudwriter/cloudwriter.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 100000 };

static int open_all(cw_writer **writers, int count, cw_client *client, const char *prefix)
{
    char url[1200];
    cw_error err;

    for (int i = 0; i < count; i++) {
        snprintf(url, sizeof url, "%s-%04d.csv", prefix, i);
        if (cw_writer_open(&writers[i], client, url, NULL, &err) != CW_OK) {
            fprintf(stderr, "%s: %s\n", url, err.message);
            while (i-- > 0)
                cw_writer_abort(writers[i], NULL);
            return -1;
        }
    }
    return 0;
}

static int close_all(cw_writer **writers, int count)
{
    int failed = 0;
    cw_error err;

    for (int i = 0; i < count; i++)
        if (cw_writer_close(writers[i], NULL, &err) != CW_OK && failed++ == 0)
            fprintf(stderr, "%s\n", err.message);
    return failed;
}

int main(int argc, char **argv)
{
    const char *prefix = argc > 1 ? argv[1] : "mem://shard";
    int count = argc > 2 ? atoi(argv[2]) : 1000;
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw_client *client;
    cw_client_stats stats;
    cw_writer **writers = calloc(count > 0 ? (size_t)count : 1, sizeof(cw_writer *));
    cw_error err;
    int failed = -1;

    if (!writers || count < 1 || cw_client_options_from_env(&o, &err) != CW_OK ||
        cw_client_new(&client, &o, &err) != CW_OK) {
        fprintf(stderr, "no client\n");
        free(writers);
        return 1;
    }
    if (open_all(writers, count, client, prefix) == 0) {
        for (int i = 0; i < ROWS; i++)
            cw_writer_printf(writers[i % count], "%d,%d\n", i, i * 7);
        failed = close_all(writers, count);
    }
    cw_client_get_stats(client, &stats);
    printf("%d objects, %d failed, %" PRIu64 " connections\n", count, failed, stats.connections);
    cw_client_release(client);
    free(writers);
    return failed != 0;
}
