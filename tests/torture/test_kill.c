/* test_kill.c - kill -9 at any moment: the object is there whole, or not at all
 *
 *     torture_kill [ROUNDS [SEED]]
 *
 * A child writes an object and is killed at a random moment of its life. What must hold, by what it
 * had said until then:
 *     nothing of closing           there is no object
 *     that close answered CW_OK    the object is there, byte for byte
 *     that it is about to close    either of the two, and nothing in between
 * The same goes for a file, where moreover no temporary one is left, and for the command, which
 * closes when its input ends. The moments are spread over the whole life of the child, and half of
 * them over its commit alone, as long as it usually takes.
 */
#include "torture_child.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { ROUNDS = 200, OLDER_BYTES = 5, FEED_PAUSE_US = 500 };

typedef struct victim {
    const char *name;
    const char *kind; /* of torture_child; NULL: the command */
    int bytes;
    bool file;
    bool older;           /* there is an object already */
    int64_t life_us;      /* as long as it usually takes to the end */
    int64_t commit_us;    /* and from the beginning of close */
    unsigned outcomes[4]; /* killed before close, in it with and without an object, too late */
} victim;

enum { BEFORE_CLOSE, IN_VAIN, COMMITTED_UNTOLD, TOLD };

static victim victims[] = {
    {.name = "parts", .kind = "writer", .bytes = 6 * CHILD_PART + 1},
    {.name = "put", .kind = "writer", .bytes = 30000},
    {.name = "stream", .kind = "stdio", .bytes = 4 * CHILD_PART},
    {.name = "command, parts", .bytes = 6 * CHILD_PART + 1},
    {.name = "command, put", .bytes = 30000, .older = true},
    {.name = "file", .kind = "writer", .bytes = 40 * CHILD_PART, .file = true},
    {.name = "file over a file",
     .kind = "writer",
     .bytes = 4 * CHILD_PART,
     .file = true,
     .older = true},
};
enum { VICTIMS = sizeof victims / sizeof *victims };

static bed b;
static char folder[64], path[100];
static unsigned rounds = ROUNDS;
static uint64_t seed;
static bool nameless; /* the file system makes files without a name */

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void sleep_us(int64_t us)
{
    if (us > 0)
        nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}, NULL);
}

static int64_t random_below(int64_t limit)
{
    return limit > 0 ? (int64_t)(mix(&seed) % (uint64_t)limit) : 0;
}

/* ---- children ---- */

static child start_writer(const victim *v)
{
    char size[24], url[120];
    const char *arguments[] = {
        getenv("CW_TORTURE_CHILD"), ts_server_url(b.server), url, v->kind, size, "close", NULL};

    snprintf(size, sizeof size, "%d", v->bytes);
    snprintf(url, sizeof url, "%s", v->file ? path : "s3://bucket/key");
    return child_start(arguments, false);
}

static child start_command(void)
{
    const char *arguments[] = {getenv("CW_TOOL"), "put", "--part-size",     "64KiB",
                               "--quiet",         "-",   "s3://bucket/key", NULL};

    setenv("AWS_ENDPOINT_URL_S3", ts_server_url(b.server), 1);
    return child_start(arguments, true);
}

/* What it reads, a little slowly; its end is the order to close. */
static void feed(child *c, const unsigned char *data, size_t n)
{
    while (n > 0) {
        ssize_t k = write(c->input, data, n < 20000 ? n : 20000);

        if (k <= 0)
            return; /* it was killed */
        data += k;
        n -= (size_t)k;
        sleep_us(FEED_PAUSE_US);
    }
    sleep_us(10 * FEED_PAUSE_US);
    c->letters[c->count++] = 'c';
    close(c->input);
    c->input = -1;
}

/* ---- one life ---- */

/* The command tells by its exit code what the other child tells with a letter. */
static void read_exit_code(const victim *v, child *c)
{
    if (!v->kind && WIFEXITED(c->status))
        c->letters[c->count++] = WEXITSTATUS(c->status) == 0 ? 'K' : 'F';
}

typedef struct killer {
    pthread_t thread;
    pid_t pid;
    int64_t moment_us;
} killer;

static void *kill_later(void *user)
{
    const killer *k = user;

    sleep_us(k->moment_us - now_us());
    kill(k->pid, SIGKILL);
    return NULL;
}

