/* decisions.h - what a backend found fastest, by the name of the problem: kept as text with a checkpoint, so that a run
 * that goes on computes by the same algorithms, and with that the same bits. */
#ifndef VITRO_BACKENDS_DECISIONS_H
#define VITRO_BACKENDS_DECISIONS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { DECISION_BUCKETS = 256, MAX_ANSWER = 256 };

/* One a backend, of all threads. */
typedef struct decisions {
    pthread_mutex_t mutex;
    struct decision *buckets[DECISION_BUCKETS];
} decisions;

/* Its initialiser. */
#define NO_DECISIONS                                                                                                   \
    {                                                                                                                  \
        .mutex = PTHREAD_MUTEX_INITIALIZER                                                                             \
    }

/* VT_TUNE=0: nothing is to be timed, nor asked for here; what is expected to be the fastest is taken. */
bool timing_is_off(void);

/* "conv2d/64,128,3": a kind, and the key of a problem, a struct of int64_t without padding. To be freed; NULL where
 * memory is short, which all that follows take: then nothing is known. */
char *decision_name(const char *kind, const void *key, size_t key_size);

/* What was answered: an algorithm, as the caller names it, without spaces and semicolons. Texts come from files, so it
 * may be none that the caller knows. */
bool decision_recall(decisions *d, const char *name, char answer[MAX_ANSWER]);
/* In the place of what was answered before; false where memory is short. */
bool decision_keep(decisions *d, const char *name, const char *answer);

/* All of them, as "conv2d/64,128,3 2;" each. To be freed; NULL where memory is short. */
char *decisions_text(decisions *d);
/* Takes such a text over; false, and nothing is taken, where it is none. */
bool decisions_restore(decisions *d, const char *text);

#endif
