/* choose.cu - the device's own clock around a few runs of each candidate, and what came of it before. */
#include "backends/cuda/machine/choose.h"
#include "backends/cuda/machine/device.h"

extern "C" {
#include "core/base/log.h"
}
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 3 };
/* So much of the time of the best so far a candidate may take at the most. */
static const float MARGIN = 0.95f;

static tuning_cache known = EMPTY_TUNING_CACHE;

/* -- Timing -------------------------------------------------------------------------------------------------------- */

typedef cudaEvent_t marks[ROUNDS + 1];

/* The least milliseconds of a few runs, after one that warms up; -1 where it cannot run. The host is ahead of the
 * device by then, so that what is timed is the device. */
static float time_candidate(const choice *c, int candidate, const marks &at)
{
    float least = -1;
    bool ok = c->queue(candidate, c->context) && !cudaEventRecord(at[0], compute_stream());
    for (int i = 0; i < ROUNDS && ok; i++)
        ok = c->queue(candidate, c->context) && !cudaEventRecord(at[i + 1], compute_stream());
    ok = ok && !cudaEventSynchronize(at[ROUNDS]);
    for (int i = 0; i < ROUNDS && ok; i++) {
        float taken;
        ok = !cudaEventElapsedTime(&taken, at[i], at[i + 1]);
        if (ok && (least < 0 || taken < least)) least = taken;
    }
    return ok ? least : -1;
}

static int fastest_between(const choice *c, const char *name, const marks &at)
{
    float best = -1;
    int chosen = 0;
    for (int i = 0; i < c->candidates; i++) {
        float taken = time_candidate(c, i, at);
        log_line("tune", "%s: candidate %d of %d takes %.1f us", name, i, c->candidates, (double)taken * 1e3);
        if (taken < 0 || (best >= 0 && taken > MARGIN * best)) continue;
        best = taken;
        chosen = i;
    }
    return chosen;
}

static int fastest(const choice *c, const char *name)
{
    marks at = {};
    bool ok = true;
    for (cudaEvent_t &event : at) ok = ok && cudaEventCreateWithFlags(&event, cudaEventDefault) == cudaSuccess;
    int chosen = ok ? fastest_between(c, name, at) : 0;
    for (cudaEvent_t event : at)
        if (event) cudaEventDestroy(event);
    cudaGetLastError(); /* what failed was not chosen */
    return chosen;
}

/* -- Remembering --------------------------------------------------------------------------------------------------- */

/* UNDECIDED too where the answer is none of the candidates. */
static int recall(const choice *c, const char *name)
{
    char answer[MAX_ANSWER], text[MAX_ANSWER];
    if (!tuning_recall(&known, name, answer)) return UNDECIDED;
    for (int i = 0; i < c->candidates; i++) {
        c->describe(i, c->context, text);
        if (strcmp(text, answer) == 0) return i;
    }
    return UNDECIDED;
}

static void keep(const choice *c, const char *name, int candidate)
{
    char text[MAX_ANSWER];
    c->describe(candidate, c->context, text);
    log_line("tune", "%s: candidate %d is chosen: %s", name ? name : c->problem, candidate, text);
    tuning_keep(&known, name, text);
}

int recall_choice(const choice *c)
{
    if (timing_is_off()) return 0;
    char *name = tuning_name(c->problem, c->key, c->key_size);
    int chosen = recall(c, name);
    free(name);
    return chosen;
}

int choose(const choice *c)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    if (timing_is_off()) return 0;
    char *name = tuning_name(c->problem, c->key, c->key_size);
    pthread_mutex_lock(&one_at_a_time);
    int chosen = recall(c, name);
    if (chosen == UNDECIDED) {
        chosen = fastest(c, name ? name : c->problem);
        keep(c, name, chosen);
    }
    pthread_mutex_unlock(&one_at_a_time);
    free(name);
    return chosen;
}

char *cuda_choices()
{
    return tuning_cache_text(&known);
}

bool cuda_restore_choices(const char *text)
{
    return tuning_cache_restore(&known, text);
}
