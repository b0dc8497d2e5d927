/* implicit_gemm.h - this library's own convolutions. */
#ifndef VITRO_BACKENDS_CUDA_IMAGE_IMPLICIT_GEMM_H
#define VITRO_BACKENDS_CUDA_IMAGE_IMPLICIT_GEMM_H

#include "backends/cuda/image/convolution.h"

/* Whether numbers of pixels and elements fit into the kernels' 32 bits. */
bool implicit_gemm_takes(const convolution *p);
/* Bytes of working memory. */
size_t implicit_gemm_scratch(const convolution *p);
/* Queues it, for a batch that is not empty. */
void implicit_gemm_queue(const convolution *p, const convolution_operands *o, void *scratch);

#endif
