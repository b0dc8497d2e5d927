/* cuda_on_host.h - the stand-in's own words, for the toolkit's headers in this folder and for primitives that have a
 * body of their own on the host.
 *
 * The threads of a block are fibers, and blocks run one after another. One lock is held while anything runs, so that
 * several host threads may use the device; what is declared under "in a kernel" needs no other. */
#ifndef CUDA_ON_HOST_H
#define CUDA_ON_HOST_H

#include "vector_types.h"
#include <functional>
#include <stddef.h>
#include <stdint.h>
#include <vector>

typedef struct CUstream_st *cudaStream_t;
enum cudaError_t : int;

namespace on_host
{

/* Ends the program with what is wrong, in which kernel and block, and where its threads wait. */
[[noreturn]] __attribute__((format(printf, 1, 2))) void die(const char *format, ...);

/* -- On a stream -------------------------------------------------------------------------------------------------- */

/* Runs later, on whatever host thread then waits; device memory is open to it. Captured where the stream is. */
cudaError_t submit(cudaStream_t stream, std::function<void()> operation);

/* Whether all these bytes lie in one allocation on the device. */
bool is_on_device(const void *memory, size_t bytes);

/* -- For tests of who calls it ------------------------------------------------------------------------------------- */

/* From now on so many streams, events and allocations are to be had, and no more; -1: all. */
void refuse_after(int count);

/* From now on this function of the toolkit fails so, if it is one that can be asked to; NULL: none does. */
void let_fail(const char *function, cudaError_t status);

/* Streams, events and allocations that have not ended. */
int things_alive();

/* How many kernels were launched, or put into a graph, whose name in the launch has these words: "" is in all. */
int launches_of(const char *words);

/* Pieces of work that were put on a stream and have not run yet. */
int work_left(cudaStream_t stream);

/* -- Launches ------------------------------------------------------------------------------------------------------ */

struct kernel_launch {
    const char *name;
    const void *kernel;
    dim3 grid, block;
    size_t shared_bytes;
    std::vector<const void *> pointers; /* arguments that must be device memory */
    std::function<void()> thread;       /* what each thread does */
};

/* Errors are for cudaGetLastError. */
void launch(cudaStream_t stream, kernel_launch launch);

/* -- In a kernel -------------------------------------------------------------------------------------------------- */

/* A place in the source. */
struct place {
    const char *file;
    int line;
    place(const char *file = nullptr, int line = 0) : file(file), line(line)
    {
    }
};

extern int thread_number;     /* of the running thread in its block */
extern uint64_t block_number; /* of the running block among all that ever ran, from 1 on */

enum { MAX_THREADS = 1024, WARP = 32, MAX_WARPS = MAX_THREADS / WARP };

inline int lane()
{
    return thread_number % WARP;
}

/* Waits for the threads of the block that have not ended. */
void barrier(place at);

/* What a lane asks of the others in `warp_op`: the value of a lane from 0 to 31, nothing, or a bit for each lane whose
 * value is not 0. */
enum { NOTHING = -1, VOTES = -2 };

/* Waits for the lanes of the mask, with a value for them. */
uint64_t warp_op(unsigned mask, uint64_t value, int asked, place at);

/* An array in shared memory: its place is another in each block. */
struct shared_variable {
    uint64_t block;
    void *memory;

    void *find(size_t bytes, size_t alignment)
    {
        if (block != block_number) enter_block(bytes, alignment);
        return memory;
    }

  private:
    void enter_block(size_t bytes, size_t alignment);
};

void *dynamic_shared();

} // namespace on_host

#endif
