/* effect.cu - ops that overwrite tensors, and what belongs to an update. An update takes its tensors by the list: one
 * launch for as many as an argument of a kernel has room for, whose blocks share them by their size. */
#include "backends/cuda/kernels.h"
#include "backends/cuda/element/stored.h"
#include "backends/cuda/reduction/reduce.h"

extern "C" {
#include "ops/effect.h"
#include "ops/update.h"
}
#include <math.h>

static bool assign(const kernel_call *call)
{
    return cuda_copy(&call->in[ASSIGN_TARGET], &call->in[ASSIGN_VALUE]);
}

/* -- Lists of tensors ---------------------------------------------------------------------------------------------- */

/* Bytes of a list: every device takes 4096 of arguments. */
static constexpr int WIDTH = 4, LIST_BYTES = 3840;

/* Of each tensor, the arrays that belong to it: all of them with the same number of elements. */
template <int ARRAYS> struct tensor_list {
    static constexpr int capacity = LIST_BYTES / (ARRAYS * (int)sizeof(float *) + 12);
    float *data[capacity][ARRAYS];
    int64_t count[capacity];
    unsigned end[capacity]; /* the block behind its last */
    int tensors;
};

/* Launches for all tensors, a list at a time: `arrays_of` fills in the arrays of one and returns the number of their
 * elements, `chunk` of which go to a block. */
template <int ARRAYS, class Arrays, class Launch>
static void over_lists(int tensors, int chunk, Arrays arrays_of, Launch launch)
{
    tensor_list<ARRAYS> list = {};
    unsigned blocks = 0;
    for (int i = 0; i < tensors; i++) {
        int t = list.tensors;
        list.count[t] = arrays_of(i, list.data[t]);
        if (list.count[t]) {
            blocks += blocks_for(list.count[t], chunk);
            list.end[t] = blocks;
            list.tensors++;
        }
        bool full = list.tensors == list.capacity, last = i == tensors - 1;
        if (list.tensors && (full || last)) {
            launch(list, blocks);
            list.tensors = 0;
            blocks = 0;
        }
    }
}

/* What a block works on: `count` elements from `first` on of a tensor, of which the first `vectors` vectors can be
 * loaded.
 */
typedef struct segment {
    int tensor, count, vectors;
    int64_t first;
} segment;

template <int ARRAYS> static __device__ inline segment find_segment(const tensor_list<ARRAYS> &list, int chunk)
{
    int low = 0, high = list.tensors - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (blockIdx.x < list.end[middle])
            high = middle;
        else
            low = middle + 1;
    }
    segment s = { .tensor = low };
    s.first = (int64_t)(blockIdx.x - (low ? list.end[low - 1] : 0)) * chunk;
    int64_t rest = list.count[low] - s.first;
    s.count = rest < chunk ? (int)rest : chunk;
    uintptr_t addresses = 0;
    for (int a = 0; a < ARRAYS; a++) addresses |= (uintptr_t)list.data[low][a];
    s.vectors = addresses % sizeof(vector<float, WIDTH>) ? 0 : s.count / WIDTH;
    return s;
}

/* -- Updates of each element by itself ----------------------------------------------------------------------------- */

static constexpr int VECTORS = 2, UPDATE_CHUNK = BLOCK * WIDTH * VECTORS;

/* `Update` gives, from scalars that it finds in the device's memory, a function of an element of each array; it may
 * write all but the second. */
template <class Update>
static __global__ void __launch_bounds__(BLOCK)
    update_elements(const __grid_constant__ tensor_list<Update::arrays> list, const Update update)
{
    constexpr int N = Update::arrays, STEP = BLOCK * WIDTH;
    const segment s = find_segment(list, UPDATE_CHUNK);
    const int own = (int)threadIdx.x < s.vectors ? (s.vectors - (int)threadIdx.x + BLOCK - 1) / BLOCK : 0;
    float *const *arrays = list.data[s.tensor];
    const int64_t first = s.first + threadIdx.x * WIDTH;
    vector<float, WIDTH> x[N][VECTORS] = {};
    for (int a = 0; a < N; a++)
        if (a != UPDATE_P || Update::reads_first) load_vectors(x[a], arrays[a] + first, STEP, own);
    const auto function = update();
    for (int k = 0; k < VECTORS; k++)
        for (int e = 0; e < WIDTH; e++) {
            float element[N];
            for (int a = 0; a < N; a++) element[a] = x[a][k].at[e];
            function(element);
            for (int a = 0; a < N; a++) x[a][k].at[e] = element[a];
        }
    for (int a = 0; a < N; a++)
        if (a != UPDATE_G) store_vectors(arrays[a] + first, STEP, own, x[a]);
    for (int i = s.vectors * WIDTH + (int)threadIdx.x; i < s.count; i += BLOCK) {
        float element[N] = {};
        for (int a = 0; a < N; a++)
            if (a != UPDATE_P || Update::reads_first) element[a] = arrays[a][s.first + i];
        function(element);
        for (int a = 0; a < N; a++)
            if (a != UPDATE_G) arrays[a][s.first + i] = element[a];
    }
}

