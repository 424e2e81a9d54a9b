/* free.c - giving back what metadata holds */
#include <string.h>

#include "base/memory.h"
#include "format/parquet/meta/metadata.h"

static void free_binary(cw__binary *b)
{
    cw__free(b->p);
    *b = (cw__binary){0};
}

void cw__statistics_free(cw__statistics *s)
{
    free_binary(&s->min);
    free_binary(&s->max);
    free_binary(&s->old_min);
    free_binary(&s->old_max);
    memset(s, 0, sizeof *s);
}

void cw__column_metadata_free(cw__column_metadata *m)
{
    for (size_t i = 0; i < m->path_n; i++)
        cw__free(m->path[i]);
    cw__free(m->path);
    cw__statistics_free(&m->statistics);
    cw__free(m->sizes.rep);
    cw__free(m->sizes.def);
    memset(m, 0, sizeof *m);
}

void cw__file_metadata_free(cw__file_metadata *m)
{
    for (size_t g = 0; g < m->row_group_count; g++) {
        cw__row_group *group = &m->row_groups[g];
        for (size_t i = 0; i < group->column_count; i++)
            cw__column_metadata_free(&group->columns[i]);
        cw__free(group->columns);
        cw__free(group->sorting);
    }
    cw__free(m->row_groups);
    for (size_t i = 0; i < m->pair_count; i++) {
        cw__free(m->pairs[i].key);
        cw__free(m->pairs[i].value);
    }
    cw__free(m->pairs);
    cw__free(m->created_by);
    for (size_t i = 0; i < m->leaf_count; i++)
        cw__free(m->leaves[i].path);
    cw__free(m->leaves);
    cw__free(m->nodes);
    cw_schema_free(m->schema);
    memset(m, 0, sizeof *m);
}

void cw__offset_index_free(cw__offset_index *x)
{
    cw__free(x->pages);
    cw__free(x->unencoded_bytes);
    memset(x, 0, sizeof *x);
}

void cw__column_index_free(cw__column_index *x)
{
    for (size_t i = 0; i < x->n; i++) {
        if (x->mins)
            free_binary(&x->mins[i]);
        if (x->maxs)
            free_binary(&x->maxs[i]);
    }
    cw__free(x->null_pages);
    cw__free(x->mins);
    cw__free(x->maxs);
    cw__free(x->null_counts);
    cw__free(x->nan_counts);
    cw__free(x->rep_histograms);
    cw__free(x->def_histograms);
    memset(x, 0, sizeof *x);
}
