/* test_memory.c - the allocator that a program installs, and the functions on top of it */
#include "base/memory.h"
#include "fault_alloc.h"
#include "harness.h"

static char freed_text[16];

static void remember_and_free(void *user, void *p)
{
    memcpy(user, p, sizeof freed_text);
    free(p);
}

static void installed_allocator_gets_every_call(void)
{
    fault_begin(0);
    void *a = cw__alloc(10);
    char *b = cw__strdup("text");
    a = cw__realloc(a, 1000);
    void *c = cw__realloc(NULL, 5);
    CHECK_INT(atomic_load(&fault_calls), 4);
    CHECK_INT(atomic_load(&fault_live), 3);
    cw__free(a);
    cw__free(b);
    cw__free(c);
    CHECK_INT(fault_end(), 0);
    cw__free(cw__alloc(10));
    CHECK_INT(atomic_load(&fault_calls), 4);
}

static void null_means_out_of_memory_only(void)
{
    void *p = cw__alloc(0);
    void *q = cw__alloc_zero(0);
    CHECK(p && q);
    p = cw__realloc(p, 0);
    CHECK(p);
    cw__free(p);
    cw__free(q);
    cw__free(NULL);
    CHECK(!cw__strdup(NULL));
    CHECK(!cw__strndup(NULL, 3));
}

static void every_failure_is_null(void)
{
    fault_begin(1);
    CHECK(!cw__alloc(8));
    fault_begin(1);
    CHECK(!cw__alloc_zero(8));
    fault_begin(1);
    CHECK(!cw__strdup("abc"));
    fault_begin(2);
    char *p = cw__strdup("abc");
    CHECK(!cw__realloc(p, 100));
    CHECK_STR(p, "abc");
    cw__free(p);
    CHECK_INT(fault_end(), 0);
}

static void zeroed_memory_is_zero(void)
{
    static const char zeros[4096];
    void *dirty = cw__alloc(sizeof zeros);
    memset(dirty, 0xAA, sizeof zeros);
    cw__free(dirty);
    void *p = cw__alloc_zero(sizeof zeros);
    CHECK(memcmp(p, zeros, sizeof zeros) == 0);
    cw__free(p);
}

static void copies_of_strings(void)
{
    char *all = cw__strdup("bucket");
    char *some = cw__strndup("bucket/key", 6);
    char *less = cw__strndup("bu", 6);
    char *none = cw__strndup("bucket", 0);
    CHECK_STR(all, "bucket");
    CHECK_STR(some, "bucket");
    CHECK_STR(less, "bu");
    CHECK_STR(none, "");
    cw__free(all);
    cw__free(some);
    cw__free(less);
    cw__free(none);
}

static void secrets_are_wiped_before_they_are_freed(void)
{
    static const char zeros[15];
    const cw_allocator before = {fault_alloc, fault_realloc, remember_and_free, freed_text};
    atomic_store(&fault_nth, 0);
    cw_allocator_install(&before);
    char *secret = cw__strdup("wJalrXUtnFEMI/K");
    memset(freed_text, 'x', sizeof freed_text);
    cw__free_secret(secret);
    cw_allocator_install(NULL);
    CHECK(memcmp(freed_text, zeros, sizeof zeros) == 0);
    cw__free_secret(NULL);
    char buffer[4] = "abc";
    cw__wipe(buffer, sizeof buffer);
    CHECK(memcmp(buffer, zeros, sizeof buffer) == 0);
    cw__wipe(NULL, 0);
}

/* On the heap and beside it, there and back, each byte stays what it was. */
static void buffers_move_with_their_bytes(void)
{
    static const size_t rooms[] = {100,     3 << 20, 64 << 20, 5 << 20,  (2 << 20) - 1,
                                   2 << 20, 1,       4096,     20000001, 7};
    size_t room = 0, kept;
    uint8_t *p = NULL;

    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        kept = room < rooms[i] ? room : rooms[i];
        p = cw__buffer_realloc(p, room, rooms[i]);
        REQUIRE(p);
        for (size_t k = 0; k < kept; k += kept / 97 + 1)
            if (p[k] != (uint8_t)(k * 31 % 251))
                test_say(__FILE__, __LINE__, "a byte is another");
        room = rooms[i];
        for (size_t k = 0; k < room; k++)
            p[k] = (uint8_t)(k * 31 % 251);
    }
    cw__buffer_free(p, room);
    p = cw__buffer_realloc(NULL, 0, 8 << 20);
    REQUIRE(p);
    cw__buffer_free(p, 8 << 20);
    cw__buffer_free(NULL, 0);
}

static void an_installed_allocator_sees_buffers(void)
{
    fault_begin(1);
    void *p = cw__buffer_realloc(NULL, 0, 8 << 20);
    CHECK_INT(fault_end(), 0);
    CHECK(p == NULL);
}

int main(int argc, char **argv)
{
    TEST(installed_allocator_gets_every_call);
    TEST(null_means_out_of_memory_only);
    TEST(every_failure_is_null);
    TEST(zeroed_memory_is_zero);
    TEST(copies_of_strings);
    TEST(secrets_are_wiped_before_they_are_freed);
    TEST(buffers_move_with_their_bytes);
    TEST(an_installed_allocator_sees_buffers);
    return test_end();
}
