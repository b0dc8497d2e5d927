/* row_norm.c - layer norm and RMS norm, row by row, and their gradients, alone and with the sum that stands before or
 * after them. A row is gone over several times while it is in the nearest cache. The gradients of weight and bias are
 * summed over parts of the rows first, as many as follow from the shape alone, and then over the parts. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/vector/lanes.h"
#include "backends/cpu/reduction/rows.h"
#include "core/base/bf16.h"
#include "ops/normalization.h"

typedef struct row_norm {
    int64_t rows, length, parts;
    double eps;
    bool centered; /* the mean is subtracted */
} row_norm;

/* What goes into a norm, x and b [rows, length], weight and bias [length], and what comes out: sum and y [rows,
 * length], mean [rows, 2], rstd [rows]. */
typedef struct norm_rows {
    const void *x, *b, *weight, *bias; /* b: what is added first, or NULL */
    void *sum, *y, *mean, *rstd;
    bool b_bf16, y_bf16;
} norm_rows;

/* The same of a gradient: g, x, dx [rows, length], residual [rows, length] or [length]; partial [parts, 2, length]. */
typedef struct gradient_rows {
    const void *g, *x, *mean, *rstd, *weight, *residual;
    int64_t residual_stride; /* 0: one row for all */
    void *dx, *dweight, *dbias, *partial;
    bool g_bf16, dx_bf16;
} gradient_rows;

/* Rows that are handled together, while they are in the nearest cache: what is done to one does not wait for what is
 * done to another. */
enum { BLOCK = 8, BLOCK_ELEMENTS = 4096 };

static int64_t rows_in_block(const row_norm *r)
{
    int64_t rows = BLOCK_ELEMENTS / r->length;
    return rows < 1 ? 1 : rows < BLOCK ? rows : BLOCK;
}

/* Element `offset` of what is stored as bf16, or else in `size` bytes an element. */
static inline void *at(const void *data, bool bf16, int64_t offset, size_t size)
{
    return (char *)data + offset * (int64_t)(bf16 ? sizeof(uint16_t) : size);
}

static inline float load_f32(const void *x, bool bf16, int64_t i)
{
    return bf16 ? bf16_to_f32(((const uint16_t *)x)[i]) : ((const float *)x)[i];
}

static inline void store_f32(void *y, bool bf16, int64_t i, float value)
{
    if (bf16)
        ((uint16_t *)y)[i] = bf16_of_f32(value);
    else
        ((float *)y)[i] = value;
}

static inline double load_f64(const void *x, bool bf16, int64_t i)
{
    (void)bf16;
    return ((const double *)x)[i];
}

static inline void store_f64(void *y, bool bf16, int64_t i, double value)
{
    (void)bf16;
    ((double *)y)[i] = value;
}

#define TEMPLATE "backends/cpu/reduction/row_norm_template.h"
#include "backends/cpu/vector/each_float.h"

static row_norm row_norm_of(const kernel_call *call, const array *x, bool centered)
{
    enum { ROWS = 32, MAX_PARTS = 256 };
    const row_norm_attributes *a = call->attributes;
    row_norm r = { .length = 1, .eps = a->eps, .centered = centered };
    for (int i = x->shape.rank - (int)a->rank; i < x->shape.rank; i++) r.length *= x->shape.dim[i];
    r.rows = vt_shape_count(x->shape) / r.length;
    r.parts = r.rows / ROWS < MAX_PARTS ? r.rows / ROWS : MAX_PARTS;
    if (r.parts < 1) r.parts = 1;
    return r;
}

/* -- Scratch memory: a row of one value for a weight that is absent, one for what is added and absent, partial sums  */

static bool prepare(const kernel_call *call, const array *x, bool sums, preparation *p)
{
    row_norm r = row_norm_of(call, x, false);
    p->scratch = (size_t)(r.length * (2 + (sums ? 2 * r.parts : 0))) * vt_dtype_size(x->dtype);
    return true;
}

static bool prepare_norm(const kernel_call *call, preparation *p)
{
    return prepare(call, &call->in[NORM_X], false, p);
}

static bool prepare_gradient(const kernel_call *call, preparation *p)
{
    return prepare(call, &call->in[NORM_GRADIENT_X], call->outputs > NORM_DWEIGHT, p);
}

/* Row number `number` of the scratch memory, filled. */
static const void *row_of(const kernel_call *call, const array *x, int64_t number, int64_t length, double value)
{
    array row = array_contiguous((char *)call->scratch + number * length * (int64_t)vt_dtype_size(x->dtype), x->dtype,
                                 VT_SHAPE(length));
    for (int64_t i = 0; i < length; i++) array_set(&row, i, value);
    return row.data;
}

/* -- The kernels --------------------------------------------------------------------------------------------------- */

static bool forward(const kernel_call *call, const row_norm *r, norm_rows p)
{
    const array *x = &call->in[NORM_X], *y = &call->out[NORM_Y]; /* of all the norms */
    if (!p.weight) p.weight = row_of(call, x, 0, r->length, 1);
    if (!p.bias) p.bias = row_of(call, x, 1, r->length, 0);
    p.x = x->data;
    p.y = y->data;
    p.y_bf16 = y->dtype == VT_BF16;
    (x->dtype == VT_F32 ? norm_f32 : norm_f64)(r, &p);
    return true;
}

