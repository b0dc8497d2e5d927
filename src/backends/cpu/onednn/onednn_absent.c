/* onednn_absent.c - the build without oneDNN: it has no plans. */
#include "backends/cpu/onednn/onednn.h"
#include <stddef.h>
#include <string.h>

onednn_plan *onednn_prepare_matmul(const gemm_problem *p, bool has_bias)
{
    (void)p, (void)has_bias;
    return NULL;
}

onednn_plan *onednn_prepare_convolution(const convolution *p, enum convolution_pass pass, bool has_bias)
{
    (void)p, (void)pass, (void)has_bias;
    return NULL;
}

size_t onednn_scratch(const onednn_plan *p)
{
    (void)p;
    return 0;
}

bool onednn_execute(const onednn_plan *p, void *const *data, void *scratch)
{
    (void)p, (void)data, (void)scratch;
    return false;
}

void onednn_discard(onednn_plan *p)
{
    (void)p;
}

const char *onednn_implementation(const onednn_plan *p)
{
    (void)p;
    return "";
}

void onednn_version(char text[32])
{
    strcpy(text, "none");
}
