/* settings.h - how kernels and streams take their turns, and how large the device is, from the environment:
 *   CUDA_ON_HOST_ORDER=reversed  the last threads, blocks and streams first; without it, the first
 *   CUDA_ON_HOST_ORDER=<number>  any that can go on, drawn by chance from this seed
 *   CUDA_ON_HOST_DEFER=1         nothing on a stream runs before somebody waits for it
 *   CUDA_ON_HOST_MULTIPROCESSORS=132   instead of 4, with which small data make a kernel's blocks loop
 *   CUDA_ON_HOST_SHARED_KIB=99         shared memory of a block, as on architectures 8.6 and 8.9; without it 227
 *   CUDA_ON_HOST_DEVICES=2             GPUs of the machine, instead of 1, which differ in their numbers alone */
#ifndef CUDA_ON_HOST_SETTINGS_H
#define CUDA_ON_HOST_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

namespace on_host
{

enum turns { IN_ORDER, REVERSED, SHUFFLED };

struct settings {
    turns order;
    bool defer;
    int multiprocessors, devices;
    size_t shared_bytes;
};

const settings &asked();

/* A number below `limit`, of those that the seed stands for. */
uint64_t random_below(uint64_t limit);

} // namespace on_host

#endif
