/* cw_bench.c - the jobs of bare_curl.c through libcloudwriter
 *
 *   stream   cw_writer_write in pieces of 1 MiB, the total not told
 *   reserve  cw_writer_reserve and cw_writer_commit, produced in place (see job_produce_in_place)
 *   small    one object after the other
 *   idle     --objects writers open at once, then --bytes written to each, then all closed
 *
 * The endpoint, the keys and the CA come from the AWS_* variables. stdout gets one line of JSON.
 */
#include "job.h"

#include <cloudwriter/cloudwriter.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static _Noreturn void fail(const char *what, const cw_error *e)
{
    job_fail("%s: %s: %s", what, cw_status_name(e->status), e->message);
}

static cw_checksum checksum_of(const char *name)
{
    static const struct {
        const char *name;
        cw_checksum checksum;
    } names[] = {{"crc64nvme", CW_CHECKSUM_CRC64NVME},
                 {"crc32c", CW_CHECKSUM_CRC32C},
                 {"crc32", CW_CHECKSUM_CRC32},
                 {"sha256", CW_CHECKSUM_SHA256},
                 {"none", CW_CHECKSUM_NONE}};
    if (name == NULL)
        return CW_CHECKSUM_DEFAULT;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i].name) == 0)
            return names[i].checksum;
    job_fail("no checksum is called %s", name);
}

static cw_payload payload_of(const char *name)
{
    if (name == NULL)
        return CW_PAYLOAD_AUTO;
    if (strcmp(name, "signed") == 0)
        return CW_PAYLOAD_SIGNED;
    if (strcmp(name, "unsigned") == 0)
        return CW_PAYLOAD_UNSIGNED;
    job_fail("--payload is signed or unsigned");
}

static cw_client *new_client(const job *j)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw_client *client;
    cw_error e;
    if (cw_client_options_from_env(&o, &e) != CW_OK)
        fail("environment", &e);
    o.memory_bytes = j->memory_bytes;
    o.io_threads = j->io_threads;
    o.checksum = checksum_of(j->checksum);
    o.payload = payload_of(j->payload);
    if (cw_client_new(&client, &o, &e) != CW_OK)
        fail("cw_client_new", &e);
    return client;
}

static cw_writer *open_writer(cw_client *c, const job *j, const char *url)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_writer *w;
    cw_error e;
    o.part_bytes = j->part_bytes;
    o.concurrency = j->concurrency;
    if (cw_writer_open(&w, c, url, &o, &e) != CW_OK)
        fail("cw_writer_open", &e);
    return w;
}

static void write_piece(cw_writer *w, size_t n)
{
    if (cw_writer_write(w, job_piece(), n) != CW_OK)
        fail("cw_writer_write", cw_writer_error(w));
}

static void close_writer(cw_writer *w, uint64_t bytes)
{
    cw_object_info info;
    cw_error e;
    if (cw_writer_close(w, &info, &e) != CW_OK)
        fail("cw_writer_close", &e);
    if (info.bytes != bytes)
        job_fail("the object is of another size");
}

static void report_client(const cw_client *c)
{
    cw_client_stats s;
    cw_client_get_stats(c, &s);
    printf("\"requests\": %llu, \"retries\": %llu, \"connections\": %llu, \"slabs_peak\": %llu",
           (unsigned long long)s.requests, (unsigned long long)s.retries,
           (unsigned long long)s.connections, (unsigned long long)s.memory_peak_bytes);
}

/* --- one large object ------------------------------------------------------------------------ */

static void stream(cw_writer *w, uint64_t bytes)
{
    while (bytes > 0) {
        size_t n = bytes < JOB_PIECE ? (size_t)bytes : JOB_PIECE;
        write_piece(w, n);
        bytes -= n;
    }
}

static void reserve(cw_writer *w, uint64_t bytes)
{
    uint64_t done = 0;
    while (done < bytes) {
        void *p;
        size_t n;
        if (cw_writer_reserve(w, 1, &p, &n) != CW_OK)
            fail("cw_writer_reserve", cw_writer_error(w));
        if (n > bytes - done)
            n = (size_t)(bytes - done);
        job_produce_in_place(p, n, done);
        if (cw_writer_commit(w, n) != CW_OK)
            fail("cw_writer_commit", cw_writer_error(w));
        done += n;
    }
}

