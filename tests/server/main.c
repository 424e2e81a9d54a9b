/* main.c - cw-test-s3: the test server as a program */
#include "server.h"

#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MAX_NAMES 64

static const char help[] =
    "Usage: cw-test-s3 [OPTION]...\n"
    "A scripted, fault-injecting S3 endpoint for tests and benchmarks.\n"
    "\n"
    "  --port N                 listen on this port (default 0: the kernel chooses)\n"
    "  --bind ADDRESS           listen on this address (127.0.0.1)\n"
    "  --url-file FILE          write the URL there once listening\n"
    "  --die-with-parent        end when the process that started this one ends\n"
    "  --access-key KEY         (test)\n"
    "  --secret-key KEY         (test-secret)\n"
    "  --session-token TOKEN    requests must carry it\n"
    "  --identity ACCESS:SECRET[:TOKEN]  one more identity; may be repeated\n"
    "  --anonymous-read         answer unsigned GET, HEAD and lists\n"
    "  --anonymous              answer unsigned requests\n"
    "  --region NAME            (us-east-1)\n"
    "  --redirect-region        a wrong region is 301 PermanentRedirect rather than 400\n"
    "  --domain NAME            BUCKET.NAME in Host is virtual-hosted style (localhost)\n"
    "  --bucket NAME            a bucket that exists (bucket); may be repeated\n"
    "  --auto-buckets           every bucket exists\n"
    "  --dir FOLDER             keep objects as files FOLDER/BUCKET/KEY-percent-encoded\n"
    "  --discard                read and drop bodies, verify nothing: a null server for "
    "benchmarks\n"
    "  --latency-ms N           sleep when a request's head has been read\n"
    "  --mbps N                 serve each connection at no more than N MB (10^6 bytes) a second\n"
    "  --max-request-rate N     503 SlowDown to requests above N a second\n"
    "  --min-part-bytes N       smallest part but the last (5242880)\n"
    "  --max-parts N            largest part number (10000)\n"
    "  --max-keys N             largest page of a list (1000)\n"
    "  --equal-parts            all parts but the last must be of one size\n"
    "  --no-checksum-support    501 NotImplemented to x-amz-checksum-* headers\n"
    "  --no-full-object-crc32   400 to multipart FULL_OBJECT CRC32 and CRC32C\n"
    "  --no-metadata            drop user metadata silently\n"
    "  --no-conditional         ignore conditions on writes silently\n"
    "  --provider NAME          answer as r2, gcs, minio, ceph-old, b2 or oss does: provider.c\n"
    "  --skew SECONDS           how far this server's clock is ahead\n"
    "  --tls                    https, with a CA made at the start\n"
    "  --ca-file FILE           where the CA is written (PEM); a file in /tmp without it\n"
    "  --client-cert FILE       want a certificate of clients; one is written there, with its key\n"
    "  --tls-1.2                no newer version of TLS\n"
    "  --body-timeout-ms N      no body bytes for so long: 400 RequestTimeout (20000)\n"
    "  --idle-timeout-ms N      close idle connections (60000)\n"
    "  --seed N                 for probabilities in fault rules\n"
    "  --fault RULE             add a fault rule; may be repeated\n"
    "  --verbose                a line for each request on stderr\n"
    "  --help                   this text\n"
    "\n"
    "Fault rules: [op=NAME] [part=N|LO-HI] [key=GLOB] [bucket=GLOB] [attempt=N|LO-HI|N+] [skip=N]\n"
    "[times=N|inf] [probability=P] do=ACTION[,ACTION...]. Actions: status:CODE:S3CODE[:MESSAGE],\n"
    "status_early:CODE:S3CODE[:MESSAGE], linger:MS, drop_before, drop_reply_after_commit,\n"
    "reset_request:N, stall_request:MS|forever[:N], reset_reply:N, stall_reply:MS|forever[:N],\n"
    "truncate_reply:N, truncate_body:N, corrupt_reply[:N], add_bytes:N, reply_200_error:S3CODE,\n"
    "commit_200_error:S3CODE, refuse_keys:S3CODE, wrong_root, empty_etag, empty_page, "
    "whitespace:MS, commit_late, "
    "delay:MS, trickle:N,\n"
    "expire_credentials, retry_after:S, header:NAME=VALUE, close, close_silently, gone.\n"
    "server.h says what each of them does.\n"
    "\n"
    "While it runs, unsigned: POST /_test/fault (rules, one a line), DELETE /_test/fault,\n"
    "GET /_test/state (JSON), POST /_test/skew (seconds), POST /_test/credentials (ACCESS SECRET\n"
    "[TOKEN]), POST /_test/reset.\n";

