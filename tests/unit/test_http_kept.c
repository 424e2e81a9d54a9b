/* test_http_kept.c - connections that are kept, and what libcurl gets in their place */
#include "raw_server.h"

#include <unistd.h>

#include "base/clock.h"
#include "port/http_transfer.h"

static const char url[] = "http://some.example:81/key", same[] = "http://some.example:81/other?x";
static const char port[] = "http://some.example:8/key", host[] = "http://some.example.org:81/key";

/* Connected without anybody who accepts. */
typedef struct listener {
    int fd;
    struct sockaddr_in at;
} listener;

static listener listening(void)
{
    listener l;
    l.fd = raw_listen(&l.at);
    return l;
}

static int connected_to(const listener *l)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(connect(fd, (const struct sockaddr *)&l->at, sizeof l->at) == 0);
    return fd;
}

static int type_of(int fd)
{
    int type = 0;
    socklen_t n = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 ? type : -1;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void the_newest_that_is_alive(void)
{
    listener l = listening();
    cw__http_kept kept = {0};
    int fd[5];
    for (int i = 0; i < 5; i++) {
        fd[i] = connected_to(&l);
        cw__http_kept_add(&kept, fd[i], i == 3 ? port : url, (uint64_t)i);
    }
    shutdown(fd[4], SHUT_RDWR);
    CHECK_INT(cw__http_kept_take(&kept, same, 5), fd[2]); /* the last is dead, and to be closed */
    CHECK_INT(kept.count, 3);
    CHECK_INT(cw__http_kept_take(&kept, host, 5), -1);
    cw__http_kept_drop(&kept); /* the oldest */
    CHECK_INT(type_of(fd[0]), -1);
    CHECK_INT(cw__http_kept_take(&kept, same, 61 * 1000), -1); /* that it is too old */
    CHECK_INT(kept.count, 1);
    CHECK_INT(cw__http_kept_take(&kept, port, 6), fd[3]);
    close(fd[3]);
    close(fd[2]);
    close(l.fd);
}

/* libcurl has to know whose it is: what it is lent may be its own in the end. */
static void a_stand_in_goes_to_the_same_address(void)
{
    listener l = listening();
    cw__http_kept kept = {0};
    cw__transfer_settings settings = {.kept = &kept};
    cw__http_call call = {.url = same};
    cw__transfer x = {.settings = &settings, .call = &call, .kept = -1, .ours = -1};
    struct {
        struct curl_sockaddr a;
        char more[sizeof(struct sockaddr_storage)];
    } asked = {.a = {.family = AF_INET6, .socktype = SOCK_STREAM, .addrlen = 28}};
    cw__http_kept_add(&kept, connected_to(&l), url, cw__clock_mono_ms());
    int fd = cw__transfer_open(&x, &asked.a);
    CHECK(x.lent && kept.count == 0);
    CHECK_INT(type_of(fd), SOCK_DGRAM);
    CHECK(asked.a.family == AF_INET && asked.a.addrlen == sizeof l.at);
    CHECK(memcmp(&asked.a.addr, &l.at, sizeof l.at) == 0);
    CHECK(cw__transfer_lend(&x));
    CHECK_INT(type_of(fd), SOCK_STREAM);
    cw__transfer_release(&x);
    close(fd);
    close(l.fd);
}

static void none_where_another_may_be_connecting(void)
{
    listener l = listening();
    cw__http_kept kept = {0};
    cw__transfer_settings settings = {.kept = &kept};
    cw__http_call call = {.url = url};
    cw__transfer x = {.settings = &settings, .call = &call, .kept = -1, .ours = -1};
    struct curl_sockaddr asked = {.family = AF_INET, .socktype = SOCK_STREAM};
    int first = cw__transfer_open(&x, &asked);
    cw__http_kept_add(&kept, connected_to(&l), url, cw__clock_mono_ms());
    int second = cw__transfer_open(&x, &asked);
    CHECK_INT(type_of(first), SOCK_STREAM);
    CHECK_INT(type_of(second), SOCK_STREAM);
    CHECK(!x.lent && kept.count == 0);
    cw__transfer_release(&x);
    close(first);
    close(second);
    close(l.fd);
}

int main(int argc, char **argv)
{
    TEST(the_newest_that_is_alive);
    TEST(a_stand_in_goes_to_the_same_address);
    TEST(none_where_another_may_be_connecting);
    return test_end();
}
