/* test_addresses.c - which of the addresses behind a name is next */
#include "harness.h"

#include "base/clock.h"
#include "port/addresses.h"

static const cw__log nobody;
static const char *const *answers;

static int resolve(const char *host, char (*out)[CW__ADDRESS_BYTES], int most)
{
    int n = 0;

    (void)host;
    for (; n < most && answers[n]; n++)
        snprintf(out[n], CW__ADDRESS_BYTES, "%s", answers[n]);
    return n;
}

typedef struct book {
    cw__addresses *b;
    cw__host *h;
    uint64_t now;
} book;

static int order_of(book *k, char *out, size_t size)
{
    return cw__host_order(k->b, k->h, k->now, out, size);
}

static book book_of(const char *const *list)
{
    book k = {.b = cw__addresses_new(&nobody), .now = 1000000};
    char text[1000];

    answers = list;
    cw__addresses_set_resolver(resolve);
    REQUIRE(k.b);
    k.h = cw__addresses_host(k.b, "https://bucket.example/key?x");
    REQUIRE(k.h);
    CHECK_INT(order_of(&k, text, sizeof text), -1);
    cw__host_resolve(k.b, k.h, k.now);
    for (int i = 0; i < 2000 && list[1] && order_of(&k, text, sizeof text) < 0; i++)
        cw__clock_sleep_ms(1);
    return k;
}

static const char *const three[] = {"10.0.0.1", "10.0.0.2", "2001:db8::3", NULL};

static const char *first_of(book *k)
{
    static char ip[CW__ADDRESS_BYTES + 2];
    char text[1000], *start;

    if (order_of(k, text, sizeof text) < 0)
        return "none";
    start = text + sizeof "bucket.example:443:" - 1;
    snprintf(ip, sizeof ip, "%.*s", (int)strcspn(start, ","), start);
    return ip;
}

static int begin(book *k, const char *ip)
{
    bool crowded;

    return cw__host_begin(k->b, k->h, ip, k->now, &crowded);
}

static void an_order_is_what_libcurl_reads(void)
{
    book k = book_of(three);
    char text[1000], small[30];
    bool crowded;

    int first = order_of(&k, text, sizeof text);
    CHECK(first >= 0);
    CHECK(strncmp(text, "bucket.example:443:", 19) == 0);
    CHECK(strstr(text, "10.0.0.1") && strstr(text, "10.0.0.2") && strstr(text, "[2001:db8::3]"));
    CHECK_INT(order_of(&k, small, sizeof small), -1);
    CHECK_INT(cw__host_begin(k.b, k.h, "10.0.0.9", k.now, &crowded), -1);
    cw__addresses_free(k.b);
}

/* libcurl would refuse the whole order for it. */
static void an_address_with_a_zone_is_left_out(void)
{
    static const char *const zoned[] = {"fe80::1%eth0", "10.0.0.1", "10.0.0.2", NULL};
    book k = book_of(zoned);
    char text[1000];
    unsigned known, avoided;

    CHECK(order_of(&k, text, sizeof text) >= 0);
    CHECK(!strchr(text, '%'));
    cw__addresses_count(k.b, k.now, &known, &avoided);
    CHECK_INT(known, 2);
    cw__addresses_free(k.b);
}

static void the_one_with_the_fewest_is_next(void)
{
    book k = book_of(three);

    begin(&k, "10.0.0.1");
    int second = begin(&k, "10.0.0.2");
    CHECK_STR(first_of(&k), "[2001:db8::3]");
    begin(&k, "2001:db8::3");
    begin(&k, "2001:db8::3");
    cw__host_end(k.b, k.h, second, 1, 1, k.now);
    CHECK_STR(first_of(&k), "10.0.0.2");
    cw__addresses_free(k.b);
}

static void one_that_failed_is_left_alone_ever_longer(void)
{
    static const unsigned seconds[] = {10, 20, 40, 80, 160, 300, 300};
    book k = book_of(three);
    unsigned known, avoided;

    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        int place = begin(&k, "10.0.0.1");
        cw__host_end(k.b, k.h, place, 0, 0, k.now);
        cw__host_failed(k.b, k.h, place, k.now);
        cw__host_failed(k.b, k.h, place, k.now); /* of the same moment: says nothing new */
        k.now += (uint64_t)seconds[i] * 1000 - 1;
        cw__addresses_count(k.b, k.now, &known, &avoided);
        CHECK_INT(known, 3);
        CHECK_INT(avoided, 1);
        CHECK(strcmp(first_of(&k), "10.0.0.1") != 0);
        k.now += 1;
        cw__addresses_count(k.b, k.now, &known, &avoided);
        CHECK_INT(avoided, 0);
    }
    cw__addresses_free(k.b);
}

/* A tenth of the speed of the others. */
static void a_slow_one_is_left_alone_for_a_while(void)
{
    book k = book_of(three);
    unsigned known, avoided;

    for (int i = 0; i < 8; i++) {
        for (int n = 0; n < 3; n++) {
            int place = begin(&k, three[n]);
            cw__host_end(k.b, k.h, place, 8000000, n == 1 ? 800 : 80, k.now);
        }
    }
    cw__addresses_count(k.b, k.now, &known, &avoided);
    CHECK_INT(avoided, 1);
    for (int i = 0; i < 6; i++)
        CHECK(strcmp(first_of(&k), "10.0.0.2") != 0);
    k.now += 30 * 1000;
    cw__addresses_count(k.b, k.now, &known, &avoided);
    CHECK_INT(avoided, 0);
    cw__addresses_free(k.b);
}

static void a_connection_too_many_is_told(void)
{
    book k = book_of(three);
    bool crowded;

    for (int i = 0; i < 2; i++) {
        cw__host_begin(k.b, k.h, "10.0.0.1", k.now, &crowded);
        CHECK(!crowded);
    }
    cw__host_begin(k.b, k.h, "10.0.0.1", k.now, &crowded);
    CHECK(crowded);
    cw__addresses_free(k.b);
}

static void nothing_to_choose_from(void)
{
    static const char *const one[] = {"10.0.0.1", NULL};
    book k = book_of(one);
    char text[1000];

    cw__clock_sleep_ms(50);
    CHECK_INT(order_of(&k, text, sizeof text), -1);
    CHECK(!cw__addresses_host(k.b, "http://127.0.0.1:9000/bucket"));
    CHECK(!cw__addresses_host(k.b, "http://[::1]:9000/bucket"));
    CHECK(cw__addresses_host(k.b, "https://bucket.example/other") == k.h);
    CHECK(cw__addresses_host(k.b, "http://bucket.example/other") != k.h);
    CHECK(cw__addresses_host(k.b, "https://bucket.example:444") != k.h);
    cw__addresses_free(k.b);
}

int main(int argc, char **argv)
{
    TEST(an_order_is_what_libcurl_reads);
    TEST(an_address_with_a_zone_is_left_out);
    TEST(the_one_with_the_fewest_is_next);
    TEST(one_that_failed_is_left_alone_ever_longer);
    TEST(a_slow_one_is_left_alone_for_a_while);
    TEST(a_connection_too_many_is_told);
    TEST(nothing_to_choose_from);
    cw__clock_sleep_ms(20); /* for the last resolving thread to let go */
    return test_end();
}
