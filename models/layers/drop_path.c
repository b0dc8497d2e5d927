/* drop_path.c - how often the branches of a block are dropped. */
#include "layers/drop_path.h"

double drop_path_at(double last, int64_t block, int64_t blocks)
{
    return blocks > 1 ? last * (double)block / (double)(blocks - 1) : 0;
}

int64_t blocks_in_stages(const int64_t *depths, int most)
{
    int64_t blocks = 0;
    for (int s = 0; s < most && depths[s]; s++) blocks += depths[s];
    return blocks;
}
