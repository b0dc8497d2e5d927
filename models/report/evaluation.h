/* evaluation.h - how well a network tells test pictures apart: what follows from its logits. */
#ifndef MODELS_REPORT_EVALUATION_H
#define MODELS_REPORT_EVALUATION_H

#include <vitro/vitro.h>

enum { CALIBRATION_BINS = 15, MOST_MISTAKES = 24, TOP = 5, MOST_BATCHES_UNREAD = 16 };

/* A picture that was taken for one of another class. */
typedef struct mistake {
    int64_t picture;   /* its number in the data set */
    int right, said;   /* classes */
    double confidence; /* the probability of what was said */
    double of_right;   /* and that of the right class */
} mistake;

/* Pictures whose largest probability lies in one of equal parts of 0 to 1. */
typedef struct calibration_bin {
    int64_t count, correct;
    double confidence; /* the sum of these probabilities */
} calibration_bin;

typedef struct evaluation {
    const vt_dataset *pictures;
    int64_t seen, correct, in_top;   /* in_top: the right class is among the TOP most probable */
    int64_t flip_seen, flip_correct; /* of pictures together with their mirror images */
    double loss_sum;                 /* of -log softmax(logits)[label] */
    int64_t *confusion;              /* [classes, classes]: pictures of the first that were taken for the second */
    calibration_bin bins[CALIBRATION_BINS];
    mistake mistakes[MOST_MISTAKES]; /* the most confident ones, these first */
    int mistake_count;
    vt_picture looked[MOST_MISTAKES]; /* where the network looked in each, in colours over the picture; without pixels
                                       * where that is not known */
    const char *looked_by;            /* a phrase: what the colours are; NULL: there are none */
    struct {
        vt_tensor logits, mirrored; /* mirrored: inert where mirror images are not looked at */
    } unread[MOST_BATCHES_UNREAD];
    int unread_count;
    double *logits; /* of one batch, read, and behind them those of its mirror images */
} evaluation;

/* False with an error where memory is short. */
bool evaluation_begin(evaluation *e, const vt_dataset *pictures);
void evaluation_free(evaluation *e);

/* Counts the next pictures of the data set by their logits [B, classes], which it keeps from the end of the innermost
 * scope: a device that works ahead is waited for when evaluation_finish, or every few batches, reads them. `mirrored`
 * are the logits of their mirror images, for evaluation_flip_accuracy alone; inert: there are none. */
void evaluation_add(evaluation *e, vt_tensor logits, vt_tensor mirrored);
/* Counts what was not yet read. False while an error stands. */
bool evaluation_finish(evaluation *e);

/* Of the pictures that were counted. */
double evaluation_loss(const evaluation *e);
double evaluation_accuracy(const evaluation *e);
/* By the means of the logits of a picture and of its mirror image; NaN where these were not looked at. */
double evaluation_flip_accuracy(const evaluation *e);
/* NaN where there are no more classes than TOP. */
double evaluation_top_accuracy(const evaluation *e);
/* The expected calibration error (Guo et al. 2017), 0 to 1: how far confidence and accuracy are apart in each of the
 * bins, weighted by their pictures. */
double evaluation_calibration_error(const evaluation *e);

/* Test pictures of a class, and how many of them were taken for it. */
int64_t evaluation_class_count(const evaluation *e, int class);
int64_t evaluation_class_correct(const evaluation *e, int class);

#endif
