/* fault.c - the rules that say which request goes wrong, and how; server.h has the language
 *
 * Owns the rules, the counts of attempts and the seeded generator. Called with s->lock held. What a
 * rule does to a request is a ts_plan, copied into the request; the plan is carried out by net.c,
 * http.c, serve.c and the verbs.
 */
#include "internal.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct range {
    int64_t lo, hi; /* hi < 0: not given, matches all */
} range;

struct ts_rule {
    char op[40];
    char *key, *bucket; /* globs; NULL = any */
    range part, attempt;
    int64_t skip, times;
    double probability;
    int64_t seen, hits;
    ts_plan plan;
    ts_rule *next;
};

void ts_plan_init(ts_plan *p)
{
    memset(p, 0, sizeof *p);
    p->reset_request_at = p->stall_request_at = p->reset_reply_at = -1;
    p->truncate_reply_at = p->truncate_body_at = p->stall_reply_at = -1;
    p->corrupt_at = p->retry_after_s = -1;
    p->linger_ms = 1000;
}

/* ---- actions ---- */

static bool number(const char *v, int64_t *out)
{
    int64_t n = ts_number(v, 0, INT64_MAX / 2000000);

    if (n >= 0)
        *out = n;
    return n >= 0;
}

/* CODE:S3CODE[:MESSAGE] */
static bool status(ts_plan *p, char *v, bool early)
{
    char *code = strchr(v, ':'), *message;

    if (!code)
        return false;
    *code++ = 0;
    message = strchr(code, ':');
    if (message)
        *message++ = 0;
    int64_t n = ts_number(v, 100, 599);
    if (n < 0)
        return false;
    p->status = (int)n;
    p->early = early;
    ts_copy(p->code, sizeof p->code, code);
    ts_copy(p->message, sizeof p->message, message ? message : "A fault rule says so.");
    return true;
}

/* MS|forever[:N] */
static bool stall(int64_t *ms, int64_t *at, char *v)
{
    char *n = strchr(v, ':');

    *at = 0;
    if (n)
        *n++ = 0;
    if (n && !number(n, at))
        return false;
    if (!strcmp(v, "forever")) {
        *ms = TS_FOREVER;
        return true;
    }
    return number(v, ms);
}

static bool header(ts_plan *p, const char *v)
{
    const char *eq = strchr(v, '=');

    if (!eq || eq == v)
        return false;
    ts_buf_printf(&p->headers, "%.*s: %s\r\n", (int)(eq - v), v, eq + 1);
    return true;
}

static bool *flag(ts_plan *p, const char *name)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"drop_before", &p->drop_before},       {"drop_reply_after_commit", &p->drop_after},
        {"wrong_root", &p->wrong_root},         {"empty_etag", &p->empty_etag},
        {"empty_page", &p->empty_page},         {"commit_late", &p->commit_late},
        {"expire_credentials", &p->expire},     {"close", &p->close},
        {"close_silently", &p->close_silently}, {"gone", &p->gone},
        {"corrupt_reply", &p->corrupt},
    };

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (!strcmp(name, flags[i].name))
            return flags[i].flag;
    return NULL;
}

static int64_t *numeral(ts_plan *p, const char *name)
{
    const struct {
        const char *name;
        int64_t *value;
    } numbers[] = {
        {"linger", &p->linger_ms},
        {"reset_request", &p->reset_request_at},
        {"reset_reply", &p->reset_reply_at},
        {"truncate_reply", &p->truncate_reply_at},
        {"truncate_body", &p->truncate_body_at},
        {"corrupt_reply", &p->corrupt_at},
        {"add_bytes", &p->add_bytes},
        {"whitespace", &p->whitespace_ms},
        {"delay", &p->delay_ms},
        {"retry_after", &p->retry_after_s},
        {"trickle", &p->trickle},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!strcmp(name, numbers[i].name))
            return numbers[i].value;
    return NULL;
}

