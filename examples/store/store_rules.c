/* store_rules.c - what a store holds to, tried line by line, the same on every backend
 *
 *     store_rules s3://bucket/prefix     keys and settings from the environment
 *     store_rules /some/folder           made if it is missing
 *     store_rules mem://name
 *
 * Prints each rule with "ok" or "NO"; what a backend cannot do has to be refused as such. Exit
 * code 0: all of them hold.
 */
#include <cloudwriter/cloudwriter.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { WRITERS = 8, URL_ROOM = 1200, SIGNED_ROOM = 8192 };

#define FOLDER "store-rules"
#define A      FOLDER "/a.csv"
#define B      FOLDER "/b.csv"
#define C      FOLDER "/c.txt"
#define RACED  FOLDER "/raced"

static cw_store *store;
static cw_error err;
static int broken;

static void rule(const char *what, int holds)
{
    printf("%-3s %s%s%s\n", holds ? "ok" : "NO", what, holds ? "" : ": ", holds ? "" : err.message);
    broken += !holds;
}

/* On another thread than main's, with an error of its own. */
static cw_status put(const char *path, const char *text, int create_only, cw_error *e)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    char url[URL_ROOM];
    cw_writer *w;
    cw_status st = cw_store_url(store, path, url, sizeof url, e);

    o.create_only = create_only;
    if (st == CW_OK)
        st = cw_writer_open(&w, cw_store_client(store), url, &o, e);
    if (st != CW_OK)
        return st;
    cw_writer_write(w, text, strlen(text)); /* close tells */
    return cw_writer_close(w, NULL, e);
}

static int holds(const char *path, const char *text)
{
    char url[URL_ROOM], found[64] = "";
    size_t n = 0;
    cw_reader *r;

    if (cw_store_url(store, path, url, sizeof url, &err) != CW_OK ||
        cw_reader_open(&r, cw_store_client(store), url, &err) != CW_OK)
        return 0;
    (void)!cw_reader_read(r, found, sizeof found - 1, &n, &err);
    cw_reader_close(r);
    return err.status == CW_OK && n == strlen(text) && strcmp(found, text) == 0;
}

static int is_there(const char *path)
{
    cw_object_meta *m = NULL;
    cw_status st = cw_store_stat(&m, store, path, &err);

    cw_object_meta_free(m);
    return st == CW_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void *create(void *won)
{
    cw_error e;
    cw_status st = put(RACED, "mine", 1, &e);

    *(int *)won = st == CW_OK ? 1 : st == CW_E_ALREADY_EXISTS ? 0 : -WRITERS;
    return NULL;
}

static void race(void)
{
    pthread_t threads[WRITERS];
    int won[WRITERS], started = 0, winners = 0;

    while (started < WRITERS && pthread_create(&threads[started], NULL, create, &won[started]) == 0)
        started++;
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        winners += won[i];
    }
    rule("eight create at once: one has, seven are told that it exists",
         started == WRITERS && winners == 1);
}

static void failing_source(void)
{
    char url[URL_ROOM];
    cw_writer *w;

    if (cw_store_url(store, B, url, sizeof url, &err) == CW_OK &&
        cw_writer_open(&w, cw_store_client(store), url, NULL, &err) == CW_OK) {
        cw_writer_write(w, "half", 4);
        cw_writer_abort(w, &err); /* the source failed */
    }
    rule("a source that fails publishes nothing", !is_there(B) && err.status == CW_E_NOT_FOUND);
}

static void writing(void)
{
    rule("written", put(A, "one", 1, &err) == CW_OK && holds(A, "one"));
    rule("not overwritten", put(A, "two", 1, &err) == CW_E_ALREADY_EXISTS && holds(A, "one"));
    rule("replaced where that is meant", put(A, "three", 0, &err) == CW_OK && holds(A, "three"));
    failing_source();
    race();
}

/* ---- the verbs ------------------------------------------------------------------------------- */

static void copying(void)
{
    rule("copied", cw_store_copy(store, A, B, NULL, &err) == CW_OK && holds(B, "three"));
    rule("moved", cw_store_move(store, B, C, NULL, &err) == CW_OK && holds(C, "three"));
    rule("and gone from where it was", !is_there(B));
}

