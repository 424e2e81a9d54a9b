/* test_pool.c - slabs under a budget: order, waiting, giving up, failing, forking */
#include "base/pool.h"
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/random.h"
#include "base/thread.h"
#include "fault_alloc.h"
#include "harness.h"

enum { LONG_MS = 20000, PRODUCERS = 6, ROUNDS = 400, STRESS_SLABS = 10 };

/* A thread that takes one slab. */
typedef struct taker {
    cw__pool *pool;
    cw__thread thread;
    cw_status status;
    void *slab;
    uint64_t took_ms;
} taker;

static cw__pool *new_pool(size_t slabs)
{
    cw__pool *pool;
    cw_error err;
    REQUIRE(cw__pool_new(&pool, (uint64_t)slabs * CW__SLAB_BYTES, &err) == CW_OK);
    return pool;
}

static void *take_now(cw__pool *pool)
{
    void *slab;
    REQUIRE(cw__pool_take(pool, 0, &slab) == CW_OK);
    REQUIRE(slab);
    memset(slab, 0x5A, CW__SLAB_BYTES);
    return slab;
}

static void check_held(cw__pool *pool, size_t held, size_t moving)
{
    cw__pool_stats stats;
    cw__pool_get_stats(pool, &stats);
    CHECK_INT(stats.held_bytes, held * CW__SLAB_BYTES);
    CHECK_INT(stats.moving_bytes, moving * CW__SLAB_BYTES);
}

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static void *take_slowly(void *user)
{
    taker *t = user;
    uint64_t start = cw__clock_mono_ms();
    t->status = cw__pool_take(t->pool, LONG_MS, &t->slab);
    t->took_ms = cw__clock_mono_ms() - start;
    return NULL;
}

static void start_taker(taker *t, cw__pool *pool)
{
    *t = (taker){.pool = pool};
    REQUIRE(cw__thread_start(&t->thread, take_slowly, t, "taker") == 0);
}

static void budget_is_whole_slabs(void)
{
    cw__pool *pool;
    cw_error err;
    cw__pool_stats stats;
    CHECK_OK(cw__pool_new(&pool, 3 * CW__SLAB_BYTES + CW__SLAB_BYTES - 1, &err), err);
    cw__pool_get_stats(pool, &stats);
    CHECK_INT(stats.budget_bytes, 3 * CW__SLAB_BYTES);
    CHECK_INT(stats.peak_bytes, 0);
    void *slabs[3], *none = &stats;
    for (int i = 0; i < 3; i++)
        slabs[i] = take_now(pool);
    CHECK_INT(cw__pool_take(pool, LONG_MS, &none), CW_E_BUDGET);
    CHECK(!none);
    for (int i = 0; i < 3; i++)
        cw__pool_give(pool, slabs[i]);
    cw__pool_get_stats(pool, &stats);
    CHECK_INT(stats.peak_bytes, 3 * CW__SLAB_BYTES);
    check_held(pool, 0, 0);
    cw__pool_free(pool);
    cw__pool_free(NULL);
}

