/* job.h - what a benchmark program is asked to do, the same for both sides of a comparison */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The producer's piece: what one write hands over. */
enum { JOB_PIECE = 1 << 20 };

typedef struct job {
    const char *mode;
    uint64_t bytes;       /* of one object */
    unsigned objects;     /* how many of them */
    uint64_t part_bytes;  /* 0: the side's default */
    unsigned concurrency; /* 0: the side's default */
    uint64_t memory_bytes;
    unsigned io_threads;
    const char *checksum; /* NULL: the library's default */
    const char *payload;
} job;

/** Read the command line; prints what is wrong and exits with 2. */
job job_from_args(int argc, char **argv, const char *modes);

/** A setting from the environment that must be there; exits with 2. */
const char *job_env(const char *name);

/** Print a reason and exit with 1. */
_Noreturn void job_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** JOB_PIECE bytes that no one can compress; static storage. */
const void *job_piece(void);

/**
 * Produce `n` bytes in place, at `offset` of the object, as a device would: the processor writes
 * eight bytes to each page and leaves the rest as it is. Memory that was never written would all
 * be one page of zeros, which no real producer's is.
 */
void job_produce_in_place(void *p, size_t n, uint64_t offset);

#endif
