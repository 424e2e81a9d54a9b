/* arrow_batch.h - Arrow arrays that own their memory, and know who released them
 *
 * Each array is counted while it is alive. Memory that was released is freed, so that whoever looks
 * at it again is seen by the sanitizers, and written over, so that others see it as well.
 */
#ifndef CW_TESTS_PARQUET_ARROW_BATCH_H
#define CW_TESTS_PARQUET_ARROW_BATCH_H

#include "harness.h"

#include <pthread.h>
#include <cloudwriter/arrow_abi.h>

static long arrow_alive;          /* arrays that were not released */
static bool arrow_released_twice; /* or one whose parent was there no more */
static bool arrow_foreign;        /* released by another thread than that of the test */
static pthread_t arrow_thread;

typedef struct arrow_memory {
    const void *buffers[3];
    size_t bytes[3];
    void *blocks[3];
    struct ArrowArray *children; /* and the pointers to them */
    struct ArrowArray **pointers;
} arrow_memory;

static void arrow_release(struct ArrowArray *a)
{
    arrow_memory *m = a->private_data;

    arrow_released_twice |= !a->release;
    arrow_foreign |= !pthread_equal(arrow_thread, pthread_self());
    for (int64_t i = 0; i < a->n_children; i++)
        if (a->children[i]->release)
            a->children[i]->release(a->children[i]);
    for (size_t i = 0; i < 3; i++) {
        if (m->blocks[i])
            memset(m->blocks[i], 0xA5, m->bytes[i]);
        free(m->blocks[i]);
    }
    free(m->children);
    free(m->pointers);
    free(m);
    a->release = NULL;
    arrow_alive--;
}

static inline struct ArrowArray arrow_array(int64_t n, int64_t buffers)
{
    arrow_memory *m = calloc(1, sizeof *m);

    REQUIRE(m);
    arrow_thread = pthread_self();
    arrow_alive++;
    return (struct ArrowArray){.length = n,
                               .null_count = -1,
                               .n_buffers = buffers,
                               .buffers = m->buffers,
                               .release = arrow_release,
                               .private_data = m};
}

/** Buffer `i` becomes a copy of these bytes, `shift` bytes behind where memory begins. */
static inline void arrow_buffer(struct ArrowArray *a, size_t i, const void *p, size_t n,
                                size_t shift)
{
    arrow_memory *m = a->private_data;
    char *block = malloc(n + shift + 1);

    REQUIRE(block);
    if (n)
        memcpy(block + shift, p, n);
    m->blocks[i] = block;
    m->bytes[i] = n + shift;
    m->buffers[i] = block + shift;
}

/** These arrays become its children. */
static inline void arrow_children(struct ArrowArray *a, const struct ArrowArray *children, size_t n)
{
    arrow_memory *m = a->private_data;

    m->children = malloc(n * sizeof *m->children);
    m->pointers = malloc(n * sizeof *m->pointers);
    REQUIRE(m->children && m->pointers);
    for (size_t i = 0; i < n; i++) {
        m->children[i] = children[i];
        m->pointers[i] = &m->children[i];
    }
    a->n_children = (int64_t)n;
    a->children = m->pointers;
}

#endif
