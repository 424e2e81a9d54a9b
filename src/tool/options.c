/* options.c - read a command line by the table
 *
 * As GNU programs do: --name VALUE and --name=VALUE, -x and -xVALUE, letters without a value may be
 * joined, options may follow operands, "--" ends them, "-" is an operand. Names are not shortened:
 * a script written today must mean the same with tomorrow's options.
 */
#include "options.h"
#include "memory.h"
#include "say.h"
#include "units.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct parser {
    struct options *o;
    enum verb verb;
    int argc, at;
    char **argv;
};

static const struct option *find_name(enum verb verb, const char *name, size_t n)
{
    for (const struct option *x = option_table; x->name; x++)
        if ((x->verbs & verb) && strlen(x->name) == n && memcmp(x->name, name, n) == 0)
            return x;
    return NULL;
}

static const struct option *find_letter(enum verb verb, char letter)
{
    for (const struct option *x = option_table; x->name; x++)
        if ((x->verbs & verb) && x->letter == letter)
            return x;
    return NULL;
}

static const char *store_choice(const struct choice *choices, void *to, const char *text)
{
    for (; choices->name; choices++) {
        if (strcmp(choices->name, text) == 0) {
            memcpy(to, &choices->value, sizeof choices->value);
            return NULL;
        }
    }
    return "is none of these";
}

static const char *store_number(enum option_kind kind, void *to, const char *text)
{
    uint64_t n;
    bool wide = kind == OPTION_BYTES || kind == OPTION_MS;
    bool good = kind == OPTION_BYTES   ? units_parse_bytes(text, &n)
                : kind == OPTION_COUNT ? units_parse_count(text, UINT32_MAX, &n)
                                       : units_parse_duration(text, &n);
    uint32_t narrow;

    if (!good || n == 0 || (!wide && n > UINT32_MAX))
        return kind == OPTION_BYTES   ? "is not a size such as 16MiB"
               : kind == OPTION_COUNT ? "is not a number above zero"
                                      : "is not a time such as 30s or 5m";
    narrow = (uint32_t)n;
    if (wide)
        memcpy(to, &n, sizeof n);
    else
        memcpy(to, &narrow, sizeof narrow);
    return NULL;
}

/* NULL, or what is wrong with the value. */
static const char *store(struct options *o, const struct option *x, const char *text)
{
    void *to = (char *)o + x->offset;
    int n;

    switch (x->kind) {
    case OPTION_SET:
        memcpy(to, &x->value, sizeof x->value);
        return NULL;
    case OPTION_ADD:
        memcpy(&n, to, sizeof n);
        n++;
        memcpy(to, &n, sizeof n);
        return NULL;
    case OPTION_TEXT:
        memcpy(to, &text, sizeof text);
        return NULL;
    case OPTION_CHOICE:
        return store_choice(x->choices, to, text);
    case OPTION_CALL:
    case OPTION_MAYBE:
        return x->call(o, text);
    case OPTION_BYTES:
    case OPTION_COUNT:
    case OPTION_MS:
    case OPTION_MS32:
        break;
    }
    return store_number(x->kind, to, text);
}

/* "csv, tsv, jsonl", to be freed. */
static char *list_choices(const struct choice *choices)
{
    char *list = tool_strdup(choices->name);

    while ((++choices)->name) {
        char *longer = tool_format("%s, %s", list, choices->name);
        free(list);
        list = longer;
    }
    return list;
}

static bool apply(struct parser *p, const struct option *x, const char *text)
{
    const char *wrong = store(p->o, x, text);
    char *choices;

    if (!wrong)
        return true;
    choices = x->kind == OPTION_CHOICE ? list_choices(x->choices) : NULL;
    say("--%s: '%s' %s%s%s", x->name, text ? text : "", wrong, choices ? ": " : "",
        choices ? choices : "");
    free(choices);
    return false;
}

/* The value of an option that must have one: what stands behind it, or the next word. */
static const char *take_value(struct parser *p, const char *attached, const char *shown)
{
    if (attached)
        return attached;
    if (p->at < p->argc)
        return p->argv[p->at++];
    say("%s needs a value", shown);
    return NULL;
}

static bool parse_long(struct parser *p, const char *word)
{
    const char *name = word + 2;
    const char *equals = strchr(name, '=');
    const char *text = equals ? equals + 1 : NULL;
    const struct option *x =
        find_name(p->verb, name, equals ? (size_t)(equals - name) : strlen(name));

    if (!x) {
        say("there is no option '%s'", word);
        return false;
    }
    if (!x->argument && equals) {
        say("--%s takes no value", x->name);
        return false;
    }
    if (x->argument && x->kind != OPTION_MAYBE) {
        text = take_value(p, text, word);
        if (!text)
            return false;
    }
    return apply(p, x, text);
}

static bool parse_letters(struct parser *p, const char *word)
{
    for (const char *at = word + 1; *at; at++) {
        const struct option *x = find_letter(p->verb, *at);
        char shown[3] = {'-', *at, '\0'};
        const char *text;
        if (!x) {
            say("there is no option '%s'", shown);
            return false;
        }
        if (x->argument) {
            text = take_value(p, at[1] ? at + 1 : NULL, shown);
            return text && apply(p, x, text);
        }
        if (!apply(p, x, NULL))
            return false;
    }
    return true;
}

static bool parse_word(struct parser *p, char *word, bool *options_ended)
{
    if (!*options_ended && strcmp(word, "--") == 0) {
        *options_ended = true;
        return true;
    }
    if (!*options_ended && word[0] == '-' && word[1] == '-')
        return parse_long(p, word);
    if (!*options_ended && word[0] == '-' && word[1])
        return parse_letters(p, word);
    p->o->operands[p->o->operand_count++] = word;
    return true;
}

bool options_parse(struct options *o, enum verb verb, int argc, char **argv)
{
    struct parser p = {.o = o, .verb = verb, .argc = argc, .argv = argv};
    bool options_ended = false;

    *o = (struct options){.verb = verb,
                          .client = CW_CLIENT_OPTIONS_INIT,
                          .writer = CW_WRITER_OPTIONS_INIT,
                          .reader = CW_READER_OPTIONS_INIT};
    o->operands = tool_alloc(((size_t)argc + 1) * sizeof *o->operands);
    while (p.at < argc) {
        char *word = argv[p.at++];
        if (!parse_word(&p, word, &options_ended))
            return false;
    }
    return true;
}

static void free_pairs(struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++)
        free((char *)(uintptr_t)pairs->list[i].name);
    free(pairs->list);
}

void options_free(struct options *o)
{
    free_pairs(&o->metadata);
    free_pairs(&o->tags);
    free_pairs(&o->entries);
    for (size_t i = 0; i < o->sorting_count; i++)
        free((char *)(uintptr_t)o->sorting[i].path);
    free(o->sorting);
    free(o->blooms);
    free(o->table.nulls.list);
    explicit_bzero(o->sse_key, sizeof o->sse_key);
    explicit_bzero(o->source_key, sizeof o->source_key);
    free(o->operands);
}

bool options_want_progress(const struct options *o)
{
    if (o->no_progress || o->quiet)
        return false;
    return o->progress || isatty(STDERR_FILENO);
}
