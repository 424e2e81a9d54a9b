/* test_random.c - bytes from the system, and jitter */
#include "base/random.h"
#include <sys/wait.h>
#include <unistd.h>
#include "harness.h"

static void bytes_differ(void)
{
    unsigned char a[64] = {0}, b[64] = {0};
    CHECK(cw__random_bytes(a, sizeof a));
    CHECK(cw__random_bytes(b, sizeof b));
    CHECK(memcmp(a, b, sizeof a) != 0);
    CHECK(cw__random_bytes(a, 0));
}

/* More than the kernel hands out in one uninterrupted call (256 bytes), and every bit moves. */
static void many_bytes(void)
{
    static unsigned char p[100000];
    unsigned char all = 0xFF, any = 0;
    CHECK(cw__random_bytes(p, sizeof p));
    for (size_t i = sizeof p - 64; i < sizeof p; i++) {
        all &= p[i];
        any |= p[i];
    }
    CHECK_INT(all, 0);
    CHECK_INT(any, 0xFF);
}

static void below_stays_below(void)
{
    CHECK_INT(cw__random_below(0), 0);
    CHECK_INT(cw__random_below(1), 0);
    for (int i = 0; i < 100000; i++)
        REQUIRE(cw__random_below(1000) < 1000);
    const uint64_t big = (UINT64_C(1) << 63) + 1;
    for (int i = 0; i < 1000; i++)
        REQUIRE(cw__random_below(big) < big);
}

/* 16 cells, 160,000 draws: a cell 10 % off its 10,000 would be ten standard deviations away. */
static void below_is_uniform(void)
{
    int cells[16] = {0};
    for (int i = 0; i < 160000; i++)
        cells[cw__random_below(16)]++;
    for (int i = 0; i < 16; i++)
        CHECK(cells[i] > 9000 && cells[i] < 11000);
}

static void children_draw_differently(void)
{
    uint64_t drawn[2] = {0};
    cw__random_below(UINT64_MAX);
    for (int i = 0; i < 2; i++) {
        int fd[2];
        REQUIRE(pipe(fd) == 0);
        pid_t pid = fork();
        REQUIRE(pid >= 0);
        if (pid == 0) {
            uint64_t x = cw__random_below(UINT64_MAX);
            _exit(write(fd[1], &x, sizeof x) == sizeof x ? 0 : 1);
        }
        REQUIRE(read(fd[0], &drawn[i], sizeof drawn[i]) == sizeof drawn[i]);
        waitpid(pid, NULL, 0);
        close(fd[0]);
        close(fd[1]);
    }
    CHECK(drawn[0] != drawn[1]);
}

int main(int argc, char **argv)
{
    TEST(bytes_differ);
    TEST(many_bytes);
    TEST(below_stays_below);
    TEST(below_is_uniform);
    TEST(children_draw_differently);
    return test_end();
}
