/* tested_device.h - which device a test is of: VT_TEST_DEVICE in the environment, or the CPU. */
#ifndef VITRO_TESTS_TESTED_DEVICE_H
#define VITRO_TESTS_TESTED_DEVICE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline const char *tested_device(void)
{
    const char *asked = getenv("VT_TEST_DEVICE");
    return asked && *asked ? asked : "cpu";
}

/* A GPU has kernels for f32; f64 runs on the reference backend. */
static inline bool device_computes_f64(void)
{
    return strcmp(tested_device(), "cuda") != 0;
}

#endif
