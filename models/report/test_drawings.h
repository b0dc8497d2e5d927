/* test_drawings.h - what a network took for what, in pictures. */
#ifndef MODELS_REPORT_TEST_DRAWINGS_H
#define MODELS_REPORT_TEST_DRAWINGS_H

#include "report/evaluation.h"

/* confusion, per_class, calibration and mistakes (the most confident), each as .svg and .png; a build without cairo
 * draws nothing. False with an error, and while one stands. */
bool test_drawings_write(const evaluation *e, const char *folder);

#endif
