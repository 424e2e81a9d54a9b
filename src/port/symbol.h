/* symbol.h - a function of a library that is found at run time */
#ifndef CW_PORT_SYMBOL_H
#define CW_PORT_SYMBOL_H

#include <stdbool.h>
#include <string.h>

#include <dlfcn.h>

/** *function, a pointer to a function, out of dlsym's data pointer in the way that ISO C has for
 * it; NULL and false: the library has none of that name. */
static inline bool cw__symbol(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);

    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

#endif
