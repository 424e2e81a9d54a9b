/* pace.c - how fast requests may follow each other, once the service has asked to slow down
 *
 * The tickets are a virtual queue: `passed` runs after `tickets` at the rate of the moment, and who
 * has a ticket that was passed may go. So a cut or growth is felt by those who wait already.
 */
#include "s3/pace.h"

#include <math.h>
#include <string.h>

/* As CUBIC has it (RFC 9438), with a gentler cut: the limit is a number, not a queue to drain. */
static const double CUT = 0.85, GROWTH = 0.4, FULL_GROWTH_FROM = 50;

/* Of answers, for measuring what is accepted: shorter tells little, longer is late. */
static const double WINDOW_US = 500e3, SHORTEST_US = 50e3;
enum { FEW = 8 }; /* answers in a window do not tell a rate */

enum {
    FADE_US = 60 * 1000 * 1000,
    LONGEST_WAIT_US = 50 * 1000, /* the rate may have grown meanwhile */
    BURSTS_A_SECOND = 50         /* what was not used in this time is lost */
};

static double at_least(double value, double least)
{
    return value > least ? value : least;
}

static double at_most(double value, double most)
{
    return value < most ? value : most;
}

int cw__pace_init(cw__pace *p, double floor)
{
    memset(p, 0, sizeof *p);
    p->floor = floor;
    return cw__mutex_init(&p->lock);
}

void cw__pace_destroy(cw__pace *p)
{
    cw__mutex_destroy(&p->lock);
}

/* Low rates grow more slowly, or one request more a second would be far too many. */
static void grow(cw__pace *p)
{
    double growth = GROWTH * at_most(at_least(p->peak / FULL_GROWTH_FROM, 0.1), 1);
    double back_s = cbrt(p->peak * (1 - CUT) / growth);

    p->rate = at_least(p->peak + growth * pow(p->grown_s - back_s, 3), p->floor);
    atomic_store(&p->told, (unsigned)at_most(at_least(p->rate + 0.5, 1), UINT32_MAX));
}

/* Growth is for those who wait: a rate that nobody uses says nothing about the service. */
static void advance(cw__pace *p, uint64_t now_us)
{
    double s = now_us > p->now_us ? (double)(now_us - p->now_us) / 1e6 : 0;

    p->now_us = now_us;
    if (p->passed < (double)p->tickets)
        p->grown_s += s;
    grow(p);
    p->passed =
        at_most(p->passed + p->rate * s, (double)p->tickets + 1 + p->rate / BURSTS_A_SECOND);
    if (now_us > p->cut_us + FADE_US)
        atomic_store(&p->awake, false);
}

uint64_t cw__pace_wait_us(cw__pace *p, cw__pace_pass *pass, uint64_t now_us)
{
    double ahead = 0, wait_us;

    if (atomic_load(&p->awake)) {
        cw__mutex_lock(&p->lock);
        advance(p, now_us);
        if (!pass->ticket)
            pass->ticket = ++p->tickets;
        ahead = (double)pass->ticket - p->passed;
        wait_us = at_most(ahead / p->rate * 1e6 + 1, LONGEST_WAIT_US);
        cw__mutex_unlock(&p->lock);
        if (ahead > 0)
            return (uint64_t)wait_us;
    }
    pass->ticket = 0;
    pass->epoch = atomic_load(&p->epoch);
    return 0;
}

/* ---- what the service accepts ---- */

static void roll_window(cw__pace *p, uint64_t now_us)
{
    double age = (double)(now_us - p->window_us);

    if (age >= 2 * WINDOW_US) {
        p->accepted = p->accepted_before = 0;
        p->since_us = p->window_us = now_us;
    } else if (age >= WINDOW_US) {
        p->accepted_before = p->accepted;
        p->accepted = 0;
        p->window_us += (uint64_t)WINDOW_US;
    }
}

/* Requests a second over the last window's length, or the best guess. */
static double accepted_rate(const cw__pace *p, bool awake, uint64_t now_us)
{
    double share = 1 - (double)(now_us - p->window_us) / WINDOW_US;
    double n = p->accepted + p->accepted_before * share;
    double us = at_most(at_least((double)(now_us - p->since_us), SHORTEST_US), WINDOW_US);
    double measured = at_least(n, FEW) / us * 1e6;

    if (!awake)
        return measured;
    return n >= FEW ? at_most(measured, p->rate) : n >= 1 ? p->rate : p->rate / 2;
}

static void cut(cw__pace *p, uint64_t now_us)
{
    bool awake = atomic_load(&p->awake);

    p->peak = at_least(accepted_rate(p, awake, now_us), p->floor);
    p->cut_us = p->now_us = now_us;
    p->grown_s = 0;
    grow(p);
    p->passed = at_most(p->passed, (double)p->tickets);
    if (!awake)
        p->passed = (double)p->tickets;
    atomic_fetch_add(&p->epoch, 1);
    atomic_store(&p->awake, true);
}

double cw__pace_answered(cw__pace *p, const cw__pace_pass *pass, bool throttled, uint64_t now_us)
{
    double changed = 0;

    cw__mutex_lock(&p->lock);
    if (now_us < p->window_us) /* another thread was quicker */
        now_us = p->window_us;
    roll_window(p, now_us);
    if (!throttled) {
        p->accepted++;
    } else if (pass->epoch == atomic_load(&p->epoch)) {
        cut(p, now_us);
        changed = p->rate;
    }
    cw__mutex_unlock(&p->lock);
    return changed;
}

unsigned cw__pace_rate(const cw__pace *p)
{
    return atomic_load(&p->awake) ? atomic_load(&p->told) : 0;
}
