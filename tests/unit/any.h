/* any.h - numbers that are the same in every run, and without any order */
#ifndef ANY_H
#define ANY_H

#include <stdint.h>

static uint64_t any(void)
{
    static uint64_t state = 1;
    uint64_t z = state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

#endif
