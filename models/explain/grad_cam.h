/* grad_cam.h - where in the picture the evidence for a class is (Selvaraju et al., "Grad-CAM", 2017). */
#ifndef MODELS_EXPLAIN_GRAD_CAM_H
#define MODELS_EXPLAIN_GRAD_CAM_H

#include "explain/heat_map.h"
#include "zoo.h"

/* What logits [1, classes] have just been computed from, while its scope lasts: the family's feature map, each channel
 * weighted with the mean over the places of the logit's gradient, summed and cut off at 0. `name` gets the feature
 * map's name, which is the model's. Errors: there is no such class; the logit does not depend on the feature map. */
bool grad_cam(const classifier *net, vt_tensor logits, int64_t class, heat_map *map, const char **name);

#endif
