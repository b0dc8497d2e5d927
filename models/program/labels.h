/* labels.h - the names of the classes that a model tells apart. */
#ifndef MODELS_PROGRAM_LABELS_H
#define MODELS_PROGRAM_LABELS_H

#include "program/model_card.h"

typedef struct labels {
    char *text;         /* of the file, in which the names are */
    const char **names; /* [classes]; NULL: they have none */
} labels;

/* The lines of a file, of which there are to be as many as classes; empty ones at its end do not count. Where path is
 * NULL: those of the card, which outlives them; without one ImageNet's for 1000 classes, and none for others. False
 * with an error. */
bool labels_open(const char *path, const model_card *card, int64_t classes, labels *l);
void labels_close(labels *l);

#endif
