/* attention.cu - attention and its gradient: which kernels a call gets. */
#include "backends/cuda/attention/attention.h"
#include "backends/cuda/kernels.h"

extern "C" {
#include "ops/attention.h"
}
#include <math.h>

/* An array with an extent of its own behind the leading axes `leads`, to which it broadcasts: what of it is one head's,
 * and the rest, `lead`. */
static matrix matrix_of(array a, vt_shape leads, int64_t rows, int64_t columns, array *lead)
{
    *lead = array{};
    if (!a.data) return matrix{};
    int rank = leads.rank;
    leads.dim[leads.rank++] = rows;
    leads.dim[leads.rank++] = columns;
    *lead = array_broadcast(a, leads);
    lead->shape.rank = rank;
    return matrix{ (char *)a.data, (int)vt_dtype_size(a.dtype), lead->stride[rank], lead->stride[rank + 1] };
}

/* The logsumexp, as columns. */
static array as_columns(array a)
{
    a.stride[a.shape.rank] = 0;
    a.shape.dim[a.shape.rank++] = 1;
    return a;
}

static attention attention_of(const kernel_call *call, const array (&arrays)[ARRAYS])
{
    const attention_attributes *attributes = (const attention_attributes *)call->attributes;
    vt_shape q = arrays[Q].shape, k = arrays[K].shape, leads = arrays[Y].shape;
    int64_t queries = q.dim[q.rank - 2], channels = q.dim[q.rank - 1], keys = k.dim[k.rank - 2];
    int64_t width = leads.dim[leads.rank - 1];
    const int64_t rows[ARRAYS] = {
        queries, keys, keys, queries, queries, queries, queries, queries, queries, keys, keys
    };
    const int64_t columns[ARRAYS] = {
        channels, channels, width, width, 1, keys, keys, width, channels, channels, width
    };
    attention a = {};
    array lead[ARRAYS];
    const array *lead_of[ARRAYS];
    leads.rank -= 2;
    for (int i = 0; i < ARRAYS; i++) {
        a.arrays[i] = matrix_of(arrays[i], leads, rows[i], columns[i], &lead[i]);
        lead_of[i] = &lead[i];
    }
    a.heads = make_walk<ARRAYS>(leads, lead_of);
    a.queries = (int)queries;
    a.keys = (int)keys;
    a.channels = (int)channels;
    a.width = (int)width;
    a.scale = (float)attributes->scale;
    a.causal = attributes->causal != 0;
    a.means = (float *)call->scratch;
    if (attributes->dropout > 0)
        a.dropout = { call->device_bound, (uint32_t)ceil(attributes->dropout * 0x1p24),
                      (float)(1 / (1 - attributes->dropout)) };
    return a;
}

static bool computes_in_f32(const kernel_call *call)
{
    return call->in[ATTENTION_Q].dtype != VT_F64;
}

static bool run_forward(const kernel_call *call)
{
    const array *in = call->in, *out = call->out;
    attention a = attention_of(call, { in[ATTENTION_Q], in[ATTENTION_K], in[ATTENTION_V], out[ATTENTION_Y],
                                       as_columns(out[ATTENTION_LOGSUMEXP]), in[ATTENTION_BIAS], in[ATTENTION_MASK] });
    if (a.heads.count == 0 || a.queries == 0) return true;
    (tensor_cores_take(a) ? attend_in_bf16 : attend_in_f32)(a);
    return launched(call);
}

static bool prepare_backward(const kernel_call *call, preparation *p)
{
    *p = preparation{};
    p->scratch = (size_t)vt_shape_count(call->in[ATTENTION_GRADIENT_LOGSUMEXP].shape) * sizeof(float);
    return true;
}

static bool run_backward(const kernel_call *call)
{
    const array *in = call->in, *out = call->out;
    attention a =
        attention_of(call, { in[ATTENTION_GRADIENT_Q], in[ATTENTION_GRADIENT_K], in[ATTENTION_GRADIENT_V],
                             in[ATTENTION_GRADIENT_Y], as_columns(in[ATTENTION_GRADIENT_LOGSUMEXP]),
                             in[ATTENTION_GRADIENT_BIAS], in[ATTENTION_GRADIENT_MASK], in[ATTENTION_GRADIENT_G],
                             out[ATTENTION_GRADIENT_DQ], out[ATTENTION_GRADIENT_DK], out[ATTENTION_GRADIENT_DV] });
    if (a.heads.count == 0) return true;
    bool done = tensor_cores_take(a) && (attend_backward_by_heads_in_bf16(a) || attend_backward_in_bf16(a));
    if (!done) attend_backward_in_f32(a);
    return launched(call);
}

#define FORWARD                                                                                                        \
    {                                                                                                                  \
        .run = run_forward, .supports = computes_in_f32, .strided = true, .strided_outputs = true,                     \
        .bf16_in = 1 << ATTENTION_Q | 1 << ATTENTION_K | 1 << ATTENTION_V, .bf16_out = 1 << ATTENTION_Y                \
    }
#define BACKWARD                                                                                                       \
    {                                                                                                                  \
        .run = run_backward, .supports = computes_in_f32, .prepare = prepare_backward, .strided = true,                \
        .strided_outputs = true,                                                                                       \
        .bf16_in = 1 << ATTENTION_GRADIENT_G | 1 << ATTENTION_GRADIENT_Q | 1 << ATTENTION_GRADIENT_K |                 \
                   1 << ATTENTION_GRADIENT_V | 1 << ATTENTION_GRADIENT_Y,                                              \
        .bf16_out = 1 << ATTENTION_GRADIENT_DQ | 1 << ATTENTION_GRADIENT_DK | 1 << ATTENTION_GRADIENT_DV               \
    }

extern "C" const kernel_row cuda_attention_kernels[] = {
    { &op_attention, FORWARD },
    { &op_attention_gradient, BACKWARD },
    { &op_attention_dropout, FORWARD },
    { &op_attention_dropout_gradient, BACKWARD },
    {},
};
