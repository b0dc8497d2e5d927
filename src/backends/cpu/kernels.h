/* kernels.h - the kernels of the CPU backend, a table a family. */
#ifndef VITRO_BACKENDS_CPU_KERNELS_H
#define VITRO_BACKENDS_CPU_KERNELS_H

#include "backends/kernel_row.h"

/* Each table ends with a row whose op is NULL. */
extern const kernel_row cpu_activation_kernels[];
extern const kernel_row cpu_attention_kernels[];
extern const kernel_row cpu_batch_norm_kernels[];
extern const kernel_row cpu_binary_kernels[];
extern const kernel_row cpu_cast_kernels[];
extern const kernel_row cpu_chain_kernels[];
extern const kernel_row cpu_convolution_kernels[];
extern const kernel_row cpu_create_kernels[];
extern const kernel_row cpu_dropout_kernels[];
extern const kernel_row cpu_effect_kernels[];
extern const kernel_row cpu_index_kernels[];
extern const kernel_row cpu_linear_kernels[];
extern const kernel_row cpu_loss_kernels[];
extern const kernel_row cpu_pooling_kernels[];
extern const kernel_row cpu_reduce_kernels[];
extern const kernel_row cpu_resample_kernels[];
extern const kernel_row cpu_row_norm_kernels[];
extern const kernel_row cpu_scan_kernels[];
extern const kernel_row cpu_shape_kernels[];
extern const kernel_row cpu_softmax_kernels[];
extern const kernel_row cpu_topk_kernels[];
extern const kernel_row cpu_unary_kernels[];

#endif
