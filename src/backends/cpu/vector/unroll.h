/* unroll.h - loops over vectors in registers, of which compilers make straight code. */
#ifndef VITRO_BACKENDS_CPU_VECTOR_UNROLL_H
#define VITRO_BACKENDS_CPU_VECTOR_UNROLL_H

/* Before a loop of a constant number of turns, 16 at most. */
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Keeps a vector where it is: compilers give the sums of long straight code other registers with every step, which
 * takes moves, and memory where registers run out. */
#if defined(__x86_64__)
#define KEEP_REGISTER(x) __asm__("" : "+v"(x))
#elif defined(__aarch64__)
#define KEEP_REGISTER(x) __asm__("" : "+w"(x))
#else
#define KEEP_REGISTER(x) (void)(x)
#endif

#endif
