/* batch_norm.c - batch norm by the statistics of the batch, its gradient, and both with the shortcut and the ReLU that
 * follow it in residual networks; the running statistics that it moves. Tensors [N, C, ...] lie channels last: what is
 * read is lines of C numbers, as often as the statistics need it and no more.
 *
 * The lines are cut into parts, by the shape alone, whose sums are put together in order: the bits do not depend on how
 * many threads there are. Within a part sums are taken of few lines at a time in the precision of x, and of these in
 * double. */
#include "backends/cpu/vector/integers.h"
#include "backends/cpu/reduction/along_axis.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/machine/threads.h"
#include "core/base/bf16.h"
#include "ops/normalization.h"
#include <math.h>

/* Lines whose sums are taken in the precision of x, and columns of them; how many of the lines a loop takes at once, so
 * that what belongs to a column is read once for them; lines in a part, or more, and parts, of which there need be no
 * more than there may be threads. */
enum { LINES = 64, COLUMNS = 256, STRIP = 4, PART_LINES = 128, MAX_PARTS = 64 };

/* What a call works on. Arrays without data are absent. */
typedef struct batch {
    int64_t lines, columns, channels, parts;
    double count, eps; /* count: of the elements of a channel */
    array x, y;        /* y: the result, and of the gradient with a shortcut what the result was */
    array shortcut;    /* what is added before the ReLU; of a gradient, its own gradient */
    array g, more_g;   /* the gradient of y; it may come as two, to be added */
    array dx;
    array weight, bias, mean, var, dweight, dbias; /* [channels]; mean: [2, channels], which add up to it */
    bool relu;                                     /* alone: with a shortcut there is one always */
    double *sums;       /* of each part two rows of `columns`; those of the first part become those of channels */
    void *coefficients; /* rows of `columns`: enum coefficient */
} batch;

/* y = (x - MEAN) SCALE + SHIFT; dx = (g - G_MEAN - (x - MEAN) SLOPE) SCALE. MEAN is the first of the two numbers of the
 * mean; SHIFT and G_MEAN account for the second. */
enum coefficient { MEAN, SCALE, SHIFT, G_MEAN, SLOPE, COEFFICIENTS };

/* A rectangle of the lines and columns. */
typedef struct window {
    int64_t line, lines, column, columns;
} window;

/* The next of the strips that a window is cut into, given the one before, or one of no lines to begin with. */
static window next_strip(window w, window strip)
{
    int64_t next = strip.line + strip.lines, rest = w.line + w.lines - next;
    return (window){ next, rest >= STRIP ? STRIP : rest > 0, w.column, w.columns };
}

#define EACH_STRIP(s, w) (window s = next_strip(w, (window){ .line = (w).line }); s.lines; s = next_strip(w, s))

/* Calls an inline function, whose first argument is the number of lines of a strip, with constants for it. */
#define WITH_LINES(s, function, ...) ((s).lines == STRIP ? function(STRIP, __VA_ARGS__) : function(1, __VA_ARGS__))

/* Loops over the columns, and the lines of each; what they write is nothing that they read from elsewhere. */
#define EACH_COLUMN(j, columns) _Pragma("omp simd") for (int64_t j = 0; j < (columns); j++)
#define EACH_LINE(i, lines)     for (int i = 0; i < (lines); i++)
#define STRIP_LOOP              static inline __attribute__((always_inline)) void

static batch batch_of(const kernel_call *call, const array *x)
{
    batch b = { .x = *x, .channels = x->shape.dim[1] };
    int64_t elements = vt_shape_count(x->shape);
    b.columns = b.channels;
    b.lines = elements / b.channels;
    b.count = (double)b.lines;
    b.eps = ((const batch_norm_attributes *)call->attributes)->eps;
    for (; b.lines % 2 == 0 && b.columns <= COLUMNS / 2; b.lines /= 2) b.columns *= 2; /* loops over few are slow */
    b.parts = b.lines / PART_LINES;
    b.parts = b.parts < 1 ? 1 : least(b.parts, MAX_PARTS);
    return b;
}

static size_t scratch_of(const batch *b)
{
    return (size_t)((2 * b->parts + COEFFICIENTS) * b->columns) * sizeof(double);
}

static void use_scratch(batch *b, void *scratch)
{
    b->sums = scratch;
    b->coefficients = b->sums + 2 * b->parts * b->columns;
}

/* -- Passes over the lines --------------------------------------------------------------------------------------- */

typedef void pass(const batch *b, int64_t part, window w);