/* The learning rate times its ratio; the first in the device's memory. */
struct learning_rate {
    const double *lr;
    double ratio;
    __device__ float operator()() const
    {
        return (float)(ratio * *lr);
    }
};

static learning_rate rate_of(const kernel_call *call, double ratio)
{
    return { (const double *)call->in[UPDATE_LR].data, ratio };
}

struct sgd_function {
    float rate, decay;
    __device__ void operator()(float (&x)[UPDATE_ARRAYS_sgd]) const
    {
        x[UPDATE_P] -= rate * (x[UPDATE_G] + decay * x[UPDATE_P]);
    }
};

struct sgd_update {
    static constexpr int arrays = UPDATE_ARRAYS_sgd;
    static constexpr bool reads_first = true;
    learning_rate rate;
    float decay;
    __device__ sgd_function operator()() const
    {
        return { rate(), decay };
    }
};

struct momentum_function {
    float rate, decay, momentum;
    bool nesterov;
    __device__ void operator()(float (&x)[UPDATE_ARRAYS_sgd_momentum]) const
    {
        const float g = x[UPDATE_G] + decay * x[UPDATE_P];
        x[SGD_M] = momentum * x[SGD_M] + g;
        x[UPDATE_P] -= rate * (nesterov ? g + momentum * x[SGD_M] : x[SGD_M]);
    }
};

struct momentum_update {
    static constexpr int arrays = UPDATE_ARRAYS_sgd_momentum;
    static constexpr bool reads_first = true;
    learning_rate rate;
    float decay, momentum;
    bool nesterov;
    __device__ momentum_function operator()() const
    {
        return { rate(), decay, momentum, nesterov };
    }
};

template <int ARRAYS> struct adam_function {
    float step, shrink, decay, rest1, beta2, rest2, root, eps;
    __device__ void operator()(float (&x)[ARRAYS]) const
    {
        const float g = x[UPDATE_G] + decay * x[UPDATE_P];
        x[ADAM_M] += rest1 * (g - x[ADAM_M]);
        x[ADAM_V] = beta2 * x[ADAM_V] + rest2 * g * g;
        float v = x[ADAM_V];
        if constexpr (ARRAYS == UPDATE_ARRAYS_amsgrad)
            v = x[AMSGRAD_MAX_V] = x[AMSGRAD_MAX_V] > v ? x[AMSGRAD_MAX_V] : v;
        x[UPDATE_P] = shrink * x[UPDATE_P] - step * (x[ADAM_M] / (sqrtf(v) * root + eps));
    }
};

template <int ARRAYS> struct adam_update {
    static constexpr int arrays = ARRAYS;
    static constexpr bool reads_first = true;
    learning_rate rate;
    const double *number;                             /* of the update, in the device's memory */
    float log_beta1, log_beta2;                       /* natural logarithms */
    float own_decay, decay, rest1, beta2, rest2, eps; /* own_decay: decoupled from the gradient */
    __device__ adam_function<ARRAYS> operator()() const
    {
        /* 1 - beta^t, without the loss of digits that powf would mean */
        const float t = (float)*number, correction1 = -expm1f(t * log_beta1), correction2 = -expm1f(t * log_beta2);
        const float lr = rate(), root = 1 / sqrtf(correction2);
        return { lr / correction1, 1 - lr * own_decay, decay, rest1, beta2, rest2, root, eps };
    }
};

template <bool CENTERED, bool MOMENTUM> struct rmsprop_function {
    static constexpr int arrays = UPDATE_ARRAYS_rmsprop + CENTERED + MOMENTUM;
    float rate, decay, alpha, rest, eps, momentum;
    __device__ void operator()(float (&x)[arrays]) const
    {
        const float g = x[UPDATE_G] + decay * x[UPDATE_P];
        float variance = x[RMSPROP_V] = alpha * x[RMSPROP_V] + rest * g * g;
        if constexpr (CENTERED) {
            const float mean = x[RMSPROP_MEAN_G] += rest * (g - x[RMSPROP_MEAN_G]);
            variance = variance > mean * mean ? variance - mean * mean : 0;
        }
        float step = g / (sqrtf(variance) + eps);
        if constexpr (MOMENTUM) step = x[RMSPROP_M(CENTERED)] = momentum * x[RMSPROP_M(CENTERED)] + step;
        x[UPDATE_P] -= rate * step;
    }
};

