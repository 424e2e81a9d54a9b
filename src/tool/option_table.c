/* option_table.c - every option: its name, where its value goes, its line in the help */
#include "emit.h"
#include "hex.h"
#include "memory.h"
#include "options.h"
#include "units.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TO_OUTPUT (VERB_CAT | VERB_HEAD) /* which is then no place for results */
#define READ      (TO_OUTPUT | VERB_GET)
#define STORE                                                                                      \
    (VERB_LS | VERB_GLOB | VERB_STAT | VERB_RM | VERB_CP | VERB_MV | VERB_MB | VERB_RB | VERB_DU | \
     VERB_PRESIGN)
#define RESULTS                                                                                    \
    (VERB_PUT | VERB_UPLOADS | VERB_META | VERB_SCHEMA | VERB_VERIFY | VERB_PARQUET | VERB_GET |   \
     VERB_WHOAMI | VERB_CONFIG | STORE)
#define ALL            (RESULTS | TO_OUTPUT)
#define WRITE          (VERB_PUT | VERB_PARQUET)
#define COPY           (VERB_CP | VERB_MV)
#define DESCRIBE       (WRITE | COPY)
#define AT(field)      offsetof(struct options, field)
#define CLIENT(field)  AT(client.field)
#define WRITER(field)  AT(writer.field)
#define READER(field)  AT(reader.field)
#define TABLE(field)   AT(table.field)
#define PARQUET(field) AT(parquet.field)

/* ---- values that take more than a conversion ------------------------------------------------- */

static const char *add_pair(struct pairs *pairs, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return "is not NAME=VALUE";
    char *name = tool_strdup(text);
    name[equals - text] = '\0';
    cw_pair pair = {.name = name, .value = equals + 1};
    pairs->list = tool_append(pairs->list, &pairs->count, &pair, sizeof pair);
    return NULL;
}

static const char *call_metadata(struct options *o, const char *text)
{
    const char *wrong = add_pair(&o->metadata, text);
    o->writer.metadata = o->metadata.list;
    o->writer.metadata_count = o->metadata.count;
    return wrong;
}

static const char *call_tag(struct options *o, const char *text)
{
    const char *wrong = add_pair(&o->tags, text);
    o->writer.tags = o->tags.list;
    o->writer.tags_count = o->tags.count;
    return wrong;
}

static const char *compress(struct options *o, cw_compression how, const char *level,
                            uint64_t levels)
{
    uint64_t n = 0;
    if (o->writer.compression != CW_COMPRESSION_NONE && o->writer.compression != how)
        return "cannot go with the other compression";
    if (level && (!units_parse_count(level, levels, &n) || n == 0))
        return "is not a level of this compression";
    o->writer.compression = how;
    o->writer.compression_level = (int)n;
    return NULL;
}

static const char *call_gzip(struct options *o, const char *text)
{
    return compress(o, CW_COMPRESSION_GZIP, text, 9);
}

static const char *call_zstd(struct options *o, const char *text)
{
    return compress(o, CW_COMPRESSION_ZSTD, text, 22);
}

static const char *call_older_than(struct options *o, const char *text)
{
    o->older_than_given = 1;
    return units_parse_duration(text, &o->older_than_ms) ? NULL : "is not an age such as 7d or 12h";
}

