/* lr_range.h - what a learning-rate range test says: losses while the learning rate grows from update to update
 * (Smith, "Cyclical learning rates for training neural networks", 2017). */
#ifndef MODELS_REPORT_LR_RANGE_H
#define MODELS_REPORT_LR_RANGE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct lr_point {
    double rate, loss; /* of an update, and of its pictures before it */
    double smooth;     /* the mean loss of the updates around */
} lr_point;

typedef struct lr_range {
    lr_point *points; /* rates grow */
    int64_t count;
    bool ended_early;  /* the loss had become too large to go on */
    double suggestion; /* NaN: there is none */
    char reason[256];  /* a sentence: why this, or why none */
} lr_range;

/* Fills in the smooth losses, the suggestion and the reason. The suggestion is a third of the rate with the least
 * smooth loss, from where on the loss rises. There is none where that is at the end of the range, which then shows no
 * rate that is too large; where the loss hardly falls; and of fewer than ten points. */
void lr_range_judge(lr_range *r);

/* Writes lr_range.csv: step, learning_rate, loss, smooth_loss. False with an error, and while one stands. */
bool lr_range_write(const lr_range *r, const char *folder);

/* Draws lr_range.svg and .png; a build without cairo draws nothing. False with an error, and while one stands. */
bool lr_range_draw(const lr_range *r, const char *folder);

#endif
