/* table_of.h - a table of the command over bytes in memory, for the fuzzers */
#ifndef CW_TESTS_TABLE_OF_H
#define CW_TESTS_TABLE_OF_H

#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "table/table.h"

struct table_of {
    struct source source;
    struct table table;
};

static inline bool table_of_begin(struct table_of *x, const uint8_t *data, size_t size,
                                  enum table_format format, const struct table_options *o,
                                  cw_error *err)
{
    memset(x, 0, sizeof *x);
    x->source = (struct source){.name = "input", .fd = memfd_create("input", MFD_CLOEXEC)};
    MUST(x->source.fd >= 0);
    MUST(size == 0 || write(x->source.fd, data, size) == (ssize_t)size);
    MUST(lseek(x->source.fd, 0, SEEK_SET) == 0);
    return table_open(&x->table, &x->source, format, o, err) == CW_OK;
}

static inline void table_of_end(struct table_of *x)
{
    table_close(&x->table);
    close(x->source.fd);
}

/* Types that were inferred from all of it hold all of it; what cannot be read has an error. */
static inline void table_of_check(const uint8_t *data, size_t size, enum table_format format,
                                  const struct table_options *o)
{
    struct table_of x;
    cw_schema *schema = NULL;
    cw_error err = {0};
    cw_status status;

    bool begun = table_of_begin(&x, data, size, format, o, &err);
    bool guessed = begun && table_guess(&x.table, true, &schema, &err) == CW_OK;
    table_of_end(&x);
    if (!guessed) {
        MUST(err.status != CW_OK && err.message[0]);
        return;
    }
    MUST(table_of_begin(&x, data, size, format, o, &err));
    MUST(table_bind(&x.table, schema, &err) == CW_OK);
    do
        status = table_next(&x.table, &err);
    while (status == CW_OK && x.table.rows > 0);
    /* What a type cannot tell: a name that comes twice, bytes that are no text. */
    if (status != CW_OK && !strstr(err.message, "comes twice") &&
        !strstr(err.message, "not UTF-8")) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    table_of_end(&x);
    cw_schema_free(schema);
}

#endif
