/* multiply_add.c - chains of vectors that are multiplied and added to, in registers alone. */
#include "backends/cpu/machine/multiply_add.h"
#include "backends/cpu/machine/threads.h"
#include "backends/cpu/vector/float_vector.h"
#include "backends/cpu/vector/unroll.h"

/* More chains than a processor begins until the first is done: 2 a cycle, which take 4 or 5. */
enum { CHAINS = 12, ROUNDS = 1 << 20 };

/* x = x / 2 + 1/2, whose limit is 1: no number on the way is slow to compute with. */
static float_vector run_chains(float start)
{
    float_vector x[CHAINS], half = { 0 };
    half += 0.5f;
    UNROLL for (int i = 0; i < CHAINS; i++) x[i] = half * (float)i + start; /* or they were one */
    for (int round = 0; round < ROUNDS; round++) {
        UNROLL for (int i = 0; i < CHAINS; i++) x[i] = x[i] * half + half;
    }
    UNROLL for (int i = 1; i < CHAINS; i++) x[0] += x[i];
    return x[0];
}

double multiply_add(void)
{
    int threads = thread_count(), finite = 0; /* asked of each result, so that the compiler leaves nothing out */
#pragma omp parallel for num_threads(threads) reduction(+ : finite) if (threads > 1)
    for (int t = 0; t < threads; t++) finite += run_chains((float)t)[0] < (float)(CHAINS + threads + 1);
    return 2.0 * CHAINS * FLOAT_LANES * ROUNDS * finite;
}