template <bool CENTERED, bool MOMENTUM> struct rmsprop_update {
    static constexpr int arrays = rmsprop_function<CENTERED, MOMENTUM>::arrays;
    static constexpr bool reads_first = true;
    learning_rate rate;
    float decay, alpha, rest, eps, momentum;
    __device__ rmsprop_function<CENTERED, MOMENTUM> operator()() const
    {
        return { rate(), decay, alpha, rest, eps, momentum };
    }
};

/* Of every parameter, whose arrays come behind the scalars. */
template <class Update> static bool run_update(const kernel_call *call, int scalars, Update update)
{
    constexpr int N = Update::arrays;
    auto arrays_of = [&](int i, float *(&data)[N]) {
        const array *of_parameter = call->in + scalars + i * N;
        for (int a = 0; a < N; a++) data[a] = (float *)of_parameter[a].data;
        return vt_shape_count(of_parameter->shape);
    };
    int parameters = (call->inputs - scalars) / N;
    over_lists<N>(parameters, UPDATE_CHUNK, arrays_of, [&](const tensor_list<N> &list, unsigned blocks) {
        LAUNCH(update_elements<Update>, blocks, BLOCK, 0, compute_stream(), list, update);
    });
    return launched(call);
}

static bool sgd(const kernel_call *call)
{
    const sgd_attributes *a = (const sgd_attributes *)call->attributes;
    return run_update(call, UPDATE_SCALARS_sgd, sgd_update{ rate_of(call, a->lr_ratio), (float)a->weight_decay });
}

static bool sgd_momentum(const kernel_call *call)
{
    const sgd_attributes *a = (const sgd_attributes *)call->attributes;
    return run_update(call, UPDATE_SCALARS_sgd_momentum,
                      momentum_update{ .rate = rate_of(call, a->lr_ratio),
                                       .decay = (float)a->weight_decay,
                                       .momentum = (float)a->momentum,
                                       .nesterov = a->nesterov != 0 });
}

template <int ARRAYS> static bool adam(const kernel_call *call)
{
    const adam_attributes *a = (const adam_attributes *)call->attributes;
    return run_update(call, UPDATE_SCALARS_adam,
                      adam_update<ARRAYS>{ .rate = rate_of(call, a->lr_ratio),
                                           .number = (const double *)call->in[UPDATE_NUMBER].data,
                                           .log_beta1 = (float)log(a->beta1),
                                           .log_beta2 = (float)log(a->beta2),
                                           .own_decay = a->decoupled ? (float)a->weight_decay : 0,
                                           .decay = a->decoupled ? 0 : (float)a->weight_decay,
                                           .rest1 = (float)(1 - a->beta1),
                                           .beta2 = (float)a->beta2,
                                           .rest2 = (float)(1 - a->beta2),
                                           .eps = (float)a->eps });
}

template <bool CENTERED, bool MOMENTUM> static bool rmsprop(const kernel_call *call)
{
    const rmsprop_attributes *a = (const rmsprop_attributes *)call->attributes;
    return run_update(call, UPDATE_SCALARS_rmsprop,
                      rmsprop_update<CENTERED, MOMENTUM>{ .rate = rate_of(call, a->lr_ratio),
                                                          .decay = (float)a->weight_decay,
                                                          .alpha = (float)a->alpha,
                                                          .rest = (float)(1 - a->alpha),
                                                          .eps = (float)a->eps,
                                                          .momentum = (float)a->momentum });
}

/* -- Clipping ------------------------------------------------------------------------------------------------------ */

struct scale_function {
    float scale;
    __device__ void operator()(float (&x)[2]) const
    {
        x[0] = scale * x[1];
    }
};

/* The arrays are the result, in the place of a parameter, and the tensor, in that of its gradient. */
struct clip_update {
    static constexpr int arrays = 2;
    static constexpr bool reads_first = false;
    double max_norm;
    const float *norm;
    __device__ scale_function operator()() const
    {
        const double scale = max_norm / ((double)*norm + 1e-6);
        return { scale > 1 ? 1 : (float)scale };
    }
};

static bool clip(const kernel_call *call)
{
    const clip_attributes *attributes = (const clip_attributes *)call->attributes;
    const clip_update update = { attributes->max_norm, (const float *)call->in[CLIP_NORM].data };
    auto arrays_of = [&](int i, float *(&data)[2]) {
        data[0] = (float *)call->out[i].data;
        data[1] = (float *)call->in[CLIP_TENSORS + i].data;
        return vt_shape_count(call->out[i].shape);
    };
    over_lists<2>(call->outputs, UPDATE_CHUNK, arrays_of, [&](const tensor_list<2> &list, unsigned blocks) {
        LAUNCH(update_elements<clip_update>, blocks, BLOCK, 0, compute_stream(), list, update);
    });
    return launched(call);
}

