/* help.c - what --help prints */
#include "help.h"
#include <stdio.h>

static const char general[] =
    "usage: cloudwriter put [OPTION…] SOURCE… URL\n"
    "       cloudwriter put [OPTION…] --exec COMMAND URL\n"
    "       cloudwriter parquet [OPTION…] SOURCE… URL\n"
    "       cloudwriter parquet [OPTION…] --exec COMMAND URL\n"
    "       cloudwriter uploads ls [OPTION…] URL\n"
    "       cloudwriter uploads abort [OPTION…] URL UPLOAD-ID\n"
    "       cloudwriter uploads abort [OPTION…] --older-than AGE|--all URL\n"
    "       cloudwriter ls|stat|rm|mb|rb|du|presign [OPTION…] URL…\n"
    "       cloudwriter glob [OPTION…] PATTERN…\n"
    "       cloudwriter cp|mv [OPTION…] SOURCE… TARGET\n"
    "       cloudwriter meta|schema|verify [OPTION…] URL…\n"
    "       cloudwriter get [OPTION…] URL [FILE|FOLDER|-]\n"
    "       cloudwriter get -r|--glob [OPTION…] URL [FOLDER]\n"
    "       cloudwriter cat|head [OPTION…] URL…\n"
    "       cloudwriter whoami|config [OPTION…] [URL]\n"
    "       cloudwriter help [VERB]\n"
    "       cloudwriter --version\n"
    "\n"
    "Bytes go up part by part while they are read, and become one object at the end, or nothing.\n"
    "URLs: s3://bucket/key, file:///path or a path.\n"
    "\n"
    "exit code: 0 committed, 1 not committed, 2 wrong usage, 4 not known (the commit was sent,\n"
    "and even asking afterwards did not tell)\n";

static const char put[] =
    "usage: cloudwriter put [OPTION…] SOURCE… URL\n"
    "       cloudwriter put [OPTION…] --exec COMMAND URL\n"
    "\n"
    "Upload files, standard input (-), folders (-r) or what a command prints. A URL that ends in\n"
    "'/' is a folder, any other is the key. Use --exec in place of 'COMMAND | cloudwriter put -':\n"
    "nothing is published unless the command exits 0.\n"
    "\n"
    "exit code: 0 all committed, 1 not committed, 2 wrong usage, 4 not known; the worst of "
    "several\n"
    "files is told. SIGINT and SIGTERM publish nothing (1); a second one ends the program at "
    "once.\n";

static const char parquet[] =
    "usage: cloudwriter parquet [OPTION…] SOURCE… URL\n"
    "       cloudwriter parquet [OPTION…] --exec COMMAND URL\n"
    "\n"
    "Turn CSV, TSV or JSON Lines into Parquet on the way: files, standard input (-), or what a\n"
    "command prints. A URL that ends in '/' is a folder, where x.csv becomes x.parquet; any other "
    "is\n"
    "the key. Types come from --schema, or from what the source holds; a value that is none of "
    "its\n"
    "type is told with its line and column, and nothing is published.\n"
    "\n"
    "exit code: 0 all committed, 1 not committed, 2 wrong usage, 4 not known; the worst of "
    "several\n"
    "files is told. SIGINT and SIGTERM publish nothing (1); a second one ends the program at "
    "once.\n";

static const char uploads[] =
    "usage: cloudwriter uploads ls [OPTION…] URL\n"
    "       cloudwriter uploads abort [OPTION…] URL UPLOAD-ID\n"
    "       cloudwriter uploads abort [OPTION…] --older-than AGE|--all URL\n"
    "\n"
    "List or abort uploads that were neither completed nor aborted, below s3://bucket[/prefix].\n"
    "An upload that is being made now looks the same as one left behind: judge by age.\n"
    "\n"
    "exit code: 0 done, 1 something failed, 2 wrong usage\n";

static const char meta[] = "usage: cloudwriter meta [OPTION…] URL…\n"
                           "\n"
                           "Show what the footer of Parquet files says: row groups, columns, "
                           "encodings, sizes, statistics.\n"
                           "\n"
                           "exit code: 0 shown, 1 a file could not be read, 2 wrong usage\n";

static const char schema[] =
    "usage: cloudwriter schema [OPTION…] URL…\n"
    "\n"
    "Show the schema of Parquet files, in the form that cw_schema_parse reads.\n"
    "\n"
    "exit code: 0 shown, 1 a file could not be read, 2 wrong usage\n";

