/* sum_of_parts.cu - a block for WARP neighbours, whose warps share the parts. */
#include "backends/cuda/reduction/sum_of_parts.h"
#include "backends/cuda/machine/device.h"

static __global__ void __launch_bounds__(BLOCK)
    add_parts(int64_t count, int64_t parts, const float *sums, float *result)
{
    constexpr int WARPS = BLOCK / WARP;
    SHARED(float, of_warp, [WARPS][WARP]);
    const int lane = (int)threadIdx.x % WARP, warp = (int)threadIdx.x / WARP;
    const int64_t index = (int64_t)blockIdx.x * WARP + lane;
    float sum = 0;
    for (int64_t part = warp; index < count && part < parts; part += WARPS) sum += sums[part * count + index];
    of_warp[warp][lane] = sum;
    __syncthreads();
    if (warp != 0 || index >= count) return;
    for (int i = 1; i < WARPS; i++) sum += of_warp[i][lane];
    result[index] = sum;
}

void queue_sum_of_parts(int64_t count, int64_t parts, const float *sums, float *result)
{
    if (count > 0) LAUNCH(add_parts, blocks_for(count, WARP), BLOCK, 0, compute_stream(), count, parts, sums, result);
}
