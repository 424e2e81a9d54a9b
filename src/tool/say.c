/* say.c - everything that the command prints goes through here, one line at a time
 *
 * Owns both output streams and the status line, under one lock: threads print whole lines, and a
 * line never lands in the middle of the progress bar. Names of files and keys come from others:
 * control characters are shown as \xNN, so that they cannot drive the terminal.
 */
#include "say.h"
#include "memory.h"
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *status;
static bool status_shown;
static int output_errno;

/* Back to the first column, and clear to the end of the line. */
static void hide_status(void)
{
    if (status_shown)
        fputs("\r\033[K", stderr);
    status_shown = false;
}

static void show_status(void)
{
    if (!status)
        return;
    fputs("\r\033[K", stderr);
    fputs(status, stderr);
    fflush(stderr);
    status_shown = true;
}

static bool is_control(const unsigned char *p)
{
    bool c1 = p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0;
    return p[0] < 0x20 || p[0] == 0x7F || c1;
}

/* A copy in which control characters are visible. */
static char *printable(const char *text)
{
    size_t n = strlen(text), used = 0;
    char *out = tool_alloc(4 * n + 1);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (is_control(p))
            used += (size_t)sprintf(out + used, "\\x%02x", *p);
        else
            out[used++] = (char)*p;
    }
    out[used] = '\0';
    return out;
}

static void print_error_line(const char *what, const char *fmt, va_list args)
{
    char *text = NULL, *safe, *safe_what = printable(what ? what : "");
    if (vasprintf(&text, fmt, args) < 0)
        text = NULL;
    safe = printable(text ? text : fmt);
    pthread_mutex_lock(&lock);
    hide_status();
    fprintf(stderr, "cloudwriter: %s%s%s\n", safe_what, what ? ": " : "", safe);
    show_status();
    pthread_mutex_unlock(&lock);
    free(text);
    free(safe);
    free(safe_what);
}

void say(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    print_error_line(NULL, fmt, args);
    va_end(args);
}

void say_about(const char *what, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    print_error_line(what, fmt, args);
    va_end(args);
}

void say_result(const char *line)
{
    pthread_mutex_lock(&lock);
    hide_status();
    errno = 0;
    if ((printf("%s\n", line) < 0 || fflush(stdout) != 0) && !output_errno)
        output_errno = errno ? errno : EIO;
    show_status();
    pthread_mutex_unlock(&lock);
}

void say_result_safe(const char *line)
{
    char *safe = printable(line);
    say_result(safe);
    free(safe);
}

void say_status(const char *text)
{
    char *copy = text ? tool_strdup(text) : NULL;
    pthread_mutex_lock(&lock);
    free(status);
    status = copy;
    if (status) {
        show_status();
    } else {
        hide_status();
        fflush(stderr);
    }
    pthread_mutex_unlock(&lock);
}

int say_result_failed(void)
{
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && !output_errno)
        output_errno = errno ? errno : EIO;
    if (output_errno)
        say_about("standard output", "%s", strerror(output_errno));
    return output_errno != 0;
}