/* -1: not killed. */
static child live(const victim *v, const unsigned char *data, int64_t after_us,
                  int64_t after_close_us, int64_t *life_us, int64_t *commit_us)
{
    int64_t start = now_us(), close_at = start;
    child c = v->kind ? start_writer(v) : start_command();
    killer k = {.pid = c.pid, .moment_us = start + after_us};
    bool at_once = after_us >= 0;

    if (at_once)
        REQUIRE(pthread_create(&k.thread, NULL, kill_later, &k) == 0);
    if (!v->kind)
        feed(&c, data, (size_t)v->bytes);
    else if (after_close_us >= 0 || !at_once)
        child_wait_for(&c, 'c');
    close_at = now_us();
    if (after_close_us >= 0) {
        sleep_us(after_close_us);
        kill(c.pid, SIGKILL);
    }
    child_end(&c);
    read_exit_code(v, &c);
    if (at_once)
        pthread_join(k.thread, NULL);
    *life_us = now_us() - start;
    *commit_us = now_us() - close_at;
    return c;
}

/* ---- what is there afterwards ---- */

static bool look(const victim *v, unsigned char **p, size_t *n)
{
    struct stat there;
    FILE *f;

    *p = NULL;
    *n = 0;
    if (!v->file) {
        *p = ts_object_bytes(b.server, "bucket", "key", n);
        return *p != NULL;
    }
    if (stat(path, &there) != 0)
        return false;
    *n = (size_t)there.st_size;
    *p = malloc(*n + 1);
    f = fopen(path, "rb");
    REQUIRE(*p && f && fread(*p, 1, *n, f) == *n);
    fclose(f);
    return true;
}

/* Once it is answered the server has taken every earlier connection: they come in their order. */
static void knock(void)
{
    const char *host = ts_server_host(b.server);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(strchr(host, ':') + 1)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char ask[] = "knock\r\n\r\n"; /* what is no request needs no signature */
    struct pollfd ready = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .events = POLLIN};

    REQUIRE(ready.fd >= 0 && connect(ready.fd, (struct sockaddr *)&to, sizeof to) == 0);
    REQUIRE(write(ready.fd, ask, sizeof ask - 1) == sizeof ask - 1);
    CHECK_INT(poll(&ready, 1, 10000), 1);
    close(ready.fd);
}

/* The server may still be at work on what it has received, or not even have begun. */
static void let_server_finish(void)
{
    knock();
    for (int i = 0; i < 10000 && ts_connections_open(b.server) > 0; i++)
        sleep_ms(1);
    CHECK_INT(ts_connections_open(b.server), 0);
}

/* Remove all temporary files; how many there were. */
static unsigned sweep_litter(void)
{
    unsigned found = 0;
    DIR *d = opendir(folder);

    REQUIRE(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] != '.' || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        found++;
        unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
    return found;
}

static void say_life(const victim *v, const child *c, const char *what)
{
    char text[200];

    snprintf(text, sizeof text, "%s, which had said \"%.*s\": %s", v->name, (int)c->count,
             c->letters, what);
    test_say(__FILE__, __LINE__, text);
}

static int judge(const victim *v, const child *c, const unsigned char *data)
{
    unsigned char *p;
    size_t n;
    bool there, whole, untouched;

    let_server_finish();
    there = look(v, &p, &n);
    whole = there && n == (size_t)v->bytes && memcmp(p, data, n) == 0;
    untouched = v->older ? there && n == OLDER_BYTES && memcmp(p, "older", n) == 0 : !there;
    free(p);
    if (!whole && !untouched)
        say_life(v, c, there ? "the object is not whole" : "the older object is gone");
    if (whole && !child_said(c, 'c'))
        say_life(v, c, "there is an object before the close");
    if (!whole && child_said(c, 'K'))
        say_life(v, c, "the object that was committed is not there");
    if (child_said(c, 'F') || child_said(c, 'I') || child_said(c, 'E'))
        say_life(v, c, "it failed by itself");
    if (!child_said(c, 'c'))
        return BEFORE_CLOSE;
    return child_said(c, 'K') ? TOLD : whole ? COMMITTED_UNTOLD : IN_VAIN;
}

/*
 * To put a file over another takes a temporary name for a moment, between two system calls of the
 * commit; at no other time has it one, where nameless files are to be had.
 */
