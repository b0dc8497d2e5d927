/* attention.cu - attention and its gradients: which kernels a call gets. */
#include "backends/cuda/attention/attention.h"
#include "backends/cuda/kernels.h"
#include "backends/cuda/reduction/sum_of_parts.h"

extern "C" {
#include "ops/attention.h"
}

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
    const int64_t rows[ARRAYS] = { queries, keys,    keys,    queries, queries, queries,
                                   queries, queries, queries, keys,    keys,    queries };
    const int64_t columns[ARRAYS] = { channels, channels, width,    width,    1,     keys,
                                      keys,     width,    channels, channels, width, keys };
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
    if (attributes->dropout > 0 && call->device_bound) /* which it has when it runs, not when it is prepared */
        a.dropout = dropout_rule_of(call, attributes->dropout);
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

/* Of the means. */
static size_t mean_bytes(const kernel_call *call)
{
    return (size_t)vt_shape_count(call->in[ATTENTION_GRADIENT_LOGSUMEXP].shape) * sizeof(float);
}

static bool prepare_backward(const kernel_call *call, preparation *p)
{
    p->scratch = mean_bytes(call);
    return true;
}

static attention gradient_of(const kernel_call *call)
{
    const array *in = call->in, *out = call->out;
    return attention_of(
        call,
        { in[ATTENTION_GRADIENT_Q], in[ATTENTION_GRADIENT_K], in[ATTENTION_GRADIENT_V], in[ATTENTION_GRADIENT_Y],
          as_columns(in[ATTENTION_GRADIENT_LOGSUMEXP]), in[ATTENTION_GRADIENT_BIAS], in[ATTENTION_GRADIENT_MASK],
          in[ATTENTION_GRADIENT_G], out[ATTENTION_GRADIENT_DQ], out[ATTENTION_GRADIENT_DK], out[ATTENTION_GRADIENT_DV],
          call->outputs > ATTENTION_BIAS_GRADIENT_DBIAS ? out[ATTENTION_BIAS_GRADIENT_DBIAS] : array{} });
}

static void queue_backward(const attention &a)
{
    if (a.heads.count == 0) return;
    bool done = tensor_cores_take(a) && (attend_backward_by_heads_in_bf16(a) || attend_backward_in_bf16(a));
    if (!done) attend_backward_in_f32(a);
}

static bool run_backward(const kernel_call *call)
{
    queue_backward(gradient_of(call));
    return launched(call);
}

/* -- The gradient of a bias ---------------------------------------------------------------------------------------- */

/* Of a bias that has an element for each query and key. */
static bool supports_bias_gradient(const kernel_call *call)
{
    const vt_shape q = call->in[ATTENTION_GRADIENT_Q].shape, k = call->in[ATTENTION_GRADIENT_K].shape;
    const vt_shape bias = call->in[ATTENTION_GRADIENT_BIAS].shape;
    return computes_in_f32(call) && bias.rank >= 2 && bias.dim[bias.rank - 2] == q.dim[q.rank - 2] &&
           bias.dim[bias.rank - 1] == k.dim[k.rank - 2];
}

/* So many parts that every multiprocessor has work, of some heads each. What is known before memory is. */
static bias_sharing sharing_of(const attention &a)
{
    enum { BLOCKS_EACH = 4, LEAST_HEADS = 8 };
    bias_sharing s = { .matrices = 1, .heads = 1 };
    s.query_tiles = parts_of(a.queries, BIAS_TILE);
    s.key_tiles = parts_of(a.keys, BIAS_TILE);
    for (int axis = 0; axis < a.heads.rank; axis++) {
        const bool own = a.heads.stride[DBIAS][axis] != 0;
        s.own |= (unsigned)own << axis;
        *(own ? &s.matrices : &s.heads) *= a.heads.extent[axis];
    }
    const int64_t blocks = s.matrices * s.query_tiles * s.key_tiles;
    const int64_t wanted = blocks ? divided_up(BLOCKS_EACH * multiprocessors(), blocks) : 1;
    const int64_t possible = divided_up(s.heads, LEAST_HEADS), parts = wanted < possible ? wanted : possible;
    s.parts = parts < 1 ? 1 : parts;
    return s;
}

static bool prepare_bias_gradient(const kernel_call *call, preparation *p)
{
    const int64_t count = vt_shape_count(call->out[ATTENTION_BIAS_GRADIENT_DBIAS].shape);
    p->scratch =
        aligned_bytes(mean_bytes(call)) + (size_t)(sharing_of(gradient_of(call)).parts * count) * sizeof(float);
    return true;
}

static bool run_bias_gradient(const kernel_call *call)
{
    const attention a = gradient_of(call);
    array *dbias = &call->out[ATTENTION_BIAS_GRADIENT_DBIAS];
    const int64_t count = vt_shape_count(dbias->shape);
    bias_sharing s = sharing_of(a);
    queue_backward(a);
    if (count == 0) return launched(call);
    const bool in_place = array_is_contiguous(dbias);
    s.sums = (float *)((char *)call->scratch + aligned_bytes(mean_bytes(call)));
    array sum = array_contiguous(in_place ? dbias->data : s.sums, VT_F32, dbias->shape);
    if (!tensor_cores_take(a) || !sum_dlogits_in_bf16(a, s)) sum_dlogits_in_f32(a, s);
    queue_sum_of_parts(count, s.parts, s.sums, (float *)sum.data);
    return launched(call) && (in_place || cuda_copy(dbias, &sum));
}

#define FORWARD                                                                                                        \
    {                                                                                                                  \
        .run = run_forward, .supports = computes_in_f32, .strided = true, .strided_outputs = true,                     \
        .bf16_in = 1 << ATTENTION_Q | 1 << ATTENTION_K | 1 << ATTENTION_V, .bf16_out = 1 << ATTENTION_Y                \
    }
#define BACKWARD(run_, supports_, prepare_)                                                                            \
    {                                                                                                                  \
        .run = run_, .supports = supports_, .prepare = prepare_, .strided = true, .strided_outputs = true,             \
        .bf16_in = 1 << ATTENTION_GRADIENT_G | 1 << ATTENTION_GRADIENT_Q | 1 << ATTENTION_GRADIENT_K |                 \
                   1 << ATTENTION_GRADIENT_V | 1 << ATTENTION_GRADIENT_Y,                                              \
        .bf16_out = 1 << ATTENTION_GRADIENT_DQ | 1 << ATTENTION_GRADIENT_DK | 1 << ATTENTION_GRADIENT_DV               \
    }

extern "C" const kernel_row cuda_attention_kernels[] = {
    { &op_attention, FORWARD },
    { &op_attention_gradient, BACKWARD(run_backward, computes_in_f32, prepare_backward) },
    { &op_attention_bias_gradient, BACKWARD(run_bias_gradient, supports_bias_gradient, prepare_bias_gradient) },
    { &op_attention_dropout, FORWARD },
    { &op_attention_dropout_gradient, BACKWARD(run_backward, computes_in_f32, prepare_backward) },
    { &op_attention_dropout_bias_gradient, BACKWARD(run_bias_gradient, supports_bias_gradient, prepare_bias_gradient) },
    {},
};
