/* left_behind.h - how a test of the library ends: nothing is left, no error and no tensor. */
#ifndef VITRO_TESTS_LEFT_BEHIND_H
#define VITRO_TESTS_LEFT_BEHIND_H

#include <stdio.h>
#include <stdlib.h>
#include <vitro/vitro.h>

/* The .fini of a suite, where an assertion would be ignored. */
static inline void expect_nothing_left(void)
{
    vt_statistics s = vt_statistics_get();
    if (vt_failed()) fprintf(stderr, "an error was left: %s\n", vt_error_message());
    if (s.live_tensors || s.live_bytes)
        fprintf(stderr, "%lld tensors, %lld bytes leaked\n", (long long)s.live_tensors, (long long)s.live_bytes);
    if (vt_failed() || s.live_tensors || s.live_bytes) abort();
}

#endif
