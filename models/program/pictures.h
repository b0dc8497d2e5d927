/* pictures.h - the pictures to train and test on, from where the options say. */
#ifndef MODELS_PROGRAM_PICTURES_H
#define MODELS_PROGRAM_PICTURES_H

#include "program/class_range.h"
#include "program/data_sets.h"
#include "program/options.h"

typedef struct pictures {
    const data_set *set;
    const vt_dataset *train, *test;
    const char *folder;    /* where they are; NULL: nowhere */
    vt_dataset *opened[2]; /* for testing and for training */
    classes_of *some[2];   /* of them, where not all classes are asked for; else NULL */
} pictures;

/* False with an error where a folder that was asked for does not hold the pictures. */
bool pictures_open(pictures *p, const options *o);
/* Fills in what the options leave to the pictures: how they are augmented, and by how many threads. */
void pictures_choose_options(const pictures *p, options *o);
/* Prints which classes and how many pictures of each there are. */
void pictures_describe(const pictures *p);
/* A number that others have another of: it follows from the classes, the labels, and some of the pictures. 0, or any
 * number, with an error: a picture that cannot be read. */
uint64_t pictures_fingerprint(const pictures *p);
void pictures_close(pictures *p);

#endif
