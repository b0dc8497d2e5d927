/* evaluate.h - which of several files of weights is better on the same test pictures, without any training. */
#ifndef MODELS_COMPARE_EVALUATE_H
#define MODELS_COMPARE_EVALUATE_H

#include "compare/plan.h"
#include <stdio.h>

typedef struct evaluated {
    const plan *plan;
    int64_t pictures;
    uint8_t *right[MOST_MODELS]; /* [pictures]: whether each model is right about each */
} evaluated;

/* Pictures that a model is right about. */
int64_t evaluated_correct(const evaluated *e, int model);
/* Pictures that the first is right about and the second is not. */
int64_t evaluated_alone(const evaluated *e, int first, int second);
/* What the numbers say, a line for each sentence: McNemar's test asks whether two models differ by more than chance. */
void evaluated_say(FILE *out, const evaluated *e);

/* Tests the weights of all models of the plan, prints what it comes to, and writes evaluate.csv and evaluate.json.
 * False with an error: a model without weights; files that do not fit. */
bool evaluate(const plan *p, const options *o);

#endif