static const char verify[] =
    "usage: cloudwriter verify [OPTION…] URL…\n"
    "\n"
    "Walk every page of Parquet files and compare what is said of it with what it holds: offsets,\n"
    "sizes, checksums, levels, encodings, statistics, page indexes, Bloom filters, and the order\n"
    "of rows, where one is said. A line for each fault.\n"
    "\n"
    "exit code: 0 all sound, 1 a file has faults or could not be read, 2 wrong usage\n";

static const char whoami[] =
    "usage: cloudwriter whoami [-v] [--verify] [OPTION…] [URL]\n"
    "\n"
    "Say which keys are used: who provided them, their id (masked), until when they last, the\n"
    "region, and where requests for s3://bucket go. With -v also what every other provider said.\n"
    "Secrets are never shown.\n"
    "\n"
    "exit code: 0 there are keys, 1 there are none or they are not usable, 2 wrong usage\n";

static const char config[] =
    "usage: cloudwriter config [--json] [OPTION…] [URL]\n"
    "       cloudwriter config --emit TARGET [--secrets] [OPTION…] [URL]\n"
    "\n"
    "Say which settings are in effect, and where each is from: an option, the environment, the\n"
    "profile in its file, a default. With --emit print what makes another program reach the same\n"
    "place: SQL for DuckDB, a dictionary for polars (storage_options), fsspec (S3FileSystem of\n"
    "s3fs) and pyarrow (S3FileSystem), or lines for the shell. Keys only with --secrets.\n"
    "\n"
    "exit code: 0 printed, 1 not, 2 wrong usage\n";

static const char get[] =
    "usage: cloudwriter get [OPTION…] URL [FILE|FOLDER|-]\n"
    "       cloudwriter get -r|--glob [OPTION…] URL [FOLDER]\n"
    "\n"
    "Download an object: to FILE, below FOLDER or here under its last name, or to standard output\n"
    "(-). A file is there when all of it is, under a name with .part before. --continue goes on\n"
    "with what an earlier run left, if the object is still the same.\n"
    "\n"
    "With -r all that is below URL/, with --glob all that matches, to below FOLDER, several at\n"
    "once; files get the time of their objects. --same time leaves out those that have the size\n"
    "and the time of the object, --same checksum those that have its bytes. A key that leads out\n"
    "of FOLDER, such as ../x, is refused and told.\n"
    "\n"
    "exit code: 0 done, 1 not done, 2 wrong usage\n";

static const char cat[] =
    "usage: cloudwriter cat [OPTION…] URL…\n"
    "\n"
    "Write objects to standard output, one after the other. The first failure ends it.\n"
    "\n"
    "exit code: 0 all written, 1 not, 2 wrong usage\n";

static const char head[] =
    "usage: cloudwriter head [-c SIZE | -n LINES] [OPTION…] URL…\n"
    "\n"
    "Write the beginning of objects to standard output: 10 lines, or as much as is said. Little\n"
    "more than that is fetched.\n"
    "\n"
    "exit code: 0 all written, 1 not, 2 wrong usage\n";

static const char ls[] =
    "usage: cloudwriter ls [OPTION…] URL…\n"
    "\n"
    "List what begins with a URL, up to the next slash; with -r all of it. A line for each: when "
    "it\n"
    "was written, its bytes, its URL. Write s3://bucket/logs/ for what is in logs/.\n"
    "\n"
    "exit code: 0 listed, 1 something failed, 2 wrong usage\n";

static const char glob[] =
    "usage: cloudwriter glob [OPTION…] PATTERN…\n"
    "\n"
    "Print the URLs of the objects that match: 's3://bucket/logs/2026-*/*.parquet'. * is anything\n"
    "within a name, ** anything, slashes too, ? one character, [a-z] and [!a-z] one of a set,\n"
    "{this,that} one of several; \\ takes away the meaning of what follows. They are printed "
    "while\n"
    "they are listed, and only what begins as the pattern does is. Quote it: the shell has its "
    "own.\n"
    "\n"
    "exit code: 0 listed, 1 something failed, 2 wrong usage\n";