enum option_code {
    OPT_PORT = 1,
    OPT_URL_FILE,
    OPT_PARENT,
    OPT_IDENTITY,
    OPT_BUCKET,
    OPT_FAULT,
    OPT_MBPS,
    OPT_HELP,
    OPT_TEXT,   /* a string of ts_options: the table below */
    OPT_NUMBER, /* an int */
    OPT_FLAG,   /* a bool */
};

typedef struct settings {
    ts_options o;
    const char *buckets[MAX_NAMES + 1], *faults[MAX_NAMES], *identities[MAX_NAMES];
    size_t bucket_n, fault_n, identity_n;
    const char *url_file;
    bool die_with_parent;
    long long max_request_rate, min_part_bytes, seed, max_parts, max_keys;
    long long latency_ms, skew_s, body_timeout_ms, idle_timeout_ms, port;
} settings;

typedef struct entry {
    const char *name;
    enum option_code code;
    void *target;
} entry;

static int bad_value(const char *name, const char *value)
{
    fprintf(stderr, "cw-test-s3: --%s: not a value that fits: %s\n", name, value);
    return -1;
}

static int append(const char *name, const char **list, size_t *n, const char *value)
{
    if (*n == MAX_NAMES)
        return bad_value(name, value);
    list[(*n)++] = value;
    return 0;
}

static int apply(settings *s, const entry *e, char *value)
{
    char *end;

    switch (e->code) {
    case OPT_TEXT:
        *(const char **)e->target = value;
        return 0;
    case OPT_FLAG:
        *(bool *)e->target = true;
        return 0;
    case OPT_NUMBER:
        *(long long *)e->target = strtoll(value, &end, 10);
        return *end || end == value || llabs(*(long long *)e->target) > INT_MAX
                   ? bad_value(e->name, value)
                   : 0;
    case OPT_MBPS:
        s->o.mbps = strtod(value, &end);
        return *end || end == value || s->o.mbps < 0 ? bad_value(e->name, value) : 0;
    case OPT_BUCKET:
        return append(e->name, s->buckets, &s->bucket_n, value);
    case OPT_FAULT:
        return append(e->name, s->faults, &s->fault_n, value);
    case OPT_IDENTITY:
        return append(e->name, s->identities, &s->identity_n, value);
    case OPT_HELP:
        fputs(help, stdout);
        exit(fflush(stdout) ? 1 : 0);
    default:
        return bad_value(e->name, value);
    }
}

static int parse(settings *s, int argc, char **argv)
{
    const entry entries[] = {
        {"port", OPT_NUMBER, &s->port},
        {"bind", OPT_TEXT, &s->o.bind},
        {"url-file", OPT_TEXT, &s->url_file},
        {"die-with-parent", OPT_FLAG, &s->die_with_parent},
        {"access-key", OPT_TEXT, &s->o.access_key},
        {"secret-key", OPT_TEXT, &s->o.secret_key},
        {"session-token", OPT_TEXT, &s->o.session_token},
        {"identity", OPT_IDENTITY, NULL},
        {"anonymous-read", OPT_FLAG, &s->o.anonymous_read},
        {"anonymous", OPT_FLAG, &s->o.anonymous},
        {"region", OPT_TEXT, &s->o.region},
        {"redirect-region", OPT_FLAG, &s->o.redirect_region},
        {"domain", OPT_TEXT, &s->o.domain},
        {"bucket", OPT_BUCKET, NULL},
        {"auto-buckets", OPT_FLAG, &s->o.auto_buckets},
        {"dir", OPT_TEXT, &s->o.dir},
        {"discard", OPT_FLAG, &s->o.discard},
        {"latency-ms", OPT_NUMBER, &s->latency_ms},
        {"mbps", OPT_MBPS, NULL},
        {"max-request-rate", OPT_NUMBER, &s->max_request_rate},
        {"min-part-bytes", OPT_NUMBER, &s->min_part_bytes},
        {"max-parts", OPT_NUMBER, &s->max_parts},
        {"max-keys", OPT_NUMBER, &s->max_keys},
        {"equal-parts", OPT_FLAG, &s->o.equal_parts},
        {"no-checksum-support", OPT_FLAG, &s->o.no_checksums},
        {"no-full-object-crc32", OPT_FLAG, &s->o.no_full_object_crc32},
        {"no-metadata", OPT_FLAG, &s->o.no_metadata},
        {"no-conditional", OPT_FLAG, &s->o.no_conditional},
        {"provider", OPT_TEXT, &s->o.provider},
        {"skew", OPT_NUMBER, &s->skew_s},
        {"tls", OPT_FLAG, &s->o.tls},
        {"ca-file", OPT_TEXT, &s->o.ca_file},
        {"client-cert", OPT_TEXT, &s->o.client_cert},
        {"tls-1.2", OPT_FLAG, &s->o.tls_1_2},
        {"body-timeout-ms", OPT_NUMBER, &s->body_timeout_ms},
        {"idle-timeout-ms", OPT_NUMBER, &s->idle_timeout_ms},
        {"seed", OPT_NUMBER, &s->seed},
        {"fault", OPT_FAULT, NULL},
        {"verbose", OPT_FLAG, &s->o.verbose},
        {"help", OPT_HELP, NULL},
    };
    enum { N = sizeof entries / sizeof *entries };
    struct option longs[N + 1] = {0};
    int i;

    for (i = 0; i < N; i++) {
        bool flag = entries[i].code == OPT_FLAG || entries[i].code == OPT_HELP;

        longs[i] =
            (struct option){entries[i].name, flag ? no_argument : required_argument, NULL, i};
    }
    while ((i = getopt_long(argc, argv, "", longs, NULL)) != -1)
        if (i == '?' || apply(s, &entries[i], optarg) != 0)
            return -1;
    if (optind < argc) {
        fprintf(stderr, "cw-test-s3: what is \"%s\"? See --help.\n", argv[optind]);
        return -1;
    }
    return 0;
}

