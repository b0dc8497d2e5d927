/* convolution.c - the kernels of convolutions: which algorithm computes each, and what it needs. */
#include "backends/cpu/machine/choose.h"
#include "core/base/error.h"
#include "backends/cpu/image/convolution.h"
#include "backends/cpu/image/depth_wise.h"
#include "backends/cpu/vector/integers.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/onednn/onednn.h"
#include "backends/cpu/machine/threads.h"
#include "backends/cpu/image/winograd.h"
#include "core/graph/refuse.h"
#include "ops/convolution.h"
#include <stdlib.h>
#include <string.h>

static convolution problem_of(const kernel_call *call, const array *x, const array *weight, const array *y)
{
    const conv2d_attributes *a = call->attributes;
    convolution p = {
        .batch = x->shape.dim[0], .channels = x->shape.dim[1], .outputs = y->shape.dim[1], .groups = a->groups
    };
    for (int i = 0; i < 2; i++) {
        p.size[i] = x->shape.dim[2 + i];
        p.kernel[i] = weight->shape.dim[2 + i];
        p.output[i] = y->shape.dim[2 + i];
        p.stride[i] = a->stride[i];
        p.padding[i] = a->padding[i];
        p.dilation[i] = a->dilation[i];
    }
    p.x_bf16 = x->dtype == VT_BF16;
    p.y_bf16 = y->dtype == VT_BF16;
    return p;
}

/* The arrays of a call in their roles. */
typedef struct operands {
    enum convolution_pass pass;
    const array *x, *weight, *bias, *y; /* the bias may be NULL */
} operands;

static operands operands_of(const kernel_call *call)
{
    const array *in = call->in, *out = call->out;
    if (call->op == &op_conv2d_input_gradient)
        return (operands){ CONVOLUTION_INPUT_GRADIENT, &out[0], &in[INPUT_GRADIENT_WEIGHT], NULL,
                           &in[INPUT_GRADIENT_G] };
    if (call->op == &op_conv2d_weight_gradient)
        return (operands){ CONVOLUTION_WEIGHT_GRADIENT, &in[WEIGHT_GRADIENT_X], &out[0], NULL, &in[WEIGHT_GRADIENT_G] };
    bool has_bias = call->inputs > CONV2D_BIAS && in[CONV2D_BIAS].shape.rank > 0;
    return (operands){ CONVOLUTION_FORWARD, &in[CONV2D_X], &in[CONV2D_WEIGHT], has_bias ? &in[CONV2D_BIAS] : NULL,
                       &out[0] };
}

/* -- Algorithms ---------------------------------------------------------------------------------------------------- */

enum algorithm { WINOGRAD, ONEDNN, IM2COL, DEPTH_WISE, ALGORITHMS }; /* as checkpoints number them */

enum { X, WEIGHT, BIAS, Y, TENSORS }; /* of a pass, as onednn_prepare_convolution numbers them */

typedef struct plan {
    convolution problem;
    enum convolution_pass pass;
    bool is_f64, has_bias;
    enum algorithm algorithm;
    int threads;
    onednn_plan *onednn; /* NULL where it has none */
} plan;

/* Winograd's results are less accurate by a digit; some may not want that. */
static bool winograd_is_allowed(void)
{
    const char *allowed = getenv("VT_WINOGRAD");
    return !allowed || allowed[0] != '0';
}

static bool is_possible(const plan *p, enum algorithm algorithm)
{
    switch (algorithm) {
    case WINOGRAD: return !p->is_f64 && winograd_supports(&p->problem) && winograd_is_allowed();
    case DEPTH_WISE: return !p->is_f64 && depth_wise_supports(&p->problem);
    case ONEDNN: return p->onednn != NULL;
    default: return true;
    }
}

static size_t scratch_of(const plan *p, enum algorithm algorithm)
{
    switch (algorithm) {
    case WINOGRAD: return winograd_scratch(&p->problem, p->pass, p->threads);
    case DEPTH_WISE: return depth_wise_scratch(&p->problem, p->pass, p->threads);
    case ONEDNN: return onednn_scratch(p->onednn);
    default: return p->is_f64 ? im2col_scratch_f64(&p->problem, p->pass) : im2col_scratch_f32(&p->problem, p->pass);
    }
}

