/* objective.h - what a network is trained to do: its loss on a batch, with a teacher or without. */
#ifndef MODELS_PROGRAM_OBJECTIVE_H
#define MODELS_PROGRAM_OBJECTIVE_H

#include "program/options.h"
#include "zoo.h"

typedef struct objective {
    const options *options;
    classifier *teacher; /* NULL: there is none */
} objective;

/* Loads the teacher, where there is one, of as many classes and channels as the network. False with an error. */
bool objective_init(objective *m, const options *o, const classifier *net);
void objective_free(objective *m);

/* The mean loss of a batch of pictures [B, C, H, W] of whatever size, of which the network made the logits
 * [B, classes]. labels: i64 [B], or of mixed pictures the share of each class, [B, classes]. With a teacher, hard: the
 * cross-entropy of the class that it decides for (Touvron et al. 2021); soft: T^2 times the divergence of probabilities
 * at temperature T (Hinton et al. 2015). A network with a distillation token has labels for its class token, and the
 * teacher for the other. */
vt_tensor objective_loss(const objective *m, const classifier *net, vt_tensor images, vt_tensor logits,
                         vt_tensor labels);

/* Pictures of the size that a network wants. */
vt_tensor images_of_size(const classifier *net, vt_tensor images);

#endif
