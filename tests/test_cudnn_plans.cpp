/* test_cudnn_plans.cpp - that cuDNN, where it is installed, has plans for every convolution of ResNet-18 on a GPU that
 * it is told of. */
#include "backends/cuda/cudnn/cudnn_plan.h"
#include <vitro/base.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char *const h200 =
    "{\"deviceName\": \"NVIDIA H200\", \"deviceVer\": 900, \"computeCapabilityMajor\": 9, \"driverVer\": 13000, "
    "\"cudaDeviceId\": 0, \"pciDeviceId\": 0, \"isTccDriver\": 0, \"supportCoopLaunch\": 1, "
    "\"multiProcessorCount\": 132, \"smClockRateKHz\": 1980000, \"memClockRateKHz\": 3201000, "
    "\"l2CacheSize\": 62914560, \"totalGlobalMem\": 150754820096, \"warpSize\": 32, "
    "\"maxGridSize\": [2147483647, 65535, 65535], \"maxBlockSize\": [1024, 1024, 64], \"maxThreadsPerBlock\": 1024, "
    "\"maxThreadsPerSM\": 2048, \"maxCtasPerSM\": 32, \"regsPerBlock\": 65536, \"maxRegistersPerSM\": 65536, "
    "\"maxSharedMemoryPerBlock\": 49152, \"maxSharedMemoryPerBlockOptin\": 232448, "
    "\"reservedSharedMemoryPerBlock\": 1024}";

static convolution square(int64_t channels, int64_t size, int64_t outputs, int64_t kernel, int64_t stride)
{
    convolution p = {};
    p.batch = 128;
    p.channels = channels;
    p.outputs = outputs;
    p.groups = 1;
    for (int i = 0; i < 2; i++) {
        p.size[i] = size;
        p.kernel[i] = kernel;
        p.stride[i] = stride;
        p.padding[i] = kernel / 2;
        p.dilation[i] = 1;
        p.output[i] = (size - 1) / stride + 1;
    }
    return p;
}

/* On pictures of 224 x 224 and, from 32 pixels on, of 32 x 32. */
static const convolution resnet18[] = {
    square(3, 224, 64, 7, 2),   square(64, 56, 64, 3, 1),   square(64, 56, 128, 3, 2),  square(64, 56, 128, 1, 2),
    square(128, 28, 128, 3, 1), square(128, 28, 256, 3, 2), square(128, 28, 256, 1, 2), square(256, 14, 256, 3, 1),
    square(256, 14, 512, 3, 2), square(256, 14, 512, 1, 2), square(512, 7, 512, 3, 1),  square(3, 32, 64, 3, 1),
    square(64, 32, 64, 3, 1),   square(512, 4, 512, 3, 1),
};

enum { MOST = 4 };

/* A choice among them is kept by name: each has one of its own, and the same whenever plans are made. */
static void expect_names(const cudnn_plan *plans, const cudnn_plan *again, int count)
{
    for (int i = 0; i < count; i++) {
        cr_expect(plans[i].name[0] && strcmp(plans[i].name, again[i].name) == 0, "plan %d is \"%s\", then \"%s\"", i,
                  plans[i].name, again[i].name);
        for (int k = 0; k < i; k++)
            cr_expect(strcmp(plans[k].name, plans[i].name) != 0, "plans %d and %d are \"%s\"", k, i, plans[i].name);
    }
}

static void end_plans(const cudnn_library *library, const cudnn_plan *plans, int count)
{
    for (int i = 0; i < count; i++) {
        library->BackendDestroyDescriptor(plans[i].plan);
        library->BackendDestroyDescriptor(plans[i].configuration);
    }
}

/* Returns how many there are. */
static int expect_names_of_plans(const cudnn_library *library, cudnnBackendDescriptor_t device, const convolution &p)
{
    cudnn_plan plans[MOST], again[MOST];
    int count = cudnn_make_plans(library, &p, device, plans, MOST);
    int count_again = cudnn_make_plans(library, &p, device, again, MOST);
    cr_assert(count == count_again);
    expect_names(plans, again, count);
    end_plans(library, plans, count);
    end_plans(library, again, count);
    return count;
}

static void expect_plans(vt_dtype dtype)
{
    const cudnn_library *library = cudnn_load();
    cudnnBackendDescriptor_t device = library ? cudnn_describe_device(library, h200) : NULL;
    if (!device) cr_skip_test("cuDNN 9.8 or newer is not installed");
    for (convolution p : resnet18) {
        p.dtype = p.result_dtype = dtype;
        for (p.pass = CONVOLUTION_FORWARD; p.pass <= CONVOLUTION_WEIGHT_GRADIENT; p.pass++)
            cr_expect(expect_names_of_plans(library, device, p) > 0, "pass %d of %d x %d x %d to %d has no plan",
                      (int)p.pass, (int)p.channels, (int)p.size[0], (int)p.size[1], (int)p.outputs);
    }
    library->BackendDestroyDescriptor(device);
}

Test(cudnn_plans, bf16)
{
    expect_plans(VT_BF16);
}

/* As a training step asks for them. Where there are none, our own kernels compute them. */
Test(cudnn_plans, weight_gradients_in_f32_of_bf16_if_there_are_any)
{
    const cudnn_library *library = cudnn_load();
    cudnnBackendDescriptor_t device = library ? cudnn_describe_device(library, h200) : NULL;
    if (!device) cr_skip_test("cuDNN 9.8 or newer is not installed");
    for (convolution p : resnet18) {
        p.pass = CONVOLUTION_WEIGHT_GRADIENT;
        p.dtype = VT_BF16;
        p.result_dtype = VT_F32;
        expect_names_of_plans(library, device, p);
    }
    library->BackendDestroyDescriptor(device);
}

Test(cudnn_plans, f32)
{
    expect_plans(VT_F32);
}

Test(cudnn_plans, f32_rounded)
{
    setenv("VT_TF32", "1", 1);
    expect_plans(VT_F32);
}