static bool execute(const plan *p, enum algorithm algorithm, void *const *data, void *scratch)
{
    void *x = data[X], *weight = data[WEIGHT], *bias = data[BIAS], *y = data[Y];
    switch (algorithm) {
    case WINOGRAD: winograd_convolve(&p->problem, p->pass, p->threads, x, weight, bias, y, scratch); return true;
    case DEPTH_WISE: depth_wise_convolve(&p->problem, p->pass, p->threads, x, weight, bias, y, scratch); return true;
    case ONEDNN: return onednn_execute(p->onednn, data, scratch);
    default:
        if (p->is_f64)
            im2col_f64(&p->problem, p->pass, x, weight, bias, y, scratch);
        else
            im2col_f32(&p->problem, p->pass, x, weight, bias, y, scratch);
        return true;
    }
}

/* -- The choice ---------------------------------------------------------------------------------------------------- */

/* The processor multiplies small matrices of bf16, and these are. */
static bool has_matrix_unit(const convolution *c)
{
    return c->x_bf16 && c->y_bf16 && gemm_bf16_unit() == GEMM_MATRICES;
}

/* What to expect of the matrix unit: oneDNN is slow at gradients of weights, and where windows are few for the weights,
 * which it reorders, at those of x. */
static bool gathers_bf16(const plan *p)
{
    const convolution *c = &p->problem;
    int64_t windows = c->batch * c->output[0] * c->output[1];
    int64_t columns = c->channels / c->groups * c->kernel[0] * c->kernel[1];
    bool few = windows < 2 * columns;
    return c->groups == 1 && (p->pass == CONVOLUTION_WEIGHT_GRADIENT || (p->pass == CONVOLUTION_INPUT_GRADIENT && few));
}

/* Worth trying: oneDNN is never far behind windows that are gathered, but where products cost less than weights that
 * are reordered. */
static bool is_candidate(const plan *p, enum algorithm a)
{
    return is_possible(p, a) && !(a == IM2COL && is_possible(p, ONEDNN) && !has_matrix_unit(&p->problem));
}

/* Operands to time algorithms with. */
typedef struct trial {
    const plan *plan;
    void *data[TENSORS], *scratch;
} trial;

static bool run_trial(int candidate, void *context)
{
    const trial *t = context;
    enum algorithm algorithm = (enum algorithm)candidate;
    return is_candidate(t->plan, algorithm) && execute(t->plan, algorithm, t->data, t->scratch);
}

/* Of numbers around 0.7: the zeros of fresh memory would all be one page, which the caches hold. */
static void *operand_new(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 64) / 64 * 64);
    if (memory) memset(memory, 0x3f, bytes);
    return memory;
}

static bool trial_begin(trial *t, const plan *p)
{
    const convolution *c = &p->problem;
    int64_t x = c->batch * c->size[0] * c->size[1] * c->channels;
    int64_t y = c->batch * c->output[0] * c->output[1] * c->outputs;
    int64_t weight = c->outputs * (c->channels / c->groups) * c->kernel[0] * c->kernel[1];
    size_t scratch = 0;
    for (enum algorithm a = WINOGRAD; a < ALGORITHMS; a++)
        if (is_possible(p, a) && scratch_of(p, a) > scratch) scratch = scratch_of(p, a);
    *t = (trial){ .plan = p, .scratch = operand_new(scratch) };
    t->data[X] = operand_new((size_t)x * (c->x_bf16 ? 2 : 4));
    t->data[Y] = operand_new((size_t)y * (c->y_bf16 ? 2 : 4));
    t->data[WEIGHT] = operand_new((size_t)weight * 4);
    if (p->has_bias) t->data[BIAS] = operand_new((size_t)c->outputs * 4);
    if (t->scratch && t->data[X] && t->data[Y] && t->data[WEIGHT] && (t->data[BIAS] || !p->has_bias)) return true;
    return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory to time a convolution");
}

static void trial_end(trial *t)
{
    for (int i = 0; i < TENSORS; i++) free(t->data[i]);
    free(t->scratch);
}

