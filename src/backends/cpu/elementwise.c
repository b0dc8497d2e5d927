/* elementwise.c - ops on each element. */
#include "backends/cpu/kernels.h"

const kernel_row cpu_elementwise_kernels[] = { { 0 } };
