/* test_parquet_kept.c - what row groups leave for the footer comes back as it was, and takes little
 */
#include "harness.h"

#include "format/parquet/kept.h"

enum { GROUPS = 50, COLUMNS = 300 };

/* The parts of row group i: alike, as metadata is, and none the same. */
static void make_parts(cw__text parts[CW__KEPT_PARTS], int i)
{
    for (int part = 0; part < CW__KEPT_PARTS; part++)
        cw__text_reset(&parts[part]);
    for (int c = 0; c < COLUMNS; c++) {
        const cw__index_bytes n = {(uint32_t)(i + c), (uint32_t)(c % 7)};

        cw__text_add_n(&parts[CW__KEPT_LENGTHS], &n, sizeof n);
        cw__text_addf(&parts[CW__KEPT_GROUP], "a column with the name column_%d at %d;", c, i * c);
        if (i % 3)
            cw__text_addf(&parts[CW__KEPT_COLUMN_INDEXES], "%d to %d", i, c);
        cw__text_addf(&parts[CW__KEPT_OFFSET_INDEXES], "page %d", i + c);
    }
}

static void free_parts(cw__text parts[CW__KEPT_PARTS])
{
    for (int part = 0; part < CW__KEPT_PARTS; part++)
        cw__text_free(&parts[part]);
}

static void check_group(cw__kept *k, int i, cw__text parts[CW__KEPT_PARTS])
{
    cw__kept_view v;
    cw_error err;

    make_parts(parts, i);
    CHECK_OK(cw__kept_open(k, (size_t)i, &v, &err), err);
    for (int part = 0; part < CW__KEPT_PARTS; part++) {
        CHECK_INT(v.n[part], parts[part].n);
        CHECK(v.n[part] == 0 || memcmp(v.p[part], parts[part].p, v.n[part]) == 0);
    }
}

static void comes_back(void)
{
    cw__text parts[CW__KEPT_PARTS] = {{0}};
    cw__kept k = {0};
    uint64_t raw = 0;
    cw_error err;

    for (int i = 0; i < GROUPS; i++) {
        make_parts(parts, i);
        for (int part = 0; part < CW__KEPT_PARTS; part++)
            raw += parts[part].n;
        CHECK_OK(cw__kept_add(&k, parts, &err), err);
    }
    CHECK_INT(k.count, GROUPS);
    CHECK(k.bytes < raw / 3);
    for (int i = 0; i < GROUPS; i++)
        check_group(&k, i, parts);
    for (int i = GROUPS - 1; i >= 0; i--)
        check_group(&k, i, parts);
    cw__kept_free(&k);
    CHECK_INT(k.count, 0);
    free_parts(parts);
}

static void nothing_comes_back_too(void)
{
    const cw__text none[CW__KEPT_PARTS] = {{0}};
    cw__kept k = {0};
    cw__kept_view v;
    cw_error err;

    CHECK_OK(cw__kept_add(&k, none, &err), err);
    CHECK_OK(cw__kept_open(&k, 0, &v, &err), err);
    for (int part = 0; part < CW__KEPT_PARTS; part++)
        CHECK_INT(v.n[part], 0);
    cw__kept_free(&k);
}

int main(int argc, char **argv)
{
    TEST(comes_back);
    TEST(nothing_comes_back_too);
    return test_end();
}
