/* topk.c - the k first elements of each lane, by a heap of k whose root is the last of them. */
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

static void store(const kernel_call *call, int64_t from, int64_t to, int64_t index)
{
    size_t size = vt_dtype_size(call->in[0].dtype);
    memcpy((char *)call->out[0].data + (size_t)to * size, (const char *)call->in[0].data + (size_t)from * size, size);
    ((int64_t *)call->out[1].data)[to] = index;
}

static bool topk(const kernel_call *call)
{
    const topk_attributes *a = call->attributes;
    const array *x = &call->in[0];
    int64_t extent = x->shape.dim[a->axis], inner = 1;
    for (int i = (int)a->axis + 1; i < x->shape.rank; i++) inner *= x->shape.dim[i];
    if (a->k == 0 || vt_shape_count(x->shape) == 0) return true;
    int64_t lanes = vt_shape_count(x->shape) / extent;
    candidate *heaps = calloc((size_t)a->k * (size_t)thread_count(), sizeof *heaps);
    if (!heaps) {
        refuse_call("topk", call->at, VT_ERROR_MEMORY, "out of memory for k = %lld", (long long)a->k);
        return false;
    }
#pragma omp parallel for if (lanes * extent > WORTH_THREADS)
    for (int64_t lane = 0; lane < lanes; lane++) {
        int64_t o = lane / inner, i = lane % inner, start = o * extent * inner + i;
        candidate *heap = heaps + thread_number() * a->k;
        select_first(x, start, inner, extent, a, heap);
        for (int64_t k = 0; k < a->k; k++)
            store(call, start + heap[k].index * inner, (o * a->k + k) * inner + i, heap[k].index);
    }
    free(heaps);
    return true;
}

const kernel_row cpu_topk_kernels[] = {
    { &op_topk, { .run = topk } },
    { 0 },
};
