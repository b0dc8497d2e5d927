/* sort.cu - a radix sort, a byte of the keys at a time, from the last: of each tile of keys, how often each digit is
 * there; of each digit, where those of each tile begin; each key to its place. */
#include "backends/cuda/reduction/sort.h"
#include "backends/cuda/reduction/scan.h"

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS, ROUNDS = 8, TILE = ROUNDS * BLOCK, WARPS = BLOCK / WARP };
static_assert((int)DIGITS == (int)BLOCK, "a thread has a digit of its own");

static __device__ inline unsigned digit_of(uint32_t key, int shift)
{
    return key >> shift & (DIGITS - 1);
}

/* key [count] -> counts [digits, tiles] */
static __global__ void count_digits(int64_t count, int shift, const uint32_t *key, uint32_t *counts)
{
    SHARED(uint32_t, of_digit, [DIGITS]);
    of_digit[threadIdx.x] = 0;
    __syncthreads();
    for (int round = 0; round < ROUNDS; round++) {
        int64_t i = (int64_t)blockIdx.x * TILE + round * BLOCK + threadIdx.x;
        if (i < count) atomicAdd(&of_digit[digit_of(key[i], shift)], 1u);
    }
    __syncthreads();
    counts[(int64_t)threadIdx.x * gridDim.x + blockIdx.x] = of_digit[threadIdx.x];
}

/* counts [digits, tiles] -> the sums of those before each, and totals [digits]. A block has a digit. */
static __global__ void place_tiles(int tiles, uint32_t *counts, uint32_t *totals)
{
    uint32_t *of_digit = counts + (int64_t)blockIdx.x * tiles, so_far = 0;
    for (int first = 0; first < tiles; first += BLOCK) {
        int tile = first + (int)threadIdx.x;
        uint32_t own = tile < tiles ? of_digit[tile] : 0, total;
        uint32_t sum = block_scan(own, &total);
        if (tile < tiles) of_digit[tile] = so_far + sum - own;
        so_far += total;
    }
    if (threadIdx.x == 0) totals[blockIdx.x] = so_far;
}

/* The lanes whose digit is the same as this one's; none of them is there where the lane itself is not. */
static __device__ inline unsigned lanes_alike(unsigned digit, bool there)
{
    unsigned alike = __ballot_sync(FULL_WARP, there);
#pragma unroll
    for (int bit = 0; bit < DIGIT_BITS; bit++) {
        bool set = digit >> bit & 1;
        unsigned with = __ballot_sync(FULL_WARP, set);
        alike &= set ? with : ~with;
    }
    return there ? alike : 0;
}

/* key and number [count], counts [digits, tiles], totals [digits] -> to_key and to_number [count]. Keys go by rounds of
 * one a thread, so that those of equal digits stay in their order: behind those of the rounds before, of the warps
 * before, of the lanes before. */
static __global__ void scatter_keys(int64_t count, int shift, const uint32_t *key, const uint32_t *number,
                                    const uint32_t *counts, const uint32_t *totals, uint32_t *to_key,
                                    uint32_t *to_number)
{
    SHARED(uint32_t, place, [WARPS][DIGITS]);
    unsigned lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, all;
    uint32_t total = totals[threadIdx.x];
    uint32_t next = block_scan(total, &all) - total + counts[(int64_t)threadIdx.x * gridDim.x + blockIdx.x];
    for (int round = 0; round < ROUNDS; round++) {
        int64_t i = (int64_t)blockIdx.x * TILE + round * BLOCK + threadIdx.x;
        bool there = i < count;
        uint32_t own = there ? key[i] : 0, digit = digit_of(own, shift);
        unsigned alike = lanes_alike(digit, there), before = alike & ((1u << lane) - 1);
        __syncthreads();
        for (int w = 0; w < WARPS; w++) place[w][threadIdx.x] = 0;
        __syncthreads();
        if (there && before == 0) place[warp][digit] = (uint32_t)__popc(alike);
        __syncthreads();
        for (int w = 0; w < WARPS; w++) {
            uint32_t here = place[w][threadIdx.x];
            place[w][threadIdx.x] = next;
            next += here;
        }
        __syncthreads();
        if (!there) continue;
        uint32_t to = place[warp][digit] + (uint32_t)__popc(before);
        to_key[to] = own;
        to_number[to] = number[i];
    }
}

static int tiles_of(int64_t count)
{
    return (int)((count + TILE - 1) / TILE);
}

/* Numbers in pieces of this many stay aligned. */
static size_t rounded_up(int64_t count)
{
    return ((size_t)count + 15) / 16 * 16;
}

size_t sort_scratch(int64_t count)
{
    return (4 * rounded_up(count) + (size_t)DIGITS * (size_t)tiles_of(count) + DIGITS) * sizeof(uint32_t);
}

sorting sort_in(void *scratch, int64_t count, uint32_t greatest)
{
    uint32_t *memory = (uint32_t *)scratch;
    size_t n = rounded_up(count);
    return { count, greatest, { memory, memory + n }, { memory + 2 * n, memory + 3 * n }, memory + 4 * n };
}

static void swap(uint32_t *(&pair)[2])
{
    uint32_t *first = pair[0];
    pair[0] = pair[1];
    pair[1] = first;
}

void sort_by_key(sorting *s)
{
    unsigned tiles = (unsigned)tiles_of(s->count);
    uint32_t *totals = s->counts + (int64_t)DIGITS * tiles;
    if (s->count == 0) return;
    for (int shift = 0; shift < 32 && s->greatest >> shift > 0; shift += DIGIT_BITS) {
        LAUNCH(count_digits, tiles, BLOCK, 0, compute_stream(), s->count, shift, (const uint32_t *)s->key[0],
               s->counts);
        LAUNCH(place_tiles, DIGITS, BLOCK, 0, compute_stream(), (int)tiles, s->counts, totals);
        LAUNCH(scatter_keys, tiles, BLOCK, 0, compute_stream(), s->count, shift, (const uint32_t *)s->key[0],
               (const uint32_t *)s->number[0], (const uint32_t *)s->counts, (const uint32_t *)totals, s->key[1],
               s->number[1]);
        swap(s->key);
        swap(s->number);
    }
}
