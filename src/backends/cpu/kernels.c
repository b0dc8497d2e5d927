/* kernels.c - what there is of the kernels, as they were compiled for one level of processors. Its name, CPU_KERNELS,
 * is told by the build. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/product/matrix_unit.h"

static const kernel_row *const families[] = {
#define FAMILY(name) cpu_##name##_kernels,
#include "backends/families.def"
    NULL,
};

#ifdef __AVX512BF16__
enum { HAVE_PAIRS = true };
#else
enum { HAVE_PAIRS = false };
#endif
#ifdef MATRIX_UNIT_EXISTS
enum { HAVE_MATRICES = true };
#else
enum { HAVE_MATRICES = false };
#endif

extern const cpu_kernels CPU_KERNELS;

const cpu_kernels CPU_KERNELS = { .families = families,
                                  .have_pairs = HAVE_PAIRS,
                                  .have_matrices = HAVE_MATRICES,
#define PART(name) .name = name,
                                  EACH_PART(PART)
#undef PART
};
