/* topk.c - the k first elements of each lane: few by a heap of k whose root is the last of them, many by sorting all.
 */
#include "backends/cpu/kernels.h"
#include "backends/cpu/machine/threads.h"
#include "ops/index.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORTH_THREADS = 1 << 14 }; /* elements */

/* An element by its rank among all values of its dtype: larger keys come first. */
typedef struct candidate {
    uint64_t key;
    int64_t index;
} candidate;

static bool comes_before(candidate a, candidate b)
{
    return a.key != b.key ? a.key > b.key : a.index < b.index;
}

/* The bits of a double order as an integer's, once those of negative ones are turned round. Adding 0 makes -0 equal to
 * 0; NaN is above infinity. */
static uint64_t key_of_double(double value)
{
    const uint64_t sign = (uint64_t)1 << 63;
    uint64_t bits;
    if (isnan(value)) return UINT64_MAX;
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits & sign ? ~bits : bits | sign;
}

static uint64_t key_at(const array *x, int64_t offset)
{
    switch (x->dtype) {
    case VT_F32: return key_of_double((double)((const float *)x->data)[offset]);
    case VT_F64: return key_of_double(((const double *)x->data)[offset]);
    case VT_I64: return (uint64_t)((const int64_t *)x->data)[offset] ^ (uint64_t)1 << 63;
    default: return key_of_double(array_get(x, offset)); /* the other dtypes are exact in a double */
    }
}

/* Lets the candidate at the root sink until no candidate below it comes after it. */
static void sink(candidate *heap, int64_t count)
{
    candidate top = heap[0];
    int64_t at = 0;
    for (int64_t below = 1; below < count; below = 2 * at + 1) {
        if (below + 1 < count && comes_before(heap[below], heap[below + 1])) below++;
        if (!comes_before(top, heap[below])) break;
        heap[at] = heap[below];
        at = below;
    }
    heap[at] = top;
}

static void rise(candidate *heap, int64_t at)
{
    candidate last = heap[at];
    for (; at > 0 && comes_before(heap[(at - 1) / 2], last); at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = last;
}

/* The first k of `extent` elements, in order. */
static void select_first(const array *x, int64_t start, int64_t stride, int64_t extent, const topk_attributes *a,
                         candidate *heap)
{
    int64_t count = 0;
    for (int64_t j = 0; j < extent; j++) {
        uint64_t key = key_at(x, start + j * stride);
        candidate here = { a->smallest ? ~key : key, j };
        if (count < a->k) {
            heap[count] = here;
            rise(heap, count++);
        } else if (comes_before(here, heap[0])) {
            heap[0] = here;
            sink(heap, count);
        }
    }
    while (count > 1) {
        candidate last = heap[0];
        heap[0] = heap[--count];
        sink(heap, count);
        heap[count] = last;
    }
}

/* -- All of them: runs sorted by insertion, then merged ------------------------------------------------------------ */

enum { RUN = 16 };

static void sort_run(candidate *run, int64_t count)
{
    for (int64_t i = 1; i < count; i++) {
        candidate here = run[i];
        int64_t to = i;
        for (; to > 0 && comes_before(here, run[to - 1]); to--) run[to] = run[to - 1];
        run[to] = here;
    }
}

static void merge(const candidate *a, const candidate *a_end, const candidate *b, const candidate *b_end, candidate *to)
{
    while (a < a_end && b < b_end) {
        bool second = comes_before(*b, *a);
        *to++ = second ? *b : *a;
        a += !second;
        b += second;
    }
    memcpy(to, a, (size_t)(a_end - a) * sizeof *to);
    memcpy(to + (a_end - a), b, (size_t)(b_end - b) * sizeof *to);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* In either half of the memory; returns which. */
static candidate *sort_all(const array *x, int64_t start, int64_t stride, int64_t extent, bool smallest,
                           candidate *memory)
{
    candidate *from = memory, *to = memory + extent;
    for (int64_t j = 0; j < extent; j++) {
        uint64_t key = key_at(x, start + j * stride);
        from[j] = (candidate){ smallest ? ~key : key, j };
    }
    for (int64_t first = 0; first < extent; first += RUN) sort_run(from + first, least(RUN, extent - first));
    for (int64_t width = RUN; width < extent; width *= 2) {
        for (int64_t first = 0; first < extent; first += 2 * width) {
            int64_t middle = least(first + width, extent), end = least(first + 2 * width, extent);
            merge(from + first, from + middle, from + middle, from + end, to + first);
        }
        candidate *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

static void store(const kernel_call *call, int64_t from, int64_t to, int64_t index)
{
    size_t size = vt_dtype_size(call->in[0].dtype);
    memcpy((char *)call->out[TOPK_VALUES].data + (size_t)to * size,
           (const char *)call->in[0].data + (size_t)from * size, size);
    ((int64_t *)call->out[TOPK_INDICES].data)[to] = index;
}

static bool topk(const kernel_call *call)
{
    const topk_attributes *a = call->attributes;
    const array *x = &call->in[0];
    int64_t extent = x->shape.dim[a->axis], inner = 1;
    for (int i = (int)a->axis + 1; i < x->shape.rank; i++) inner *= x->shape.dim[i];
    if (a->k == 0 || vt_shape_count(x->shape) == 0) return true;
    int64_t lanes = vt_shape_count(x->shape) / extent;
    bool many = a->k > extent / 3; /* where the two cost the same */
    int64_t own = many ? 2 * extent : a->k;
    candidate *memory = calloc((size_t)own * (size_t)thread_count(), sizeof *memory);
    if (!memory) {
        refuse_call("topk", call->at, VT_ERROR_MEMORY, "out of memory for k = %lld", (long long)a->k);
        return false;
    }
#pragma omp parallel for if (lanes * extent > WORTH_THREADS)
    for (int64_t lane = 0; lane < lanes; lane++) {
        int64_t o = lane / inner, i = lane % inner, start = o * extent * inner + i;
        candidate *first = memory + thread_number() * own;
        if (many)
            first = sort_all(x, start, inner, extent, a->smallest, first);
        else
            select_first(x, start, inner, extent, a, first);
        for (int64_t k = 0; k < a->k; k++)
            store(call, start + first[k].index * inner, (o * a->k + k) * inner + i, first[k].index);
    }
    free(memory);
    return true;
}

const kernel_row cpu_topk_kernels[] = {
    { &op_topk, { .run = topk } },
    { 0 },
};
