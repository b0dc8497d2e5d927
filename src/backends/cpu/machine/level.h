/* level.h - levels of processors: kernels are compiled for each, and those of the highest that this processor has are
 * used, or of a lower one that VT_CPU in the environment names. */
#ifndef VITRO_BACKENDS_CPU_MACHINE_LEVEL_H
#define VITRO_BACKENDS_CPU_MACHINE_LEVEL_H

#include <stdbool.h>

struct cpu_kernels;

/* The same for all threads, from the first question on. */
const struct cpu_kernels *level_kernels(void);
/* Its name; "avx512", say. */
const char *level_name(void);
/* Whether there is arithmetic for vectors of pairs of bf16 elements (AVX512_BF16), and for matrices of them (AMX): the
 * processor has it, the level includes it, and kernels were compiled for it. */
bool level_has_pairs(void);
bool level_has_matrices(void);

/* Whether VT_CPU is set: then oneDNN is not to do more than the level either. */
bool level_is_asked_for(void);
/* Error: VT_CPU names no level, or one that the processor lacks. */
void level_check(void);

#endif