static bool run_layer_norm(const kernel_call *call)
{
    row_norm r = row_norm_of(call, &call->in[NORM_X], true);
    return forward(call, &r,
                   (norm_rows){ .weight = call->in[NORM_WEIGHT].data,
                                .bias = call->in[NORM_BIAS].data,
                                .mean = call->out[NORM_MEAN].data,
                                .rstd = call->out[NORM_RSTD].data });
}

static bool run_rms_norm(const kernel_call *call)
{
    row_norm r = row_norm_of(call, &call->in[RMS_NORM_X], false);
    return forward(call, &r,
                   (norm_rows){ .weight = call->in[RMS_NORM_WEIGHT].data, .rstd = call->out[RMS_NORM_RSTD].data });
}

static bool run_add_layer_norm(const kernel_call *call)
{
    row_norm r = row_norm_of(call, &call->in[ADD_LAYER_NORM_A], true);
    return forward(call, &r,
                   (norm_rows){ .b = call->in[ADD_LAYER_NORM_B].data,
                                .b_bf16 = call->in[ADD_LAYER_NORM_B].dtype == VT_BF16,
                                .weight = call->in[ADD_LAYER_NORM_WEIGHT].data,
                                .bias = call->in[ADD_LAYER_NORM_BIAS].data,
                                .mean = call->out[NORM_MEAN].data,
                                .rstd = call->out[NORM_RSTD].data,
                                .sum = call->out[ADD_LAYER_NORM_SUM].data });
}

static bool backward(const kernel_call *call, const row_norm *r, gradient_rows p)
{
    const array *g = &call->in[NORM_GRADIENT_G], *x = &call->in[NORM_GRADIENT_X], *dx = &call->out[NORM_DX];
    p.residual_stride = p.residual ? r->length : 0;
    if (!p.weight) p.weight = row_of(call, x, 0, r->length, 1);
    if (!p.residual) p.residual = row_of(call, x, 1, r->length, 0);
    if (call->outputs > NORM_DWEIGHT) p.partial = at(call->scratch, false, 2 * r->length, vt_dtype_size(x->dtype));
    p.g = g->data;
    p.g_bf16 = g->dtype == VT_BF16;
    p.x = x->data;
    p.dx = dx->data;
    p.dx_bf16 = dx->dtype == VT_BF16;
    p.dweight = call->outputs > NORM_DWEIGHT ? call->out[NORM_DWEIGHT].data : NULL;
    p.dbias = call->outputs > NORM_DBIAS ? call->out[NORM_DBIAS].data : NULL;
    (x->dtype == VT_F32 ? norm_gradient_f32 : norm_gradient_f64)(r, &p);
    return true;
}

static bool run_layer_norm_gradient(const kernel_call *call)
{
    row_norm r = row_norm_of(call, &call->in[NORM_GRADIENT_X], true);
    const array *in = call->in;
    return backward(call, &r,
                    (gradient_rows){ .mean = in[NORM_GRADIENT_MEAN].data,
                                     .rstd = in[NORM_GRADIENT_RSTD].data,
                                     .weight = in[NORM_GRADIENT_WEIGHT].data });
}

static bool run_rms_norm_gradient(const kernel_call *call)
{
    row_norm r = row_norm_of(call, &call->in[NORM_GRADIENT_X], false);
    return backward(call, &r,
                    (gradient_rows){ .rstd = call->in[RMS_NORM_GRADIENT_RSTD].data,
                                     .weight = call->in[RMS_NORM_GRADIENT_WEIGHT].data });
}

static bool run_layer_norm_gradient_add(const kernel_call *call)
{
    row_norm r = row_norm_of(call, &call->in[NORM_GRADIENT_X], true);
    const array *in = call->in;
    return backward(call, &r,
                    (gradient_rows){ .mean = in[NORM_GRADIENT_MEAN].data,
                                     .rstd = in[NORM_GRADIENT_RSTD].data,
                                     .residual = in[GRADIENT_ADD_RESIDUAL].data,
                                     .weight = in[GRADIENT_ADD_WEIGHT].data });
}

#define NORM(name, ...)                                                                                                \
    {                                                                                                                  \
        &op_##name,                                                                                                    \
        {                                                                                                              \
            .run = run_##name, .bf16_out = 1 << NORM_Y, __VA_ARGS__                                                    \
        }                                                                                                              \
    }
const kernel_row cpu_row_norm_kernels[] = {
    NORM(layer_norm, .prepare = prepare_norm),
    NORM(rms_norm, .prepare = prepare_norm),
    NORM(add_layer_norm, .prepare = prepare_norm, .bf16_in = 1 << ADD_LAYER_NORM_B),
    NORM(layer_norm_gradient, .prepare = prepare_gradient, .bf16_in = 1 << NORM_GRADIENT_G),
    NORM(rms_norm_gradient, .prepare = prepare_gradient, .bf16_in = 1 << NORM_GRADIENT_G),
    NORM(layer_norm_gradient_add, .prepare = prepare_gradient, .bf16_in = 1 << NORM_GRADIENT_G),
    { 0 },
};
