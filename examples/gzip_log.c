/* gzip_log.c - a log that is compressed on its way
 *
 *     gzip_log s3://bucket/app.log.gz
 */
#include <cloudwriter/cloudwriter.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static void log_line(cw_writer *w, const char *level, const char *text)
{
    char now[32];
    time_t t = time(NULL);
    struct tm tm;

    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
    cw_writer_printf(w, "%s %-5s %s\n", now, level, text);
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "mem://app.log.gz";
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_object_info info;
    cw_writer *w;
    cw_error err;

    o.compression = CW_COMPRESSION_GZIP;
    o.content_type = "text/plain";
    if (cw_writer_open(&w, NULL, url, &o, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        return 1;
    }

    log_line(w, "info", "started");
    for (int i = 0; i < 5000; i++)
        log_line(w, "info", "nothing happened");
    log_line(w, "info", "ended");

    /* Were this a log that never ends, it would be one object for each hour, say: nothing can be
     * read before close. */
    if (cw_writer_close(w, &info, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", url, err.message);
        return 1;
    }
    printf("%s: %" PRIu64 " bytes of log in %" PRIu64 "\n", url, info.bytes_in, info.bytes);
    return 0;
}
