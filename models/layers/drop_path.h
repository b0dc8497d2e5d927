/* drop_path.h - how often the branches of a block are dropped (Huang et al., "Deep networks with stochastic depth",
 * 2016). */
#ifndef MODELS_LAYERS_DROP_PATH_H
#define MODELS_LAYERS_DROP_PATH_H

#include <vitro/vitro.h>

/* For block `block` of so many: it grows linearly from 0 at the first to `last`. */
double drop_path_at(double last, int64_t block, int64_t blocks);

/* The blocks in stages of such depths, of which at most `most`, that end with a depth of 0. */
int64_t blocks_in_stages(const int64_t *depths, int most);

#endif
