/* threads.h - OpenMP's questions, answered also where it is absent. */
#ifndef VITRO_BACKENDS_CPU_THREADS_H
#define VITRO_BACKENDS_CPU_THREADS_H

#ifdef _OPENMP
#include <omp.h>
#endif

/* How many threads the next parallel region gets. */
static inline int thread_count(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

/* This thread's number inside a parallel region. */
static inline int thread_number(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

#endif
