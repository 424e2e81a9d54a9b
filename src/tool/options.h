/* options.h - what the command line says */
#ifndef CW_TOOL_OPTIONS_H
#define CW_TOOL_OPTIONS_H

#include "table/table.h"
#include <cloudwriter/cloudwriter.h>
#include <stdbool.h>

enum verb {
    VERB_PUT = 1,
    VERB_UPLOADS = 2,
    VERB_META = 4,
    VERB_SCHEMA = 8,
    VERB_VERIFY = 16,
    VERB_PARQUET = 32,
    VERB_WHOAMI = 1 << 6,
    VERB_CAT = 1 << 7,
    VERB_HEAD = 1 << 8,
    VERB_GET = 1 << 9,
    VERB_LS = 1 << 10,
    VERB_STAT = 1 << 11,
    VERB_RM = 1 << 12,
    VERB_CP = 1 << 13,
    VERB_MV = 1 << 14,
    VERB_MB = 1 << 15,
    VERB_RB = 1 << 16,
    VERB_DU = 1 << 17,
    VERB_PRESIGN = 1 << 18,
    VERB_GLOB = 1 << 19,
    VERB_CONFIG = 1 << 20
};

/** When a file is taken to be the object already. */
enum same { SAME_NEVER = 0, SAME_TIME, SAME_CHECKSUM };

/** A list of name=value that grows. */
struct pairs {
    cw_pair *list;
    size_t count;
};

struct options {
    enum verb verb;
    cw_client_options client;
    cw_writer_options writer;
    struct pairs metadata, tags;
    unsigned char sse_key[32], source_key[32];

    struct table_options table;
    cw_parquet_options parquet;
    struct pairs entries; /* key-value metadata of a Parquet file */
    cw_parquet_column_options *blooms;
    size_t bloom_count;
    cw_parquet_sorting *sorting;
    size_t sorting_count;

    cw_reader_options reader;
    uint64_t head_bytes, head_lines;
    int head_bytes_given, head_lines_given;
    int resume;

    const char *exec; /* NULL: no command */
    unsigned jobs;    /* 0: as many as is usual */
    int recursive;
    int glob; /* URLs are patterns */
    enum same same;
    int json;
    int quiet;
    int verbose; /* how often it was said */
    int progress;
    int no_progress;
    int help;

    uint64_t older_than_ms;
    int older_than_given;
    int all;
    int dry_run;
    int verify;
    int emit;    /* an enum emit_target; 0: none */
    int secrets; /* print them, too */
    int force;
    int replace; /* a copy is described by what is said alone */
    int versions;
    const char *method;  /* of a signed URL; NULL: GET */
    uint64_t expires_ms; /* of a signed URL; 0: the default */

    char **operands;
    size_t operand_count;
};

/** Where an option's value goes, and what it looks like. */
enum option_kind {
    OPTION_SET,    /* no value: an int or enum becomes `value` */
    OPTION_ADD,    /* no value: an int is raised by one */
    OPTION_TEXT,   /* const char * */
    OPTION_BYTES,  /* uint64_t */
    OPTION_COUNT,  /* unsigned */
    OPTION_MS,     /* uint64_t */
    OPTION_MS32,   /* uint32_t */
    OPTION_CHOICE, /* an int or enum, from `choices` */
    OPTION_CALL,   /* `call` */
    OPTION_MAYBE   /* `call`, with NULL unless "=VALUE" follows */
};

struct choice {
    const char *name; /* NULL ends the list */
    int value;
};

struct option {
    const char *name;     /* NULL ends the table; without the dashes */
    char letter;          /* 0: none */
    const char *argument; /* as the help shows it; NULL: none */
    unsigned verbs;
    enum option_kind kind;
    size_t offset; /* into struct options */
    int value;
    const struct choice *choices;
    /** NULL, or what is wrong with `text`. */
    const char *(*call)(struct options *o, const char *text);
    const char *help;
};

extern const struct option option_table[];

/**
 * Read the words after the verb. Options may stand anywhere before "--".
 * Says what is wrong and answers false. The strings point into `argv`.
 */
bool options_parse(struct options *o, enum verb verb, int argc, char **argv);
void options_free(struct options *o);

/** Whether progress is to be shown: asked for, or a person is there to see it. */
bool options_want_progress(const struct options *o);

#endif
