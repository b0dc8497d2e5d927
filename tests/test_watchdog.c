/* test_watchdog.c - a test that does not return fails, and says what it is in. */
#include "core/context.h"
#include "ops/list.h"
#include "watchdog.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vitro/vitro.h>

/* -- A device on which softmax does not return --------------------------------------------------------------------- */

static bool compute_for_ever(const kernel_call *call)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL); /* as good as in code that knows of no signals */
    for (volatile bool on = true; on;) continue;
    return call;
}

static bool wait_for_ever(const kernel_call *call)
{
    for (;;) pause();
    return call;
}

static bool prepare_for_ever(const kernel_call *call, preparation *p)
{
    (void)p;
    return compute_for_ever(call);
}

static kernel stuck;

static const kernel *kernel_of(const op *op)
{
    return op == &op_softmax ? &stuck : backend_find("cpu")->kernel_of(op);
}

static void *read_softmax(void *unused)
{
    static backend device;
    device = *backend_find("cpu");
    device.kernel_of = kernel_of;
    context_get()->device = &device;
    vt_tensor x = vt_zeros(VT_SHAPE(3, 5), .dtype = VT_F32);
    vt_item(vt_sum(vt_softmax(x, -1)));
    return unused;
}
enum { LINE_OF_THE_CALL = __LINE__ - 3 };

static void read_softmax_in_a_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, read_softmax, NULL);
    pthread_join(thread, NULL);
}

static void read_softmax_here(void)
{
    read_softmax(NULL);
}

static void wait_outside(void)
{
    for (;;) pause();
}

/* -- What is said
 * ------------------------------------------------------------------------------------------------------
 */

/* Runs the work in a child that is watched with little patience. What it says on stderr, until it ends by SIGABRT. */
static const char *last_words(void (*work)(void))
{
    static char text[8192];
    int pipe_ends[2], status;
    cr_assert(pipe(pipe_ends) == 0);
    pid_t child = fork();
    cr_assert(child >= 0);
    if (child == 0) {
        dup2(pipe_ends[1], STDERR_FILENO);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
        setenv("VT_TEST_SECONDS", "0.2", 1);
        watchdog_start();
        work();
        _exit(0);
    }
    close(pipe_ends[1]);
    size_t length = 0;
    for (ssize_t more; (more = read(pipe_ends[0], text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)more;
    text[length] = 0;
    close(pipe_ends[0]);
    cr_assert(waitpid(child, &status, 0) == child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "it ended with status %d, and said: %s", status,
              text);
    return text;
}

static void expect_said(const char *said, const char *words)
{
    cr_assert(strstr(said, words), "not said: %s\nsaid: %s", words, said);
}

static void expect_named(const char *test, void (*work)(void), const char *why)
{
    char named[256], op[256];
    snprintf(named, sizeof named, "watchdog::%s does not return: it has %s for 0.2 s", test, why);
    snprintf(op, sizeof op, "it is in softmax: f32 [3, 5] -> f32 [3, 5]  at %s:%d in read_softmax()", __FILE__,
             LINE_OF_THE_CALL);
    const char *said = last_words(work);
    expect_said(said, named);
    expect_said(said, op);
}

Test(watchdog, names_an_op_that_computes_for_ever)
{
    stuck = (kernel){ .run = compute_for_ever };
    expect_named("names_an_op_that_computes_for_ever", read_softmax_here, "computed");
}

Test(watchdog, names_an_op_that_waits_for_ever)
{
    stuck = (kernel){ .run = wait_for_ever };
    expect_named("names_an_op_that_waits_for_ever", read_softmax_here, "waited");
}

Test(watchdog, names_an_op_that_is_prepared_for_ever)
{
    stuck = (kernel){ .run = compute_for_ever, .prepare = prepare_for_ever };
    expect_named("names_an_op_that_is_prepared_for_ever", read_softmax_here, "computed");
}

Test(watchdog, names_the_op_of_another_thread)
{
    stuck = (kernel){ .run = compute_for_ever };
    expect_named("names_the_op_of_another_thread", read_softmax_in_a_thread, "computed");
}

Test(watchdog, names_a_test_that_is_in_no_op)
{
    const char *said = last_words(wait_outside);
    expect_said(said, "watchdog::names_a_test_that_is_in_no_op does not return: it has waited for 0.2 s");
    expect_said(said, "no thread is in an op");
}
