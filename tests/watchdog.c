/* watchdog.c - a test that does not return fails, and is named, and so is the op that it is in: its shapes, and the
 * call that recorded it. Linked into each test program.
 *
 * What counts is the processor's time that the process uses, so that no test fails because the machine has other work;
 * a test that waits for what never comes uses none, and fails after as long a time without any, where no thread of it
 * would run if it could. VT_TEST_SECONDS says how long that is. */
#include "watchdog.h"
#include "core/run/current_kernel.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double SECONDS = 300;
enum { LOOKS = 100 }; /* in that time */

/* What is known of the test under way. */
typedef struct watch {
    const struct criterion_test *test;
    double begin, used; /* processor's time: when it was first seen, when last looked */
    int idle;           /* how often in a row it had used next to none */
} watch;

static double seconds_of(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Without what looking takes. */
static double processor_time(void)
{
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID) - seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

static double seconds_allowed(void)
{
    const char *asked = getenv("VT_TEST_SECONDS");
    return asked && atof(asked) > 0 ? atof(asked) : SECONDS;
}

/* Not by stdio, whose locks the test may hold. */
static void say(const char *text)
{
    (void)!write(STDERR_FILENO, text, strlen(text));
}

static void give_up(const struct criterion_test *test, const char *why, double seconds)
{
    char text[4096];
    snprintf(text, sizeof text, "\n%s::%s does not return: it has %s for %g s\n", test->category, test->name, why,
             seconds);
    say(text);
    say(current_kernel_describe(text, sizeof text) ? "it is in " : "no thread is in an op\n");
    say(text);
    abort();
}

/* A letter, see proc(5); 0: it has ended. */
static char state_of_thread(int id)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", id);
    int file = open(path, O_RDONLY);
    if (file < 0) return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = 0;
    const char *end_of_name = strrchr(text, ')');
    return end_of_name && end_of_name[1] ? end_of_name[2] : 0;
}

/* Whether a thread other than this one runs, or would if the machine had no other work. */
static bool is_to_run(void)
{
    bool found = false;
    DIR *threads = opendir("/proc/self/task");
    for (struct dirent *entry; threads && !found && (entry = readdir(threads));) {
        int id = atoi(entry->d_name);
        found = id > 0 && id != gettid() && state_of_thread(id) == 'R';
    }
    if (threads) closedir(threads);
    return found;
}

static void look(watch *w, double seconds)
{
    const struct criterion_test *test = __atomic_load_n(&criterion_current_test, __ATOMIC_ACQUIRE);
    double used = processor_time(), next_to_none = 0.01 * seconds / LOOKS;
    if (test != w->test) *w = (watch){ .test = test, .begin = used };
    w->idle = used - w->used < next_to_none ? w->idle + 1 : 0;
    w->used = used;
    if (!test) return;
    if (used - w->begin > seconds) give_up(test, "computed", seconds);
    if (w->idle > LOOKS && !is_to_run()) give_up(test, "waited", seconds);
}

static void *look_now_and_then(void *unused)
{
    watch w = { 0 };
    double seconds = seconds_allowed(), between = seconds / LOOKS;
    struct timespec time = { (time_t)between, (long)((between - (double)(time_t)between) * 1e9) };
    for (;;) {
        nanosleep(&time, NULL);
        look(&w, seconds);
    }
    return unused;
}

/* A program that forks its tests has them start it: no thread may hold a lock of the sanitizer's while it forks. */
#ifndef __SANITIZE_ADDRESS__
__attribute__((constructor))
#endif
void watchdog_start(void)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, look_now_and_then, NULL) != 0) say("no thread watches the tests\n");
    pthread_attr_destroy(&attributes);
}