static void a_budget_below_one_slab_is_refused(void)
{
    cw__pool *pool;
    cw_error err;
    CHECK_STATUS(cw__pool_new(&pool, CW__SLAB_BYTES - 1, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(!pool);
    CHECK(strstr(err.message, "memory_bytes"));
}

static void the_slab_used_last_comes_first(void)
{
    cw__pool *pool = new_pool(8);
    void *a = take_now(pool), *b = take_now(pool), *c = take_now(pool);
    CHECK(a != b && b != c && a != c);
    cw__pool_give(pool, a);
    cw__pool_depart(pool, 1);
    cw__pool_arrive(pool, c);
    cw__pool_give(pool, b);
    CHECK(take_now(pool) == b);
    CHECK(take_now(pool) == c);
    CHECK(take_now(pool) == a);
    cw__pool_give(pool, a);
    cw__pool_give(pool, b);
    cw__pool_give(pool, c);
    cw__pool_free(pool);
}

static void memory_is_allocated_when_taken_and_kept(void)
{
    fault_begin(0);
    cw__pool *pool = new_pool(100);
    CHECK_INT(atomic_load(&fault_live), 1);
    for (int i = 0; i < 50; i++) {
        void *a = take_now(pool), *b = take_now(pool);
        cw__pool_give(pool, a);
        cw__pool_give(pool, b);
    }
    CHECK_INT(atomic_load(&fault_live), 3);
    cw__pool_free(pool);
    CHECK_INT(fault_end(), 0);
}

static void out_of_memory_costs_no_budget(void)
{
    cw__pool *pool;
    cw_error err;
    fault_begin(1);
    CHECK_STATUS(cw__pool_new(&pool, 2 * CW__SLAB_BYTES, &err), CW_E_NO_MEMORY, err);
    CHECK(!pool);
    fault_begin(3);
    pool = new_pool(2);
    void *a = take_now(pool), *b = &err;
    CHECK_INT(cw__pool_take(pool, LONG_MS, &b), CW_E_NO_MEMORY);
    CHECK(!b);
    check_held(pool, 1, 0);
    b = take_now(pool);
    check_held(pool, 2, 0);
    cw__pool_give(pool, a);
    cw__pool_give(pool, b);
    cw__pool_free(pool);
    CHECK_INT(fault_end(), 0);
}

static void reserved_slabs_are_drawn_later(void)
{
    enum { MANY = 40 }; /* past the first few, which are allocated one by one */
    cw__pool *pool = new_pool(MANY);
    void *slabs[MANY];
    CHECK_INT(cw__pool_reserve(pool, MANY + 1), CW_E_BUDGET);
    CHECK_INT(cw__pool_reserve(pool, 10), CW_OK);
    CHECK_INT(cw__pool_reserve(pool, MANY - 11), CW_OK);
    check_held(pool, MANY - 1, 0);
    slabs[0] = take_now(pool);
    CHECK_INT(cw__pool_take(pool, 0, &slabs[1]), CW_E_BUDGET);
    CHECK_INT(cw__pool_reserve(pool, 1), CW_E_BUDGET);
    cw__pool_give(pool, slabs[0]);
    CHECK_INT(cw__pool_reserve(pool, 1), CW_OK);
    for (int i = 0; i < MANY - 3; i++) {
        slabs[i] = cw__pool_draw(pool);
        memset(slabs[i], i, CW__SLAB_BYTES);
    }
    check_held(pool, MANY, 0);
    cw__pool_give_up(pool, 3);
    for (int i = 0; i < MANY - 3; i++) {
        CHECK_INT(*(unsigned char *)slabs[i], i);
        cw__pool_give(pool, slabs[i]);
    }
    check_held(pool, 0, 0);
    CHECK(take_now(pool) == slabs[MANY - 4]);
    cw__pool_give(pool, slabs[MANY - 4]);
    cw__pool_free(pool);
}

static void a_reservation_fails_before_the_drawing(void)
{
    fault_begin(3);
    cw__pool *pool = new_pool(4);
    CHECK_INT(cw__pool_reserve(pool, 4), CW_E_NO_MEMORY);
    check_held(pool, 0, 0);
    CHECK_INT(cw__pool_reserve(pool, 4), CW_OK);
    for (int i = 0; i < 4; i++)
        CHECK(cw__pool_draw(pool));
    cw__pool_free(pool);
    CHECK_INT(fault_end(), 0);
}

static void waiting_ends_with_a_timeout(void)
{
    cw__pool *pool = new_pool(1);
    void *a = take_now(pool), *none;
    cw__pool_depart(pool, 1);
    check_held(pool, 1, 1);
    uint64_t start = cw__clock_mono_ms();
    CHECK_INT(cw__pool_take(pool, 30, &none), CW_E_TIMEOUT);
    CHECK(cw__clock_mono_ms() - start >= 29);
    CHECK_INT(cw__pool_take(pool, 0, &none), CW_E_TIMEOUT);
    cw__pool_arrive(pool, a);
    check_held(pool, 0, 0);
    CHECK(take_now(pool) == a);
    cw__pool_give(pool, a);
    cw__pool_free(pool);
}

static void a_waiter_gets_what_arrives(void)
{
    cw__pool *pool = new_pool(2);
    void *a = take_now(pool), *b = take_now(pool);
    taker t;
    cw__pool_depart(pool, 2);
    start_taker(&t, pool);
    pause_ms(30);
    cw__pool_arrive(pool, a);
    cw__thread_join(t.thread);
    CHECK_INT(t.status, CW_OK);
    CHECK(t.slab == a);
    CHECK(t.took_ms < LONG_MS / 2);
    check_held(pool, 2, 1);
    cw__pool_arrive(pool, b);
    cw__pool_give(pool, a);
    cw__pool_free(pool);
}

static void a_waiter_gets_what_is_given(void)
{
    cw__pool *pool = new_pool(2);
    void *a = take_now(pool), *b = take_now(pool);
    taker t;
    cw__pool_depart(pool, 1);
    start_taker(&t, pool);
    pause_ms(30);
    cw__pool_give(pool, b);
    cw__thread_join(t.thread);
    CHECK_INT(t.status, CW_OK);
    CHECK(t.slab == b);
    cw__pool_arrive(pool, a);
    cw__pool_give(pool, b);
    cw__pool_free(pool);
}

/* One slab moves, three wait: one gets it, and the others learn that there is nothing to wait for.
 */
static void waiters_give_up_when_nothing_moves(void)
{
    cw__pool *pool = new_pool(2);
    void *a = take_now(pool), *b = take_now(pool);
    taker t[3];
    int ok = 0, budget = 0;
    cw__pool_depart(pool, 1);
    for (int i = 0; i < 3; i++)
        start_taker(&t[i], pool);
    pause_ms(50);
    cw__pool_arrive(pool, a);
    for (int i = 0; i < 3; i++) {
        cw__thread_join(t[i].thread);
        ok += t[i].status == CW_OK && t[i].slab == a;
        budget += t[i].status == CW_E_BUDGET && !t[i].slab;
        CHECK(t[i].took_ms < LONG_MS / 2);
    }
    CHECK_INT(ok, 1);
    CHECK_INT(budget, 2);
    cw__pool_give(pool, a);
    cw__pool_give(pool, b);
    cw__pool_free(pool);
}

/* Producers hand parts of one to three slabs to one thread that brings them back. */
typedef struct stress {
    cw__pool *pool;
    cw__mutex lock;
    cw__cond changed;
    void *moving[STRESS_SLABS];
    size_t count;
    int producers;
    atomic_int errors;
    atomic_int taken;
} stress;

static void send(stress *s, void **slabs, size_t n)
{
    cw__pool_depart(s->pool, n);
    cw__mutex_lock(&s->lock);
    for (size_t i = 0; i < n; i++)
        s->moving[s->count++] = slabs[i];
    cw__cond_signal(&s->changed);
    cw__mutex_unlock(&s->lock);
}

/* Each slab is marked with its holder: two holders of one slab would see it. */
static void *produce(void *user)
{
    stress *s = user;
    for (int round = 0; round < ROUNDS; round++) {
        void *slabs[3];
        size_t n = 0, want = 1 + cw__random_below(3);
        while (n < want) {
            cw_status status = cw__pool_take(s->pool, 5, &slabs[n]);
            if (status == CW_OK) {
                memset(slabs[n], round & 0xFF, 512);
                *(int **)slabs[n] = &round;
                atomic_fetch_add(&s->taken, 1);
                n++;
            } else if (status != CW_E_TIMEOUT && status != CW_E_BUDGET) {
                atomic_fetch_add(&s->errors, 1);
                break;
            } else if (n > 0) {
                break;
            }
        }
        for (size_t i = 0; i < n; i++)
            if (*(int **)slabs[i] != &round || ((unsigned char *)slabs[i])[511] != (round & 0xFF))
                atomic_fetch_add(&s->errors, 1);
        if (n > 0 && round % 5 == 0)
            cw__pool_give(s->pool, slabs[--n]);
        send(s, slabs, n);
    }
    cw__mutex_lock(&s->lock);
    s->producers--;
    cw__cond_signal(&s->changed);
    cw__mutex_unlock(&s->lock);
    return NULL;
}

static void *bring_back(void *user)
{
    stress *s = user;
    for (;;) {
        cw__mutex_lock(&s->lock);
        while (s->count == 0 && s->producers > 0)
            cw__cond_wait(&s->changed, &s->lock);
        void *slab = s->count ? s->moving[--s->count] : NULL;
        cw__mutex_unlock(&s->lock);
        if (!slab)
            return NULL;
        cw__pool_arrive(s->pool, slab);
    }
}

static void many_threads(void)
{
    stress s = {.lock = CW__MUTEX_INIT, .producers = PRODUCERS};
    cw__thread carrier, producers[PRODUCERS];
    cw__pool_stats stats;
    s.pool = new_pool(STRESS_SLABS);
    REQUIRE(cw__cond_init(&s.changed) == 0);
    REQUIRE(cw__thread_start(&carrier, bring_back, &s, "carrier") == 0);
    for (int i = 0; i < PRODUCERS; i++)
        REQUIRE(cw__thread_start(&producers[i], produce, &s, "producer") == 0);
    for (int i = 0; i < PRODUCERS; i++)
        cw__thread_join(producers[i]);
    cw__thread_join(carrier);
    cw__pool_get_stats(s.pool, &stats);
    CHECK_INT(atomic_load(&s.errors), 0);
    CHECK(atomic_load(&s.taken) >= PRODUCERS * ROUNDS);
    CHECK(stats.peak_bytes <= stats.budget_bytes);
    check_held(s.pool, 0, 0);
    cw__pool_free(s.pool);
    cw__cond_destroy(&s.changed);
    cw__mutex_destroy(&s.lock);
}

/* In the child: nothing to take, no lock to hang on, and everything can be freed. */
static int use_inherited(cw__pool *pool, void *held, void *moving)
{
    void *none;
    cw__pool_stats stats;
    alarm(20);
    if (cw__pool_take(pool, LONG_MS, &none) != CW_E_STATE || none)
        return 1;
    cw__pool_get_stats(pool, &stats);
    cw__pool_depart(pool, 1);
    cw__pool_give(pool, held);
    cw__pool_arrive(pool, moving);
    cw__pool_free(pool);
    return atomic_load(&fault_live) == 0 ? 0 : 2;
}

static void the_child_of_a_fork_can_only_free(void)
{
    fault_begin(0);
    cw__pool *pool = new_pool(3);
    void *kept = take_now(pool), *held = take_now(pool), *moving = take_now(pool);
    cw__pool_give(pool, kept);
    cw__pool_depart(pool, 1);
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(use_inherited(pool, held, moving));
    REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
    check_held(pool, 2, 1);
    cw__pool_arrive(pool, moving);
    cw__pool_give(pool, held);
    cw__pool_free(pool);
    CHECK_INT(fault_end(), 0);
}

int main(int argc, char **argv)
{
    TEST(budget_is_whole_slabs);
    TEST(a_budget_below_one_slab_is_refused);
    TEST(the_slab_used_last_comes_first);
    TEST(memory_is_allocated_when_taken_and_kept);
    TEST(out_of_memory_costs_no_budget);
    TEST(reserved_slabs_are_drawn_later);
    TEST(a_reservation_fails_before_the_drawing);
    TEST(waiting_ends_with_a_timeout);
    TEST(a_waiter_gets_what_arrives);
    TEST(a_waiter_gets_what_is_given);
    TEST(waiters_give_up_when_nothing_moves);
    TEST(many_threads);
    TEST(the_child_of_a_fork_can_only_free);
    return test_end();
}
