/* mistake_maps.h - where a network looked when it was wrong about a picture. */
#ifndef MODELS_REPORT_MISTAKE_MAPS_H
#define MODELS_REPORT_MISTAKE_MAPS_H

#include "report/evaluation.h"
#include "zoo.h"

/* Fills in where the network looked in each of the evaluation's mistakes: what its class token attends to in the last
 * layer, in the mean of the heads, or, of a network without a class token, Grad-CAM of the class that it said. `how` is
 * how its pictures are normalised; the network is in evaluation. Where it looked nowhere in particular, as where the
 * class does not depend on the feature map, there is no map. False with an error, and while one stands. */
bool mistake_maps_add(evaluation *e, const classifier *net, const preprocessing *how);

#endif
