/* file_check.c - which of many picture files can be read: threads take them one after the other. */
#include "data/file_check.h"
#include "core/base/error.h"

#include <vitro/picture.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_THREADS = 16 };

typedef struct check {
    char *const *paths;
    int64_t count;
    char **why;
    atomic_llong next;
    atomic_int status; /* of an error that is of no file */
} check;

/* An error of the file itself is what it is checked for; any other ends the check. */
static void check_file(check *c, int64_t i)
{
    vt_picture picture;
    if (!vt_picture_read_at((vt_site){ 0 }, c->paths[i], &picture)) {
        c->why[i] = vt_error_status() == VT_ERROR_FILE ? strdup(vt_error_message()) : NULL;
        if (!c->why[i])
            atomic_store(&c->status, vt_error_status() == VT_ERROR_FILE ? VT_ERROR_MEMORY : vt_error_status());
        vt_error_clear();
    }
    vt_picture_free(&picture);
}

static void *work(void *argument)
{
    check *c = argument;
    for (int64_t i; (i = atomic_fetch_add(&c->next, 1)) < c->count && !atomic_load(&c->status);) check_file(c, i);
    return NULL;
}

/* Signals are for the program's own threads. */
static int start_threads(check *c, pthread_t *threads, int wanted)
{
    int started = 0;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < wanted && pthread_create(&threads[started], NULL, work, c) == 0) started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

bool file_check(vt_site at, char *const *paths, int64_t count, char **why)
{
    check c = { .paths = paths, .count = count, .why = why };
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_t threads[MOST_THREADS];
    memset(why, 0, (size_t)count * sizeof *why);
    const int started = start_threads(&c, threads, processors > MOST_THREADS ? MOST_THREADS : (int)processors - 1);
    work(&c); /* the caller's own thread is one of them */
    for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
    const int status = atomic_load(&c.status);
    if (status == VT_ERROR_UNSUPPORTED)
        return raise_error(VT_ERROR_UNSUPPORTED, at, "this build has no libjpeg or no libpng to read pictures with");
    return !status || raise_error((vt_status)status, at, "no memory to check pictures");
}
