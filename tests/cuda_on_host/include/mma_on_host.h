/* mma_on_host.h - the words of src/backends/cuda/product/mma.h on the host. */
#ifndef VITRO_MMA_ON_HOST_H
#define VITRO_MMA_ON_HOST_H

#include <cuda_runtime.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace mma_on_host
{

enum { MOST_THREADS = 1024, MOST_COPIES = 128 };

static inline int thread_number()
{
    return (int)(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z));
}

[[noreturn]] static inline void fail(const char *why)
{
    fprintf(stderr, "mma_on_host: %s: thread %d of block (%u, %u, %u)\n", why, thread_number(), blockIdx.x, blockIdx.y,
            blockIdx.z);
    abort();
}

static inline void check_alignment(const void *p, const char *what)
{
    if ((uintptr_t)p % 16) fail(what);
}

/* -- Of a whole warp, in tensor_cores.cpp -------------------------------------------------------------------------- */

void multiply(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);
void deal_out(uint32_t (&result)[4], const uint32_t (&row)[4], bool transposed);

static inline void load_matrices(uint32_t (&result)[4], const void *row, bool transposed)
{
    check_alignment(row, "ldmatrix: a row is not aligned");
    uint32_t mine[4];
    memcpy(mine, row, sizeof mine);
    deal_out(result, mine, transposed);
}

/* -- Copies: they land no sooner than they are waited for ---------------------------------------------------------- */

struct copy {
    void *to;
    const void *from; /* NULL: zeros */
    unsigned group;
};

struct copy_queue {
    copy copies[MOST_COPIES];
    int count;
    unsigned groups; /* committed */
};

inline copy_queue queues[MOST_THREADS];

static inline void land(const copy &c)
{
    if (c.from)
        memcpy(c.to, c.from, 16);
    else
        memset(c.to, 0, 16);
}

static inline void wait_for_all_but(unsigned groups)
{
    copy_queue &q = queues[thread_number()];
    int kept = 0;
    for (int i = 0; i < q.count; i++) {
        copy c = q.copies[i];
        if (c.group + groups < q.groups)
            land(c);
        else
            q.copies[kept++] = c;
    }
    q.count = kept;
}

} // namespace mma_on_host

static inline void mma_16x8x16(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1)
{
    mma_on_host::multiply(d, a, b0, b1);
}

static inline void ldmatrix_x4(uint32_t (&result)[4], const void *row)
{
    mma_on_host::load_matrices(result, row, false);
}

static inline void ldmatrix_x4_transposed(uint32_t (&result)[4], const void *row)
{
    mma_on_host::load_matrices(result, row, true);
}

static inline void copy_async(void *to, const void *from, bool valid)
{
    using namespace mma_on_host;
    copy_queue &q = queues[thread_number()];
    check_alignment(to, "cp.async: where to is not aligned");
    if (valid) check_alignment(from, "cp.async: where from is not aligned");
    if (q.count == MOST_COPIES) fail("cp.async: too many copies in flight, or of a block that has ended");
    q.copies[q.count++] = copy{ to, valid ? from : NULL, q.groups };
}

static inline void commit_copies()
{
    mma_on_host::queues[mma_on_host::thread_number()].groups++;
}

template <int GROUPS> static inline void wait_for_copies()
{
    mma_on_host::wait_for_all_but(GROUPS);
}

static inline float exp2_approximate(float x)
{
    return exp2f(x);
}

#endif
