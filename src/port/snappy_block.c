/* snappy_block.c - libsnappy for block.h, where it is found at run time
 *
 * It is C++ underneath, so it is not linked: a program that never asks for snappy needs neither.
 */
#include <dlfcn.h>
#include <pthread.h>

#include "port/block_codecs.h"
#include "port/symbol.h"

/* snappy-c.h: status 0 is success. */
typedef int (*compress_fn)(const char *from, size_t n, char *to, size_t *to_n);
typedef int (*length_fn)(const char *from, size_t n, size_t *length);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static compress_fn compress, restore;
static length_fn length_of;

static void look(void)
{
    void *library = dlopen("libsnappy.so.1", RTLD_NOW | RTLD_LOCAL);

    if (library && cw__symbol(library, "snappy_uncompress", &restore) &&
        cw__symbol(library, "snappy_uncompressed_length", &length_of))
        cw__symbol(library, "snappy_compress", &compress);
}

bool cw__snappy_block_there(void)
{
    pthread_once(&once, look);
    return compress != NULL;
}

size_t cw__snappy_block_compress(void *to, size_t room, const void *from, size_t n)
{
    size_t used = room;

    return cw__snappy_block_there() && compress(from, n, to, &used) == 0 ? used : 0;
}

bool cw__snappy_block_restore(void *to, size_t n, const void *from, size_t from_n)
{
    size_t length, got = n;

    return cw__snappy_block_there() && length_of(from, from_n, &length) == 0 && length == n &&
           restore(from, from_n, to, &got) == 0 && got == n;
}
