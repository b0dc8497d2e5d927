/* test_shared_memory.cpp - kernels of attention are chosen by how much shared memory a block of the device has. */
#include <criterion/criterion.h> /* whose C++ has __noinline__ for a word of its own */

#include "../left_behind.h"
#include "backends/cuda/attention/attention.h"
extern "C" {
#include "core/backend.h"
}
#include <stdlib.h>

static void fini()
{
    expect_nothing_left();
}

TestSuite(shared_memory, .fini = fini);

/* So many heads of 64 queries and keys, all of which read and write the same memory, in bf16. */
static attention heads(int count, int channels, void *memory)
{
    attention a = { .queries = 64, .keys = 64, .channels = channels, .width = channels, .scale = 1 };
    a.heads = { .count = count, .rank = 1, .extent = { count } };
    for (matrix &m : a.arrays) m = { (char *)memory, sizeof(uint16_t), channels, 1 };
    a.arrays[BIAS] = a.arrays[MASK] = {};
    a.arrays[LOGSUMEXP].size = sizeof(float);
    a.means = (float *)memory;
    return a;
}

/* Whether a device whose blocks have so much shared memory takes the heads, by the one way or the other. */
static bool takes(const char *kib, int channels, bool (*queue)(const attention &a))
{
    setenv("CUDA_ON_HOST_SHARED_KIB", kib, 1);
    setenv("CUDA_ON_HOST_MULTIPROCESSORS", "1", 1);
    vt_set_device("cuda");
    const backend *device = backend_find("cuda");
    void *memory = device->allocate(1 << 16);
    cr_assert(memory && !vt_failed(), "%s", vt_error_message());
    cr_assert(cudaMemset(memory, 0, 1 << 16) == cudaSuccess);
    const bool taken = queue(heads(1, channels, memory));
    cr_assert(cudaGetLastError() == cudaSuccess && device->queue->finish());
    device->release(memory, 1 << 16);
    vt_shutdown();
    return taken;
}

static bool sum_dlogits(const attention &a)
{
    return sum_dlogits_in_bf16(
        a, { .matrices = 1, .heads = a.heads.count, .parts = 1, .query_tiles = 1, .key_tiles = 1, .sums = a.means });
}

/* What an H200 takes whole is left to other kernels by an architecture 8.6 or 12.0; half as much is not. */
#define TEST_WAY(name, queue, most)                                                                                    \
    Test(shared_memory, name##_takes_large_heads_where_it_can)                                                         \
    {                                                                                                                  \
        cr_assert(takes("227", most, queue));                                                                          \
    }                                                                                                                  \
    Test(shared_memory, name##_leaves_them_where_it_cannot)                                                            \
    {                                                                                                                  \
        cr_assert(!takes("99", most, queue));                                                                          \
    }                                                                                                                  \
    Test(shared_memory, name##_takes_half_of_them_there)                                                               \
    {                                                                                                                  \
        cr_assert(takes("99", most / 2, queue));                                                                       \
    }
TEST_WAY(the_gradient, attend_backward_in_bf16, 128)
TEST_WAY(the_gradient_of_a_bias, sum_dlogits, 128)