static void listing(const char *what, const char *glob, unsigned objects, uint64_t bytes)
{
    cw_list_options o = CW_LIST_OPTIONS_INIT;
    const cw_list_entry *e;
    cw_list *l;

    o.glob = glob;
    if (cw_store_list(&l, store, FOLDER "/", &o, &err) == CW_OK) {
        while (cw_list_next(l, &e, &err) == CW_OK && e) {
            objects--;
            bytes -= e->bytes;
        }
        cw_list_close(l);
    }
    rule(what, err.status == CW_OK && objects == 0 && bytes == 0);
}

static void deleting(void)
{
    cw_object_delete_options missing_ok = CW_OBJECT_DELETE_OPTIONS_INIT;

    missing_ok.missing_ok = 1;
    rule("deleted", cw_store_delete(store, C, NULL, &err) == CW_OK && !is_there(C));
    rule("deleted twice is told", cw_store_delete(store, C, NULL, &err) == CW_E_NOT_FOUND);
    rule("unless that is fine", cw_store_delete(store, C, &missing_ok, &err) == CW_OK);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void paths(void)
{
    static const char *const wrong[] = {"../x", "a/../../x", "/etc/passwd", "a//b", "./a"};
    size_t refused = 0;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refused += put(wrong[i], "x", 0, &err) == CW_E_INVALID_ARGUMENT;
    rule("no path leads out", refused == sizeof wrong / sizeof *wrong);
    rule("an error names the path", !is_there(FOLDER "/none") && strstr(err.message, "/none"));
}

static int as_it_can(unsigned can, unsigned capability, cw_status st)
{
    return st == (can & capability ? CW_OK : CW_E_UNSUPPORTED);
}

static void capabilities(void)
{
    unsigned can = cw_capabilities_get(cw_store_client(store), cw_store_root(store));
    const cw_pair tag = {"team", "data"};
    cw_client *c = cw_store_client(store);
    cw_response *answer = NULL;
    char url[URL_ROOM], text[SIGNED_ROOM];

    rule("a URL of a path", cw_store_url(store, A, url, sizeof url, &err) == CW_OK);
    rule("signed URLs, or CW_E_UNSUPPORTED",
         as_it_can(can, CW_CAN_PRESIGN, cw_presign(c, url, NULL, text, sizeof text, &err)));
    rule("tags, or CW_E_UNSUPPORTED",
         as_it_can(can, CW_CAN_TAG, cw_object_tags_put(c, url, &tag, 1, &err)));
    rule("requests of one's own, or CW_E_UNSUPPORTED",
         as_it_can(can, CW_CAN_REQUEST, cw_request_send(&answer, c, url, NULL, &err)));
    rule("which answer with the object", !answer || strcmp(answer->body, "three") == 0);
    cw_response_free(answer);
}

/* ---- the program ----------------------------------------------------------------------------- */

/* A file needs its folder; keys and names need none. */
static int make_folders(void)
{
    static const char *const folders[] = {"", FOLDER};
    char url[URL_ROOM];

    if (!(cw_capabilities(cw_store_root(store)) & CW_CAN_MOVE_ATOMIC)) /* which files alone can */
        return 0;
    for (size_t i = 0; i < 2; i++)
        if (cw_store_url(store, folders[i], url, sizeof url, &err) != CW_OK ||
            (cw_bucket_create(NULL, url, &err) != CW_OK && err.status != CW_E_ALREADY_EXISTS))
            return 1;
    return 0;
}

static void all_rules(void)
{
    writing();
    copying();
    listing("a folder's objects and bytes", NULL, 3, 5 + 5 + 4);
    listing("what matches a pattern", "*.{csv,tsv}", 1, 5);
    deleting();
    paths();
    capabilities();
    rule("cleared", cw_store_delete(store, A, NULL, &err) == CW_OK &&
                        cw_store_delete(store, RACED, NULL, &err) == CW_OK);
}

int main(int argc, char **argv)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw_client *c = NULL;

    if (argc != 2) {
        fprintf(stderr, "usage: store_rules s3://bucket[/prefix] | FOLDER | mem://NAME\n");
        return 1;
    }
    if (cw_client_options_from_env(&o, &err) != CW_OK || cw_client_new(&c, &o, &err) != CW_OK ||
        cw_store_open(&store, c, argv[1], &err) != CW_OK || make_folders()) {
        fprintf(stderr, "%s: %s\n", argv[1], err.message);
        broken = 1;
    } else {
        all_rules();
    }
    cw_store_close(store);
    cw_client_release(c);
    return broken != 0;
}
