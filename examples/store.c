/* store.c - one program for every place: write, read, read in pieces, list, delete
 *
 *     store s3://bucket/prefix     keys and settings from the environment, as with the AWS tools
 *     store /some/folder           made if it is missing
 *     store mem://name
 */
#include <cloudwriter/cloudwriter.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BYTES = 1000000, PIECE = 64 * 1024 };

static cw_error err;

static int failed(const char *doing)
{
    fprintf(stderr, "%s: %s\n", doing, err.message);
    return 1;
}

static int write_object(cw_store *s, const char *path, size_t bytes)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    char url[1200];
    cw_writer *w;

    o.create_only = 1; /* nobody else's is replaced */
    if (cw_store_url(s, path, url, sizeof url, &err) != CW_OK ||
        cw_writer_open(&w, cw_store_client(s), url, &o, &err) != CW_OK)
        return failed(path);
    for (size_t i = 0; i < bytes; i += 10)
        cw_writer_write(w, "012345678\n", 10);
    return cw_writer_close(w, NULL, &err) == CW_OK ? 0 : failed(path);
}

static int read_in_pieces(cw_store *s, const char *path)
{
    static char piece[PIECE];
    char url[1200];
    unsigned pieces = 0;
    cw_reader *r;

    if (cw_store_url(s, path, url, sizeof url, &err) != CW_OK ||
        cw_reader_open(&r, cw_store_client(s), url, &err) != CW_OK)
        return failed(path);
    for (uint64_t at = 0; at < cw_reader_size(r); at += PIECE, pieces++) {
        uint64_t left = cw_reader_size(r) - at;
        if (cw_reader_pread(r, at, piece, left < PIECE ? (size_t)left : PIECE, &err) != CW_OK)
            break;
    }
    printf("%s: %" PRIu64 " bytes in %u pieces\n", path, cw_reader_size(r), pieces);
    cw_reader_close(r);
    return err.status == CW_OK ? 0 : failed(path);
}

/* What is listed is deleted: the entry's URL would do, its path shows the way back. */
static int list_and_delete(cw_store *s, const char *folder)
{
    const cw_list_entry *e;
    cw_list *l;

    if (cw_store_list(&l, s, folder, NULL, &err) != CW_OK)
        return failed(folder);
    while (cw_list_next(l, &e, &err) == CW_OK && e) {
        const char *path = cw_store_path(s, e->url);
        printf("%10" PRIu64 "  %s\n", e->bytes, path);
        if (cw_store_delete(s, path, NULL, &err) != CW_OK)
            break;
    }
    cw_list_close(l);
    return err.status == CW_OK ? 0 : failed(folder);
}

static int walk(cw_store *s)
{
    if (write_object(s, "store-example.a", BYTES) || write_object(s, "store-example.b", 20))
        return 1;
    if (read_in_pieces(s, "store-example.a") || list_and_delete(s, "store-example."))
        return 1;
    if (cw_store_delete(s, "../elsewhere", NULL, &err) == CW_E_INVALID_ARGUMENT)
        printf("no path leads out\n");
    return 0;
}

int main(int argc, char **argv)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw_client *c = NULL;
    cw_store *s = NULL;
    int code = 1;

    if (argc != 2) {
        fprintf(stderr, "usage: store s3://bucket[/prefix] | FOLDER | mem://NAME\n"
                        "s3:// needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile\n");
        return 1;
    }
    if (cw_client_options_from_env(&o, &err) != CW_OK || cw_client_new(&c, &o, &err) != CW_OK)
        return failed("settings");
    if (strncmp(argv[1], "s3://", 5) != 0 && (cw_capabilities(argv[1]) & CW_CAN_BUCKET) &&
        cw_bucket_create(c, argv[1], &err) != CW_OK && err.status != CW_E_ALREADY_EXISTS)
        code = failed(argv[1]);
    else if (cw_store_open(&s, c, argv[1], &err) != CW_OK)
        code = failed(argv[1]);
    else
        code = walk(s);
    cw_store_close(s);
    cw_client_release(c);
    return code;
}
