/* timing.h - which of several ways to queue the same work takes the device the least time. */
#ifndef VITRO_BACKENDS_CUDA_TIMING_H
#define VITRO_BACKENDS_CUDA_TIMING_H

/* Queues candidate `number`; false where it cannot run. */
typedef bool queue_candidate(int number, const void *context);

/* The number of the fastest; waits for the device. The most promising come first, and another must take clearly less
 * time than those before it: results differ in their last bits, and are to be the same in the next run of a program.
 * Where nothing can be timed it is 0. `work` is what the log calls it. */
int fastest_candidate(int count, queue_candidate *queue, const void *context, const char *work);

#endif