/* A vector of channels at a time is faster than what oneDNN has for gradients, for many taps, and for results so large
 * that it pays to write them past the caches. Otherwise memory is the limit of both, and oneDNN reads it with more
 * foresight. */
static bool suits_depth_wise(const plan *p)
{
    enum { FEW_TAPS = 9 };
    const convolution *c = &p->problem;
    bool few = p->pass == CONVOLUTION_FORWARD && c->kernel[0] * c->kernel[1] <= FEW_TAPS;
    return is_possible(p, DEPTH_WISE) &&
           (!few || !is_possible(p, ONEDNN) || depth_wise_streams(c, p->pass, p->threads));
}

/* Winograd's algorithm transforms weights once, and so wants enough tiles, of 4 by 4 results, to be worth it. */
static enum algorithm expected(const plan *p)
{
    enum { ENOUGH_CHANNELS = 16, ENOUGH_TILES = 32 };
    const convolution *c = &p->problem;
    int64_t tiles = c->batch * ((c->output[0] + 3) / 4) * ((c->output[1] + 3) / 4);
    bool pays = least(c->channels, c->outputs) >= ENOUGH_CHANNELS * c->groups && tiles >= ENOUGH_TILES;
    if (suits_depth_wise(p)) return DEPTH_WISE;
    if (has_matrix_unit(c)) return is_possible(p, ONEDNN) && !gathers_bf16(p) ? ONEDNN : IM2COL;
    return pays && is_possible(p, WINOGRAD) ? WINOGRAD : is_possible(p, ONEDNN) ? ONEDNN : IM2COL;
}

/* Not worth the time of measuring. */
static bool is_small(const convolution *c)
{
    double windows = (double)c->batch * (double)(c->output[0] * c->output[1] * c->kernel[0] * c->kernel[1]);
    return windows * (double)c->channels * (double)c->outputs < 5e7;
}

/* What times depend on. */
typedef struct choice_key {
    convolution problem;
    int64_t pass, has_bias, winograd, expected;
} choice_key;

static onednn_plan *prepare_onednn(const plan *p)
{
    if (p->is_f64 || p->problem.batch == 0) return NULL;
    return onednn_prepare_convolution(&p->problem, p->pass, p->has_bias);
}

static enum algorithm choose_by_trial(const plan *p, enum algorithm expected)
{
    choice_key key = { p->problem, p->pass, p->has_bias, is_possible(p, WINOGRAD), expected };
    trial t;
    choice c = { "conv2d", run_trial, &t, &key, sizeof key, ALGORITHMS, (int)expected };
    int chosen;
    if (choice_is_made(&c, &chosen)) return (enum algorithm)chosen;
    chosen = trial_begin(&t, p) ? choose(&c) : c.expected;
    trial_end(&t);
    return (enum algorithm)chosen;
}

/* What is the fastest on some pictures and one thread is so on more of both: a trial need not take as long. Of small
 * pictures it takes more, to be about multiplications rather than the transformation of weights. */
static int64_t trial_batch(const convolution *c)
{
    enum { FEW = 4, RESULTS = 256, MANY = 16 };
    int64_t enough = RESULTS / most(1, c->output[0] * c->output[1]);
    return least(c->batch, most(FEW, least(enough, MANY)));
}

static enum algorithm choose_algorithm(const plan *p)
{
    if (p->is_f64) return IM2COL;
    if (is_small(&p->problem) || (!is_candidate(p, WINOGRAD) && !is_candidate(p, DEPTH_WISE))) return expected(p);
    int threads = thread_limit(1);
    plan less = *p;
    less.threads = 1;
    less.problem.batch = trial_batch(&p->problem);
    less.onednn = prepare_onednn(&less);
    enum algorithm chosen = choose_by_trial(&less, expected(p));
    onednn_discard(less.onednn);
    thread_limit(threads);
    return is_possible(p, chosen) ? chosen : expected(p);
}

/* -- The kernels --------------------------------------------------------------------------------------------------- */

static void plan_free(void *state)
{
    plan *p = state;
    onednn_discard(p->onednn);
    free(p);
}

