/* fiber.cpp - see fiber.h. Never itself compiled for the thread sanitizer, which CUDA_ON_HOST_TSAN says is there. */
#include "fiber.h"
#include "sanitizers.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#ifdef CUDA_ON_HOST_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* Saves the registers that a call preserves and the stack pointer; takes up those saved at `load`. */
extern "C" __attribute__((visibility("hidden"))) void on_host_switch_stack(void **save, void *load);
asm(R"(
    .text
    .hidden on_host_switch_stack
    .globl on_host_switch_stack
    .type on_host_switch_stack, @function
on_host_switch_stack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size on_host_switch_stack, . - on_host_switch_stack
)");

namespace on_host
{

enum { STACK_BYTES = 256 * 1024, PAGE = 4096, SAVED_REGISTERS = 6 };

static fiber *left;     /* who ran before the running one */
static void (*entry)(); /* what fibers begin with */

static void leave(fiber *from, fiber *to)
{
    left = from;
#ifdef CUDA_ON_HOST_ASAN
    __sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_bytes);
#endif
#ifdef CUDA_ON_HOST_TSAN
    if (to->context != from->context) __tsan_switch_to_fiber(to->context, __tsan_switch_to_fiber_no_sync);
#endif
    (void)to;
}

static void arrive(void *fake_stack)
{
#ifdef CUDA_ON_HOST_ASAN
    __sanitizer_finish_switch_fiber(fake_stack, &left->stack, &left->stack_bytes);
#endif
    (void)fake_stack;
}

static void enter()
{
    arrive(nullptr);
    entry();
}

/* With a page below that faults where the stack overflows. */
static char *map_stack()
{
    char *mapped = (char *)mmap(nullptr, STACK_BYTES + PAGE, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED || mprotect(mapped, PAGE, PROT_NONE) != 0) {
        perror("cuda on the host: a stack");
        abort();
    }
    return mapped + PAGE;
}

void make_fiber(fiber *f, void (*begin)(), const fiber *twin)
{
    entry = begin;
    f->stack = map_stack();
    f->stack_bytes = STACK_BYTES;
    /* Stacks that all begin at one distance would share a few sets of the cache. */
    static unsigned made;
    uintptr_t *top = (uintptr_t *)((char *)f->stack + STACK_BYTES - made++ * 320 % PAGE);
    /* As a call leaves it: 16-byte aligned below the return address, which ends backtraces. */
    top[-1] = 0;
    top[-2] = (uintptr_t)enter;
    f->stack_pointer = top - 2 - SAVED_REGISTERS;
#ifdef CUDA_ON_HOST_TSAN
    f->context = twin ? twin->context : __tsan_create_fiber(0);
#endif
    (void)twin;
}

void become_fiber(fiber *f)
{
    *f = {};
#ifdef CUDA_ON_HOST_TSAN
    f->context = __tsan_get_current_fiber();
#endif
}

void switch_fiber(fiber *from, fiber *to)
{
    leave(from, to);
    on_host_switch_stack(&from->stack_pointer, to->stack_pointer);
    arrive(from->fake_stack);
}

void release_edge(char *edge)
{
#ifdef CUDA_ON_HOST_TSAN
    __tsan_release(edge);
#endif
    (void)edge;
}

void acquire_edge(char *edge)
{
#ifdef CUDA_ON_HOST_TSAN
    __tsan_acquire(edge);
#endif
    (void)edge;
}

} // namespace on_host
