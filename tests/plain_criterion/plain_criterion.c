/* plain_criterion.c - runs tests one after another in one process, which under the thread sanitizer saves minutes, and
 * reports as TAP. Of Criterion's options it knows --filter. */
#include "criterion/criterion.h"
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static jmp_buf skipped; /* where a test that is skipped goes on */
static plain_test *tests;
static const plain_test *running;
static bool failed;
const struct criterion_test *criterion_current_test;

void plain_add(plain_test *test)
{
    plain_test **end = &tests;
    while (*end) end = &(*end)->next;
    *end = test;
    test->named = (struct criterion_test){ test->suite, test->name };
}

void plain_check(bool holds, bool must, const char *file, int line, const char *condition, const char *format, ...)
{
    if (holds) return;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: %s: ", file, line, condition);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    failed = true;
    if (!must) return;
    printf("Bail out! %s::%s failed\n", running->suite, running->name);
    exit(EXIT_FAILURE);
}

void plain_skip(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    longjmp(skipped, 1);
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
    if (setjmp(skipped) == 0) t->run();
}

static void run(const plain_test *t)
{
    running = t;
    __atomic_store_n(&criterion_current_test, &t->named, __ATOMIC_RELEASE);
    const plain_options *suite = options_of_suite(t->suite);
    if (suite->init) suite->init();
    if (t->options.init) t->options.init();
    run_body(t);
    if (t->options.fini) t->options.fini();
    if (suite->fini) suite->fini();
    __atomic_store_n(&criterion_current_test, NULL, __ATOMIC_RELEASE);
}

/* For tests that are to end their process. */
static bool ends_as_expected(const plain_test *t)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        run(t);
        exit(EXIT_SUCCESS);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) < 0) return false;
    if (t->options.signal) return WIFSIGNALED(status) && WTERMSIG(status) == t->options.signal;
    return WIFEXITED(status) && WEXITSTATUS(status) == t->options.exit_code;
}

/* Whether it has passed; a test that fails where it must not ends the program. */
static bool passes(const plain_test *t)
{
    if (t->options.signal || t->options.exit_code) return ends_as_expected(t);
    failed = false;
    run(t);
    return !failed;
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
        bool passed = passes(t);
        failures += !passed;
        printf("%sok %d - %s::%s\n", passed ? "" : "not ", ++number, t->suite, t->name);
    }
    printf("1..%d\n", number);
    return failures > 0;
}
