/* small_groups.h - convolutions in groups of few channels, such as depth-wise ones. */
#ifndef VITRO_BACKENDS_CUDA_IMAGE_SMALL_GROUPS_H
#define VITRO_BACKENDS_CUDA_IMAGE_SMALL_GROUPS_H

#include "backends/cuda/image/convolution.h"

/* Whether groups are so small that a tile of a product would have next to nothing in it. */
bool small_groups_take(const convolution *p);
/* Bytes of working memory. */
size_t small_groups_scratch(const convolution *p);
/* Queues it, for a batch that is not empty. */
void small_groups_queue(const convolution *p, const convolution_operands *o, void *scratch);

#endif
