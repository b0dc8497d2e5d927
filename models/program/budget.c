/* budget.c - how long a run may go on: epochs, time, and patience with tests that do not become better. */
#include "program/budget.h"
#include "program/clock.h"
#include <math.h>
#include <stdio.h>

budget budget_begin(const options *o)
{
    return (budget){ .options = o, .started = monotonic_seconds(), .best_accuracy = -1 };
}

double budget_used(const budget *b)
{
    return b->used_before + monotonic_seconds() - b->started;
}

bool budget_time_is_up(const budget *b)
{
    return b->options->time > 0 && budget_used(b) + b->test_seconds >= b->options->time;
}

int64_t budget_updates(const budget *b, int64_t step, int64_t planned)
{
    double time = b->options->time - b->test_seconds;
    if (b->options->time == 0 || step == 0) return planned;
    double total = (double)step * time / budget_used(b);
    return (int64_t)fmin(fmax(total, (double)step + 1), (double)planned);
}

bool budget_note(budget *b, int64_t epoch, double accuracy)
{
    if (accuracy <= b->best_accuracy) return false;
    b->best_accuracy = accuracy;
    b->best_epoch = epoch;
    return true;
}

static bool is_out_of_patience(const budget *b, int64_t epochs)
{
    int64_t patience = b->options->patience;
    return patience != VT_AUTO && b->best_accuracy >= 0 && epochs - b->best_epoch >= patience;
}

bool budget_is_spent(const budget *b, int64_t epochs)
{
    return epochs >= b->options->epochs || is_out_of_patience(b, epochs) || (epochs > 0 && budget_time_is_up(b));
}

void budget_reason(const budget *b, int64_t epochs, char *text, size_t size)
{
    text[0] = 0;
    if (epochs >= b->options->epochs) return;
    if (is_out_of_patience(b, epochs))
        snprintf(text, size, "no test was better than that after epoch %lld, %.2f%%", (long long)b->best_epoch,
                 100 * b->best_accuracy);
    else if (budget_time_is_up(b))
        snprintf(text, size, "the time is up after epoch %lld", (long long)epochs);
}
