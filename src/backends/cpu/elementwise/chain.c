/* chain.c - several ops on each element in one pass over memory: a few hundred elements at a time go through all of
 * them, and what is between two ops stays in the nearest cache. */
#include "passes/chain.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/reduction/rows.h"

enum { ELEMENTS = 512 };

/* The operand as the link's function sees it, for elements from `begin` on. */
static void set_operand(const row *r, row *link, int k, int64_t operand, int64_t begin, size_t size, char *results)
{
    bool input = operand < CHAIN_INPUTS;
    link->stride[k] = input ? r->stride[operand] : 1;
    link->in[k] = input ? (const char *)r->in[operand] + begin * r->stride[operand] * (int64_t)size
                        : results + (operand - CHAIN_INPUTS) * ELEMENTS * (int64_t)size;
}

static void run_links(const row *r, int64_t begin, int64_t count, vt_dtype dtype)
{
    _Alignas(64) char results[CHAIN_LINKS * ELEMENTS * sizeof(double)];
    const chain_attributes *a = r->attributes;
    size_t size = vt_dtype_size(dtype);
    for (int i = 0; i < a->count; i++) {
        const chain_link *l = &a->link[i];
        bool last = i == a->count - 1;
        row link = { .count = count, .attributes = &a->words[l->attributes] };
        link.out = last ? (char *)r->out + begin * (int64_t)size : results + (size_t)i * ELEMENTS * size;
        for (int k = 0; k < l->operands; k++) set_operand(r, &link, k, l->operand[k], begin, size, results);
        cpu_pointwise_rows[l->op][dtype](&link);
    }
}

static void run_row(const row *r, vt_dtype dtype)
{
    for (int64_t begin = 0; begin < r->count; begin += ELEMENTS)
        run_links(r, begin, r->count - begin < ELEMENTS ? r->count - begin : ELEMENTS, dtype);
}

static void chain_f32(const row *r)
{
    run_row(r, VT_F32);
}

static void chain_f64(const row *r)
{
    run_row(r, VT_F64);
}

static bool chain(const kernel_call *call)
{
    return run_rows(call, row_dtype(&call->out[0]) == VT_F32 ? chain_f32 : chain_f64);
}

static bool has_row_functions(const kernel_call *call)
{
    const chain_attributes *a = call->attributes;
    vt_dtype dtype = row_dtype(&call->out[0]);
    for (int i = 0; i < a->count; i++)
        if (!cpu_pointwise_rows[a->link[i].op][dtype]) return false;
    return vt_dtype_is_float(dtype);
}

const kernel_row cpu_chain_kernels[] = {
    { &op_chain,
      { .run = chain,
        .supports = has_row_functions,
        .strided = true,
        .elementwise = true,
        .bf16_in = (1 << CHAIN_INPUTS) - 1,
        .bf16_out = 1 } },
    { 0 },
};
