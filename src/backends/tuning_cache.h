/* tuning_cache.h - what a backend found fastest, by the name of the problem: kept as text with a checkpoint, so that a
 * run that goes on computes by the same algorithms, and with that the same bits. */
#ifndef VITRO_BACKENDS_TUNING_CACHE_H
#define VITRO_BACKENDS_TUNING_CACHE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { TUNING_BUCKETS = 256, MAX_ANSWER = 256 };

/* One a backend, of all threads. */
typedef struct tuning_cache {
    pthread_mutex_t mutex;
    struct tuned *buckets[TUNING_BUCKETS];
} tuning_cache;

/* Its initialiser. */
#define EMPTY_TUNING_CACHE                                                                                             \
    {                                                                                                                  \
        .mutex = PTHREAD_MUTEX_INITIALIZER                                                                             \
    }

/* VT_TUNE=0: nothing is to be timed, nor asked for here; what is expected to be the fastest is taken. */
bool timing_is_off(void);

/* "conv2d/64,128,3": a kind, and the key of a problem, a struct of int64_t without padding. To be freed; NULL where
 * memory is short, which all that follows take: then nothing is known. */
char *tuning_name(const char *kind, const void *key, size_t key_size);

/* What was answered: an algorithm, as the caller names it, without spaces and semicolons. Texts come from files, so it
 * may be none that the caller knows. */
bool tuning_recall(tuning_cache *c, const char *name, char answer[MAX_ANSWER]);
/* In the place of what was answered before; false where memory is short. */
bool tuning_keep(tuning_cache *c, const char *name, const char *answer);

/* All of them, as "conv2d/64,128,3 2;" each. To be freed; NULL where memory is short. */
char *tuning_cache_text(tuning_cache *c);
/* Takes such a text over; false, and nothing is taken, where it is none. */
bool tuning_cache_restore(tuning_cache *c, const char *text);
/* Forgets all. A program's caches last as long as it does. */
void tuning_cache_clear(tuning_cache *c);

#endif