/* As many bytes as there are, up to `size`; -1 with errno. */
static ssize_t read_file(const char *path, char *p, size_t size)
{
    size_t n = 0;
    ssize_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    while (n < size && (got = read(fd, p + n, size - n)) != 0) {
        if (got < 0 && errno != EINTR)
            break;
        n += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    return got < 0 ? -1 : (ssize_t)n;
}

static const char *read_sse_key(const char *text, unsigned char key[32])
{
    char content[67];
    ssize_t n = read_file(text, content, sizeof content);
    bool hex = n == 64 || (n == 65 && content[64] == '\n');
    bool good = n == 32 || (hex && hex_decode(content, 32, key));

    if (n == 32)
        memcpy(key, content, 32);
    explicit_bzero(content, sizeof content);
    if (n < 0)
        return strerror(errno);
    if (!good)
        return "does not hold a key: 32 bytes, or 64 hexadecimal digits";
    return NULL;
}

static const char *call_sse_key_file(struct options *o, const char *text)
{
    o->writer.sse = CW_SSE_C;
    o->writer.sse_customer_key = o->sse_key;
    return read_sse_key(text, o->sse_key);
}

static const char *call_read_key_file(struct options *o, const char *text)
{
    o->reader.sse_customer_key = o->source_key;
    return read_sse_key(text, o->source_key);
}

static const char *call_head_bytes(struct options *o, const char *text)
{
    o->head_bytes_given = 1;
    return units_parse_bytes(text, &o->head_bytes) ? NULL : "is not a size such as 100 or 4KiB";
}

static const char *call_head_lines(struct options *o, const char *text)
{
    o->head_lines_given = 1;
    return units_parse_count(text, UINT64_MAX - 1, &o->head_lines) ? NULL : "is not a number";
}

/* One byte; "tab" and "\\t" for a tab. */
static const char *read_byte(const char *text, char *out)
{
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
        text = "\t";
    if (strlen(text) != 1 || (unsigned char)*text >= 0x80 || *text == '\n' || *text == '\r')
        return "is not one ASCII character";
    *out = *text;
    return NULL;
}

static const char *call_delimiter(struct options *o, const char *text)
{
    return read_byte(text, &o->table.delimiter);
}

static const char *call_quote(struct options *o, const char *text)
{
    o->table.no_quote = strcmp(text, "none") == 0;
    return o->table.no_quote ? NULL : read_byte(text, &o->table.quote);
}

static const char *call_null(struct options *o, const char *text)
{
    struct nulls *n = &o->table.nulls;
    n->list = tool_append(n->list, &n->count, &text, sizeof *n->list);
    return NULL;
}

static const char *call_bloom(struct options *o, const char *text)
{
    cw_parquet_column_options bloom = {.path = text, .bloom_filter = CW_CHOICE_YES};

    o->blooms = tool_append(o->blooms, &o->bloom_count, &bloom, sizeof bloom);
    o->parquet.columns = o->blooms;
    o->parquet.column_count = o->bloom_count;
    return NULL;
}

static const char *call_sorted(struct options *o, const char *text)
{
    const char *colon = strrchr(text, ':');
    bool descending = colon && strcmp(colon, ":desc") == 0;
    cw_parquet_sorting sorting = {
        .path = descending ? tool_format("%.*s", (int)(colon - text), text) : tool_strdup(text),
        .descending = descending}; /* the copy is freed with the options */

    o->sorting = tool_append(o->sorting, &o->sorting_count, &sorting, sizeof sorting);
    o->parquet.sorting = o->sorting;
    o->parquet.sorting_count = o->sorting_count;
    return NULL;
}

static const char *call_entry(struct options *o, const char *text)
{
    const char *wrong = add_pair(&o->entries, text);
    o->parquet.metadata = o->entries.list;
    o->parquet.metadata_count = o->entries.count;
    return wrong;
}

/* ---- words ----------------------------------------------------------------------------------- */

static const struct choice targets[] = {
    {"duckdb", EMIT_DUCKDB},   {"polars", EMIT_POLARS}, {"fsspec", EMIT_FSSPEC},
    {"pyarrow", EMIT_PYARROW}, {"env", EMIT_ENV},       {NULL, 0},
};
static const struct choice tls_versions[] = {{"1.2", CW_TLS_1_2}, {"1.3", CW_TLS_1_3}, {NULL, 0}};
static const struct choice checksums[] = {
    {"crc64nvme", CW_CHECKSUM_CRC64NVME}, {"crc32c", CW_CHECKSUM_CRC32C},
    {"crc32", CW_CHECKSUM_CRC32},         {"sha256", CW_CHECKSUM_SHA256},
    {"none", CW_CHECKSUM_NONE},           {NULL, 0},
};

static const struct choice payloads[] = {
    {"auto", CW_PAYLOAD_AUTO},
    {"signed", CW_PAYLOAD_SIGNED},
    {"unsigned", CW_PAYLOAD_UNSIGNED},
    {NULL, 0},
};

static const struct choice providers[] = {
    {"auto", CW_PROVIDER_AUTO}, {"generic", CW_PROVIDER_GENERIC},
    {"aws", CW_PROVIDER_AWS},   {"r2", CW_PROVIDER_R2},
    {"gcs", CW_PROVIDER_GCS},   {"minio", CW_PROVIDER_MINIO},
    {"ceph", CW_PROVIDER_CEPH}, {"b2", CW_PROVIDER_B2},
    {"oss", CW_PROVIDER_OSS},   {NULL, 0},
};

static const struct choice encryptions[] = {
    {"AES256", CW_SSE_S3},
    {"aws:kms", CW_SSE_KMS},
    {"aws:kms:dsse", CW_SSE_KMS_DSSE},
    {NULL, 0},
};

static const struct choice decompressions[] = {
    {"auto", CW_DECOMPRESSION_AUTO},
    {"gzip", CW_DECOMPRESSION_GZIP},
    {"zstd", CW_DECOMPRESSION_ZSTD},
    {"none", CW_DECOMPRESSION_NONE},
    {NULL, 0},
};

static const struct choice formats[] = {
    {"csv", TABLE_CSV},
    {"tsv", TABLE_TSV},
    {"jsonl", TABLE_JSONL},
    {NULL, 0},
};

static const struct choice sames[] = {{"time", SAME_TIME}, {"checksum", SAME_CHECKSUM}, {NULL, 0}};

static const struct choice inferences[] = {{"sample", 0}, {"all", 1}, {NULL, 0}};

static const struct choice codecs[] = {
    {"zstd", CW_CODEC_ZSTD},   {"gzip", CW_CODEC_GZIP}, {"snappy", CW_CODEC_SNAPPY},
    {"lz4", CW_CODEC_LZ4_RAW}, {"none", CW_CODEC_NONE}, {NULL, 0},
};

static const struct choice profiles[] = {
    {"default", CW_PROFILE_DEFAULT},
    {"spark", CW_PROFILE_SPARK},
    {"athena", CW_PROFILE_ATHENA},
    {"compat", CW_PROFILE_COMPAT},
    {NULL, 0},
};

/* ---- the table ------------------------------------------------------------------------------- */

#define SET(name, letter, verbs, field, value, help)                                               \
    {                                                                                              \
        name, letter, NULL, verbs, OPTION_SET, field, value, NULL, NULL, help                      \
    }
#define VALUE(name, argument, verbs, kind, field, help)                                            \
    {                                                                                              \
        name, 0, argument, verbs, kind, field, 0, NULL, NULL, help                                 \
    }
#define CHOICE(name, argument, verbs, field, choices, help)                                        \
    {                                                                                              \
        name, 0, argument, verbs, OPTION_CHOICE, field, 0, choices, NULL, help                     \
    }
#define CALL(name, argument, verbs, kind, call, help)                                              \
    {                                                                                              \
        name, 0, argument, verbs, kind, 0, 0, NULL, call, help                                     \
    }

const struct option option_table[] = {
    VALUE("exec", "COMMAND", WRITE, OPTION_TEXT, AT(exec),
          "upload what 'sh -c COMMAND' prints, if it exits 0"),
    SET("recursive", 'r', WRITE, AT(recursive), 1, "upload folders with all that is below"),
    SET("recursive", 'r', VERB_LS, AT(recursive), 1, "all that is below, not folder by folder"),
    SET("recursive", 'r', VERB_RM, AT(recursive), 1, "delete all that is below"),
    SET("recursive", 'r', COPY, AT(recursive), 1, "all that is below, to below the target"),
    SET("recursive", 'r', VERB_GET, AT(recursive), 1, "all that is below, to below FOLDER"),
    SET("glob", 0, VERB_GET | VERB_LS | VERB_DU | VERB_RM | COPY, AT(glob), 1,
        "URLs are patterns: * ? [a-z] ** {this,that}"),
    CHOICE("same", "HOW", VERB_GET, AT(same), sames,
           "leave out files that are the same: size and time, or checksum"),
    {"jobs", 'j', "N", VERB_GET, OPTION_COUNT, AT(jobs), 0, NULL, NULL,
     "objects downloaded at once, with -r (default 4)"},
    SET("versions", 0, VERB_LS, AT(versions), 1, "every version and delete marker"),
    SET("force", 'f', VERB_RM, AT(force), 1, "missing objects are fine"),
    SET("dry-run", 'n', VERB_GET | VERB_RM | VERB_RB | COPY, AT(dry_run), 1,
        "say what would be done"),
    SET("create-only", 0, COPY, WRITER(create_only), 1, "only if the target does not exist"),
    VALUE("content-type", "TYPE", COPY, OPTION_TEXT, WRITER(content_type), "of the copy"),
    VALUE("content-encoding", "CODING", COPY, OPTION_TEXT, WRITER(content_encoding), "of the copy"),
    SET("replace", 0, COPY, AT(replace), 1,
        "describe the copy by what is said alone; else the rest stays as the source is"),
    CALL("source-key-file", "FILE", COPY, OPTION_CALL, call_read_key_file,
         "the key that the source is encrypted with: 32 bytes, or 64 hex digits"),
    VALUE("method", "NAME", VERB_PRESIGN, OPTION_TEXT, AT(method),
          "GET (default), HEAD, PUT, DELETE"),
    VALUE("expires", "TIME", VERB_PRESIGN, OPTION_MS, AT(expires_ms), "default 1h; at most 7d"),
    VALUE("content-type", "TYPE", VERB_PRESIGN, OPTION_TEXT, WRITER(content_type),
          "that must be sent with a PUT"),
    {"jobs", 'j', "N", VERB_PUT, OPTION_COUNT, AT(jobs), 0, NULL, NULL,
     "files uploaded at once (default 4)"},
    {"jobs", 'j', "N", VERB_PARQUET, OPTION_COUNT, AT(jobs), 0, NULL, NULL,
     "files made at once (default 1), each with memory and threads of its own"},

    CHOICE("format", "NAME", VERB_PARQUET, TABLE(format), formats,
           "csv, tsv, jsonl (default: by the name of the source)"),
    VALUE("schema", "FILE", VERB_PARQUET, OPTION_TEXT, TABLE(schema),
          "the columns and their types, as 'cloudwriter schema' prints them"),
    CHOICE("infer", "HOW", VERB_PARQUET, TABLE(infer_all), inferences,
           "sample (default): types from the first 8 MiB; all: from the whole file"),
    CALL("delimiter", "CHAR", VERB_PARQUET, OPTION_CALL, call_delimiter,
         "between cells; default ',' or, of TSV, a tab"),
    CALL("quote", "CHAR", VERB_PARQUET, OPTION_CALL, call_quote,
         "around cells; default '\"'; none"),
    SET("no-header", 0, VERB_PARQUET, TABLE(no_header), 1, "the first line is a row already"),
    CALL("null", "TEXT", VERB_PARQUET, OPTION_CALL, call_null,
         "what stands for null; repeat for more (default: nothing)"),
    SET("ignore-unknown", 0, VERB_PARQUET, TABLE(ignore_unknown), 1,
        "leave out what the schema does not name"),

    CHOICE("codec", "NAME", VERB_PARQUET, PARQUET(codec), codecs,
           "zstd (default), gzip, snappy, lz4, none"),
    VALUE("level", "N", VERB_PARQUET, OPTION_COUNT, PARQUET(level), "of the codec"),
    CHOICE("readers", "NAME", VERB_PARQUET, PARQUET(profile), profiles,
           "default, spark, athena, compat: who must be able to read it"),
    VALUE("row-group-rows", "N", VERB_PARQUET, OPTION_BYTES, PARQUET(row_group_rows),
          "default 1048576"),
    VALUE("row-group-size", "SIZE", VERB_PARQUET, OPTION_BYTES, PARQUET(row_group_bytes),
          "of input (default 128MiB)"),
    VALUE("encoder-memory", "SIZE", VERB_PARQUET, OPTION_BYTES, PARQUET(memory_bytes),
          "all that the encoder holds (default 512MiB)"),
    VALUE("threads", "N", VERB_PARQUET, OPTION_COUNT, PARQUET(threads),
          "that encode (default: one for each processor, up to 5)"),
    SET("data-page-v2", 0, VERB_PARQUET, PARQUET(data_page_v2), 1, "pages of version 2"),
    CALL("bloom-filter", "COLUMN", VERB_PARQUET, OPTION_CALL, call_bloom,
         "make one for this column; repeat for more"),
    CALL("sorted-by", "COLUMN", VERB_PARQUET, OPTION_CALL, call_sorted,
         "say that rows are sorted; COLUMN:desc; repeat for more"),
    CALL("key-value", "NAME=VALUE", VERB_PARQUET, OPTION_CALL, call_entry,
         "metadata in the file itself; repeat for more"),

    VALUE("content-type", "TYPE", WRITE, OPTION_TEXT, WRITER(content_type),
          "default: guessed from the extension"),
    VALUE("content-encoding", "CODING", VERB_PUT, OPTION_TEXT, WRITER(content_encoding),
          "default: gzip or zstd with that compression"),
    VALUE("content-disposition", "TEXT", DESCRIBE, OPTION_TEXT, WRITER(content_disposition),
          "how a browser offers the object"),
    VALUE("content-language", "TAG", DESCRIBE, OPTION_TEXT, WRITER(content_language),
          "the language of the content"),
    VALUE("cache-control", "TEXT", DESCRIBE, OPTION_TEXT, WRITER(cache_control),
          "how long it may be cached"),
    CALL("metadata", "NAME=VALUE", DESCRIBE, OPTION_CALL, call_metadata,
         "user metadata; repeat for more"),
    CALL("tag", "NAME=VALUE", DESCRIBE, OPTION_CALL, call_tag, "an object tag; repeat for more"),
    VALUE("storage-class", "CLASS", DESCRIBE, OPTION_TEXT, WRITER(storage_class),
          "such as STANDARD_IA"),
    VALUE("acl", "ACL", DESCRIBE, OPTION_TEXT, WRITER(acl),
          "a canned one, such as bucket-owner-full-control"),
    CHOICE("sse", "METHOD", DESCRIBE, WRITER(sse), encryptions,
           "encryption at rest: AES256, aws:kms, aws:kms:dsse"),
    VALUE("sse-kms-key-id", "ID", DESCRIBE, OPTION_TEXT, WRITER(sse_kms_key_id),
          "with --sse aws:kms; default: the account's key"),
    VALUE("sse-kms-context", "BASE64", DESCRIBE, OPTION_TEXT, WRITER(sse_kms_context),
          "encryption context, base64 of JSON"),
    SET("sse-bucket-key", 0, DESCRIBE, WRITER(sse_bucket_key), 1,
        "use a bucket key with --sse aws:kms"),
    CALL("sse-c-key-file", "FILE", DESCRIBE, OPTION_CALL, call_sse_key_file,
         "encrypt with this key: 32 bytes, or 64 hex digits"),

    SET("create-only", 0, WRITE, WRITER(create_only), 1, "only if the key does not exist"),
    VALUE("if-match", "ETAG", WRITE, OPTION_TEXT, WRITER(if_match),
          "only over the object with this ETag"),

    CALL("gzip", "LEVEL", VERB_PUT, OPTION_MAYBE, call_gzip, "compress on the way, 1 to 9"),
    CALL("zstd", "LEVEL", VERB_PUT, OPTION_MAYBE, call_zstd, "compress on the way, 1 to 22"),
    VALUE("threads", "N", VERB_PUT, OPTION_COUNT, WRITER(compression_threads),
          "threads that zstd uses for each file"),

    VALUE("part-size", "SIZE", WRITE, OPTION_BYTES, WRITER(part_bytes),
          "of the first part (default 8MiB); they grow"),
    SET("fixed-parts", 0, WRITE, WRITER(part_policy), CW_PARTS_FIXED,
        "all parts but the last equal, as on --provider r2"),
    VALUE("concurrency", "N", WRITE, OPTION_COUNT, WRITER(concurrency),
          "parts of one file sent at once (default 8)"),
    VALUE("size-hint", "SIZE", VERB_PUT, OPTION_BYTES, WRITER(size_hint),
          "expected size; known for plain files"),
    CHOICE("checksum", "KIND", WRITE, WRITER(checksum), checksums,
           "crc64nvme (default), crc32c, crc32, sha256, none"),
    CHOICE("payload", "HOW", WRITE, WRITER(payload), payloads,
           "auto (default), signed, unsigned: is the body signed"),
    VALUE("timeout", "TIME", WRITE, OPTION_MS, WRITER(deadline_ms),
          "for each file, from start to committed (default none)"),

    {"bytes", 'c', "SIZE", VERB_HEAD, OPTION_CALL, 0, 0, NULL, call_head_bytes, "as many bytes"},
    {"lines", 'n', "N", VERB_HEAD, OPTION_CALL, 0, 0, NULL, call_head_lines,
     "as many lines (default 10)"},
    SET("continue", 0, VERB_GET, AT(resume), 1, "go on with what an earlier run left"),
    SET("gunzip", 0, READ, READER(decompression), CW_DECOMPRESSION_GZIP, "decompress gzip"),
    SET("unzstd", 0, READ, READER(decompression), CW_DECOMPRESSION_ZSTD, "decompress zstd"),
    CHOICE("decompress", "HOW", READ, READER(decompression), decompressions,
           "auto (by the first bytes), gzip, zstd, none (default)"),
    VALUE("version-id", "ID", READ | COPY | VERB_STAT | VERB_RM, OPTION_TEXT, READER(version_id),
          "of a bucket that keeps versions"),
    VALUE("if-match", "ETAG", READ | COPY, OPTION_TEXT, READER(if_match),
          "only the object with this ETag"),
    CALL("sse-c-key-file", "FILE", READ | VERB_STAT, OPTION_CALL, call_read_key_file,
         "the key that it is encrypted with: 32 bytes, or 64 hex digits"),
    VALUE("connections", "N", READ, OPTION_COUNT, READER(connections),
          "ranges of one object that arrive at once (default 8)"),
    VALUE("range-size", "SIZE", READ, OPTION_BYTES, READER(range_bytes),
          "of one request, in the long run (default 8MiB)"),
    SET("no-checksum", 0, READ, READER(verification), CW_VERIFICATION_NONE,
        "do not compare the checksum of the object"),

    CALL("older-than", "AGE", VERB_UPLOADS, OPTION_CALL, call_older_than,
         "only uploads begun longer ago: 36h, 7d, 2w"),
    SET("all", 0, VERB_UPLOADS, AT(all), 1, "abort all that are found"),
    SET("dry-run", 'n', VERB_UPLOADS, AT(dry_run), 1, "say what would be aborted"),
    SET("force", 'f', VERB_UPLOADS, AT(force), 1, "abort: an upload that is gone is fine"),

    SET("verify", 0, VERB_WHOAMI, AT(verify), 1, "ask STS whose keys they are"),

    CHOICE("emit", "TARGET", VERB_CONFIG, AT(emit), targets,
           "for duckdb, polars, fsspec, pyarrow or env: print that program's settings"),
    SET("secrets", 0, VERB_CONFIG, AT(secrets), 1, "with --emit: print the keys as well"),

    VALUE("endpoint-url", "URL", ALL, OPTION_TEXT, CLIENT(endpoint_url),
          "http[s]://host[:port] of the service"),
    VALUE("region", "NAME", ALL, OPTION_TEXT, CLIENT(region), "default us-east-1"),
    CHOICE("provider", "NAME", ALL, CLIENT(provider), providers,
           "auto (default), aws, r2, gcs, minio, ceph, b2, oss, generic"),
    VALUE("profile", "NAME", ALL, OPTION_TEXT, CLIENT(profile), "of the shared config files"),
    VALUE("config-file", "FILE", ALL, OPTION_TEXT, CLIENT(config_file),
          "in place of ~/.aws/config"),
    VALUE("credentials-file", "FILE", ALL, OPTION_TEXT, CLIENT(credentials_file),
          "in place of ~/.aws/credentials"),
    SET("anonymous", 0, ALL, CLIENT(anonymous), 1, "send unsigned requests"),
    SET("path-style", 0, ALL, CLIENT(addressing), CW_ADDRESSING_PATH, "https://host/bucket/key"),
    SET("virtual-style", 0, ALL, CLIENT(addressing), CW_ADDRESSING_VIRTUAL,
        "https://bucket.host/key"),
    VALUE("ca-bundle", "FILE", ALL, OPTION_TEXT, CLIENT(ca_bundle),
          "PEM file of the authorities to trust"),
    VALUE("ca-directory", "FOLDER", ALL, OPTION_TEXT, CLIENT(ca_directory),
          "of such files, as c_rehash makes it"),
    VALUE("client-cert", "FILE", ALL, OPTION_TEXT, CLIENT(client_cert),
          "PEM file of the certificate to show"),
    VALUE("client-key", "FILE", ALL, OPTION_TEXT, CLIENT(client_key),
          "PEM file of its key (default: the same file)"),
    CHOICE("tls-minimum", "VERSION", ALL, CLIENT(tls_minimum), tls_versions, "1.2 (default), 1.3"),
    VALUE("proxy", "URL", ALL, OPTION_TEXT, CLIENT(proxy_url),
          "[SCHEME://][USER:PASSWORD@]HOST[:PORT] to go through"),
    VALUE("no-proxy", "HOSTS", ALL, OPTION_TEXT, CLIENT(no_proxy),
          "host,.domain,10.0.0.0/8 to connect to directly"),
    SET("no-verify", 0, ALL, CLIENT(no_verify), 1, "accept any certificate: for experiments"),

    VALUE("memory", "SIZE", ALL, OPTION_BYTES, CLIENT(memory_bytes),
          "budget for all that is in flight (default 128MiB)"),
    VALUE("io-threads", "N", ALL, OPTION_COUNT, CLIENT(io_threads), "default 1"),
    VALUE("max-connections", "N", ALL, OPTION_COUNT, CLIENT(max_connections),
          "for each I/O thread (default 32)"),
    VALUE("max-attempts", "N", ALL, OPTION_COUNT, CLIENT(max_attempts),
          "for each request (default 10)"),
    VALUE("retry-base", "TIME", ALL, OPTION_MS32, CLIENT(retry_base_ms),
          "first pause before a retry (default 50ms)"),
    VALUE("retry-cap", "TIME", ALL, OPTION_MS32, CLIENT(retry_cap_ms),
          "longest pause (default 20s)"),
    VALUE("connect-timeout", "TIME", ALL, OPTION_MS32, CLIENT(connect_timeout_ms), "default 5s"),
    VALUE("stall-timeout", "TIME", ALL, OPTION_MS32, CLIENT(stall_timeout_ms),
          "no byte either way (default 30s)"),
    VALUE("commit-timeout", "TIME", ALL, OPTION_MS32, CLIENT(commit_timeout_ms),
          "for the reply to the commit (default 10m)"),
    VALUE("request-timeout", "TIME", ALL, OPTION_MS, CLIENT(request_deadline_ms),
          "for a request with its retries (default none)"),

    SET("json", 0, RESULTS, AT(json), 1, "one JSON object for each result, on standard output"),
    SET("progress", 0, WRITE | COPY | VERB_RM | VERB_GET, AT(progress), 1,
        "show progress though it is no terminal"),
    SET("no-progress", 0, WRITE | COPY | VERB_RM | VERB_GET, AT(no_progress), 1,
        "show no progress"),
    {"verbose", 'v', NULL, ALL, OPTION_ADD, AT(verbose), 0, NULL, NULL,
     "log objects; twice: log requests"},
    SET("quiet", 'q', ALL, AT(quiet), 1, "nothing but errors"),
    SET("help", 'h', ALL, AT(help), 1, "this text"),
    {NULL, 0, NULL, 0, OPTION_SET, 0, 0, NULL, NULL, NULL},
};
