/* test_verbs_local.c - the verbs of a store on files and in memory: the same on both */
#include "harness.h"

#include <cloudwriter/cloudwriter.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static cw_error err;
static char folder[] = "/tmp/cw-verbs-XXXXXX";

/* Each test runs on both; a URL is a root and a name. */
static const char *root;

static const char *url_of(const char *name)
{
    static char texts[4][600];
    static unsigned turn;
    char *text = texts[turn++ % 4];

    snprintf(text, sizeof texts[0], "%s/%s", root, name);
    return text;
}

static void put(const char *name, const char *text)
{
    cw_writer *w;

    CHECK_OK(cw_writer_open(&w, NULL, url_of(name), NULL, &err), err);
    REQUIRE(w);
    CHECK(cw_writer_write(w, text, strlen(text)) == CW_OK);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
}

static bool is_there(const char *name)
{
    cw_object_meta *m;
    cw_status st = cw_object_stat(&m, NULL, url_of(name), NULL, &err);

    CHECK((st == CW_OK) == (m != NULL));
    CHECK(st == CW_OK || st == CW_E_NOT_FOUND);
    cw_object_meta_free(m);
    return st == CW_OK;
}

static bool is_file(void)
{
    return root[0] == '/';
}

static void looking(void)
{
    cw_object_stat_options o = CW_OBJECT_STAT_OPTIONS_INIT;
    cw_object_meta *m;

    put("look", "hello");
    CHECK_OK(cw_object_stat(&m, NULL, url_of("look"), NULL, &err), err);
    REQUIRE(m);
    CHECK_INT(m->bytes, 5);
    CHECK(m->modified_ms > 1600000000000);
    CHECK_STR(m->content_type, "");
    CHECK_INT(m->metadata_count, 0);
    CHECK_INT(strlen(m->etag), is_file() ? 0 : 16);
    cw_object_meta_free(m);
    CHECK(!is_there("nothing"));
    CHECK(!is_there("look/below"));
    o.version_id = "1";
    CHECK_STATUS(cw_object_stat(&m, NULL, url_of("look"), &o, &err), CW_E_UNSUPPORTED, err);
    CHECK(!m);
    o.version_id = NULL;
    o.sse_customer_key = (const unsigned char *)"";
    CHECK_STATUS(cw_object_stat(&m, NULL, url_of("look"), &o, &err), CW_E_UNSUPPORTED, err);
    cw_object_meta_free(NULL);
}

static void getting_and_putting(void)
{
    static unsigned char packed[200];
    cw_writer_options w = CW_WRITER_OPTIONS_INIT;
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_object_info info;
    char got[20] = "";
    size_t n = 9;

    CHECK_OK(cw_object_put(NULL, url_of("whole"), "hello", 5, NULL, &info, &err), err);
    CHECK_INT(info.bytes, 5);
    CHECK_OK(cw_object_get(got, sizeof got, &n, NULL, url_of("whole"), NULL, &err), err);
    CHECK_INT(n, 5);
    CHECK(memcmp(got, "hello", 6) == 0);
    CHECK_OK(cw_object_get(got, 5, &n, NULL, url_of("whole"), NULL, &err), err);
    CHECK_INT(n, 5);
    got[4] = '!';
    CHECK_STATUS(cw_object_get(got, 4, &n, NULL, url_of("whole"), NULL, &err), CW_E_TOO_LARGE, err);
    CHECK_INT(n, 5);
    CHECK_INT(got[4], '!');
    CHECK_STATUS(cw_object_get(got, 4, &n, NULL, url_of("nothing"), NULL, &err), CW_E_NOT_FOUND,
                 err);
    CHECK_INT(n, 0);
    w.create_only = 1;
    CHECK_STATUS(cw_object_put(NULL, url_of("whole"), "x", 1, &w, NULL, &err), CW_E_ALREADY_EXISTS,
                 err);
    CHECK_OK(cw_object_put(NULL, url_of("empty"), NULL, 0, NULL, NULL, &err), err);
    CHECK_OK(cw_object_get(NULL, 0, &n, NULL, url_of("empty"), NULL, &err), err);
    CHECK_INT(n, 0);

    w.create_only = 0;
    w.compression = CW_COMPRESSION_GZIP;
    CHECK_OK(cw_object_put(NULL, url_of("gz"), "0123456789", 10, &w, NULL, &err), err);
    o.decompression = CW_DECOMPRESSION_GZIP;
    CHECK_OK(cw_object_get(got, 10, &n, NULL, url_of("gz"), &o, &err), err);
    CHECK_INT(n, 10);
    CHECK_STATUS(cw_object_get(got, 9, &n, NULL, url_of("gz"), &o, &err), CW_E_TOO_LARGE, err);
    CHECK_INT(n, 0);
    CHECK_OK(cw_object_get(packed, sizeof packed, &n, NULL, url_of("gz"), NULL, &err), err);
    CHECK_OK(cw_object_put(NULL, url_of("cut"), packed, n - 1, NULL, NULL, &err), err);
    CHECK_STATUS(cw_object_get(got, 10, &n, NULL, url_of("cut"), &o, &err), CW_E_INTEGRITY, err);
    CHECK_INT(n, 0);
}

