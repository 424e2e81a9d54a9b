/* element.h - one SchemaElement of a file, and what its annotations mean */
#ifndef CW_PARQUET_ELEMENT_H
#define CW_PARQUET_ELEMENT_H

#include "format/parquet/schema/tree.h"

enum { CW__NOT_SAID = -1 };
enum { CW__CONVERTED_MAP = 1, CW__CONVERTED_MAP_KEY_VALUE = 2, CW__CONVERTED_LIST = 3 };

typedef struct cw__element {
    int64_t physical, width, repetition, children, converted, scale, precision, field_id;
    bool has_field_id;
    int logical;  /* member of the union LogicalType; 0: none */
    int64_t bits; /* of an integer */
    bool is_signed, utc;
    bool other_digits; /* a decimal's logical type has another scale or precision than is beside */
    cw_unit unit;
    char *crs;
    int64_t edges;
    char *name;
    bool no_memory;
} cw__element;

/**
 * What a leaf is by its logical type, or its converted type, or its physical type: the first that
 * can be. `unit` and `utc` are filled in where it is the second.
 */
cw_type cw__element_type(cw__element *e);

/**
 * Whether the logical type and the converted type are not the same. Moments of both kinds may have
 * the converted type of those in UTC. What is always null (11) is of any type, and one that is not
 * known here is none.
 */
bool cw__element_contradicts(const cw__element *e);

/** How values of a leaf of that type compare. */
cw__order cw__element_order(const cw__element *e, cw_type type);

/** Bytes of a value of a leaf; 0: any. */
uint32_t cw__element_width(const cw__element *e);

#endif