static void over_part(const batch *b, pass *visit, int64_t part, bool back)
{
    int64_t first = b->lines * part / b->parts, last = b->lines * (part + 1) / b->parts;
    int64_t blocks = (last - first + LINES - 1) / LINES;
    for (int64_t i = 0; i < blocks; i++) {
        window w = { .line = first + (back ? blocks - 1 - i : i) * LINES };
        w.lines = least(LINES, last - w.line);
        for (; w.column < b->columns; w.column += w.columns) {
            w.columns = least(COLUMNS, b->columns - w.column);
            visit(b, part, w);
        }
    }
}

/* The second pass goes back, and begins where the first has left the caches. Each thread has neighbouring parts, the
 * same in both. */
static void over_lines(const batch *b, pass *visit, bool back)
{
    bool small = b->lines * b->columns < SMALL_WORK;
    int64_t shares = small ? 1 : least(thread_count(), b->parts);
#pragma omp parallel for if (shares > 1)
    for (int64_t share = 0; share < shares; share++) {
        int64_t first = b->parts * share / shares, last = b->parts * (share + 1) / shares;
        for (int64_t i = first; i < last; i++) over_part(b, visit, back ? first + last - 1 - i : i, back);
    }
}

#define TEMPLATE "backends/cpu/reduction/batch_norm_template.h"
#include "backends/cpu/vector/each_float.h"

/* -- The kernels ------------------------------------------------------------------------------------------------- */

static bool prepare_forward(const kernel_call *call, preparation *p)
{
    batch b = batch_of(call, &call->in[NORM_X]); /* the first input of all of them */
    p->scratch = scratch_of(&b);
    return true;
}

static bool prepare_gradient(const kernel_call *call, preparation *p)
{
    batch b = batch_of(call, &call->in[NORM_GRADIENT_X]);
    p->scratch = scratch_of(&b);
    return true;
}

static bool run_forward(const kernel_call *call, batch b)
{
    use_scratch(&b, call->scratch);
    b.y = call->out[NORM_Y];
    b.mean = call->out[NORM_MEAN];
    b.var = call->out[NORM_VAR];
    (b.mean.dtype == VT_F32 ? forward_f32 : forward_f64)(&b);
    return true;
}

/* dweight: the number of that output; dbias follows it. */
static bool run_gradient(const kernel_call *call, batch b, int dweight)
{
    use_scratch(&b, call->scratch);
    b.g = call->in[NORM_GRADIENT_G];
    b.mean = call->in[NORM_GRADIENT_MEAN];
    b.var = call->in[NORM_GRADIENT_VAR];
    b.dx = call->out[NORM_DX];
    if (call->outputs > dweight) {
        b.dweight = call->out[dweight];
        b.dbias = call->out[dweight + 1];
    }
    (b.mean.dtype == VT_F32 ? gradient_f32 : gradient_f64)(&b);
    return true;
}

static bool run_batch_norm(const kernel_call *call)
{
    batch b = batch_of(call, &call->in[NORM_X]);
    b.weight = call->in[NORM_WEIGHT];
    b.bias = call->in[NORM_BIAS];
    b.relu = call->op == &op_batch_norm_relu;
    return run_forward(call, b);
}

static bool run_batch_norm_add_relu(const kernel_call *call)
{
    batch b = batch_of(call, &call->in[BATCH_NORM_ADD_RELU_X]);
    b.shortcut = call->in[BATCH_NORM_ADD_RELU_SHORTCUT];
    b.weight = call->in[BATCH_NORM_ADD_RELU_WEIGHT];
    b.bias = call->in[BATCH_NORM_ADD_RELU_BIAS];
    return run_forward(call, b);
}

static bool run_batch_norm_gradient(const kernel_call *call)
{
    batch b = batch_of(call, &call->in[NORM_GRADIENT_X]);
    b.weight = call->in[NORM_GRADIENT_WEIGHT];
    return run_gradient(call, b, NORM_DWEIGHT);
}

static bool run_batch_norm_relu_gradient(const kernel_call *call)
{
    batch b = batch_of(call, &call->in[NORM_GRADIENT_X]);
    b.weight = call->in[NORM_GRADIENT_WEIGHT];
    b.bias = call->in[NORM_GRADIENT_BIAS];
    b.relu = true;
    return run_gradient(call, b, NORM_DWEIGHT);
}

static bool run_batch_norm_add_relu_gradient(const kernel_call *call)
{
    batch b = batch_of(call, &call->in[NORM_GRADIENT_X]);
    b.y = call->in[ADD_RELU_GRADIENT_Y];
    b.weight = call->in[ADD_RELU_GRADIENT_WEIGHT];
    b.more_g = call->in[ADD_RELU_GRADIENT_MORE_G];
    b.shortcut = call->out[ADD_RELU_DSHORTCUT];
    return run_gradient(call, b, ADD_RELU_DWEIGHT);
}

