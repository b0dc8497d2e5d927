/* kernels.h - the kernels of the CUDA backend, a table a family. */
#ifndef VITRO_BACKENDS_CUDA_KERNELS_H
#define VITRO_BACKENDS_CUDA_KERNELS_H

#include "backends/cuda/machine/device.h"

/* Each table ends with a row whose op is NULL. */
extern "C" {
#define FAMILY(name) extern const kernel_row cuda_##name##_kernels[];
#include "backends/families.def"
}

/* FLOP/s of a large product of f32 matrices, bytes/s of a large copy. */
device_peak cuda_measure_peak();

/* As array_copy, within the device. */
bool cuda_copy(array *to, const array *from);

/* Runs a call on the reference backend, with copies to the host and back. */
extern const kernel cuda_host_kernel;

#endif
