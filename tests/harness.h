/* harness.h - the little that a C test program needs
 *
 *     static void adds(void) { CHECK_INT(1 + 1, 2); }
 *     int main(int argc, char **argv) { TEST(adds); return test_end(); }
 *
 * A failed check says where and what, counts, and lets the test go on; REQUIRE ends the test
 * program. A first argument runs only the tests whose name contains it.
 */
#ifndef CW_TESTS_HARNESS_H
#define CW_TESTS_HARNESS_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cloudwriter/status.h>

/* True in a build by the thread sanitizer, which is slow, and sees nothing where one thread works
 * alone: tests leave there what the other builds prove. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CW_TEST_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define CW_TEST_TSAN 1
#endif
#ifdef CW_TEST_TSAN
enum { UNDER_TSAN = true };
#else
enum { UNDER_TSAN = false };
#endif

static int test_failures_here, test_passed, test_failed;

static inline void test_say(const char *file, int line, const char *what)
{
    fprintf(stderr, "    %s:%d: %s\n", file, line, what);
    test_failures_here++;
}

#define CHECK(cond) ((cond) ? (void)0 : test_say(__FILE__, __LINE__, "not true: " #cond))

#define REQUIRE(cond)                                                                              \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            test_say(__FILE__, __LINE__, "required: " #cond);                                      \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static inline void test_int(const char *file, int line, const char *what, int64_t got, int64_t want)
{
    char text[1024];
    if (got == want)
        return;
    snprintf(text, sizeof text, "%s is %" PRId64 ", expected %" PRId64, what, got, want);
    test_say(file, line, text);
}
#define CHECK_INT(got, want) test_int(__FILE__, __LINE__, #got, (int64_t)(got), (int64_t)(want))

static inline void test_str(const char *file, int line, const char *what, const char *got,
                            const char *want)
{
    char text[4096];
    if (got && want && strcmp(got, want) == 0)
        return;
    snprintf(text, sizeof text, "%s is\n        \"%s\", expected\n        \"%s\"", what,
             got ? got : "(null)", want ? want : "(null)");
    test_say(file, line, text);
}
#define CHECK_STR(got, want) test_str(__FILE__, __LINE__, #got, (got), (want))

static inline void test_status(const char *file, int line, const char *what, cw_status got,
                               cw_status want, const cw_error *err)
{
    char text[1024];
    if (got == want)
        return;
    snprintf(text, sizeof text, "%s is status %d, expected %d%s%s", what, (int)got, (int)want,
             err ? ": " : "", err ? err->message : "");
    test_say(file, line, text);
}
/** The status of a call that fills `err` (a cw_error; not a pointer). */
#define CHECK_STATUS(got, want, err) test_status(__FILE__, __LINE__, #got, (got), (want), &(err))
#define CHECK_OK(got, err)           CHECK_STATUS(got, CW_OK, err)

static inline void test_run(const char *name, void (*fn)(void), const char *only)
{
    if (only && !strstr(name, only))
        return;
    test_failures_here = 0;
    fn();
    if (test_failures_here)
        test_failed++;
    else
        test_passed++;
    fprintf(stderr, "%s %s\n", test_failures_here ? "FAIL" : "ok  ", name);
}
#define TEST(fn) test_run(#fn, fn, argc > 1 ? argv[1] : NULL)

static inline int test_end(void)
{
    printf("%d passed, %d failed\n", test_passed, test_failed);
    return test_failed || !test_passed;
}

#endif
