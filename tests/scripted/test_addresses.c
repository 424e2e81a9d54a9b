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
static uint64_t most_avoided; /* addresses at once */

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
    most_avoided = 0;
    cw__addresses_set_resolver(answer);
    snprintf(url, sizeof url, "%s://%s:%d", so->tls ? "https" : "http", name, port_of(b.server));
    co.endpoint_url = url;
    b.client = start_client(b.server, &co);
    return b;
}

static int note_avoided(void *user, const cw_stats *unused)
{
    const bed *b = user;
    cw_client_stats stats;

    (void)unused;
    cw_client_get_stats(b->client, &stats);
    if (stats.addresses_avoided > most_avoided)
        most_avoided = stats.addresses_avoided;
    return 0;
}

/* An address is left alone for 10 s, and a busy machine may take longer than that: so it is looked
 * all the while how many are. */
static void send_whole(bed *b)
{
    cw_writer_options o = parts_of(PART);
    cw_error err;

    o.concurrency = 8;
    o.progress = note_avoided;
    o.progress_user = b;
    o.progress_interval_ms = 10;
    CHECK_OK(send_bytes(b, "key", &o, data, WHOLE, NULL, &err), err);
    (void)note_avoided(b, NULL);
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

/* Few connections do for a machine that has parts ready no faster than they are answered: until
 * the answers take long enough. */
static void send_until(bool (*it_is_so)(const bed *), bed *b, int least)
{
    enum { MOST_OBJECTS = 8 };
    char rule[60];

    for (int i = 0; i < MOST_OBJECTS && (i < least || !it_is_so(b)); i++) {
        if (i > 0) {
            ts_fault_clear(b->server);
            snprintf(rule, sizeof rule, "op=UploadPart times=inf do=delay:%d", 10 << i);
            faults(b, rule);
        }
        send_whole(b);
    }
    CHECK(it_is_so(b));
}

static bool all_four_have_a_connection(const bed *b)
{
    for (unsigned char i = 1; i <= 4; i++)
        if (ts_connections_to(b->server, i) == 0)
            return false;
    return true;
}

static bool one_is_avoided(const bed *b)
{
    (void)b;
    return most_avoided > 0;
}

static void spread_over(const char *name, const char *listen_on, bool tls)
{
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();
    cw_client_stats stats;

    so.bind = listen_on;
    so.tls = tls;
    so.latency_ms = 5;
    co.connect_timeout_ms = co.stall_timeout_ms = 30000; /* so that none is blamed */
    co.no_hedging = 1;
    co.memory_bytes = 128 * (uint64_t)MIB;
    bed b = open_at(name, 4, &so, co);
    warm_up(&b);
    send_until(all_four_have_a_connection, &b, 3);
    check_object(&b, "key", data, WHOLE);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(stats.addresses, 4);
    /* libcurl waits 200 ms for one family before it tries the other as well. */
    CHECK(stats.addresses_avoided <= atomic_load(&with_ipv6));
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

    co.no_hedging = 1; /* which would blame one that the machine is late with */
    co.memory_bytes = 128 * (uint64_t)MIB;
    bed b = open_at("many.test", 4, &so, co);
    warm_up(&b);
    send_until(one_is_avoided, &b, 1);
    check_object(&b, "key", data, WHOLE);
    CHECK(most_avoided <= 3);
    bed_close(&b);
}

/* One takes connections, and nothing more. */
static void one_that_stalls_is_left_alone(void)
{
    ts_options so = server_defaults();
    cw_client_options co = hasty_client();
    struct sockaddr_in a = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cw_client_stats stats;

    co.memory_bytes = 128 * (uint64_t)MIB;
    co.max_attempts = 10;
    bed b = open_at("many.test", 2, &so, co);
    a.sin_port = htons((uint16_t)port_of(b.server));
    inet_pton(AF_INET, "127.0.0.2", &a.sin_addr);
    REQUIRE(bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 100) == 0);
    warm_up(&b);
    send_until(one_is_avoided, &b, 1);
    check_object(&b, "key", data, WHOLE);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(most_avoided, 1);
    CHECK(stats.retries + stats.hedged >= 1);
    bed_close(&b);
    close(fd);
}

/* A part that another has outrun is no longer there to stall: its address is told all the same. */
static void one_that_was_outrun_is_left_alone(void)
{
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();
    cw_client_stats stats;

    so.bind = "0.0.0.0";
    so.latency_ms = 5;
    co.stall_timeout_ms = 30000;
    co.memory_bytes = 128 * (uint64_t)MIB;
    bed b = open_at("many.test", 4, &so, co);
    warm_up(&b);
    send_whole(&b);
    faults(&b, "op=UploadPart part=40 attempt=2 do=stall_request:forever");
    send_whole(&b);
    check_object(&b, "key", data, WHOLE);
    cw_client_get_stats(b.client, &stats);
    CHECK(stats.hedged >= 1);
    CHECK(most_avoided >= 1);
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
    cw_client_stats stats;

    so.bind = "0.0.0.0";
    so.latency_ms = 5;
    atomic_store(&with_ipv6, true);
    bed b = open_at("many.test", 2, &so, co);
    warm_up(&b);
    send_until(one_is_avoided, &b, 1);
    check_object(&b, "key", data, WHOLE);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(stats.addresses, 2);
    CHECK_INT(most_avoided, 1);
    CHECK(ts_connections_to(b.server, 2) >= 1);
    bed_close(&b);
    atomic_store(&with_ipv6, false);
}

/* In place of a name: there is nothing to resolve, and nothing to choose. */
static void an_ipv6_address_as_endpoint(void)
{
    ts_options so = server_defaults();
    cw_client_stats stats;

    if (!has_ipv6())
        return;
    so.bind = "::1";
    atomic_store(&resolved, 0);
    bed b = bed_open(&so, NULL);
    CHECK(strncmp(ts_server_url(b.server), "http://[::1]:", 13) == 0);
    send_whole(&b);
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
