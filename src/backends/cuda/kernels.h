/* kernels.h - the kernels of the CUDA backend, a table a family. */
#ifndef VITRO_BACKENDS_CUDA_KERNELS_H
#define VITRO_BACKENDS_CUDA_KERNELS_H

#include "backends/cuda/device.h"

/* Each table ends with a row whose op is NULL. */
extern "C" {
extern const kernel_row cuda_activation_kernels[];
extern const kernel_row cuda_attention_kernels[];
extern const kernel_row cuda_batch_norm_kernels[];
extern const kernel_row cuda_binary_kernels[];
extern const kernel_row cuda_cast_kernels[];
extern const kernel_row cuda_chain_kernels[];
extern const kernel_row cuda_compare_kernels[];
extern const kernel_row cuda_convolution_kernels[];
extern const kernel_row cuda_create_kernels[];
extern const kernel_row cuda_dropout_kernels[];
extern const kernel_row cuda_effect_kernels[];
extern const kernel_row cuda_linear_kernels[];
extern const kernel_row cuda_index_kernels[];
extern const kernel_row cuda_loss_kernels[];
extern const kernel_row cuda_pooling_kernels[];
extern const kernel_row cuda_reduce_kernels[];
extern const kernel_row cuda_resample_kernels[];
extern const kernel_row cuda_row_norm_kernels[];
extern const kernel_row cuda_shape_kernels[];
extern const kernel_row cuda_scan_kernels[];
extern const kernel_row cuda_softmax_kernels[];
extern const kernel_row cuda_topk_kernels[];
extern const kernel_row cuda_unary_kernels[];
}

/* FLOP/s of a large product of f32 matrices, bytes/s of a large copy. */
device_peak cuda_measure_peak();

/* As array_copy, within the device. */
bool cuda_copy(array *to, const array *from);

/* Runs a call on the reference backend, with copies to the host and back. */
extern const kernel cuda_host_kernel;

#endif