static void finish_options(settings *s)
{
    s->o.port = (int)s->port;
    s->o.max_request_rate = (int)s->max_request_rate;
    s->o.min_part_bytes = s->min_part_bytes;
    s->o.max_parts = (int)s->max_parts;
    s->o.max_keys = (int)s->max_keys;
    s->o.latency_ms = (int)s->latency_ms;
    s->o.skew_s = (int)s->skew_s;
    s->o.body_timeout_ms = (int)s->body_timeout_ms;
    s->o.idle_timeout_ms = (int)s->idle_timeout_ms;
    s->o.seed = (uint64_t)s->seed;
    if (s->bucket_n)
        s->o.buckets = s->buckets;
}

/* By rename, so that who waits for the file reads all of it. */
static int write_url(const char *file, const char *url)
{
    char temp[4096];

    if (snprintf(temp, sizeof temp, "%s.new", file) >= (int)sizeof temp)
        return -1;
    FILE *f = fopen(temp, "w");
    if (!f)
        return -1;
    fprintf(f, "%s\n", url);
    return fclose(f) != 0 || rename(temp, file) != 0 ? -1 : 0;
}

static int add_identity(ts_server *server, const char *text)
{
    char copy[1024], *save = NULL;

    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
        return bad_value("identity", "too long");
    const char *access = strtok_r(copy, ":", &save), *secret = strtok_r(NULL, ":", &save);
    if (!secret)
        return bad_value("identity", text);
    ts_credentials_add(server, access, secret, strtok_r(NULL, "", &save));
    return 0;
}

static int prepare(ts_server *server, const settings *s)
{
    for (size_t i = 0; i < s->identity_n; i++)
        if (add_identity(server, s->identities[i]) != 0)
            return -1;
    for (size_t i = 0; i < s->fault_n; i++)
        if (ts_fault_add(server, s->faults[i]) != 0)
            return bad_value("fault", s->faults[i]);
    printf("cw-test-s3 listening on %s\n", ts_server_url(server));
    if (ts_server_ca_file(server))
        printf("cw-test-s3 CA certificate in %s\n", ts_server_ca_file(server));
    fflush(stdout);
    if (s->url_file && write_url(s->url_file, ts_server_url(server)) != 0) {
        perror(s->url_file);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    settings s = {0};
    ts_server *server;
    char why[300];
    sigset_t ends;
    int signal_number;

    if (parse(&s, argc, argv) != 0)
        return 2;
    finish_options(&s);
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    pid_t parent = getppid();
    if (s.die_with_parent && (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent))
        return 1;
    if (ts_server_start(&server, &s.o, why, sizeof why) != 0) {
        fprintf(stderr, "cw-test-s3: %s\n", why);
        return 1;
    }
    int rc = prepare(server, &s);
    if (rc == 0)
        sigwait(&ends, &signal_number);
    ts_server_stop(server);
    return rc ? 1 : 0;
}