static bool action(ts_plan *p, char *name)
{
    char *v = strchr(name, ':');
    int64_t *n;
    bool *f;

    if (v)
        *v++ = 0;
    f = flag(p, name);
    if (f)
        *f = true;
    if (!v)
        return f != NULL;
    n = numeral(p, name);
    if (n)
        return number(v, n);
    if (!strcmp(name, "status"))
        return status(p, v, false);
    if (!strcmp(name, "status_early"))
        return status(p, v, true);
    if (!strcmp(name, "stall_request"))
        return stall(&p->stall_request_ms, &p->stall_request_at, v);
    if (!strcmp(name, "stall_reply"))
        return stall(&p->stall_reply_ms, &p->stall_reply_at, v);
    if (!strcmp(name, "header"))
        return header(p, v);
    if (!strcmp(name, "refuse_keys")) {
        ts_copy(p->refuse_keys, sizeof p->refuse_keys, v);
        return true;
    }
    p->commit_error_200 = !strcmp(name, "commit_200_error");
    ts_copy(p->error_200, sizeof p->error_200, v);
    return p->commit_error_200 || !strcmp(name, "reply_200_error");
}

/* ---- rules ---- */

/* N, LO-HI or N+ */
static bool read_range(range *r, char *v)
{
    char *dash = strchr(v, '-');
    size_t n = strlen(v);

    if (dash) {
        *dash++ = 0;
        return number(v, &r->lo) && number(dash, &r->hi);
    }
    if (n && v[n - 1] == '+') {
        v[n - 1] = 0;
        r->hi = INT64_MAX;
        return number(v, &r->lo);
    }
    if (!number(v, &r->lo))
        return false;
    r->hi = r->lo;
    return true;
}

static bool known_op(const char *v)
{
    for (int i = 0; i < TS_OP_COUNT; i++)
        if (!strcmp(v, ts_op_names[i]))
            return true;
    return false;
}

static bool selector(ts_rule *r, const char *name, char *v)
{
    char *end;

    if (!strcmp(name, "op")) {
        ts_copy(r->op, sizeof r->op, v);
        return known_op(v);
    }
    if (!strcmp(name, "key"))
        return free(r->key), (r->key = ts_strdup(v)) != NULL;
    if (!strcmp(name, "bucket"))
        return free(r->bucket), (r->bucket = ts_strdup(v)) != NULL;
    if (!strcmp(name, "part"))
        return read_range(&r->part, v);
    if (!strcmp(name, "attempt"))
        return read_range(&r->attempt, v);
    if (!strcmp(name, "skip"))
        return number(v, &r->skip);
    if (!strcmp(name, "times")) {
        r->times = INT64_MAX;
        return !strcmp(v, "inf") || number(v, &r->times);
    }
    if (strcmp(name, "probability") != 0)
        return false;
    r->probability = strtod(v, &end);
    return *v && !*end && r->probability >= 0 && r->probability <= 1;
}

static void rule_free(ts_rule *r)
{
    free(r->key);
    free(r->bucket);
    ts_buf_free(&r->plan.headers);
    free(r);
}

static bool read_actions(ts_rule *r, char *text)
{
    char *save = NULL;
    int n = 0;

    for (char *a = strtok_r(text, ",", &save); a; a = strtok_r(NULL, ",", &save), n++)
        if (!action(&r->plan, a))
            return false;
    return n > 0;
}

/* do= takes the rest of the line, so that messages may hold spaces. */
static bool read_rule(ts_rule *r, char *line)
{
    for (;;) {
        line += strspn(line, " \t");
        char *eq = strchr(line, '=');

        if (!eq)
            return false;
        *eq++ = 0;
        if (!strcmp(line, "do"))
            return read_actions(r, eq);
        size_t n = strcspn(eq, " \t");
        bool more = eq[n] != 0;
        eq[n] = 0;
        if (!selector(r, line, eq) || !more)
            return false;
        line = eq + n + 1;
    }
}

static ts_rule *rule_new(const char *line)
{
    ts_rule *r = ts_alloc(sizeof *r);
    char *copy = ts_strdup(line);

    ts_plan_init(&r->plan);
    r->plan.active = true;
    r->part.hi = r->attempt.hi = -1;
    r->times = 1;
    r->probability = 1;
    bool ok = read_rule(r, copy);
    free(copy);
    if (ok)
        return r;
    rule_free(r);
    return NULL;
}

static void free_list(ts_rule *r)
{
    for (ts_rule *next; r; r = next) {
        next = r->next;
        rule_free(r);
    }
}

