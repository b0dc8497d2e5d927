/* cudnn_convolution.h - convolutions by cuDNN, and the choice between them and others. */
#ifndef VITRO_BACKENDS_CUDA_CUDNN_CUDNN_CONVOLUTION_H
#define VITRO_BACKENDS_CUDA_CUDNN_CUDNN_CONVOLUTION_H

#include "backends/cuda/image/convolution.h"

/* A problem with cuDNN's plans for it: of the process, for all that solve it. */
typedef struct cudnn_convolution cudnn_convolution;

/* NULL where cuDNN is not to be had, or does not take the problem. */
cudnn_convolution *cudnn_find(const convolution *p);
/* Bytes of working memory, which is to be aligned to MEMORY_ALIGNMENT. */
size_t cudnn_scratch(const cudnn_convolution *c);
/* Whether the operands lie as cuDNN wants them. */
bool cudnn_takes(const convolution_operands *o);

typedef void queue_convolution(const convolution *p, const convolution_operands *o, void *scratch);

/* Queues it. The first run that is no part of a graph times cuDNN's plans and what `own` queues, and keeps the fastest;
 * with VT_TUNE=0 it is what cuDNN holds to be that. */
void cudnn_run(cudnn_convolution *c, const convolution_operands *o, void *scratch, queue_convolution *own);

#endif
