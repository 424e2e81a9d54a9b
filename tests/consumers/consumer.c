/* consumer.c - a user's program: a line of text to the URL that is its argument */
#include <cloudwriter/cloudwriter.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    cw_error err;
    cw_writer *w;
    cw_object_info info;

    if (argc != 2) {
        fprintf(stderr, "usage: %s URL\n", argv[0]);
        return 2;
    }
    if (cw_writer_open(&w, NULL, argv[1], NULL, &err) != CW_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    cw_writer_printf(w, "hello from a consumer, version %s\n", cw_version());
    if (cw_writer_close(w, &info, &err) != CW_OK) {
        fprintf(stderr, "%s: %s\n", cw_status_name(err.status), err.message);
        return 1;
    }
    return 0;
}
