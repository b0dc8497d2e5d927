/* kernels.h - the kernels of the CPU backend, a table a family. */
#ifndef VITRO_BACKENDS_CPU_KERNELS_H
#define VITRO_BACKENDS_CPU_KERNELS_H

#include "backends/kernel_row.h"

/* Each table ends with a row whose op is NULL. */
#define FAMILY(name) extern const kernel_row cpu_##name##_kernels[];
#include "backends/families.def"

#endif
