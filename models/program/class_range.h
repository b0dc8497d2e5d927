/* class_range.h - some of the classes of a data set, as a data set of its own. */
#ifndef MODELS_PROGRAM_CLASS_RANGE_H
#define MODELS_PROGRAM_CLASS_RANGE_H

#include <vitro/vitro.h>

/* "2:5": the classes from number 2 to number 5, counted from 0. */
typedef struct class_range {
    int first, last;
} class_range;

/* False with an error that names what is no range of two or more of so many classes. */
bool class_range_parse(class_range *range, const char *text, int classes);

typedef struct classes_of classes_of;
/* The pictures of these classes, which count from 0 then, and at most so many of them (VT_AUTO: all): the first, or of
 * pictures in files, which may be sorted by class, some that are evenly spread. `whole` is read, and outlives it. NULL
 * with an error: no memory, or there is no picture. */
classes_of *classes_of_open(const vt_dataset *whole, class_range range, int64_t limit);
const vt_dataset *classes_of_dataset(const classes_of *some);
void classes_of_close(classes_of *some);

#endif
