/* explanation.h - what a model says to one picture, and where it looked. */
#ifndef MODELS_EXPLAIN_EXPLANATION_H
#define MODELS_EXPLAIN_EXPLANATION_H

#include "explain/attention_map.h"
#include "explain/grad_cam.h"
#include "explain/rollout.h"
#include "explain/token_weights.h"
#include "zoo.h"

enum { MOST_RANKED = 5 };

typedef struct ranked_class {
    int64_t class;
    double probability;
} ranked_class;

typedef struct explanation {
    ranked_class ranked[MOST_RANKED]; /* the most probable first */
    int ranked_count;
    attention_map *maps;     /* of the layers, the first of which is next to the picture */
    int layers;              /* 0: the family has none */
    rollout rollout;         /* without tokens where there is none */
    heat_map token_weights;  /* without values where the family has none */
    const char *weighing;    /* the value that they are of */
    heat_map grad_cam;       /* of `class`; without values where the class does not depend on the feature map */
    const char *feature_map; /* which Grad-CAM looked at */
    int64_t class;
} explanation;

/* Of image [1, channels, height, width], made ready for the model: one forward pass, and one backward to the feature
 * map. `class` is the one that Grad-CAM is of, VT_AUTO the most probable; `discard` is rollout_of's. Errors: there is
 * no such class; those of the forward pass. */
bool explain(explanation *e, const classifier *net, vt_tensor image, int64_t class, double discard);
void explanation_free(explanation *e);

#endif
