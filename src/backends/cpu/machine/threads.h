/* threads.h - OpenMP's questions, answered also where it is absent. */
#ifndef VITRO_BACKENDS_CPU_MACHINE_THREADS_H
#define VITRO_BACKENDS_CPU_MACHINE_THREADS_H

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

/* Gives the next parallel regions so many. */
static inline void set_thread_count(int threads)
{
#ifdef _OPENMP
    omp_set_num_threads(threads);
#else
    (void)threads;
#endif
}

/* Sets how many threads later regions get; returns how many they got so far. */
static inline int thread_limit(int count)
{
    int before = thread_count();
#ifdef _OPENMP
    omp_set_num_threads(count);
#else
    (void)count;
#endif
    return before;
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