static void deleting(void)
{
    cw_object_delete_options o = CW_OBJECT_DELETE_OPTIONS_INIT;

    put("delete", "x");
    CHECK_OK(cw_object_delete(NULL, url_of("delete"), NULL, &err), err);
    CHECK(!is_there("delete"));
    CHECK_STATUS(cw_object_delete(NULL, url_of("delete"), NULL, &err), CW_E_NOT_FOUND, err);
    CHECK_STATUS(cw_object_delete(NULL, url_of("delete/below"), NULL, &err), CW_E_NOT_FOUND, err);
    o.missing_ok = 1;
    CHECK_OK(cw_object_delete(NULL, url_of("delete"), &o, &err), err);
    put("delete", "x");
    o.version_id = "1";
    CHECK_STATUS(cw_object_delete(NULL, url_of("delete"), &o, &err), CW_E_UNSUPPORTED, err);
    CHECK(is_there("delete"));
    CHECK_INT(cw_object_delete(NULL, url_of("delete"), NULL, NULL), CW_OK);
    CHECK_INT(cw_object_delete(NULL, url_of("delete"), NULL, NULL), CW_E_NOT_FOUND);
}

static void deleting_what_was_seen(void)
{
    cw_object_delete_options o = CW_OBJECT_DELETE_OPTIONS_INIT;
    cw_object_meta *m;

    put("seen", "one");
    CHECK_OK(cw_object_stat(&m, NULL, url_of("seen"), NULL, &err), err);
    REQUIRE(m);
    o.if_match = m->etag;
    if (is_file()) {
        CHECK_STATUS(cw_object_delete(NULL, url_of("seen"), &o, &err), CW_E_UNSUPPORTED, err);
    } else {
        put("seen", "two");
        CHECK_STATUS(cw_object_delete(NULL, url_of("seen"), &o, &err), CW_E_PRECONDITION, err);
        CHECK(is_there("seen"));
        put("seen", "one");
        CHECK_OK(cw_object_delete(NULL, url_of("seen"), &o, &err), err);
        CHECK_STATUS(cw_object_delete(NULL, url_of("seen"), &o, &err), CW_E_NOT_FOUND, err);
        o.missing_ok = 1;
        CHECK_OK(cw_object_delete(NULL, url_of("seen"), &o, &err), err);
    }
    cw_object_meta_free(m);
}

/* ---- copy and move ---- */

static void check_text(const char *name, const char *want)
{
    char got[100] = "";
    cw_reader *r;

    CHECK_OK(cw_reader_open(&r, NULL, url_of(name), &err), err);
    REQUIRE(r && cw_reader_size(r) < sizeof got);
    CHECK_OK(cw_reader_pread(r, 0, got, cw_reader_size(r), &err), err);
    CHECK_STR(got, want);
    cw_reader_close(r);
}

