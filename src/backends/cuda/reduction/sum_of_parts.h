/* sum_of_parts.h - what blocks have summed, each over its part, added up. */
#ifndef VITRO_BACKENDS_CUDA_REDUCTION_SUM_OF_PARTS_H
#define VITRO_BACKENDS_CUDA_REDUCTION_SUM_OF_PARTS_H

#include <stdint.h>

/* Queues sums [parts, count] -> result [count], which may be the first part; always in the same order. */
void queue_sum_of_parts(int64_t count, int64_t parts, const float *sums, float *result);

#endif
