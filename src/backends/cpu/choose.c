/* choose.c - timing candidates, and a table of what was chosen. */
#include "backends/cpu/choose.h"
#include "backends/cpu/threads.h"
#include "core/log.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The first round warms the caches and makes what candidates make once. */
enum { ROUNDS = 8, BUCKETS = 256, MAX_NAME = 512 };
static const double MARGIN = 2;

typedef struct decision {
    struct decision *next; /* in its bucket */
    int threads, candidate;
    char name[]; /* the problem: its kind, and the words of its key */
} decision;

static decision *buckets[BUCKETS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* held while timing too: candidates run one at a time */

static decision **bucket_of(const char *name)
{
    unsigned hash = 2166136261u; /* FNV-1a */
    for (const char *c = name; *c; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
    return &buckets[hash % BUCKETS];
}

/* "conv2d/64,128,3"; NULL where memory is short. */
static char *name_of(const choice *c)
{
    char *name = NULL;
    size_t size;
    FILE *stream = open_memstream(&name, &size);
    if (!stream) return NULL;
    fprintf(stream, "%s/", c->problem);
    for (size_t i = 0; i < c->key_size / sizeof(int64_t); i++)
        fprintf(stream, i ? ",%" PRId64 : "%" PRId64, ((const int64_t *)c->key)[i]);
    if (fclose(stream) == 0) return name;
    free(name);
    return NULL;
}

static decision *find(const char *name, int threads)
{
    decision *d = *bucket_of(name);
    while (d && !(d->threads == threads && strcmp(d->name, name) == 0)) d = d->next;
    return d;
}

/* Where memory is short it is decided again the next time. */
static void remember(const char *name, int threads, int candidate)
{
    decision *d = find(name, threads), **bucket = bucket_of(name);
    if (d) {
        d->candidate = candidate;
        return;
    }
    d = malloc(sizeof *d + strlen(name) + 1);
    if (!d) return;
    *d = (decision){ *bucket, threads, candidate };
    strcpy(d->name, name);
    *bucket = d;
}

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

static bool timing_is_off(void)
{
    const char *tune = getenv("VT_TUNE");
    return tune && tune[0] == '0';
}

bool choice_is_made(const choice *c, int *candidate)
{
    if (timing_is_off()) {
        *candidate = c->expected;
        return true;
    }
    char *name = name_of(c);
    pthread_mutex_lock(&mutex);
    const decision *d = name ? find(name, thread_count()) : NULL;
    if (d) *candidate = d->candidate;
    pthread_mutex_unlock(&mutex);
    free(name);
    return d != NULL;
}

int choose(const choice *c)
{
    int candidate;
    if (choice_is_made(c, &candidate)) return candidate;
    char *name = name_of(c);
    pthread_mutex_lock(&mutex);
    const decision *d = name ? find(name, thread_count()) : NULL;
    candidate = d ? d->candidate : fastest(c);
    if (!d && name) remember(name, thread_count(), candidate);
    pthread_mutex_unlock(&mutex);
    free(name);
    return candidate;
}

/* -- As text: "conv2d/64,128,3 2 1;" a decision, with the number of threads and the candidate -------------------- */

char *choices_text(void)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream) return NULL;
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < BUCKETS; i++)
        for (const decision *d = buckets[i]; d; d = d->next)
            fprintf(stream, "%s %d %d;", d->name, d->threads, d->candidate);
    pthread_mutex_unlock(&mutex);
    if (fclose(stream) == 0) return text;
    free(text);
    return NULL;
}

/* The decision that the text begins with, and what comes behind it; NULL where there is none. */
static const char *parse(const char *text, char name[MAX_NAME], int *threads, int *candidate)
{
    int used = 0;
    int found = sscanf(text, "%511[a-z0-9_/,-] %d %d;%n", name, threads, candidate, &used);
    bool valid = found == 3 && used && *threads > 0 && *candidate >= 0 && *candidate < MAX_CANDIDATES;
    return valid ? text + used : NULL;
}

bool choices_restore(const char *text)
{
    char name[MAX_NAME];
    int threads, candidate;
    const char *rest = text;
    while (rest && *rest) rest = parse(rest, name, &threads, &candidate);
    if (!rest) return false;
    pthread_mutex_lock(&mutex);
    for (rest = text; *rest;) {
        rest = parse(rest, name, &threads, &candidate);
        remember(name, threads, candidate);
    }
    pthread_mutex_unlock(&mutex);
    return true;
}
