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

enum { BYTES = 1000000, PIECE = 64 * 1024, URL_ROOM = 1200 };

#define FOLDER "store-example"
#define LARGE  FOLDER "/deep/large"
#define SMALL  FOLDER "/small"

static cw_error err;

static int usage(void)
{
    fprintf(stderr, "usage: store s3://bucket[/prefix] | FOLDER | mem://NAME\n"
                    "s3:// needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile\n");
    return 1;
}

static int failed(const char *doing)
{
    fprintf(stderr, "%s: %s\n", doing, err.message);
    return err.status == CW_E_CREDENTIALS_MISSING ? usage() : 1;
}

/* A file needs its folder; keys and names need none. */
static int make_folders(cw_store *s)
{
    static const char *const folders[] = {"", FOLDER, FOLDER "/deep"};
    char url[URL_ROOM];

    if (!(cw_capabilities(cw_store_root(s)) & CW_CAN_MOVE_ATOMIC)) /* which files alone can */
        return 0;
    for (size_t i = 0; i < 3; i++)
        if (cw_store_url(s, folders[i], url, sizeof url, &err) != CW_OK ||
            (cw_bucket_create(NULL, url, &err) != CW_OK && err.status != CW_E_ALREADY_EXISTS))
            return failed(folders[i]);
    return 0;
}

/* It is there when close has said so, whole, and nobody else's is replaced. */
static cw_status write_object(cw_store *s, const char *path, size_t bytes)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    char url[URL_ROOM];
    cw_writer *w;
    cw_status st = cw_store_url(s, path, url, sizeof url, &err);

    o.create_only = 1;
    if (st == CW_OK)
        st = cw_writer_open(&w, cw_store_client(s), url, &o, &err);
    if (st != CW_OK)
        return st;
    for (size_t i = 0; i < bytes; i += 10)
        if (cw_writer_write(w, "012345678\n", 10) != CW_OK)
            break; /* close tells why */
    return cw_writer_close(w, NULL, &err);
}

static int read_whole(cw_store *s, const char *path)
{
    static char all[BYTES + 1];
    char url[URL_ROOM];
    size_t n = 0;

    if (cw_store_url(s, path, url, sizeof url, &err) != CW_OK ||
        cw_object_get(all, sizeof all, &n, cw_store_client(s), url, NULL, &err) != CW_OK)
        return failed(path);
    printf("%s: %zu bytes at once\n", path, n);
    return 0;
}

static int read_in_pieces(cw_store *s, const char *path)
{
    static char piece[PIECE];
    char url[URL_ROOM];
    unsigned pieces = 0;
    size_t n = 1;
    cw_reader *r;

    if (cw_store_url(s, path, url, sizeof url, &err) != CW_OK ||
        cw_reader_open(&r, cw_store_client(s), url, &err) != CW_OK)
        return failed(path);
    while (n > 0 && cw_reader_read(r, piece, sizeof piece, &n, &err) == CW_OK)
        pieces += n > 0;
    printf("%s: %" PRIu64 " bytes in %u pieces\n", path, cw_reader_size(r), pieces);
    cw_reader_close(r);
    return err.status == CW_OK ? 0 : failed(path);
}

/* Whatever is below, however deep; an entry's URL would do, its path shows the way back. */
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

static int expect(const char *what, cw_status got, cw_status want)
{
    if (got != want)
        return failed(what);
    printf("%s: %s\n", what, cw_status_name(got));
    return 0;
}

static int walk(cw_store *s)
{
    cw_object_meta *m = NULL;

    if (make_folders(s))
        return 1;
    if (write_object(s, LARGE, BYTES) != CW_OK || write_object(s, SMALL, 20) != CW_OK)
        return failed("writing");
    if (expect("a second time", write_object(s, SMALL, 30), CW_E_ALREADY_EXISTS))
        return 1;
    if (read_whole(s, LARGE) || read_in_pieces(s, LARGE) || list_and_delete(s, FOLDER "/"))
        return 1;
    if (expect("what was deleted", cw_store_stat(&m, s, LARGE, &err), CW_E_NOT_FOUND))
        return 1;
    return expect("../elsewhere", cw_store_delete(s, "../elsewhere", NULL, &err),
                  CW_E_INVALID_ARGUMENT);
}

int main(int argc, char **argv)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw_client *c = NULL;
    cw_store *s = NULL;
    int code;

    if (argc != 2)
        return usage();
    if (cw_client_options_from_env(&o, &err) != CW_OK || cw_client_new(&c, &o, &err) != CW_OK)
        return failed("settings");
    if (cw_store_open(&s, c, argv[1], &err) == CW_OK)
        code = walk(s);
    else
        code = failed(argv[1]);
    cw_store_close(s);
    cw_client_release(c);
    return code;
}
