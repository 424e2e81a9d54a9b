/* scratch.c - what a thread that encodes chunks keeps from one to the next */
#include "base/memory.h"
#include "format/parquet/column/plan.h"

cw__chunk_scratch *cw__chunk_scratch_new(void)
{
    cw__chunk_scratch *s = cw__alloc_zero(sizeof *s);

    if (s && !(s->block = cw__block_new())) {
        cw__free(s);
        return NULL;
    }
    return s;
}

void cw__chunk_scratch_free(cw__chunk_scratch *s)
{
    if (!s)
        return;
    cw__block_free(s->block);
    cw__grown_free(&s->page);
    cw__grown_free(&s->packed);
    cw__grown_free(&s->numbers);
    cw__grown_free(&s->levels);
    cw__grown_free(&s->used);
    cw__grown_free(&s->picked);
    cw__grown_free(&s->entries);
    cw__grown_free(&s->entries_packed);
    cw__column_buffer_free(&s->sample);
    cw__dictionary_free(&s->dictionary);
    cw__dictionary_free(&s->sample_dictionary);
    cw__free(s);
}

void cw__chunk_scratch_trim(cw__chunk_scratch *s, uint64_t page_bytes)
{
    enum { USUAL = 4 };
    cw__grown *all[] = {&s->page, &s->packed, &s->entries, &s->entries_packed, &s->sample.values};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i]->room > USUAL * page_bytes)
            cw__grown_free(all[i]);
    if (s->dictionary.indices_room * sizeof(uint32_t) > USUAL * page_bytes)
        cw__dictionary_free(&s->dictionary);
}

bool cw__chunk_scratch_pick(cw__chunk_scratch *s, cw__column_buffer *b)
{
    return cw__column_pick(b, &s->picked);
}

void cw__chunk_scratch_help(cw__chunk_scratch *s, const cw__chunk_help *help)
{
    s->help = help;
}
