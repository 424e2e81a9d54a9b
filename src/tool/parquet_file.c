/* parquet_file.c - the verbs meta, schema and verify: look into Parquet files */
#include "parquet_file.h"
#include "client.h"
#include "failure.h"
#include "json.h"
#include "memory.h"
#include "place.h"
#include "say.h"
#include "stop.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One file of the command line: 0, or the exit code after saying what is wrong. */
typedef int (*look_fn)(const struct options *o, cw_parquet_file *f, const char *url);

static bool is_local(const char *url)
{
    return strncmp(url, "s3://", 5) != 0;
}

/* Files on this machine need no settings of a service, and none of them is looked at. */
static int make_client(struct options *o, cw_client **client)
{
    bool local = true;
    for (size_t i = 0; i < o->operand_count; i++)
        local = local && is_local(o->operands[i]);
    *client = NULL;
    return local ? 0 : client_make(o, client);
}

static int look_at(const struct options *o, cw_client *client, const char *url, look_fn look)
{
    cw_parquet_file *f;
    cw_error err;
    int code;

    if (cw_parquet_file_open(&f, client, url, &err) != CW_OK)
        return place_failed(o, url, &err);
    code = look(o, f, url);
    cw_parquet_file_close(f);
    return code;
}

static int look_at_all(struct options *o, look_fn look)
{
    cw_client *client;
    int code, worst = 0;

    if (o->operand_count == 0) {
        say("name a file: a path, or s3://bucket/key");
        return 2;
    }
    code = make_client(o, &client);
    if (code)
        return code;
    for (size_t i = 0; i < o->operand_count && !stop_asked(); i++)
        worst = exit_code_worse(worst, look_at(o, client, o->operands[i], look));
    cw_client_release(client);
    return stop_asked() ? 1 : worst;
}

/* ---- meta, schema ---------------------------------------------------------------------------- */

/* Names and values in it may be anything: control characters are made visible, line by line. */
static int print_text(void *user, const char *text, size_t n)
{
    (void)user;
    while (n > 0) {
        const char *end = memchr(text, '\n', n);
        size_t k = end ? (size_t)(end - text) : n;
        char *line = tool_format("%.*s", (int)k, text);
        say_result_safe(line);
        free(line);
        k += end != NULL;
        text += k;
        n -= k;
    }
    return stop_asked();
}

static int print_json(void *user, const char *text, size_t n)
{
    (void)user;
    return fwrite(text, 1, n, stdout) != n || stop_asked();
}

static int print(const struct options *o, cw_parquet_file *f, const char *url,
                 cw_parquet_print what, cw_text_fn take)
{
    cw_error err;
    return cw_parquet_file_print(f, what, take, NULL, &err) == CW_OK ? 0
                                                                     : place_failed(o, url, &err);
}

static int show_meta(const struct options *o, cw_parquet_file *f, const char *url)
{
    return o->json ? print(o, f, url, CW_PARQUET_PRINT_META_JSON, print_json)
                   : print(o, f, url, CW_PARQUET_PRINT_META, print_text);
}

static int show_schema(const struct options *o, cw_parquet_file *f, const char *url)
{
    return print(o, f, url, CW_PARQUET_PRINT_SCHEMA, print_text);
}

int meta_main(struct options *o)
{
    return look_at_all(o, show_meta);
}

int schema_main(struct options *o)
{
    return look_at_all(o, show_schema);
}

/* ---- verify ---------------------------------------------------------------------------------- */

struct finding {
    const struct options *o;
    const char *url;
};

static char *place_of(const cw_parquet_fault *fault)
{
    char page[40] = "", group[40] = "";
    if (fault->row_group >= 0)
        snprintf(group, sizeof group, "row group %" PRId64 ", ", fault->row_group);
    if (fault->page >= 0)
        snprintf(page, sizeof page, "page %" PRId64 ", ", fault->page);
    return tool_format("%s%s%s%s%s", group, fault->column ? "column " : "",
                       fault->column ? fault->column : "", fault->column ? ", " : "", page);
}

static void tell_fault_json(const char *url, const cw_parquet_fault *fault)
{
    struct json j = {0};
    json_begin(&j, NULL);
    json_string(&j, "file", url);
    if (fault->row_group >= 0)
        json_int(&j, "row_group", fault->row_group);
    if (fault->column)
        json_string(&j, "column", fault->column);
    if (fault->page >= 0)
        json_int(&j, "page", fault->page);
    if (fault->offset)
        json_uint(&j, "offset", fault->offset);
    json_string(&j, "fault", fault->message);
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

static int tell_fault(void *user, const cw_parquet_fault *fault)
{
    const struct finding *x = user;
    char *place, *line;

    if (x->o->json) {
        tell_fault_json(x->url, fault);
        return stop_asked();
    }
    place = place_of(fault);
    line = tool_format("%s: %s%s", x->url, place, fault->message);
    say_result_safe(line);
    free(line);
    free(place);
    return stop_asked();
}

static void tell_sum_json(const char *url, const cw_parquet_verified *v)
{
    struct json j = {0};
    json_begin(&j, NULL);
    json_string(&j, "file", url);
    json_uint(&j, "faults", v->faults);
    json_uint(&j, "row_groups", v->row_groups);
    json_uint(&j, "chunks", v->chunks);
    json_uint(&j, "pages", v->pages);
    json_uint(&j, "values", v->values);
    json_uint(&j, "bytes", v->bytes);
    json_uint(&j, "checksums", v->checksums);
    json_uint(&j, "statistics", v->statistics);
    json_uint(&j, "bloom_filters", v->bloom_filters);
    json_uint(&j, "skipped", v->skipped);
    json_uint(&j, "sorted", v->sorted);
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

static void tell_sum(const struct options *o, const char *url, const cw_parquet_verified *v)
{
    char *line;
    if (o->json) {
        tell_sum_json(url, v);
        return;
    }
    if (o->quiet)
        return;
    line = tool_format("%s: %s: %" PRIu64 " pages, %" PRIu64 " values, %" PRIu64
                       " checksums, %" PRIu64 " bounds of statistics, %" PRIu64 " Bloom filters",
                       url, v->faults ? "not sound" : "sound", v->pages, v->values, v->checksums,
                       v->statistics, v->bloom_filters);
    say_result_safe(line);
    free(line);
    if (v->skipped)
        say_about(url,
                  "%" PRIu64 " column chunks were not decoded: they are encrypted, or their codec "
                  "or encoding is not known here",
                  v->skipped);
}

static int verify(const struct options *o, cw_parquet_file *f, const char *url)
{
    struct finding x = {o, url};
    cw_parquet_verified v = {0};
    cw_error err;

    if (cw_parquet_file_verify(f, tell_fault, &x, &v, &err) != CW_OK)
        return place_failed(o, url, &err);
    tell_sum(o, url, &v);
    return v.faults ? 1 : 0;
}

int verify_main(struct options *o)
{
    return look_at_all(o, verify);
}
