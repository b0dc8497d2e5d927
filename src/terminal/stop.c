#include <vitro/stop.h>

#include <signal.h>
#include <stdatomic.h>

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler may only touch atomics that need no lock");

static atomic_int stop_signal;

static const int stop_signals[] = { SIGINT, SIGTERM };
enum { STOP_SIGNALS = sizeof stop_signals / sizeof *stop_signals };

static bool is_ignored(int number)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    if (!is_ignored(number)) sigaction(number, &action, NULL);
}

/* The default comes back for both signals, so that Ctrl-C ends a program that SIGTERM could not stop. */
static void note(int number)
{
    atomic_store(&stop_signal, number);
    for (int i = 0; i < STOP_SIGNALS; i++) handle(stop_signals[i], SIG_DFL);
}

void vt_stop_on_signals(void)
{
    atomic_store(&stop_signal, 0);
    for (int i = 0; i < STOP_SIGNALS; i++) handle(stop_signals[i], note);
}

int vt_stop_requested(void)
{
    return atomic_load(&stop_signal);
}

int vt_stop_exit_code(void)
{
    int number = vt_stop_requested();
    return number ? 128 + number : 0;
}