static void check_litter(const victim *v, const child *c)
{
    if (sweep_litter() > 0 && nameless && !(v->older && child_said(c, 'c')))
        say_life(v, c, "a temporary file is left");
}

static void set_stage(const victim *v)
{
    FILE *f;

    ts_server_reset(b.server);
    unlink(path);
    if (!v->older)
        return;
    CHECK_INT(ts_object_put(b.server, "bucket", "key", "older", OLDER_BYTES), 0);
    f = fopen(path, "wb");
    REQUIRE(f && fputs("older", f) >= 0 && fclose(f) == 0);
}

/* ---- many lives ---- */

/* Lives that nobody ends, to know how long they are. */
static void measure(victim *v, const unsigned char *data)
{
    v->life_us = v->commit_us = 0;
    for (int i = 0; i < 5; i++) {
        int64_t life, commit;
        child c;

        set_stage(v);
        c = live(v, data, -1, -1, &life, &commit);
        CHECK_INT(judge(v, &c, data), TOLD);
        check_litter(v, &c);
        v->life_us += life / 5;
        v->commit_us += commit / 5;
    }
}

static void end_one(victim *v, const unsigned char *data, bool in_commit)
{
    int64_t life, commit;
    child c;

    set_stage(v);
    if (in_commit)
        c = live(v, data, -1, random_below(v->commit_us), &life, &commit);
    else
        c = live(v, data, random_below(v->life_us), -1, &life, &commit);
    v->outcomes[judge(v, &c, data)]++;
    check_litter(v, &c);
}

static void end_many(victim *v)
{
    unsigned char *data = child_data((size_t)v->bytes);

    measure(v, data);
    for (unsigned i = 0; i < rounds / VICTIMS + 1 && test_failures_here < 10; i++)
        end_one(v, data, i % 2 == 1);
    fprintf(stderr,
            "    %-16s %3u killed before close, %3u in it (%u had committed), %3u too late; a life "
            "is %lld ms, of which close takes %lld\n",
            v->name, v->outcomes[BEFORE_CLOSE],
            v->outcomes[IN_VAIN] + v->outcomes[COMMITTED_UNTOLD], v->outcomes[COMMITTED_UNTOLD],
            v->outcomes[TOLD], (long long)v->life_us / 1000, (long long)v->commit_us / 1000);
    free(data);
}

static void the_object_is_whole_or_not_there(void)
{
    unsigned before = 0, within_close = 0;

    for (int i = 0; i < VICTIMS; i++) {
        if (!victims[i].kind && !getenv("CW_TOOL"))
            continue;
        end_many(&victims[i]);
        before += victims[i].outcomes[BEFORE_CLOSE];
        within_close += victims[i].outcomes[IN_VAIN] + victims[i].outcomes[COMMITTED_UNTOLD];
    }
    CHECK(before > 0 && within_close > 0); /* or the moments were not all over */
}

static bool has_nameless_files(void)
{
#ifdef O_TMPFILE
    int fd = open(folder, O_TMPFILE | O_WRONLY, 0600);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
#else
    return false;
#endif
}

static void open_stage(void)
{
    ts_options o = server_defaults();

    o.latency_ms = 2; /* some of the moments are to fall into a request */
    b = bed_open(&o, NULL);
    snprintf(folder, sizeof folder, "/tmp/cw-torture-XXXXXX");
    REQUIRE(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/object", folder);
    nameless = has_nameless_files();
    setenv("AWS_ACCESS_KEY_ID", "ACCESSKEY", 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
    setenv("AWS_SESSION_TOKEN", SESSION, 1);
    setenv("AWS_REGION", "us-east-1", 1);
}

static void close_stage(void)
{
    sweep_litter();
    unlink(path);
    rmdir(folder);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    REQUIRE(getenv("CW_TORTURE_CHILD"));
    signal(SIGPIPE, SIG_IGN);
    rounds = argc > 1 ? (unsigned)atoi(argv[1]) : SLOWNESS > 1 ? ROUNDS / 4 : ROUNDS;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)now_us();
    fprintf(stderr, "    %u moments, seed %llu\n", rounds, (unsigned long long)seed);
    open_stage();
    within("the_object_is_whole_or_not_there", the_object_is_whole_or_not_there,
           60000 + (int)rounds * 200, NULL);
    close_stage();
    return test_end();
}
