/* cudnn_absent.cu - a build without cuDNN. */
#include "backends/cuda/cudnn/cudnn_convolution.h"

cudnn_convolution *cudnn_find(const convolution *p)
{
    (void)p;
    return NULL;
}

size_t cudnn_scratch(const cudnn_convolution *c)
{
    (void)c;
    return 0;
}

bool cudnn_takes(const convolution_operands *o)
{
    (void)o;
    return false;
}

void cudnn_run(cudnn_convolution *c, const convolution_operands *o, void *scratch, queue_convolution *own)
{
    (void)c, (void)o, (void)scratch, (void)own;
}