static cw_status copy(const char *from, const char *to, const cw_object_copy_options *o)
{
    return cw_object_copy(NULL, url_of(from), url_of(to), o, NULL, &err);
}

static cw_status move(const char *from, const char *to, const cw_object_copy_options *o)
{
    return cw_object_move(NULL, url_of(from), url_of(to), o, NULL, &err);
}

static void copying(void)
{
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;
    cw_writer_options describe = CW_WRITER_OPTIONS_INIT;
    cw_object_info info;

    put("from", "text");
    CHECK_OK(cw_object_copy(NULL, url_of("from"), url_of("to"), NULL, &info, &err), err);
    CHECK_INT(info.bytes, 4);
    check_text("to", "text");
    check_text("from", "text");
    put("from", "other");
    CHECK_OK(copy("from", "to", NULL), err);
    check_text("to", "other");
    put("from", "");
    o.create_only = 1;
    CHECK_STATUS(copy("from", "to", &o), CW_E_ALREADY_EXISTS, err);
    check_text("to", "other");
    CHECK_OK(copy("from", "new", &o), err);
    check_text("new", "");
    CHECK_STATUS(copy("nothing", "to", NULL), CW_E_NOT_FOUND, err);
    CHECK_STATUS(copy("to", "to", NULL), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(
        cw_object_copy(NULL, url_of("to"), is_file() ? "mem://x" : "/tmp/x", NULL, NULL, &err),
        CW_E_UNSUPPORTED, err);
    o.describe = &describe;
    CHECK_STATUS(copy("to", "new2", &o), CW_E_UNSUPPORTED, err);
    o.describe = NULL;
    o.if_match = "another";
    CHECK_STATUS(copy("to", "new2", &o), is_file() ? CW_E_UNSUPPORTED : CW_E_PRECONDITION, err);
    CHECK(!is_there("new2"));
}

static void moving(void)
{
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;

    put("from", "text");
    put("to", "other");
    o.create_only = 1;
    CHECK_STATUS(move("from", "to", &o), CW_E_ALREADY_EXISTS, err);
    check_text("from", "text");
    CHECK_OK(move("from", "to", NULL), err);
    check_text("to", "text");
    CHECK(!is_there("from"));
    CHECK_OK(move("to", "fresh", &o), err);
    check_text("fresh", "text");
    CHECK(!is_there("to"));
    CHECK_STATUS(move("from", "to", NULL), CW_E_NOT_FOUND, err);
    CHECK_STATUS(move("fresh", "fresh", NULL), CW_E_INVALID_ARGUMENT, err);
    check_text("fresh", "text");
}

/* Of one file with two names, or of a link and what it points at, nothing would be left. */
static void moving_onto_itself(void)
{
    put("one", "text");
    REQUIRE(symlink("one", url_of("name")) == 0);
    REQUIRE(link(url_of("one"), url_of("two")) == 0);
    CHECK_STATUS(move("name", "one", NULL), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(move("one", "name", NULL), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(move("one", "two", NULL), CW_E_INVALID_ARGUMENT, err);
    check_text("one", "text");
    check_text("two", "text");
    check_text("name", "text");
}

static void moving_a_link_elsewhere(void)
{
    struct stat there;

    put("target", "text");
    REQUIRE(symlink("target", url_of("pointer")) == 0 && mkdir(url_of("aside"), 0777) == 0);
    CHECK_OK(move("pointer", "aside/moved", NULL), err);
    check_text("aside/moved", "text");
    check_text("target", "text");
    CHECK(lstat(url_of("pointer"), &there) != 0);
}

/* The reader has seen another object, though it is as large. */
static void replaced_while_it_is_read(void)
{
    cw_reader *r;
    char got[8];
    size_t n;

    put("old", "12345678");
    CHECK_OK(cw_reader_open(&r, NULL, url_of("old"), &err), err);
    REQUIRE(r);
    CHECK_OK(cw_reader_pread(r, 0, got, 4, &err), err);
    put("old", "abcdefgh");
    if (is_file()) {
        CHECK_OK(cw_reader_read(r, got, 8, &n, &err), err);
        CHECK(n == 8 && memcmp(got, "12345678", 8) == 0);
    } else {
        CHECK_STATUS(cw_reader_read(r, got, 8, &n, &err), CW_E_PRECONDITION, err);
        CHECK_STATUS(cw_reader_pread(r, 4, got, 4, &err), CW_E_PRECONDITION, err);
    }
    cw_reader_close(r);
}

static void reading_what_is_no_object(void)
{
    cw_reader *r;

    put("file", "x");
    CHECK_STATUS(cw_reader_open(&r, NULL, url_of("file/below"), &err), CW_E_NOT_FOUND, err);
    CHECK_STATUS(cw_reader_open(&r, NULL, is_file() ? folder : url_of("no"), &err), CW_E_NOT_FOUND,
                 err);
}

static int count_outcome(void *user, const char *url, const cw_error *outcome)
{
    unsigned *counts = user;

    CHECK(strncmp(url, root, strlen(root)) == 0);
    counts[outcome->status != CW_OK]++;
    return 0;
}

static void deleting_many(void)
{
    char urls[3][600];
    const char *list_of[3];
    unsigned counts[2] = {0, 0};

    put("m1", "x");
    put("m2", "x");
    for (int i = 0; i < 3; i++) {
        snprintf(urls[i], sizeof urls[i], "%s/m%d", root, i + 1);
        list_of[i] = urls[i];
    }
    CHECK_OK(cw_object_delete_many(NULL, list_of, 3, count_outcome, counts, &err), err);
    CHECK_INT(counts[0], 3);
    CHECK(!is_there("m1") && !is_there("m2"));
}

/* ---- lists ---- */

static const char *pattern; /* of the lists */

static const char *list(const char *prefix, const char *delimiter, const char *start_after)
{
    static char text[2000];
    cw_list_options o = CW_LIST_OPTIONS_INIT;
    size_t skip = strlen(root) + 1 - (is_file() ? 0 : strlen("mem://"));
    char after[700];
    const cw_list_entry *e;
    cw_list *l;

    text[0] = '\0';
    o.delimiter = delimiter;
    o.glob = pattern;
    snprintf(after, sizeof after, "%s/%s", is_file() ? root : "root",
             start_after ? start_after : "");
    o.start_after = start_after ? after : NULL;
    CHECK_OK(cw_list_open(&l, NULL, url_of(prefix), &o, &err), err);
    REQUIRE(l);
    while (cw_list_next(l, &e, &err) == CW_OK && e) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s,", e->key + skip);
        CHECK_INT(e->is_prefix, delimiter && e->key[strlen(e->key) - 1] == *delimiter);
        CHECK(e->is_prefix || (e->bytes == 3 && e->modified_ms > 1600000000000));
        CHECK(strncmp(e->url, root, strlen(root)) == 0);
    }
    CHECK_INT(err.status, CW_OK);
    cw_list_close(l);
    return text;
}

static void put_in(const char *name)
{
    char path[800];

    snprintf(path, sizeof path, "%s", url_of(name));
    for (char *slash = path + strlen(folder); is_file() && (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    put(name, "abc");
}

static void listing(void)
{
    static const char *const names[] = {"list/a",     "list/a.b",        "list/d/1",
                                        "list/d/2",   "list/d.x",        "list/d0",
                                        "list/e/f/g", "list/h +%41\x01", "list/\xc3\xa9"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put_in(names[i]);
    CHECK_STR(list("list/", NULL, NULL), "list/a,list/a.b,list/d.x,list/d/1,list/d/2,list/d0,"
                                         "list/e/f/g,list/h +%41\x01,list/\xc3\xa9,");
    CHECK_STR(list("list/", "/", NULL), "list/a,list/a.b,list/d.x,list/d/,list/d0,list/e/,"
                                        "list/h +%41\x01,list/\xc3\xa9,");
    CHECK_STR(list("list/d", "/", NULL), "list/d.x,list/d/,list/d0,");
    CHECK_STR(list("list/d/", "/", NULL), "list/d/1,list/d/2,");
    CHECK_STR(list("list/d/1", NULL, NULL), "list/d/1,");
    CHECK_STR(list("list/a", ".", NULL), "list/a,list/a.,");
    CHECK_STR(list("list/", NULL, "list/d/1"), "list/d/2,list/d0,list/e/f/g,list/h +%41\x01,"
                                               "list/\xc3\xa9,");
    CHECK_STR(list("list/", "/", "list/d/"), "list/d0,list/e/,list/h +%41\x01,list/\xc3\xa9,");
    CHECK_STR(list("list/", "/", "list/d/1"), "list/d0,list/e/,list/h +%41\x01,list/\xc3\xa9,");
    CHECK_STR(list("list/", NULL, "list/z\xff"), "list/\xc3\xa9,");
    CHECK_STR(list("nothing/at/all", NULL, NULL), "");
    CHECK_STR(list("list/a/", NULL, NULL), "");
    pattern = "*/?";
    CHECK_STR(list("list/", NULL, NULL), "list/d/1,list/d/2,");
    CHECK_STR(list("list/", NULL, "list/d/1"), "list/d/2,");
    pattern = "**/[1g]";
    CHECK_STR(list("list/", NULL, NULL), "list/d/1,list/e/f/g,");
    pattern = "d{,.x,0}";
    CHECK_STR(list("list/", NULL, NULL), "list/d.x,list/d0,");
    pattern = "st/a*";
    CHECK_STR(list("li", NULL, NULL), "list/a,list/a.b,");
    pattern = NULL;
}

static void no_versions(void)
{
    cw_list_options o = CW_LIST_OPTIONS_INIT;
    cw_list *l;

    o.versions = 1;
    CHECK_STATUS(cw_list_open(&l, NULL, url_of(""), &o, &err), CW_E_UNSUPPORTED, err);
    CHECK(!l);
}

/* What a writer has not published, and what is no file, is not listed. */
static void what_is_no_object(void)
{
    cw_writer *w;
    int fd;

    root = folder;
    put_in("only/file");
    CHECK_INT(symlink("file", url_of("only/link")), 0);
    CHECK_INT(symlink("../list", url_of("only/folder")), 0);
    CHECK_INT(symlink("nowhere", url_of("only/dangling")), 0);
    CHECK_INT(mkfifo(url_of("only/fifo"), 0600), 0);
    CHECK_INT(mkdir(url_of("only/empty"), 0700), 0);
    CHECK_OK(cw_writer_open(&w, NULL, url_of("only/new"), NULL, &err), err);
    CHECK(cw_writer_write(w, "abc", 3) == CW_OK);
    fd = creat(url_of("only/.new.cw-0123456789abcdef.tmp"), 0600);
    CHECK(fd >= 0);
    close(fd);
    CHECK_STR(list("only/", NULL, NULL), "only/file,only/link,");
    CHECK_STR(list("only/", "/", NULL), "only/empty/,only/file,only/link,");
    cw_writer_abort(w, NULL);
}

static void all_of_memory(void)
{
    const cw_list_entry *e;
    cw_list *l;

    cw_memory_remove(NULL);
    root = "mem://x";
    put("y", "abc");
    CHECK_OK(cw_list_open(&l, NULL, "mem://", NULL, &err), err);
    CHECK_OK(cw_list_next(l, &e, &err), err);
    CHECK(e && strcmp(e->key, "x/y") == 0 && strcmp(e->url, "mem://x/y") == 0);
    CHECK_OK(cw_list_next(l, &e, &err), err);
    CHECK(!e);
    cw_list_close(l);
}

/* ---- files alone ---- */

static void folders_and_links(void)
{
    cw_object_meta *m;
    char path[200];

    root = folder;
    CHECK_INT(mkdir(url_of("folder"), 0700), 0);
    CHECK_STATUS(cw_object_stat(&m, NULL, url_of("folder"), NULL, &err), CW_E_NOT_FOUND, err);
    CHECK_STATUS(cw_object_delete(NULL, url_of("folder"), NULL, &err), CW_E_INVALID_ARGUMENT, err);
    put("target", "four");
    CHECK_INT(symlink("target", url_of("link")), 0);
    CHECK_OK(cw_object_stat(&m, NULL, url_of("link"), NULL, &err), err);
    CHECK(m && m->bytes == 4);
    cw_object_meta_free(m);
    CHECK_OK(cw_object_delete(NULL, url_of("link"), NULL, &err), err);
    CHECK(is_there("target"));
    CHECK_INT(mkfifo(url_of("fifo"), 0600), 0);
    CHECK_STATUS(cw_object_stat(&m, NULL, url_of("fifo"), NULL, &err), CW_E_UNSUPPORTED, err);
    CHECK_STATUS(cw_object_delete(NULL, url_of("fifo"), NULL, &err), CW_E_UNSUPPORTED, err);
    snprintf(path, sizeof path, "file://%s/target", folder);
    CHECK_OK(cw_object_delete(NULL, path, NULL, &err), err);
    CHECK(!is_there("target"));
}

static void copies_of_files(void)
{
    struct stat there;

    root = folder;
    put("mode", "x");
    CHECK_INT(chmod(url_of("mode"), 0640), 0);
    CHECK_OK(copy("mode", "mode2", NULL), err);
    CHECK(stat(url_of("mode2"), &there) == 0 && (there.st_mode & 0777) == 0640);
    CHECK_STATUS(copy("folder", "x", NULL), CW_E_NOT_FOUND, err);
    CHECK_STATUS(copy("mode", "folder", NULL), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(copy("mode", "folder/", NULL), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(copy("mode", "missing/x", NULL), CW_E_NOT_FOUND, err);
    CHECK_STATUS(move("mode", "folder", NULL), CW_E_INVALID_ARGUMENT, err);
    CHECK_INT(symlink("mode2", url_of("alias")), 0);
    put("mode", "new");
    CHECK_OK(copy("mode", "alias", NULL), err);
    check_text("mode2", "new");
    CHECK(lstat(url_of("alias"), &there) == 0 && S_ISLNK(there.st_mode));
}

static void what_is_refused(void)
{
    cw_object_meta *m;

    CHECK_STATUS(cw_object_stat(&m, NULL, "", NULL, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_object_stat(&m, NULL, "s3://bucket/key", NULL, &err), CW_E_INVALID_ARGUMENT,
                 err);
    CHECK_STATUS(cw_object_delete(NULL, "http://host/x", NULL, &err), CW_E_INVALID_ARGUMENT, err);
}

static void on_both(void (*test)(void), const char *name, const char *only)
{
    static const char *const roots[] = {"mem://root", folder};

    for (size_t i = 0; i < 2; i++) {
        root = roots[i];
        fprintf(stderr, "-- %s\n", root);
        test_run(name, test, only);
    }
}
#define BOTH(fn) on_both(fn, #fn, argc > 1 ? argv[1] : NULL)

int main(int argc, char **argv)
{
    char command[100];

    REQUIRE(mkdtemp(folder));
    BOTH(looking);
    BOTH(getting_and_putting);
    BOTH(deleting);
    BOTH(deleting_what_was_seen);
    BOTH(copying);
    BOTH(moving);
    BOTH(replaced_while_it_is_read);
    BOTH(reading_what_is_no_object);
    BOTH(deleting_many);
    BOTH(listing);
    BOTH(no_versions);
    TEST(what_is_no_object);
    TEST(all_of_memory);
    root = folder;
    TEST(moving_onto_itself);
    TEST(moving_a_link_elsewhere);
    TEST(folders_and_links);
    TEST(copies_of_files);
    TEST(what_is_refused);
    cw_memory_remove(NULL);
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK_INT(system(command), 0);
    return test_end();
}
