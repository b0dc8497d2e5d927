/* show.h - shows what a comparison came to: on standard output, and in its folder. */
#ifndef MODELS_COMPARE_SHOW_H
#define MODELS_COMPARE_SHOW_H

#include "compare/results.h"

/* Prints what will be trained. */
void plan_describe(const plan *p);
/* Prints the table and the sentences, or JSON, as the options say, and writes compare.csv, compare.json, the plots and
 * report.html. False with an error. */
bool show_results(const results *r, const options *o);

#endif
