/* unroll.h - loops over vectors in registers, of which compilers make straight code. */
#ifndef VITRO_BACKENDS_CPU_VECTOR_UNROLL_H
#define VITRO_BACKENDS_CPU_VECTOR_UNROLL_H

/* Before a loop of a constant number of turns, 16 at most. */
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#endif
