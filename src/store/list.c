/* list.c - what is under a prefix: take the options, parse the URL, choose where entries come from
 *
 * Owns the copies of the options and the URL of the entry that was told last.
 */
#include <cloudwriter/list.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/text.h"
#include "s3/client.h"
#include "store/source.h"

#include <string.h>

struct cw_list {
    cw__source source;
    cw_list_options options;
    char *delimiter, *start_after;
    cw__glob *glob; /* or NULL */
    cw_list_entry entry;
    cw__text url;
    size_t root_bytes; /* of `url`: what stands before every key */
    bool over;
    cw_error failure; /* CW_OK: none yet */
};

/* mem:// alone, which is no name of an object, is the prefix of all. */
static cw_status parse(cw__url *out, const char *url, cw_error *err)
{
    if (!url || strcmp(url, "mem://") != 0)
        return cw__url_parse(out, url, err);
    *out = (cw__url){.scheme = CW__SCHEME_MEMORY, .path = cw__strdup("")};
    return out->path ? CW_OK : cw__fail_memory(err, "parsing a URL");
}

static void add_root(cw_list *l, const cw__url *at, const char *url)
{
    if (at->scheme == CW__SCHEME_S3) {
        cw__text_add(&l->url, "s3://");
        cw__text_add(&l->url, at->bucket);
        cw__text_add_char(&l->url, '/');
    } else if (at->scheme == CW__SCHEME_MEMORY) {
        cw__text_add(&l->url, "mem://");
    } else if (cw__starts_with(url, "file://")) {
        cw__text_add(&l->url, "file://");
    }
    l->root_bytes = l->url.n;
}

static cw_status copy_options(cw_list *l, cw_error *err)
{
    const char *delimiter = l->options.delimiter, *start_after = l->options.start_after;

    if (l->options.page_keys > 1000)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "page_keys is %u, and may be 1,000 at most",
                        l->options.page_keys);
    l->options.delimiter = l->options.start_after = NULL;
    if (delimiter && delimiter[0])
        l->options.delimiter = l->delimiter = cw__strdup(delimiter);
    if (start_after && start_after[0])
        l->options.start_after = l->start_after = cw__strdup(start_after);
    if ((delimiter && delimiter[0] && !l->delimiter) ||
        (start_after && start_after[0] && !l->start_after))
        return cw__fail_memory(err, "opening a list");
    return CW_OK;
}

static cw_status check_client(const cw_client *c, const char *url, cw_error *err)
{
    return c ? cw__client_check(c, err)
             : cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' cannot be listed without a client", url);
}

static cw_status open_local(cw_list *l, cw__url *at, cw_error *err)
{
    cw__source inner;
    char *prefix = cw__strdup(at->path);
    cw_status st = prefix ? CW_OK : cw__fail_memory(err, "opening a list");

    if (l->options.versions)
        st = cw__fail(err, CW_E_UNSUPPORTED, "files and objects in memory have no versions");
    if (st == CW_OK)
        st = at->scheme == CW__SCHEME_FILE ? cw__source_file(&inner, at, &l->options, l->glob, err)
                                           : cw__source_memory(&inner, at, &l->options, err);
    if (st == CW_OK) {
        st = cw__source_grouped(&l->source, &inner, prefix, &l->options, err);
        if (st != CW_OK)
            inner.free(inner.self);
    }
    cw__free(prefix);
    return st;
}

/* What is listed then begins with what the pattern does. */
static cw_status take_pattern(cw_list *l, cw__url *at, cw_error *err)
{
    const char *pattern = l->options.glob;
    cw__text path = {0};
    cw_status st;

    l->options.glob = NULL;
    if (!pattern)
        return CW_OK;
    if (l->delimiter)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "a pattern does not go with a delimiter");
    st = cw__glob_new(&l->glob, pattern, strlen(at->path), err);
    if (st != CW_OK)
        return st;
    cw__text_add(&path, at->path);
    cw__text_add(&path, cw__glob_prefix(l->glob));
    if (path.failed) {
        cw__text_free(&path);
        return cw__fail_memory(err, "opening a list");
    }
    cw__free(at->path);
    at->path = path.p ? path.p : cw__strdup("");
    return at->path ? CW_OK : cw__fail_memory(err, "opening a list");
}

static cw_status choose_source(cw_list *l, cw_client *c, cw__url *at, const char *url,
                               cw_error *err)
{
    cw_status st;

    if (at->scheme != CW__SCHEME_S3)
        return open_local(l, at, err);
    st = check_client(c, url, err);
    return st == CW_OK ? cw__source_s3(&l->source, c, at, &l->options, l->glob, err) : st;
}

static cw_status open_source(cw_list *l, cw_client *c, const char *url, cw_error *err)
{
    cw__url at;
    cw_status st = parse(&at, url, err);

    if (st != CW_OK)
        return st;
    add_root(l, &at, url);
    st = take_pattern(l, &at, err);
    if (st == CW_OK)
        st = choose_source(l, c, &at, url, err);
    cw__url_free(&at);
    return st;
}

cw_status cw_list_open(cw_list **out, cw_client *c, const char *url, const cw_list_options *o,
                       cw_error *err)
{
    cw_list *l = cw__alloc_zero(sizeof *l);
    cw_status st;

    *out = NULL;
    cw__error_clear(err);
    if (!l)
        return cw__fail_memory(err, "opening a list");
    st = cw__options_take(&l->options, sizeof l->options, o, err);
    if (st == CW_OK)
        st = copy_options(l, err);
    if (st == CW_OK)
        st = open_source(l, c, url, err);
    if (st == CW_OK)
        *out = l;
    else
        cw_list_close(l);
    return st;
}

static cw_status tell_url(cw_list *l, cw_error *err)
{
    l->url.n = l->root_bytes;
    cw__text_add(&l->url, l->entry.key);
    if (l->url.failed)
        return cw__fail_memory(err, "listing");
    l->entry.url = l->url.p;
    return CW_OK;
}

static bool is_wanted(const cw_list *l)
{
    return !l->entry.key || !l->glob || cw__glob_match(l->glob, l->entry.key, NULL);
}

static cw_status next_entry(cw_list *l, cw_error *err)
{
    cw_status st;

    do {
        l->entry = (cw_list_entry){.etag = "", .storage_class = "", .version_id = ""};
        st = l->source.next(l->source.self, &l->entry, err);
    } while (st == CW_OK && !is_wanted(l));
    if (st == CW_OK && l->entry.key)
        st = tell_url(l, err);
    l->over = !l->entry.key;
    return st;
}

cw_status cw_list_next(cw_list *l, const cw_list_entry **out, cw_error *err)
{
    *out = NULL;
    cw__error_clear(err);
    if (l->failure.status == CW_OK && !l->over && next_entry(l, &l->failure) == CW_OK && !l->over)
        *out = &l->entry;
    if (l->failure.status != CW_OK)
        cw__error_copy(err, &l->failure);
    return l->failure.status;
}

void cw_list_close(cw_list *l)
{
    if (!l)
        return;
    if (l->source.free)
        l->source.free(l->source.self);
    cw__free(l->delimiter);
    cw__free(l->start_after);
    cw__glob_free(l->glob);
    cw__text_free(&l->url);
    cw__free(l);
}
