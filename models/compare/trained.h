/* trained.h - a network that has been trained, with the pictures that it is tested on. */
#ifndef MODELS_COMPARE_TRAINED_H
#define MODELS_COMPARE_TRAINED_H

#include "program/pictures.h"
#include "zoo.h"

typedef struct trained {
    classifier *net;
    pictures pictures; /* of the size that the network was trained for, where they are of several */
    vt_loader *test;   /* of those for testing, normalised as the network knows them */
} trained;

/* The network of a file of weights, which does not train from here on, and the pictures that the options name. False
 * with an error: the file does not fit the model, or has other classes. */
bool trained_open(trained *t, const char *weights, const char *model, const options *o, int64_t batch);
void trained_close(trained *t);

#endif
