/* job.c - what a benchmark program is asked to do, the same for both sides of a comparison */
#include "job.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

enum {
    OPT_BYTES = 1,
    OPT_OBJECTS,
    OPT_PART,
    OPT_CONCURRENCY,
    OPT_MEMORY,
    OPT_IO,
    OPT_SUM,
    OPT_PAY
};

static const struct option options[] = {
    {"bytes", required_argument, NULL, OPT_BYTES},
    {"objects", required_argument, NULL, OPT_OBJECTS},
    {"part-bytes", required_argument, NULL, OPT_PART},
    {"concurrency", required_argument, NULL, OPT_CONCURRENCY},
    {"memory-bytes", required_argument, NULL, OPT_MEMORY},
    {"io-threads", required_argument, NULL, OPT_IO},
    {"checksum", required_argument, NULL, OPT_SUM},
    {"payload", required_argument, NULL, OPT_PAY},
    {NULL, 0, NULL, 0},
};

static _Noreturn void usage(const char *program, const char *modes)
{
    fprintf(stderr, "usage: %s %s --bytes N [--objects N] [--part-bytes N] [--concurrency N]\n",
            program, modes);
    fprintf(stderr, "  [--memory-bytes N] [--io-threads N] [--checksum NAME] [--payload NAME]\n");
    exit(2);
}

static uint64_t number(const char *text)
{
    char *end;
    unsigned long long v = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        fprintf(stderr, "%s is not a number\n", text);
        exit(2);
    }
    return v;
}

/* xorshift; any start but 0 */
static void fill_with_noise(unsigned char *p, size_t n)
{
    uint64_t x = 0x9e3779b97f4a7c15U;
    for (size_t i = 0; i + sizeof x <= n; i += sizeof x) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(p + i, &x, sizeof x);
    }
}

static bool take(job *j, int opt)
{
    switch (opt) {
    case OPT_BYTES:
        j->bytes = number(optarg);
        return true;
    case OPT_OBJECTS:
        j->objects = (unsigned)number(optarg);
        return true;
    case OPT_PART:
        j->part_bytes = number(optarg);
        return true;
    case OPT_CONCURRENCY:
        j->concurrency = (unsigned)number(optarg);
        return true;
    case OPT_MEMORY:
        j->memory_bytes = number(optarg);
        return true;
    case OPT_IO:
        j->io_threads = (unsigned)number(optarg);
        return true;
    case OPT_SUM:
        j->checksum = optarg;
        return true;
    case OPT_PAY:
        j->payload = optarg;
        return true;
    default:
        return false;
    }
}

job job_from_args(int argc, char **argv, const char *modes)
{
    job j = {.objects = 1};
    int opt;
    if (argc < 2)
        usage(argv[0], modes);
    j.mode = argv[1];
    while ((opt = getopt_long(argc - 1, argv + 1, "", options, NULL)) != -1)
        if (!take(&j, opt))
            usage(argv[0], modes);
    if (j.bytes == 0 || optind != argc - 1)
        usage(argv[0], modes);
    return j;
}

const char *job_env(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL || *value == '\0') {
        fprintf(stderr, "%s is not set\n", name);
        exit(2);
    }
    return value;
}

void job_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

const void *job_piece(void)
{
    static unsigned char piece[JOB_PIECE];
    static bool made;
    if (!made)
        fill_with_noise(piece, sizeof piece);
    made = true;
    return piece;
}

void job_produce_in_place(void *p, size_t n, uint64_t offset)
{
    unsigned char *bytes = p;
    for (size_t i = 0; i + sizeof offset <= n; i += PAGE) {
        uint64_t stamp = offset + i;
        memcpy(bytes + i, &stamp, sizeof stamp);
    }
}
