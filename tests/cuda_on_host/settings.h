/* settings.h - how kernels and streams take their turns, from the environment:
 *   CUDA_ON_HOST_ORDER=reversed  the last threads, blocks and streams first; without it, the first
 *   CUDA_ON_HOST_ORDER=<number>  any that can go on, drawn by chance from this seed
 *   CUDA_ON_HOST_DEFER=1         nothing on a stream runs before somebody waits for it */
#ifndef CUDA_ON_HOST_SETTINGS_H
#define CUDA_ON_HOST_SETTINGS_H

#include <stdint.h>

namespace on_host
{

enum turns { IN_ORDER, REVERSED, SHUFFLED };

struct settings {
    turns order;
    bool defer;
};

const settings &asked();

/* A number below `limit`, of those that the seed stands for. */
uint64_t random_below(uint64_t limit);

} // namespace on_host

#endif
