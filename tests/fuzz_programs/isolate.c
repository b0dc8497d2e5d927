/* isolate.c - checks in a process of their own. */
#include "isolate.h"
#include "check.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

report *shared_report(void)
{
    void *memory = mmap(NULL, sizeof(report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) abort();
    return memory;
}

static void describe_end(report *r, int status)
{
    r->found = r->under_way;
    r->found.kind = CRASHED;
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGALRM))
        snprintf(r->found.text, sizeof r->found.text, "it does not return");
    else if (WIFSIGNALED(status))
        snprintf(r->found.text, sizeof r->found.text, "signal %d: %s", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(r->found.text, sizeof r->found.text, "the process ended with %d", WEXITSTATUS(status));
}

void end_after(int seconds)
{
    setitimer(ITIMER_PROF, &(struct itimerval){ .it_value.tv_sec = seconds }, NULL);
    alarm(10 * (unsigned)seconds);
}

void in_a_child(void (*work)(report *r, void *user), void *user, report *r, int seconds)
{
    int status = 0;
    fflush(stdout);
    fflush(stderr);
    pid_t child = fork();
    if (child < 0) abort();
    if (child == 0) {
        end_after(seconds);
        work(r, user);
        exit(0); /* where leaks are looked for */
    }
    while (waitpid(child, &status, 0) != child) continue;
    if (status && !r->found.kind) describe_end(r, status);
}

typedef struct again {
    const program *program;
    const finding *found;
} again;

static void work_again(report *r, void *user)
{
    const again *a = user;
    r->under_way = *a->found;
    r->found = check_again(a->program, a->found);
}

finding check_in_a_child(const program *p, const finding *found)
{
    static report *r;
    if (!r) r = shared_report();
    memset(r, 0, sizeof *r);
    in_a_child(work_again, &(again){ p, found }, r, 20);
    return r->found;
}
