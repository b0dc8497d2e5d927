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

/* NULL; or why it failed. */
static const char *failure_of(cudaError_t status)
{
    return status == cudaSuccess ? NULL : cudaGetErrorString(status);
}

/* Queues one run that warms up and a few more, with an event behind each. The host is ahead of the device by then, so
 * that what is timed is the device. Returns NULL; or why it cannot run. */
static const char *queue_rounds(const choice *c, int candidate, const marks &at)
{
    const char *failure = NULL;
    for (int i = 0; i <= ROUNDS && !failure; i++) {
        failure = c->queue(candidate, c->context);
        if (!failure) failure = failure_of(cudaEventRecord(at[i], compute_stream()));
    }
    return failure;
}

/* The least milliseconds of these runs. Returns as before. */
static const char *time_candidate(const choice *c, int candidate, const marks &at, float *least)
{
    const char *failure = queue_rounds(c, candidate, at);
    if (!failure) failure = failure_of(cudaEventSynchronize(at[ROUNDS]));
    for (int i = 0; i < ROUNDS && !failure; i++) {
        float taken = 0;
        failure = failure_of(cudaEventElapsedTime(&taken, at[i], at[i + 1]));
        if (i == 0 || taken < *least) *least = taken;
    }
    return failure;
}

/* UNDECIDED where none can run. */
static int fastest_between(const choice *c, const char *name, const marks &at)
{
    float best = 0, taken = 0;
    int chosen = UNDECIDED;
    for (int i = 0; i < c->candidates; i++) {
        const char *failure = time_candidate(c, i, at, &taken);
        if (failure) {
            log_line("tune", "%s: candidate %d of %d cannot run: %s", name, i, c->candidates, failure);
            continue;
        }
        log_line("tune", "%s: candidate %d of %d takes %.1f us", name, i, c->candidates, (double)taken * 1e3);
        if (chosen != UNDECIDED && taken > MARGIN * best) continue;
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
    int chosen = ok ? fastest_between(c, name, at) : UNDECIDED;
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
        if (chosen != UNDECIDED) keep(c, name, chosen);
    }
    pthread_mutex_unlock(&one_at_a_time);
    free(name);
    return chosen == UNDECIDED ? 0 : chosen;
}

char *cuda_choices()
{
    return tuning_cache_text(&known);
}

bool cuda_restore_choices(const char *text)
{
    return tuning_cache_restore(&known, text);
}