static void run_large(const job *j, void (*produce)(cw_writer *, uint64_t))
{
    cw_client *c = new_client(j);
    cw_writer *w = open_writer(c, j, "s3://bucket/cloudwriter");
    produce(w, j->bytes);
    close_writer(w, j->bytes);
    printf("{");
    report_client(c);
    printf("}\n");
    cw_client_release(c);
}

/* --- small objects --------------------------------------------------------------------------- */

static void run_small(const job *j)
{
    cw_client *c = new_client(j);
    for (unsigned i = 0; i < j->objects; i++) {
        char url[64];
        snprintf(url, sizeof url, "s3://bucket/small-%u", i);
        cw_writer *w = open_writer(c, j, url);
        stream(w, j->bytes);
        close_writer(w, j->bytes);
    }
    printf("{");
    report_client(c);
    printf("}\n");
    cw_client_release(c);
}

/* --- many writers ---------------------------------------------------------------------------- */

typedef struct footprint {
    uint64_t rss;
    unsigned threads;
    unsigned sockets;
    double cpu;
} footprint;

static uint64_t resident(void)
{
    unsigned long size = 0;
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%lu %lu", &size, &pages) != 2)
        job_fail("/proc/self/statm cannot be read");
    fclose(f);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Entries of a folder of /proc; with `kind`, only links whose target starts so. */
static unsigned entries(const char *folder, const char *kind)
{
    unsigned n = 0;
    struct dirent *d;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        job_fail("%s cannot be read", folder);
    while ((d = readdir(dir)) != NULL) {
        char target[256] = "";
        if (d->d_name[0] == '.')
            continue;
        if (kind != NULL && readlinkat(dirfd(dir), d->d_name, target, sizeof target - 1) < 0)
            continue;
        if (kind == NULL || strncmp(target, kind, strlen(kind)) == 0)
            n++;
    }
    closedir(dir);
    return n;
}

static footprint measure(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (footprint){
        .rss = resident(),
        .threads = entries("/proc/self/task", NULL),
        .sockets = entries("/proc/self/fd", "socket:"),
        .cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6,
    };
}

static void report_growth(const char *name, footprint from, footprint to, unsigned objects)
{
    printf("\"%s\": {\"rss_per_writer\": %.1f, \"threads\": %d, \"sockets\": %d, "
           "\"cpu_ms_per_writer\": %.5f}, ",
           name, ((double)to.rss - (double)from.rss) / objects, (int)to.threads - (int)from.threads,
           (int)to.sockets - (int)from.sockets, (to.cpu - from.cpu) * 1e3 / objects);
}

/* One object goes first, so that nothing that happens once is counted. */
static void run_idle(const job *j)
{
    cw_client *c = new_client(j);
    cw_writer **writers = calloc(j->objects, sizeof *writers);
    if (writers == NULL)
        job_fail("out of memory");
    memset(writers, 0xff, j->objects * sizeof *writers); /* its pages are ours, not the library's */
    cw_writer *first = open_writer(c, j, "s3://bucket/first");
    stream(first, j->bytes);
    close_writer(first, j->bytes);

    footprint start = measure();
    for (unsigned i = 0; i < j->objects; i++) {
        char url[64];
        snprintf(url, sizeof url, "s3://bucket/idle-%u", i);
        writers[i] = open_writer(c, j, url);
    }
    footprint opened = measure();
    for (unsigned i = 0; i < j->objects; i++)
        stream(writers[i], j->bytes);
    footprint written = measure();
    for (unsigned i = 0; i < j->objects; i++)
        close_writer(writers[i], j->bytes);
    footprint closed = measure();

    printf("{");
    report_growth("open", start, opened, j->objects);
    report_growth("written", start, written, j->objects);
    report_growth("closed", start, closed, j->objects);
    report_client(c);
    printf("}\n");
    free(writers);
    cw_client_release(c);
}

int main(int argc, char **argv)
{
    job j = job_from_args(argc, argv, "stream|reserve|small|idle");
    if (strcmp(j.mode, "stream") == 0)
        run_large(&j, stream);
    else if (strcmp(j.mode, "reserve") == 0)
        run_large(&j, reserve);
    else if (strcmp(j.mode, "small") == 0)
        run_small(&j);
    else if (strcmp(j.mode, "idle") == 0)
        run_idle(&j);
    else
        job_fail("unknown mode %s", j.mode);
    return 0;
}
