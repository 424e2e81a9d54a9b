/* test_addresses.c - an endpoint with several addresses, some of which are no good
 *
 * The server listens on 0.0.0.0, on ::, or on 127.0.0.1 alone, and the test says what names resolve
 * to. Built a second time as if libcurl were 7.68: see CMakeLists.txt.
 */
#include "fixture.h"

#include "port/addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { PART = 50 * 1000, PARTS = 60, WHOLE = PARTS * PART };

static unsigned char *data;
static atomic_int addresses, resolved;
static atomic_bool with_ipv6; /* the first of them is ::1 */

static int answer(const char *host, char (*out)[CW__ADDRESS_BYTES], int most)
{
    int n = atomic_load(&addresses);

    CHECK_INT(strcmp(host, "many.test") == 0 || strcmp(host, "localhost") == 0, 1);
    for (int i = 0; i < n && i < most; i++)
        snprintf(out[i], CW__ADDRESS_BYTES, i || !atomic_load(&with_ipv6) ? "127.0.0.%d" : "::%d",
                 i + 1);
    atomic_fetch_add(&resolved, 1);
    return n < most ? n : most;
}

static int port_of(ts_server *s)
{
    return atoi(strrchr(ts_server_host(s), ':') + 1);
}

static bed open_at(const char *name, int n, const ts_options *so, cw_client_options co)
{
    bed b = {.server = start_server(so)};
    char url[100];

    atomic_store(&addresses, n);
    atomic_store(&resolved, 0);
    cw__addresses_set_resolver(answer);
    snprintf(url, sizeof url, "%s://%s:%d", so->tls ? "https" : "http", name, port_of(b.server));
    co.endpoint_url = url;
    b.client = start_client(b.server, &co);
    return b;
}

static cw_writer_options in_parts(void)
{
    cw_writer_options o = parts_of(PART);

    o.concurrency = 8;
    return o;
}

/* libcurl finds no such name, so the first request has to wait for the resolver of the test. */
static void warm_up(bed *b)
{
    cw_error err;

    for (int i = 0; i < 100 && atomic_load(&resolved) == 0; i++) {
        cw_status st = send_bytes(b, "warm", NULL, data, 10, NULL, &err);
        if (st == CW_OK)
            break;
        sleep_ms(5);
    }
    sleep_ms(20);
}

static bool all_have_a_connection(bed *b, unsigned char n)
{
    for (unsigned char i = 1; i <= n; i++)
        if (ts_connections_to(b->server, i) == 0)
            return false;
    return true;
}

/* Few connections do for a machine that has parts ready no faster than they are answered: until
 * the answers take long enough. */
static void send_until_all_have_a_connection(bed *b, unsigned char n)
{
    enum { OBJECTS = 3, MOST_OBJECTS = 8 };
    cw_writer_options o = in_parts();
    char rule[60];
    cw_error err;

    for (int i = 0; i < MOST_OBJECTS; i++) {
        if (i >= OBJECTS && all_have_a_connection(b, n))
            return;
        CHECK_OK(send_bytes(b, "key", &o, data, WHOLE, NULL, &err), err);
        ts_fault_clear(b->server);
        snprintf(rule, sizeof rule, "op=UploadPart times=inf do=delay:%d", 10 << i);
        faults(b, rule);
    }
    CHECK(all_have_a_connection(b, n));
}

static void spread_over(const char *name, const char *listen_on, bool tls)
{
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();
    cw_client_stats stats;

    so.bind = listen_on;
    so.tls = tls;
    so.latency_ms = 5;
    co.memory_bytes = 128 * (uint64_t)MIB;
    bed b = open_at(name, 4, &so, co);
    warm_up(&b);
    send_until_all_have_a_connection(&b, 4);
    check_object(&b, "key", data, WHOLE);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(stats.addresses, 4);
    CHECK_INT(stats.addresses_avoided, 0);
    CHECK(ts_connection_count(b.server) <= 60); /* of nearly 200 requests */
    CHECK_INT(atomic_load(&resolved), 1);
    bed_close(&b);
}

static void connections_go_to_all_of_them(void)
{
    spread_over("many.test", "0.0.0.0", false);
}

/* The name stays what TLS asks for and checks. */
static void with_tls(void)
{
    spread_over("localhost", "0.0.0.0", true);
}

/* Nobody listens at three of four: nothing fails, and they are left alone. */
static void those_that_refuse_are_left_alone(void)
{
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();
    cw_writer_options o = in_parts();
    cw_client_stats stats;
    cw_error err;

    co.memory_bytes = 128 * (uint64_t)MIB;
    bed b = open_at("many.test", 4, &so, co);
    warm_up(&b);
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    cw_client_get_stats(b.client, &stats);
    CHECK(stats.addresses_avoided >= 1 && stats.addresses_avoided <= 3);
    bed_close(&b);
}

