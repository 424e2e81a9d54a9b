/* words.h - the words of a schema's text form, for the one that writes and the one that reads */
#ifndef CW_PARQUET_WORDS_H
#define CW_PARQUET_WORDS_H

#include <stdbool.h>

static inline bool cw__is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/** What a name is made of that needs no quotes. */
static inline bool cw__continues_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || cw__is_digit(c) || c == '_' ||
           c == '.' || c == '-' || c == '$';
}

static inline bool cw__begins_name(char c)
{
    return cw__continues_name(c) && !cw__is_digit(c) && c != '-';
}

#endif
