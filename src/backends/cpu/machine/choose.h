/* choose.h - which of several ways to compute the same is the fastest on this machine: timed once, remembered. */
#ifndef VITRO_BACKENDS_CPU_MACHINE_CHOOSE_H
#define VITRO_BACKENDS_CPU_MACHINE_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>

enum { MAX_CANDIDATES = 8 };

/* Runs one candidate once, on operands that `context` holds, and on this thread alone: its time is what is measured.
 * False, without an error, where it cannot run. */
typedef bool run_candidate(int candidate, void *context);

typedef struct choice {
    const char *problem; /* the kind, without spaces: in the name of what is remembered */
    run_candidate *run;
    void *context;
    const void *key; /* what times depend on, a struct of int64_t without padding; the number of threads is added */
    size_t key_size;
    int candidates; /* numbered from 0 */
    int expected;   /* taken unless it cannot run, or another takes less than half its time, again and again */
} choice;

/* The candidate for the problem that the kind and the key name. Candidates may give different bits, and the margin is
 * there so that the same one is chosen in every run of a program. With VT_TUNE=0 nothing is timed and `expected` is
 * taken, so the caller still needs another way where that cannot run. Not to be called from `run`. */
int choose(const choice *c);

/* What has been chosen so far, as text to keep with a checkpoint, so that a run that goes on computes the same bits;
 * NULL where memory is short. To be freed. */
char *choices_text(void);
/* Takes such a text over, for this machine's threads and others; false, and nothing is taken, where it is none. */
bool choices_restore(const char *text);

/* Whether `choose` knows the answer, so that the caller need not make operands. */
bool choice_is_made(const choice *c, int *candidate);

#endif
