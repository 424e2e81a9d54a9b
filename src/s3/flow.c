/* flow.c - how many parts of an object are sent at once, where that is left to the client */
#include "s3/flow.h"

#include <string.h>

enum {
    WINDOW_US = 200 * 1000,     /* at least */
    GAP_US = 1000 * 1000,       /* without a part: what follows is another matter */
    TURNS = 2,                  /* parts in a window for each that may be sent at once */
    STEP = 4,                   /* one more for so many */
    REST_US = 10 * 1000 * 1000, /* after a try that brought nothing, doubled with each in a row, */
    LONGEST_REST_US = 160 * 1000 * 1000
};

void cw__flow_limit(cw__flow *f, unsigned most)
{
    f->most = most > f->least ? most : f->least;
}

int cw__flow_init(cw__flow *f, unsigned least)
{
    memset(f, 0, sizeof *f);
    f->least = f->most = least;
    f->rest_us = REST_US;
    atomic_init(&f->allowed, least);
    return cw__mutex_init(&f->lock);
}

void cw__flow_destroy(cw__flow *f)
{
    cw__mutex_destroy(&f->lock);
}

void cw__flow_hold_back(cw__flow *f)
{
    if (!atomic_load_explicit(&f->bound, memory_order_relaxed))
        atomic_store(&f->bound, true);
}

/* The parts that are under way count for neither side. */
static void start_window(cw__flow *f, unsigned skip, uint64_t now_us)
{
    f->start_us = now_us;
    f->bytes = 0;
    f->parts = 0;
    f->skip = skip;
    atomic_store(&f->bound, false);
}

static void try_more(cw__flow *f, unsigned now, double speed)
{
    unsigned more = now + now / STEP + (now < STEP);

    f->before = now;
    f->before_speed = speed;
    f->trying = now < f->most;
    atomic_store(&f->allowed, more < f->most ? more : f->most);
}

static void go_back(cw__flow *f, uint64_t now_us)
{
    f->trying = false;
    f->rest_until_us = now_us + f->rest_us;
    f->rest_us = f->rest_us < LONGEST_REST_US ? 2 * f->rest_us : LONGEST_REST_US;
    atomic_store(&f->allowed, f->before);
}

/* A service or network that has become much slower is another one. */
static void start_anew(cw__flow *f, uint64_t now_us)
{
    f->before_speed = 0;
    f->rest_until_us = now_us;
    atomic_store(&f->allowed, f->least);
}

static void judge(cw__flow *f, uint64_t now_us)
{
    double speed = (double)f->bytes / (double)(now_us - f->start_us) * 1e6;
    unsigned now = atomic_load(&f->allowed);
    double hoped = f->trying ? 1 + ((double)now / f->before - 1) / 2 : 0;

    if (!atomic_load(&f->bound)) {
        f->trying = false;
    } else if (!f->trying && speed < f->before_speed / 2) {
        start_anew(f, now_us);
    } else if (f->trying && speed < f->before_speed * hoped) {
        go_back(f, now_us);
    } else if (f->trying || now_us >= f->rest_until_us) {
        f->rest_us = f->trying ? REST_US : f->rest_us;
        try_more(f, now, speed);
    }
}

static void note(cw__flow *f, uint64_t bytes, uint64_t now_us)
{
    unsigned allowed = atomic_load(&f->allowed);

    if (now_us < f->last_us) /* another thread was quicker */
        now_us = f->last_us;
    if (now_us - f->last_us >= GAP_US)
        start_window(f, allowed, now_us);
    f->last_us = now_us;
    if (f->skip > 0) {
        if (--f->skip == 0)
            start_window(f, 0, now_us);
        return;
    }
    f->bytes += bytes;
    if (++f->parts < TURNS * allowed || now_us - f->start_us < WINDOW_US)
        return;
    judge(f, now_us);
    start_window(f, atomic_load(&f->allowed) == allowed ? 0 : allowed, now_us);
}

unsigned cw__flow_through(cw__flow *f, uint64_t bytes, uint64_t now_us)
{
    unsigned before, now;

    cw__mutex_lock(&f->lock);
    before = atomic_load(&f->allowed);
    note(f, bytes, now_us);
    now = atomic_load(&f->allowed);
    cw__mutex_unlock(&f->lock);
    return now == before ? 0 : now;
}
