/* metrics.h - running means over an epoch. A device works ahead of the program until something is read from it, so
 * results are kept and read later, in the order they came in: the sums have the same bits whenever that is. */
#ifndef MODELS_PROGRAM_METRICS_H
#define MODELS_PROGRAM_METRICS_H

#include <vitro/vitro.h>

/* How far a device may be behind. */
enum { MAX_UNREAD = 64 };

typedef struct metrics {
    double loss_sum;
    int64_t correct, seen;
    struct {
        vt_tensor loss, correct;
        int64_t pictures;
    } unread[MAX_UNREAD];
    int unread_count;
} metrics;

/* Counts a batch of so many pictures: its mean loss, and how many it had right. Keeps both from the end of the scope
 * they were made in, which has to be the innermost. */
void metrics_add(metrics *m, vt_tensor loss, vt_tensor correct, int64_t pictures);

/* Reads what is unread. To be done before the sums are used. */
void metrics_read(metrics *m);

double metrics_loss(const metrics *m);
double metrics_accuracy(const metrics *m);

#endif
