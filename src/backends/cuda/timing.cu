/* timing.cu - the device's own clock around a few runs of each candidate. */
#include "backends/cuda/timing.h"
#include "backends/cuda/device.h"

extern "C" {
#include "core/log.h"
}

enum { ROUNDS = 3 };
/* So much of the time of the best so far a candidate may take at the most. */
static const float MARGIN = 0.95f;

typedef cudaEvent_t marks[ROUNDS + 1];

/* The least milliseconds of a few runs, after one that warms up; -1 where it cannot run. The host is ahead of the
 * device by then, so that what is timed is the device. */
static float time_candidate(int number, queue_candidate *queue, const void *context, const marks &at)
{
    float least = -1;
    bool ok = queue(number, context) && !cudaEventRecord(at[0], compute_stream());
    for (int i = 0; i < ROUNDS && ok; i++) ok = queue(number, context) && !cudaEventRecord(at[i + 1], compute_stream());
    ok = ok && !cudaEventSynchronize(at[ROUNDS]);
    for (int i = 0; i < ROUNDS && ok; i++) {
        float taken;
        ok = !cudaEventElapsedTime(&taken, at[i], at[i + 1]);
        if (ok && (least < 0 || taken < least)) least = taken;
    }
    return ok ? least : -1;
}

static int fastest(int count, queue_candidate *queue, const void *context, const char *work, const marks &at)
{
    float best = -1;
    int chosen = 0;
    for (int i = 0; i < count; i++) {
        float taken = time_candidate(i, queue, context, at);
        log_line("tune", "%s: candidate %d of %d takes %.1f us", work, i, count, (double)taken * 1e3);
        if (taken < 0 || (best >= 0 && taken > MARGIN * best)) continue;
        best = taken;
        chosen = i;
    }
    return chosen;
}

int fastest_candidate(int count, queue_candidate *queue, const void *context, const char *work)
{
    marks at = {};
    bool ok = true;
    for (cudaEvent_t &event : at) ok = ok && cudaEventCreateWithFlags(&event, cudaEventDefault) == cudaSuccess;
    int chosen = ok ? fastest(count, queue, context, work, at) : 0;
    for (cudaEvent_t event : at)
        if (event) cudaEventDestroy(event);
    cudaGetLastError(); /* what failed was not chosen */
    return chosen;
}