static const char stat_text[] =
    "usage: cloudwriter stat [OPTION…] URL…\n"
    "\n"
    "Show what is known of objects: size, ETag, types, checksums, encryption, metadata.\n"
    "\n"
    "exit code: 0 shown, 1 one is missing or cannot be looked at, 2 wrong usage\n";

static const char rm[] =
    "usage: cloudwriter rm [OPTION…] URL…\n"
    "\n"
    "Delete objects, or with -r all that is below URL/. What is below is listed to the end before\n"
    "anything is deleted. Of files, the folders stay.\n"
    "\n"
    "exit code: 0 deleted, 1 something failed or was missing, 2 wrong usage\n";

static const char cp[] = "usage: cloudwriter cp [OPTION…] SOURCE… TARGET\n"
                         "       cloudwriter mv [OPTION…] SOURCE… TARGET\n"
                         "\n"
                         "Copy or move objects and files. Within a service the service copies, "
                         "else the bytes go through\n"
                         "this machine. A TARGET that ends in '/' is a folder. mv is one step for "
                         "files alone: all else\n"
                         "is copied, looked at, and then deleted.\n"
                         "\n"
                         "exit code: 0 all there, 1 something failed, 2 wrong usage, 4 not known\n";

static const char bucket[] =
    "usage: cloudwriter mb [OPTION…] URL…\n"
    "       cloudwriter rb [OPTION…] URL…\n"
    "\n"
    "Make buckets, s3://name, or folders; or delete those that are empty.\n"
    "\n"
    "exit code: 0 done, 1 something failed, 2 wrong usage\n";

static const char du[] = "usage: cloudwriter du [OPTION…] URL…\n"
                         "\n"
                         "Count the bytes and objects of all that begins with a URL.\n"
                         "\n"
                         "exit code: 0 counted, 1 something failed, 2 wrong usage\n";

static const char presign[] =
    "usage: cloudwriter presign [OPTION…] URL…\n"
    "\n"
    "Print a URL with which anybody may do one thing to an object until it expires. Nothing is\n"
    "sent: whether the object is there, and whether the keys may do that, is seen when it is "
    "used.\n"
    "\n"
    "exit code: 0 printed, 1 something failed, 2 wrong usage\n";

static const char *verb_text(enum verb verb)
{
    switch (verb) {
    case VERB_LS:
        return ls;
    case VERB_STAT:
        return stat_text;
    case VERB_RM:
        return rm;
    case VERB_CP:
    case VERB_MV:
        return cp;
    case VERB_MB:
    case VERB_RB:
        return bucket;
    case VERB_GLOB:
        return glob;
    case VERB_DU:
        return du;
    case VERB_PRESIGN:
        return presign;
    case VERB_PUT:
        return put;
    case VERB_PARQUET:
        return parquet;
    case VERB_GET:
        return get;
    case VERB_CAT:
        return cat;
    case VERB_HEAD:
        return head;
    case VERB_META:
        return meta;
    case VERB_SCHEMA:
        return schema;
    case VERB_VERIFY:
        return verify;
    case VERB_WHOAMI:
        return whoami;
    case VERB_CONFIG:
        return config;
    default:
        return uploads;
    }
}

static void print_option(const struct option *x)
{
    char left[64];
    const char *argument = x->argument ? x->argument : "";
    int n = x->letter ? snprintf(left, sizeof left, "  -%c, ", x->letter)
                      : snprintf(left, sizeof left, "      ");
    if (x->kind == OPTION_MAYBE)
        snprintf(left + n, sizeof left - (size_t)n, "--%s[=%s]", x->name, argument);
    else
        snprintf(left + n, sizeof left - (size_t)n, "--%s%s%s", x->name, *argument ? " " : "",
                 argument);
    printf("%-34s %s\n", left, x->help);
}

void help_print(void)
{
    fputs(general, stdout);
}

void help_print_verb(enum verb verb)
{
    fputs(verb_text(verb), stdout);
    puts("\noptions (SIZE: 16MiB, 1GB; TIME and AGE: 500ms, 30s, 5m, 12h, 7d):");
    for (const struct option *x = option_table; x->name; x++)
        if (x->verbs & verb)
            print_option(x);
    puts("\nKeys and settings come from the environment (AWS_ACCESS_KEY_ID, AWS_PROFILE, "
         "AWS_REGION,\nAWS_ENDPOINT_URL_S3, …) and the files in ~/.aws; see cloudwriter(1).");
}
