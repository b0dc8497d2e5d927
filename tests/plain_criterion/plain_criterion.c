/* plain_criterion.c - runs tests one after another, and reports as TAP. Of Criterion's options it knows --filter.
 *
 * Under the address sanitizer each test is a child, whose leaks are its own. It is not a program that starts anew, as
 * Criterion's tests are, which takes several times as long as most of these tests there. Elsewhere all are in one
 * process, which under the thread sanitizer saves minutes. */
#include "criterion/criterion.h"
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
static const bool EACH_IN_A_CHILD = true;
#else
static const bool EACH_IN_A_CHILD = false;
#endif

/* What watches the tests, in programs that have it: a thread, and no child has its parent's. */
__attribute__((weak)) void watchdog_start(void);

typedef enum outcome { PASSED, FAILED, SKIPPED = 77 } outcome; /* of a test, and a child's exit code */

static jmp_buf end_of_skipped; /* where a test that is skipped goes on */
static plain_test *tests;
static const plain_test *running;
static outcome result; /* of the test that runs, so far */
const struct criterion_test *criterion_current_test;

void plain_add(plain_test *test)
{
    plain_test **end = &tests;
    while (*end) end = &(*end)->next;
    *end = test;
    test->named = (struct criterion_test){ test->suite, test->name };
}

void plain_fail(bool must, const char *file, int line, const char *condition, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: %s: ", file, line, condition);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    result = FAILED;
    if (!must) return;
    if (!EACH_IN_A_CHILD) printf("Bail out! %s::%s failed\n", running->suite, running->name);
    exit(FAILED);
}

void plain_skip(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    if (result == PASSED) result = SKIPPED;
    longjmp(end_of_skipped, 1);
}

static const plain_options *options_of_suite(const char *suite)
{
    static const plain_options none;
    for (const plain_test *t = tests; t; t = t->next)
        if (!t->run && strcmp(t->suite, suite) == 0) return &t->options;
    return &none;
}

static void run_body(const plain_test *t)
{
    if (setjmp(end_of_skipped) == 0) t->run();
}

static void run(const plain_test *t)
{
    running = t;
    result = PASSED;
    __atomic_store_n(&criterion_current_test, &t->named, __ATOMIC_RELEASE);
    const plain_options *suite = options_of_suite(t->suite);
    if (suite->init) suite->init();
    if (t->options.init) t->options.init();
    run_body(t);
    if (t->options.fini) t->options.fini();
    if (suite->fini) suite->fini();
    __atomic_store_n(&criterion_current_test, NULL, __ATOMIC_RELEASE);
}

/* What is to end its process does so in any case. */
static outcome run_in_a_child(const plain_test *t)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (EACH_IN_A_CHILD && watchdog_start) watchdog_start();
        run(t);
        exit(result);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) < 0) return FAILED;
    if (t->options.signal) return WIFSIGNALED(status) && WTERMSIG(status) == t->options.signal ? PASSED : FAILED;
    if (!WIFEXITED(status)) return FAILED;
    if (t->options.exit_code) return WEXITSTATUS(status) == t->options.exit_code ? PASSED : FAILED;
    return WEXITSTATUS(status) == PASSED || WEXITSTATUS(status) == SKIPPED ? (outcome)WEXITSTATUS(status) : FAILED;
}

/* In one process, a test that fails where it must not ends the program. */
static outcome outcome_of(const plain_test *t)
{
    if (EACH_IN_A_CHILD || t->options.signal || t->options.exit_code) return run_in_a_child(t);
    run(t);
    return result;
}

static bool is_asked_for(const plain_test *t, const char *filter)
{
    char name[512];
    snprintf(name, sizeof name, "%s/%s", t->suite, t->name ? t->name : "");
    return t->run && fnmatch(filter, name, FNM_EXTMATCH) == 0;
}

int main(int count, char **arguments)
{
    const char *filter = "*";
    for (int i = 1; i + 1 < count; i++)
        if (strcmp(arguments[i], "--filter") == 0) filter = arguments[i + 1];
    int number = 0, failures = 0;
    for (plain_test *t = tests; t; t = t->next) {
        if (!is_asked_for(t, filter)) continue;
        fprintf(stderr, "# %s::%s\n", t->suite, t->name);
        outcome outcome = outcome_of(t);
        failures += outcome == FAILED;
        printf("%sok %d - %s::%s%s\n", outcome == FAILED ? "not " : "", ++number, t->suite, t->name,
               outcome == SKIPPED ? " # SKIP" : "");
    }
    printf("1..%d\n", number);
    return failures > 0;
}
