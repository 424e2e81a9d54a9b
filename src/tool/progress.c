/* progress.c - how far everything is, in one line
 *
 *     3/10 files  12.3 MiB of 45.0 MiB   27%  [#####-----------]  8.1 MiB/s  6 parts in flight  …
 *
 * Bytes count when the service has acknowledged them; where there are no parts (files, memory) when
 * they are written, and with compression what was read, since the size is known of that only.
 */
#include "progress.h"
#include "memory.h"
#include "say.h"
#include "source.h"
#include "units.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DRAW_MS = 100, LINE = 512, BAR_MIN = 10, BAR_MAX = 40 };

/* What the last draw left for the next one's rate. */
struct rate {
    uint64_t at_ms, bytes;
    double per_second;
};

struct progress {
    pthread_mutex_t lock;
    bool shown, compressed;
    bool reads; /* objects: there are no parts */
    size_t slots, files, files_done;
    uint64_t total, finished, retries_before;
    cw_stats *now; /* of each slot */
    struct rate rate;
    uint64_t drawn_ms;
};

struct sums {
    uint64_t bytes, total, in_flight, retries, files_done, files;
    bool reads;
};

struct progress *progress_new(bool shown, bool compressed, size_t slots, size_t files,
                              uint64_t total_bytes)
{
    struct progress *p = tool_alloc(sizeof *p);
    pthread_mutex_init(&p->lock, NULL);
    p->shown = shown;
    p->compressed = compressed;
    p->slots = slots;
    p->files = files;
    p->total = total_bytes;
    p->now = tool_alloc(slots * sizeof *p->now);
    p->rate.at_ms = source_now_ms();
    return p;
}

void progress_free(struct progress *p)
{
    if (!p)
        return;
    pthread_mutex_destroy(&p->lock);
    free(p->now);
    free(p);
}

void progress_reads(struct progress *p, uint64_t total_bytes)
{
    pthread_mutex_lock(&p->lock);
    p->reads = true;
    p->total = total_bytes;
    pthread_mutex_unlock(&p->lock);
}

void progress_found(struct progress *p, uint64_t bytes)
{
    pthread_mutex_lock(&p->lock);
    p->reads = true;
    p->files++;
    p->total += bytes;
    pthread_mutex_unlock(&p->lock);
}

static uint64_t bytes_done(const struct progress *p, const cw_stats *s)
{
    return s->part_bytes && !p->compressed ? s->bytes_sent : s->bytes_in;
}

void progress_note(struct progress *p, size_t slot, const cw_stats *now)
{
    pthread_mutex_lock(&p->lock);
    p->now[slot] = *now;
    pthread_mutex_unlock(&p->lock);
}

void progress_file_done(struct progress *p, size_t slot, bool committed)
{
    pthread_mutex_lock(&p->lock);
    if (committed)
        p->finished += p->now[slot].bytes_in;
    p->retries_before += p->now[slot].retries;
    p->files_done++;
    memset(&p->now[slot], 0, sizeof p->now[slot]);
    pthread_mutex_unlock(&p->lock);
}

static struct sums add_up(struct progress *p)
{
    struct sums s;
    pthread_mutex_lock(&p->lock);
    s = (struct sums){.bytes = p->finished,
                      .total = p->total,
                      .retries = p->retries_before,
                      .files_done = p->files_done,
                      .files = p->files,
                      .reads = p->reads};
    for (size_t i = 0; i < p->slots; i++) {
        s.bytes += bytes_done(p, &p->now[i]);
        s.in_flight += p->now[i].parts_in_flight;
        s.retries += p->now[i].retries;
    }
    pthread_mutex_unlock(&p->lock);
    return s;
}

/* Smoothed over some seconds: parts are acknowledged in jumps. */
static void update_rate(struct rate *r, uint64_t now_ms, uint64_t bytes)
{
    double seconds = (double)(now_ms - r->at_ms) / 1000;
    double fresh, weight;
    if (seconds < 0.05)
        return;
    fresh = bytes > r->bytes ? (double)(bytes - r->bytes) / seconds : 0;
    weight = seconds > 3 || r->per_second <= 0 ? 1 : seconds / 3;
    r->per_second += (fresh - r->per_second) * weight;
    r->at_ms = now_ms;
    r->bytes = bytes;
}

static int columns(void)
{
    struct winsize w;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
        return w.ws_col;
    return 80;
}

static void describe_done(const struct sums *s, char *out)
{
    char done[UNITS_TEXT], total[UNITS_TEXT];
    int n = 0;
    uint64_t shown = s->total && s->bytes > s->total ? s->total : s->bytes;

    if (s->files > 1)
        n = snprintf(out, LINE, "%llu/%llu files  ", (unsigned long long)s->files_done,
                     (unsigned long long)s->files);
    units_format_bytes(done, (double)s->bytes);
    if (s->total)
        snprintf(out + n, LINE - (size_t)n, "%s of %s  %3d%%", done,
                 units_format_bytes(total, (double)s->total),
                 (int)(100.0 * (double)shown / (double)s->total));
    else
        snprintf(out + n, LINE - (size_t)n, "%s", done);
}

static void describe_flow(const struct progress *p, const struct sums *s, char *out)
{
    char text[UNITS_TEXT];
    int n = snprintf(out, LINE, "%s/s", units_format_bytes(text, p->rate.per_second));
    if (!s->reads)
        n += snprintf(out + n, LINE - (size_t)n, "  %llu %s in flight",
                      (unsigned long long)s->in_flight, s->in_flight == 1 ? "part" : "parts");
    if (s->retries)
        n += snprintf(out + n, LINE - (size_t)n, "  %llu %s", (unsigned long long)s->retries,
                      s->retries == 1 ? "retry" : "retries");
    if (s->total > s->bytes && p->rate.per_second >= 1)
        snprintf(out + n, LINE - (size_t)n, "  %s left",
                 units_format_clock(text, (double)(s->total - s->bytes) / p->rate.per_second));
}

static void describe_bar(double part, int room, char *out)
{
    int width = room - 2 < BAR_MAX ? room - 2 : BAR_MAX;
    int full = (int)(part * width);
    out[0] = '\0';
    if (width < BAR_MIN)
        return;
    out[0] = '[';
    memset(out + 1, '-', (size_t)width);
    memset(out + 1, '#', (size_t)(full < width ? full : width));
    strcpy(out + 1 + width, "]  ");
}

static void compose(const struct progress *p, const struct sums *s, char *line)
{
    char done[LINE], flow[LINE], bar[BAR_MAX + 8] = "";
    int width = columns() - 1;

    describe_done(s, done);
    describe_flow(p, s, flow);
    if (s->total)
        describe_bar((double)s->bytes / (double)s->total,
                     width - 4 - (int)strlen(done) - (int)strlen(flow), bar);
    snprintf(line, LINE, "%.200s  %s%.200s", done, bar, flow);
    if (width > 0 && width < LINE)
        line[width] = '\0';
}

void progress_draw(struct progress *p)
{
    uint64_t now = source_now_ms();
    char line[LINE];
    struct sums s;

    if (!p->shown || now - p->drawn_ms < DRAW_MS)
        return;
    p->drawn_ms = now;
    s = add_up(p);
    update_rate(&p->rate, now, s.bytes);
    compose(p, &s, line);
    say_status(line);
}

void progress_end(struct progress *p)
{
    if (p->shown)
        say_status(NULL);
}
