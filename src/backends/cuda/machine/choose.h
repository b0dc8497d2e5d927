/* choose.h - which of several ways to queue the same work takes the device the least time: timed once, remembered. */
#ifndef VITRO_BACKENDS_CUDA_MACHINE_CHOOSE_H
#define VITRO_BACKENDS_CUDA_MACHINE_CHOOSE_H

extern "C" {
#include "backends/tuning_cache.h"
}

enum { UNDECIDED = -1 };

/* Candidates are numbered from 0 on; what is expected to be the fastest comes first. */
typedef struct choice {
    const char *problem; /* the kind, without spaces: in the name of what is remembered */
    const void *key;     /* what times depend on, a struct of int64_t without padding */
    size_t key_size;
    int candidates;
    /* Writes an algorithm as text without spaces and semicolons that says which it is in every run of a program. */
    void (*describe)(int candidate, const void *context, char (&text)[MAX_ANSWER]);
    const char *(*queue)(int candidate, const void *context); /* NULL; or why it cannot run, without an error */
    const void *context;
} choice;

/* What is known already, here or from the run that this one continues; UNDECIDED where nothing is. With VT_TUNE=0 it is
 * the first. */
int recall_choice(const choice *c);

/* Otherwise times the candidates, which waits for the device. Another than the first must take clearly less time than
 * those before it: results differ in their last bits, and are to be the same in the next run of a program. Where
 * none can be timed it is the first, this time. */
int choose(const choice *c);

/* As the backend's. */
char *cuda_choices();
bool cuda_restore_choices(const char *text);

#endif
