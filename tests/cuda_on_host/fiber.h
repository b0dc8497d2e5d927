/* fiber.h - stacks to switch between, told to the sanitizers. One runs at a time. */
#ifndef CUDA_ON_HOST_FIBER_H
#define CUDA_ON_HOST_FIBER_H

#include <stddef.h>

namespace on_host
{

struct fiber {
    void *stack_pointer; /* while another one runs */
    const void *stack;
    size_t stack_bytes;
    void *fake_stack; /* the address sanitizer's */
    void *context;    /* the thread sanitizer's */
    fiber *next;      /* for lists of who makes them */
};

/* The first switch to it calls `begin`, which never returns. For the thread sanitizer it is the same thread as its
 * twin, unless that is NULL. */
void make_fiber(fiber *f, void (*begin)(), const fiber *twin);

/* Makes a fiber of the stack that the caller runs on. */
void become_fiber(fiber *f);

void switch_fiber(fiber *from, fiber *to);

/* What the thread sanitizer is to take for an edge between threads: what came before `release` has happened for who
 * comes behind `acquire`. */
void release_edge(char *edge);
void acquire_edge(char *edge);

} // namespace on_host

#endif
