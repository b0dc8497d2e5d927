/* vector_width.h - the bytes of the registers that the compiler was told of. */
#ifndef VITRO_BACKENDS_CPU_VECTOR_VECTOR_WIDTH_H
#define VITRO_BACKENDS_CPU_VECTOR_VECTOR_WIDTH_H

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

#endif
