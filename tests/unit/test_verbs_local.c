/* test_verbs_local.c - the verbs of a store on files and in memory: the same on both */
#include "harness.h"

#include <cloudwriter/cloudwriter.h>
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
    BOTH(deleting);
    BOTH(deleting_what_was_seen);
    TEST(folders_and_links);
    TEST(what_is_refused);
    cw_memory_remove(NULL);
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK_INT(system(command), 0);
    return test_end();
}
