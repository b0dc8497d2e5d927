/* clock.h - time that only goes forward. */
#ifndef MODELS_PROGRAM_CLOCK_H
#define MODELS_PROGRAM_CLOCK_H

#include <time.h>

static inline double monotonic_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