/* Each channel's, of the type. */
#define MOVE_TOWARDS(type, running, batch, share, scale)                                                               \
    do {                                                                                                               \
        type *kept = (running)->data;                                                                                  \
        const type *seen = (batch)->data, old = (type)(1 - (share)), new = (type)((scale) * (share));                  \
        for (int64_t i = 0; i < (running)->shape.dim[0]; i++) kept[i] = kept[i] * old + seen[i] * new;                 \
    } while (0)

static void move_towards(const array *running, const array *batch, double momentum, double scale)
{
    if (running->dtype == VT_F32)
        MOVE_TOWARDS(float, running, batch, momentum, scale);
    else
        MOVE_TOWARDS(double, running, batch, momentum, scale);
}

static bool run_running_statistics(const kernel_call *call)
{
    const running_statistics_attributes *a = call->attributes;
    move_towards(&call->in[RUNNING_MEAN], &call->in[RUNNING_BATCH_MEAN], a->momentum, 1);
    move_towards(&call->in[RUNNING_VAR], &call->in[RUNNING_BATCH_VAR], a->momentum, a->correction);
    int64_t *batches = call->in[RUNNING_BATCHES].data;
    if (batches) ++*batches;
    return true;
}

static bool run_batch_norm_tracking(const kernel_call *call)
{
    const batch_norm_tracking_attributes *a = call->attributes;
    const array *in = call->in, *out = call->out;
    batch b = batch_of(call, &in[TRACKING_X]);
    b.weight = in[TRACKING_WEIGHT];
    b.bias = in[TRACKING_BIAS];
    b.shortcut = in[TRACKING_SHORTCUT];
    b.relu = a->relu;
    array moved[RUNNING_INPUTS] = { in[TRACKING_RUNNING_MEAN], in[TRACKING_RUNNING_VAR], out[NORM_MEAN], out[NORM_VAR],
                                    in[TRACKING_BATCHES] };
    return run_forward(call, b) && run_running_statistics(&(kernel_call){ .attributes = &a->running, .in = moved });
}

#define KERNEL(name, run_, prepare_, ins, outs)                                                                        \
    {                                                                                                                  \
        &op_##name,                                                                                                    \
        {                                                                                                              \
            .run = run_, .prepare = prepare_, .channels_last_in = ins, .channels_last_out = outs, .bf16_in = ins,      \
            .bf16_out = outs                                                                                           \
        }                                                                                                              \
    }
/* Those that are images: they lie channels last, and may be bf16. */
enum {
    IMAGES = 1 << NORM_X,
    ADD_RELU_IMAGES = 1 << BATCH_NORM_ADD_RELU_X | 1 << BATCH_NORM_ADD_RELU_SHORTCUT,
    TRACKING_IMAGES = 1 << TRACKING_X | 1 << TRACKING_SHORTCUT,
    GRADIENT_IMAGES = 1 << NORM_GRADIENT_G | 1 << NORM_GRADIENT_X,
    ADD_RELU_GRADIENT_IMAGES = GRADIENT_IMAGES | 1 << ADD_RELU_GRADIENT_Y | 1 << ADD_RELU_GRADIENT_MORE_G
};

const kernel_row cpu_batch_norm_kernels[] = {
    KERNEL(batch_norm, run_batch_norm, prepare_forward, IMAGES, 1 << NORM_Y),
    KERNEL(batch_norm_relu, run_batch_norm, prepare_forward, IMAGES, 1 << NORM_Y),
    KERNEL(batch_norm_add_relu, run_batch_norm_add_relu, prepare_forward, ADD_RELU_IMAGES, 1 << NORM_Y),
    KERNEL(batch_norm_tracking, run_batch_norm_tracking, prepare_forward, TRACKING_IMAGES, 1 << NORM_Y),
    KERNEL(batch_norm_gradient, run_batch_norm_gradient, prepare_gradient, GRADIENT_IMAGES, 1 << NORM_DX),
    KERNEL(batch_norm_relu_gradient, run_batch_norm_relu_gradient, prepare_gradient, GRADIENT_IMAGES, 1 << NORM_DX),
    KERNEL(batch_norm_add_relu_gradient, run_batch_norm_add_relu_gradient, prepare_gradient, ADD_RELU_GRADIENT_IMAGES,
           1 << ADD_RELU_DX | 1 << ADD_RELU_DSHORTCUT),
    { &op_running_statistics, { .run = run_running_statistics } },
    { 0 },
};
