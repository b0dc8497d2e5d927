/* class_tables.h - what was taken for what, as CSV files. */
#ifndef MODELS_REPORT_CLASS_TABLES_H
#define MODELS_REPORT_CLASS_TABLES_H

#include "report/evaluation.h"

/* confusion.csv: a row a class of the test pictures, a column a class that was said, the number of pictures in each.
 * per_class.csv: class, pictures, correct, accuracy (also called recall), said (how many pictures were taken for it),
 * precision (how many of these are of it); what would be a share of nothing is empty.
 * False with an error, and while one stands. */
bool class_tables_write(const evaluation *e, const char *folder);

#endif
