/* cudnn_plan.h - what cuDNN proposes for a convolution. Nothing here needs a GPU but its description. */
#ifndef VITRO_BACKENDS_CUDA_CUDNN_CUDNN_PLAN_H
#define VITRO_BACKENDS_CUDA_CUDNN_CUDNN_PLAN_H

#include "backends/cuda/image/convolution.h"
#include "backends/cuda/cudnn/cudnn_library.h"

typedef struct cudnn_plan {
    cudnnBackendDescriptor_t configuration, plan;
    int64_t workspace; /* bytes */
    char name[256];    /* "12-7_1-25_0": the number of the engine, and each of its knobs with its setting */
} cudnn_plan;

/* The number of each operand in what is handed to a plan. */
enum { CUDNN_X = 1, CUDNN_WEIGHT, CUDNN_Y };

/* The current device or, for tests, one described as JSON. NULL where cuDNN is older than 9.8. */
cudnnBackendDescriptor_t cudnn_describe_device(const cudnn_library *library, const char *json);

/* Makes at most `most` plans for a convolution without bias on a device; what is thought to be the fastest comes
 * first. Returns how many there are. f32 is what it says, unless VT_TF32=1; the same
 * operands give the same bits. */
int cudnn_make_plans(const cudnn_library *library, const convolution *p, cudnnBackendDescriptor_t device,
                     cudnn_plan *plans, int most);

#endif