int ts_faults_add(ts_faults *f, const char *rules, char *why, size_t why_size)
{
    char *copy = ts_strdup(rules), *save = NULL;
    ts_rule *first = NULL, **last = &first;
    int rc = 0;

    for (char *l = strtok_r(copy, "\r\n", &save); l && rc == 0; l = strtok_r(NULL, "\r\n", &save)) {
        l += strspn(l, " \t");
        if (!*l || *l == '#')
            continue;
        ts_rule *r = rule_new(l);
        if (!r) {
            snprintf(why, why_size, "not a fault rule: %s", l);
            rc = -1;
            continue;
        }
        *last = r;
        last = &r->next;
    }
    free(copy);
    if (rc != 0) {
        free_list(first);
        return rc;
    }
    for (last = &f->first; *last; last = &(*last)->next)
        ;
    *last = first;
    return 0;
}

void ts_faults_clear(ts_faults *f)
{
    free_list(f->first);
    f->first = NULL;
}

void ts_faults_free(ts_faults *f)
{
    ts_faults_clear(f);
    free(f->attempt_keys);
    free(f->attempts);
    f->attempt_keys = NULL;
    f->attempts = NULL;
    f->slots = f->used = 0;
    f->fired = 0;
}

/* ---- matching ---- */

static size_t slot(const ts_faults *f, uint64_t key)
{
    size_t i = key & (f->slots - 1);

    while (f->attempt_keys[i] && f->attempt_keys[i] != key)
        i = (i + 1) & (f->slots - 1);
    return i;
}

static void enlarge(ts_faults *f)
{
    ts_faults old = *f;

    f->slots = old.slots ? old.slots * 2 : 256;
    f->attempt_keys = ts_alloc(f->slots * sizeof *f->attempt_keys);
    f->attempts = ts_alloc(f->slots * sizeof *f->attempts);
    for (size_t i = 0; i < old.slots; i++) {
        if (!old.attempt_keys[i])
            continue;
        size_t to = slot(f, old.attempt_keys[i]);
        f->attempt_keys[to] = old.attempt_keys[i];
        f->attempts[to] = old.attempts[i];
    }
    free(old.attempt_keys);
    free(old.attempts);
}

static uint32_t count_attempt(ts_faults *f, const ts_request *q)
{
    uint64_t h = 0xcbf29ce484222325u;

    h = ts_fnv(h, ts_op_names[q->op]);
    h = ts_fnv(h, q->bucket ? q->bucket : "");
    h = ts_fnv(h, q->key ? q->key : "");
    h = (h ^ (uint64_t)q->part) * 0x100000001b3u;
    h |= 1;
    if (f->used * 2 >= f->slots)
        enlarge(f);
    size_t i = slot(f, h);
    f->used += f->attempt_keys[i] == 0;
    f->attempt_keys[i] = h;
    return ++f->attempts[i];
}

static bool in_range(const range *r, int64_t v)
{
    return r->hi < 0 || (v >= r->lo && v <= r->hi);
}

static bool glob(const char *pattern, const char *text)
{
    return !pattern || (text && fnmatch(pattern, text, FNM_NOESCAPE) == 0);
}

static bool selects(const ts_rule *r, const ts_request *q, uint32_t attempt)
{
    return (!r->op[0] || !strcmp(r->op, ts_op_names[q->op])) && in_range(&r->part, q->part) &&
           in_range(&r->attempt, attempt) && glob(r->key, q->key) && glob(r->bucket, q->bucket);
}

static double chance(ts_faults *f)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return (double)(f->random >> 11) / (double)((uint64_t)1 << 53);
}

void ts_faults_match(ts_faults *f, ts_request *q)
{
    uint32_t attempt = count_attempt(f, q);

    for (ts_rule *r = f->first; r; r = r->next) {
        if (!selects(r, q, attempt) || r->seen++ < r->skip || r->hits >= r->times)
            continue;
        if (r->probability < 1 && chance(f) >= r->probability)
            continue;
        r->hits++;
        f->fired++;
        q->plan = r->plan;
        memset(&q->plan.headers, 0, sizeof q->plan.headers);
        ts_buf_puts(&q->plan.headers, r->plan.headers.data ? r->plan.headers.data : "");
        return;
    }
}
