/* choose.c - timing candidates, and their names in the tuning cache, and in the machine's file. */
#include "backends/cpu/machine/choose.h"
#include "backends/cpu/machine/machine_file.h"
#include "backends/cpu/machine/threads.h"
#include "backends/tuning_cache.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The first round warms the caches and makes what candidates make once. */
enum { ROUNDS = 8 };
static const double MARGIN = 2;

static tuning_cache known = EMPTY_TUNING_CACHE;

/* This thread's own time: that of other programs does not count. */
static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double time_once(const choice *c, int candidate)
{
    double start = now();
    return c->run(candidate, c->context) ? now() - start : -1;
}

static bool displaces(const choice *c, const double *seconds, int candidate)
{
    if (seconds[candidate] < 0 || candidate == c->expected) return false;
    return seconds[c->expected] < 0 || seconds[candidate] * MARGIN < seconds[c->expected];
}

static bool any_displaces(const choice *c, const double *seconds)
{
    for (int i = 0; i < c->candidates; i++)
        if (displaces(c, seconds, i)) return true;
    return false;
}

/* The least seconds of each candidate, -1 where it cannot run. They take turns, so that all meet the same machine. The
 * expected one runs again for as long as another would displace it, since it met cold caches, or a busy machine. */
static void time_candidates(const choice *c, double *seconds)
{
    for (int i = 0; i < c->candidates; i++) seconds[i] = time_once(c, i);
    for (int round = 1; round < ROUNDS && any_displaces(c, seconds); round++) {
        for (int i = 0; i < c->candidates; i++) {
            if (i != c->expected && !displaces(c, seconds, i)) continue;
            double taken = time_once(c, i);
            if (taken < seconds[i]) seconds[i] = taken;
        }
    }
}

static int fastest(const choice *c)
{
    double seconds[MAX_CANDIDATES];
    int best = c->expected;
    time_candidates(c, seconds);
    for (int i = 0; i < c->candidates; i++) {
        log_line("tune", "candidate %d of %d takes %.1f us", i, c->candidates, seconds[i] * 1e6);
        if (displaces(c, seconds, i) && (best == c->expected || seconds[i] < seconds[best])) best = i;
    }
    return best;
}

/* Another candidate would be as right, but have other bits. */
static void raise_short_memory(void)
{
    raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory to choose a kernel");
}

/* With the number of threads behind it. NULL with an error. */
static char *name_of(const choice *c)
{
    char *problem = tuning_name(c->problem, c->key, c->key_size), *name = NULL;
    if (problem && asprintf(&name, "%s %d", problem, thread_count()) < 0) name = NULL;
    free(problem);
    if (!name) raise_short_memory();
    return name;
}

/* False where the answer is no candidate's number. */
static bool is_candidate(const choice *c, const char *answer, int *candidate)
{
    char *end;
    long number = strtol(answer, &end, 10);
    if (end == answer || *end || number < 0 || number >= c->candidates) return false;
    *candidate = (int)number;
    return true;
}

/* What this program has chosen, or else one before it: that is then this program's choice too. */
static bool recall(const choice *c, const char *name, int *candidate)
{
    char answer[MAX_ANSWER];
    if (tuning_recall(&known, name, answer) && is_candidate(c, answer, candidate)) return true;
    if (!machine_file_recall(name, answer) || !is_candidate(c, answer, candidate)) return false;
    if (!tuning_keep(&known, name, answer)) raise_short_memory();
    return true;
}

static void keep(const char *name, int candidate)
{
    char answer[16];
    snprintf(answer, sizeof answer, "%d", candidate);
    if (!tuning_keep(&known, name, answer) || !machine_file_keep(name, answer)) raise_short_memory();
}

bool choice_is_made(const choice *c, int *candidate)
{
    if (timing_is_off()) {
        *candidate = c->expected;
        return true;
    }
    char *name = name_of(c);
    *candidate = c->expected;
    bool made = !name || recall(c, name, candidate);
    free(name);
    return made;
}

int choose(const choice *c)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    int candidate;
    if (choice_is_made(c, &candidate)) return candidate;
    char *name = name_of(c);
    if (!name) return c->expected;
    pthread_mutex_lock(&one_at_a_time);
    if (!recall(c, name, &candidate)) {
        candidate = fastest(c);
        keep(name, candidate);
    }
    pthread_mutex_unlock(&one_at_a_time);
    free(name);
    return candidate;
}

char *choices_text(void)
{
    return tuning_cache_text(&known);
}

bool choices_restore(const char *text)
{
    return tuning_cache_restore(&known, text);
}