static plan *plan_new(const kernel_call *call)
{
    plan *p = calloc(1, sizeof *p);
    if (!p) refuse_call(call->op->name, call->at, VT_ERROR_MEMORY, "out of memory to prepare it");
    return p;
}

static bool prepare(const kernel_call *call, preparation *out)
{
    operands o = operands_of(call);
    plan *p = plan_new(call);
    if (!p) return false;
    *p = (plan){ .problem = problem_of(call, o.x, o.weight, o.y),
                 .pass = o.pass,
                 .is_f64 = o.weight->dtype == VT_F64,
                 .has_bias = o.bias != NULL,
                 .threads = thread_count() };
    p->onednn = prepare_onednn(p);
    p->algorithm = choose_algorithm(p);
    if (p->algorithm != ONEDNN) {
        onednn_discard(p->onednn);
        p->onednn = NULL;
    }
    *out = (preparation){ p, plan_free, scratch_of(p, p->algorithm) };
    return true;
}

static bool convolve(const kernel_call *call)
{
    operands o = operands_of(call);
    const plan *p = call->state;
    void *data[] = {
        [X] = o.x->data, [WEIGHT] = o.weight->data, [BIAS] = o.bias ? o.bias->data : NULL, [Y] = o.y->data
    };
    int threads = thread_count();
    if (threads != p->threads) set_thread_count(p->threads); /* which the working memory is for */
    bool ok = execute(p, p->algorithm, data, call->scratch);
    if (threads != p->threads) set_thread_count(threads);
    return ok;
}

/* -- The gradients together --------------------------------------------------------------------------------------- */

static convolution problem_of_gradients(const kernel_call *call)
{
    const array *in = call->in;
    return problem_of(call, &in[CONV2D_GRADIENTS_X], &in[CONV2D_GRADIENTS_WEIGHT], &in[CONV2D_GRADIENTS_G]);
}

static bool supports_gradients(const kernel_call *call)
{
    convolution p = problem_of_gradients(call);
    return call->in[CONV2D_GRADIENTS_X].dtype == VT_F32 && depth_wise_gradients_pay(&p, thread_count());
}

static bool prepare_gradients(const kernel_call *call, preparation *out)
{
    plan *p = plan_new(call);
    if (!p) return false;
    *p = (plan){ .problem = problem_of_gradients(call), .threads = thread_count() };
    *out = (preparation){ p, plan_free, depth_wise_gradients_scratch(&p->problem, p->threads) };
    return true;
}

static bool find_gradients(const kernel_call *call)
{
    const plan *p = call->state;
    const array *in = call->in, *out = call->out;
    float *dbias = call->outputs > CONV2D_GRADIENTS_DBIAS ? out[CONV2D_GRADIENTS_DBIAS].data : NULL;
    depth_wise_gradients(&p->problem, p->threads, in[CONV2D_GRADIENTS_G].data, in[CONV2D_GRADIENTS_X].data,
                         in[CONV2D_GRADIENTS_WEIGHT].data, out[CONV2D_GRADIENTS_DX].data,
                         out[CONV2D_GRADIENTS_DWEIGHT].data, dbias, call->scratch);
    return true;
}

/* Images have the channels last; weights, and gradients of theirs, are contiguous. */
#define IMAGES(in, out)                                                                                                \
    .run = convolve, .prepare = prepare, .channels_last_in = in, .channels_last_out = out, .bf16_in = in,              \
    .bf16_out = out

const kernel_row cpu_convolution_kernels[] = {
    { &op_conv2d, { IMAGES(1 << CONV2D_X, 1) } },
    { &op_conv2d_input_gradient, { IMAGES(1 << INPUT_GRADIENT_G, 1) } },
    { &op_conv2d_gradients,
      { .run = find_gradients,
        .supports = supports_gradients,
        .prepare = prepare_gradients,
        .channels_last_in = 1 << CONV2D_GRADIENTS_G | 1 << CONV2D_GRADIENTS_X,
        .channels_last_out = 1 << CONV2D_GRADIENTS_DX } },
    { &op_conv2d_weight_gradient, { IMAGES(1 << WEIGHT_GRADIENT_G | 1 << WEIGHT_GRADIENT_X, 0) } },
    { 0 },
};