/* -- The norm of many tensors: squares in f64, where those of f32 do not overflow --------------------------------- */

static constexpr int NORM_VECTORS = 4, NORM_CHUNK = 4 * BLOCK * WIDTH * NORM_VECTORS;

/* The tensors of the list -> partial [blocks] */
static __global__ void __launch_bounds__(BLOCK)
    add_squares(const __grid_constant__ tensor_list<1> list, double *partial)
{
    const segment s = find_segment(list, NORM_CHUNK);
    const float *from = list.data[s.tensor][0] + s.first;
    double sum = 0;
    for (int i = threadIdx.x; i < s.vectors; i += BLOCK * NORM_VECTORS) {
        vector<float, WIDTH> x[NORM_VECTORS];
        load_vectors(x, from + i * WIDTH, BLOCK * WIDTH, (s.vectors - i + BLOCK - 1) / BLOCK);
        for (int k = 0; k < NORM_VECTORS; k++)
            for (int e = 0; e < WIDTH; e++) sum += (double)x[k].at[e] * (double)x[k].at[e];
    }
    for (int i = s.vectors * WIDTH + (int)threadIdx.x; i < s.count; i += BLOCK)
        sum += (double)from[i] * (double)from[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

static constexpr int FINISHING_BLOCK = 1024;

/* partial [parts] -> norm, a scalar */
static __global__ void __launch_bounds__(FINISHING_BLOCK) finish_norm(const double *partial, int64_t parts, float *norm)
{
    double sum = 0;
    for (int64_t i = threadIdx.x; i < parts; i += FINISHING_BLOCK) sum += partial[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) *norm = (float)sqrt(sum);
}

static bool prepare_global_norm(const kernel_call *call, preparation *p)
{
    for (int i = 0; i < call->inputs; i++)
        p->scratch += blocks_for(vt_shape_count(call->in[i].shape), NORM_CHUNK) * sizeof(double);
    return true;
}

static bool global_norm(const kernel_call *call)
{
    double *partial = (double *)call->scratch;
    int64_t parts = 0;
    auto array_of = [&](int i, float *(&data)[1]) {
        data[0] = (float *)call->in[i].data;
        return vt_shape_count(call->in[i].shape);
    };
    over_lists<1>(call->inputs, NORM_CHUNK, array_of, [&](const tensor_list<1> &list, unsigned blocks) {
        LAUNCH(add_squares, blocks, BLOCK, 0, compute_stream(), list, partial + parts);
        parts += blocks;
    });
    LAUNCH(finish_norm, 1, FINISHING_BLOCK, 0, compute_stream(), (const double *)partial, parts,
           (float *)call->out[0].data);
    return launched(call);
}

/* All that comes behind so many scalars. */
template <int SCALARS> static bool arrays_are_f32(const kernel_call *call)
{
    for (int i = SCALARS; i < call->inputs; i++)
        if (call->in[i].dtype != VT_F32) return false;
    return true;
}

extern "C" const kernel_row cuda_effect_kernels[] = {
    { &op_assign, { .run = assign, .strided = true } },
    { &op_sgd, { .run = sgd, .supports = arrays_are_f32<UPDATE_SCALARS_sgd> } },
    { &op_sgd_momentum, { .run = sgd_momentum, .supports = arrays_are_f32<UPDATE_SCALARS_sgd_momentum> } },
    { &op_adam, { .run = adam<UPDATE_ARRAYS_adam>, .supports = arrays_are_f32<UPDATE_SCALARS_adam> } },
    { &op_amsgrad, { .run = adam<UPDATE_ARRAYS_amsgrad>, .supports = arrays_are_f32<UPDATE_SCALARS_adam> } },
    { &op_rmsprop, { .run = rmsprop<false, false>, .supports = arrays_are_f32<UPDATE_SCALARS_rmsprop> } },
    { &op_rmsprop_momentum, { .run = rmsprop<false, true>, .supports = arrays_are_f32<UPDATE_SCALARS_rmsprop> } },
    { &op_rmsprop_centered, { .run = rmsprop<true, false>, .supports = arrays_are_f32<UPDATE_SCALARS_rmsprop> } },
    { &op_rmsprop_centered_momentum,
      { .run = rmsprop<true, true>, .supports = arrays_are_f32<UPDATE_SCALARS_rmsprop> } },
    { &op_global_norm, { .run = global_norm, .supports = arrays_are_f32<0>, .prepare = prepare_global_norm } },
    { &op_clip, { .run = clip, .supports = arrays_are_f32<0> } },
    {},
};
