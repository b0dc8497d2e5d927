/* gemm_unit.c - which unit of the processor multiplies bf16 matrices. */
#include "backends/cpu/machine/level.h"
#include "backends/cpu/product/gemm.h"

static bool is_made_by_intel(void)
{
#ifdef __x86_64__
    return __builtin_cpu_is("intel");
#else
    return false;
#endif
}

/* Intel's cores take as long for a vector of pairs as for two of floats. */
gemm_unit gemm_bf16_unit(void)
{
    if (level_has_matrices()) return GEMM_MATRICES;
    return level_has_pairs() && !is_made_by_intel() ? GEMM_PAIRS : GEMM_VECTORS;
}
