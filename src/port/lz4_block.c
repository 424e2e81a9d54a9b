/* lz4_block.c - liblz4 for block.h, where it is found at run time; raw blocks without a frame */
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>

#include "base/memory.h"
#include "port/block_codecs.h"
#include "port/symbol.h"

struct cw__lz4_block {
    void *state;
};

typedef int (*size_fn)(void);
typedef int (*compress_fn)(void *state, const char *from, char *to, int n, int room,
                           int acceleration);
typedef int (*restore_fn)(const char *from, char *to, int n, int room);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static size_fn state_bytes;
static compress_fn compress;
static restore_fn restore;

static void look(void)
{
    void *library = dlopen("liblz4.so.1", RTLD_NOW | RTLD_LOCAL);

    if (library && cw__symbol(library, "LZ4_sizeofState", &state_bytes) &&
        cw__symbol(library, "LZ4_decompress_safe", &restore))
        cw__symbol(library, "LZ4_compress_fast_extState", &compress);
}

bool cw__lz4_block_there(void)
{
    pthread_once(&once, look);
    return compress != NULL;
}

static bool have(cw__lz4_block **l)
{
    if (!*l)
        *l = cw__alloc_zero(sizeof **l);
    if (*l && !(*l)->state)
        (*l)->state = cw__alloc((size_t)state_bytes());
    return *l && (*l)->state;
}

size_t cw__lz4_block_compress(cw__lz4_block **l, void *to, size_t room, const void *from, size_t n)
{
    if (!cw__lz4_block_there() || n > INT_MAX || !have(l))
        return 0;
    int used = compress((*l)->state, from, to, (int)n, room > INT_MAX ? INT_MAX : (int)room, 1);
    return used > 0 ? (size_t)used : 0;
}

bool cw__lz4_block_restore(void *to, size_t n, const void *from, size_t from_n)
{
    if (!cw__lz4_block_there() || n > INT_MAX || from_n > INT_MAX)
        return false;
    int got = restore(from, to, (int)from_n, (int)n);
    return got >= 0 && (size_t)got == n;
}

void cw__lz4_block_free(cw__lz4_block *l)
{
    if (l)
        cw__free(l->state);
    cw__free(l);
}