/* One takes connections, and nothing more. */
static void one_that_stalls_is_left_alone(void)
{
    ts_options so = server_defaults();
    cw_client_options co = hasty_client();
    cw_writer_options o = in_parts();
    struct sockaddr_in a = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cw_client_stats stats;
    cw_error err;

    co.memory_bytes = 128 * (uint64_t)MIB;
    co.max_attempts = 10;
    bed b = open_at("many.test", 2, &so, co);
    a.sin_port = htons((uint16_t)port_of(b.server));
    inet_pton(AF_INET, "127.0.0.2", &a.sin_addr);
    REQUIRE(bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 100) == 0);
    warm_up(&b);
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(stats.addresses_avoided, 1);
    CHECK(stats.retries + stats.hedged >= 1);
    bed_close(&b);
    close(fd);
}

/* A part that another has outrun is no longer there to stall: its address is told all the same. */
static void one_that_was_outrun_is_left_alone(void)
{
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();
    cw_writer_options o = in_parts();
    cw_client_stats stats;
    cw_error err;

    so.bind = "0.0.0.0";
    so.latency_ms = 5;
    co.stall_timeout_ms = 30000;
    co.memory_bytes = 128 * (uint64_t)MIB;
    bed b = open_at("many.test", 4, &so, co);
    warm_up(&b);
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    faults(&b, "op=UploadPart part=40 attempt=2 do=stall_request:forever");
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(stats.hedged, 1);
    CHECK_INT(stats.addresses_avoided, 1);
    bed_close(&b);
}

/* ---- IPv6 ---- */

static bool has_ipv6(void)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0;

    if (fd >= 0)
        close(fd);
    if (!has) {
        fprintf(stderr, "    not tried here: IPv6 (there is no ::1)\n");
        CHECK(!getenv("CI"));
    }
    return has;
}

static void connections_go_to_both_families(void)
{
    if (!has_ipv6())
        return;
    atomic_store(&with_ipv6, true);
    spread_over("many.test", "::", false);
    spread_over("localhost", "::", true);
    atomic_store(&with_ipv6, false);
}

/* As on a network that has IPv6 in name only. */
static void an_ipv6_address_that_refuses_is_left_alone(void)
{
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();
    cw_writer_options o = in_parts();
    cw_client_stats stats;
    cw_error err;

    so.bind = "0.0.0.0";
    so.latency_ms = 5;
    atomic_store(&with_ipv6, true);
    bed b = open_at("many.test", 2, &so, co);
    warm_up(&b);
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(stats.addresses, 2);
    CHECK_INT(stats.addresses_avoided, 1);
    CHECK(ts_connections_to(b.server, 2) >= 1);
    bed_close(&b);
    atomic_store(&with_ipv6, false);
}

/* In place of a name: there is nothing to resolve, and nothing to choose. */
static void an_ipv6_address_as_endpoint(void)
{
    ts_options so = server_defaults();
    cw_writer_options o = in_parts();
    cw_client_stats stats;
    cw_error err;

    if (!has_ipv6())
        return;
    so.bind = "::1";
    atomic_store(&resolved, 0);
    bed b = bed_open(&so, NULL);
    CHECK(strncmp(ts_server_url(b.server), "http://[::1]:", 13) == 0);
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(stats.addresses, 0);
    CHECK_INT(atomic_load(&resolved), 0);
    bed_close(&b);
}

/* One address, one request at a time, or the option: libcurl's business. */
static void nothing_to_choose(void)
{
    for (int off = 0; off < 2; off++) {
        ts_options so = server_defaults();
        cw_client_options co = client_defaults();
        cw_client_stats stats;
        cw_error err;

        so.bind = "0.0.0.0";
        co.no_spreading = off;
        bed b = open_at("localhost", off ? 4 : 1, &so, co);
        CHECK_OK(send_bytes(&b, "key", NULL, data, 100, NULL, &err), err);
        sleep_ms(20);
        CHECK_OK(send_bytes(&b, "key", NULL, data, 100, NULL, &err), err);
        cw_client_get_stats(b.client, &stats);
        CHECK_INT(stats.addresses, 0);
        CHECK_INT(ts_connection_count(b.server), 1);
        CHECK_INT(atomic_load(&resolved), 0);
        bed_close(&b);
    }
}

int main(int argc, char **argv)
{
    data = noise(WHOLE);
    WITHIN(6000, connections_go_to_all_of_them);
    WITHIN(8000, with_tls);
    WITHIN(6000, those_that_refuse_are_left_alone);
    WITHIN(8000, one_that_stalls_is_left_alone);
    WITHIN(6000, one_that_was_outrun_is_left_alone);
    WITHIN(12000, connections_go_to_both_families);
    WITHIN(6000, an_ipv6_address_that_refuses_is_left_alone);
    WITHIN(4000, an_ipv6_address_as_endpoint);
    WITHIN(3000, nothing_to_choose);
    cw__addresses_set_resolver(NULL);
    free(data);
    return test_end();
}
