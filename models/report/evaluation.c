/* evaluation.c - how well a network tells test pictures apart. */
#include "report/evaluation.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool evaluation_begin(evaluation *e, const vt_dataset *pictures)
{
    const size_t classes = (size_t)pictures->classes;
    *e = (evaluation){ .pictures = pictures, .confusion = calloc(classes * classes, sizeof *e->confusion) };
    if (!e->confusion) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a table of %zu classes", classes);
    return !vt_failed();
}

static void free_unread(evaluation *e)
{
    for (int i = 0; i < e->unread_count; i++) {
        vt_free(e->unread[i].logits);
        vt_free(e->unread[i].mirrored);
    }
    e->unread_count = 0;
}

void evaluation_free(evaluation *e)
{
    free_unread(e);
    for (int i = 0; i < MOST_MISTAKES; i++) vt_picture_free(&e->looked[i]);
    free(e->confusion);
    free(e->logits);
    *e = (evaluation){ 0 };
}

/* -- One picture --------------------------------------------------------------------------------------------------- */

/* Of equal logits the first is the largest. NaN is larger than all, so that a network that broke is seen to be wrong.
 */
static int largest(const double *logits, int classes)
{
    int best = 0;
    for (int c = 1; c < classes && !isnan(logits[best]); c++)
        if (logits[c] > logits[best] || isnan(logits[c])) best = c;
    return best;
}

/* How many logits come before that of the label. */
static int rank_of(int label, const double *logits, int classes)
{
    int rank = 0;
    for (int c = 0; c < classes; c++)
        rank += logits[c] > logits[label] || (c < label && logits[c] == logits[label]) || isnan(logits[c]);
    return rank;
}

/* log Σ exp(logits) */
static double log_sum(const double *logits, int classes, int most)
{
    double sum = 0;
    for (int c = 0; c < classes; c++) sum += exp(logits[c] - logits[most]);
    return logits[most] + log(sum);
}

/* Bins are open below and closed above. */
static void count_confidence(evaluation *e, double confidence, bool correct)
{
    if (!(confidence > 0 && confidence <= 1)) return;
    calibration_bin *bin = &e->bins[(int)ceil(confidence * CALIBRATION_BINS) - 1];
    bin->count++;
    bin->correct += correct;
    bin->confidence += confidence;
}

/* Keeps the most confident; of equal ones those that came first. */
static void add_mistake(evaluation *e, const mistake *m)
{
    int place = e->mistake_count;
    while (place > 0 && e->mistakes[place - 1].confidence < m->confidence) place--;
    if (place == MOST_MISTAKES || !(m->confidence <= 1)) return;
    if (e->mistake_count < MOST_MISTAKES) e->mistake_count++;
    memmove(&e->mistakes[place + 1], &e->mistakes[place], (size_t)(e->mistake_count - 1 - place) * sizeof *e->mistakes);
    e->mistakes[place] = *m;
}

/* Twice the mean of two logits is their sum. */
static void count_flip(evaluation *e, int label, double *logits, const double *mirrored)
{
    const int classes = e->pictures->classes;
    for (int c = 0; c < classes; c++) logits[c] += mirrored[c];
    e->flip_seen++;
    e->flip_correct += largest(logits, classes) == label;
}

static void count_picture(evaluation *e, int label, const double *logits)
{
    const int classes = e->pictures->classes;
    const int said = largest(logits, classes);
    const double sum = log_sum(logits, classes, said);
    const mistake m = { e->seen, label, said, exp(logits[said] - sum), exp(logits[label] - sum) };
    e->loss_sum += sum - logits[label];
    e->correct += said == label;
    e->in_top += rank_of(label, logits, classes) < TOP;
    e->confusion[label * classes + said]++;
    count_confidence(e, m.confidence, said == label);
    if (said != label) add_mistake(e, &m);
    e->seen++;
}

/* -- Batches ------------------------------------------------------------------------------------------------------- */

static double *room_for(evaluation *e, int64_t count)
{
    double *room = realloc(e->logits, (size_t)count * sizeof *room);
    if (room)
        e->logits = room;
    else
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the logits of a batch");
    return room;
}

static void read_batch(evaluation *e, vt_tensor logits, vt_tensor mirrored)
{
    const int classes = e->pictures->classes;
    const int64_t count = vt_count(logits);
    const bool both = vt_is_live(mirrored);
    double *of = room_for(e, 2 * count);
    if (!vt_read(logits, of, count, VT_F64) || (both && !vt_read(mirrored, of + count, count, VT_F64))) return;
    for (int64_t i = 0; i + classes <= count; i += classes) {
        const int label = (int)e->pictures->labels[e->seen];
        count_picture(e, label, of + i);
        if (both) count_flip(e, label, of + i, of + count + i);
    }
}

bool evaluation_finish(evaluation *e)
{
    for (int i = 0; i < e->unread_count; i++) read_batch(e, e->unread[i].logits, e->unread[i].mirrored);
    free_unread(e);
    return !vt_failed();
}

void evaluation_add(evaluation *e, vt_tensor logits, vt_tensor mirrored)
{
    if (e->unread_count == MOST_BATCHES_UNREAD) evaluation_finish(e);
    e->unread[e->unread_count].logits = vt_keep(logits);
    e->unread[e->unread_count].mirrored = vt_is_live(mirrored) ? vt_keep(mirrored) : mirrored;
    e->unread_count++;
}

/* -- What follows -------------------------------------------------------------------------------------------------- */

double evaluation_loss(const evaluation *e)
{
    return e->loss_sum / (double)e->seen;
}

double evaluation_accuracy(const evaluation *e)
{
    return (double)e->correct / (double)e->seen;
}

double evaluation_flip_accuracy(const evaluation *e)
{
    return e->flip_seen > 0 ? (double)e->flip_correct / (double)e->flip_seen : NAN;
}

double evaluation_top_accuracy(const evaluation *e)
{
    return e->pictures->classes > TOP ? (double)e->in_top / (double)e->seen : NAN;
}

double evaluation_calibration_error(const evaluation *e)
{
    double sum = 0;
    for (int i = 0; i < CALIBRATION_BINS; i++) sum += fabs((double)e->bins[i].correct - e->bins[i].confidence);
    return sum / (double)e->seen;
}

int64_t evaluation_class_count(const evaluation *e, int class)
{
    int64_t count = 0;
    for (int said = 0; said < e->pictures->classes; said++)
        count += e->confusion[(int64_t) class * e->pictures->classes + said];
    return count;
}

int64_t evaluation_class_correct(const evaluation *e, int class)
{
    return e->confusion[(int64_t) class * e->pictures->classes + class];
}
