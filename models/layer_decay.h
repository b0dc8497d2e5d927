/* layer_decay.h - learning rates that fall towards the first layers, which change least when a model is trained further
 * (Clark et al., "ELECTRA", 2020; Bao et al., "BEiT", 2022). */
#ifndef MODELS_LAYER_DECAY_H
#define MODELS_LAYER_DECAY_H

#include "zoo.h"

/* How many layers there are to train: what comes before the blocks, each block, and what comes after them. */
int64_t classifier_layers(const classifier *m);
/* Which of them a parameter or buffer belongs to, from 0; what stands between two blocks belongs to the later one. -1:
 * there is none of this name. */
int64_t classifier_layer(const classifier *m, const char *name);

/* Gives every parameter the learning rate lr * decay^(layers - 1 - its layer), so the head gets lr; as timm's
 * param_groups_layer_decay. False with an error where decay is not in (0, 1], or as vt_optimizer_group. */
bool classifier_decay_layers(const classifier *m, vt_optimizer *optimizer, double lr, double decay);

#endif
