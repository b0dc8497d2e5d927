/* measure.c - what a sample of an op gives on a device, in a precision. */
#include "cases/measure.h"
#include "core/context.h"
#include "tested_device.h"
#include "numbers.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const setting oracle = { .name = "reference", .device = "reference", .dtype = VT_F64 };

void use_setting(const setting *u)
{
    vt_set_precision(VT_F32); /* which every device has */
    vt_set_device(u->device ? u->device : tested_device());
    vt_set_precision(u->dtype);
    vt_set_eager(u->eager);
    vt_set_training(true);
    vt_seed(11);
    context_get()->force_decompose = u->decomposed;
}

static void *allocate(int64_t count, size_t size)
{
    void *memory = calloc((size_t)count + 1, size);
    if (!memory) abort();
    return memory;
}

/* -- Inputs -------------------------------------------------------------------------------------------------------- */

/* Values that f32 holds exactly, so that every dtype sees the same numbers. */
static double *input_values(const sample_input *in, uint64_t *state, bool zeros)
{
    int64_t count = vt_shape_count(in->shape);
    double *data = allocate(count, sizeof *data);
    zeros &= in->kind == INPUT_FLOATS && in->low <= 0 && in->high > 0;
    for (int64_t i = 0; i < count; i++) {
        double u = next_uniform(state);
        if (in->kind == INPUT_FLOATS) data[i] = (double)(float)(in->low + (in->high - in->low) * u);
        if (in->kind == INPUT_DISTINCT) data[i] = (double)(float)(0.125 * (double)(i - count / 2));
        if (in->kind == INPUT_INTEGERS) data[i] = floor(in->low + (in->high - in->low) * u);
        if (in->kind == INPUT_BOOLS) data[i] = u < 0.5;
        if (zeros && i % 3 == 0) data[i] = i % 2 ? -0.0 : 0;
    }
    for (int64_t i = count - 1; in->kind == INPUT_DISTINCT && i > 0; i--) {
        int64_t j = (int64_t)(next_uniform(state) * (double)(i + 1));
        double swap = data[i];
        data[i] = data[j];
        data[j] = swap;
    }
    return data;
}

/* A bf16 precision has tensors of f32. */
static vt_dtype float_dtype_of(vt_dtype precision)
{
    return precision == VT_BF16 ? VT_F32 : precision;
}

static vt_tensor make_input(const sample_input *in, uint64_t *state, const setting *u)
{
    vt_dtype dtype = in->kind == INPUT_INTEGERS ? VT_I64 : in->kind == INPUT_BOOLS ? VT_BOOL : float_dtype_of(u->dtype);
    double *data = input_values(in, state, u->zeros);
    void *typed = allocate(vt_shape_count(in->shape), sizeof(double));
    vt_shape shape = in->shape;
    vt_axes order = { .count = shape.rank };
    array from = array_contiguous(data, VT_F64, in->shape);
    for (int i = 0; u->permuted && i < shape.rank; i++) {
        order.axis[i] = shape.rank - 1 - i;
        shape.dim[i] = in->shape.dim[order.axis[i]];
    }
    if (u->permuted) from = array_permute(from, order.axis);
    array to = array_contiguous(typed, dtype, shape);
    array_copy(&to, &from);
    vt_tensor x = vt_from_data(typed, shape, dtype);
    free(typed);
    free(data);
    return u->permuted && shape.rank > 1 ? vt_permute(x, order) : x;
}

bool may_be_one(const op_sample *s, int first, int second)
{
    const sample_input *a = &s->in[first - 1], *b = &s->in[second - 1];
    return a->kind == b->kind && a->kind != INPUT_ABSENT && vt_shape_equal(a->shape, b->shape) && b->low >= a->low &&
           b->high <= a->high;
}

inputs make_inputs(const op_sample *s, const setting *u)
{
    inputs made = { 0 };
    uint64_t state = 7;
    for (; made.count < MAX_SAMPLE_INPUTS && s->in[made.count].kind != INPUT_END; made.count++) {
        const sample_input *in = &s->in[made.count];
        if (in->kind == INPUT_ABSENT) continue;
        uint64_t before = state;
        made.tensor[made.count] = make_input(in, &state, u);
        if (made.count + 1 != u->second) continue;
        made.tensor[u->first - 1] = u->copies ? make_input(in, &before, u) : made.tensor[made.count];
    }
    return made;
}

bool is_differentiable(const op_sample *s)
{
    use_setting(&oracle);
    VT_SCOPE;
    inputs in = make_inputs(s, &oracle);
    bool any = false;
    for (int i = 0; i < in.count; i++) any |= in.tensor[i].id && vt_dtype_of(in.tensor[i]) == VT_F64;
    return any && vt_dtype_of(s->function(in.tensor)) == VT_F64;
}

/* -- Results ------------------------------------------------------------------------------------------------------- */

static result read_result(vt_tensor y)
{
    result r = { vt_dtype_of(y), vt_shape_of(y), NULL };
    int64_t count = vt_shape_count(r.shape);
    double *data = allocate(count, sizeof *data);
    if (vt_read(y, data, count, VT_F64))
        r.data = data;
    else
        free(data);
    return r;
}

static void append_result(result *all, vt_tensor x)
{
    result one = read_result(x);
    int64_t before = all->shape.dim[0], more = vt_shape_count(one.shape);
    if (one.data) {
        double *data = allocate(before + more, sizeof *data);
        if (before) memcpy(data, all->data, (size_t)before * sizeof *data);
        memcpy(data + before, one.data, (size_t)more * sizeof *data);
        free(all->data);
        all->data = data;
        all->shape.dim[0] += more;
    }
    free(one.data);
}

/* Results one after another; those before an error are not worth having. */
static result whole(result all)
{
    if (!vt_failed()) {
        if (!all.data) all.data = allocate(0, sizeof *all.data);
        return all;
    }
    free(all.data);
    all.data = NULL;
    return all;
}

result measure_forward(const op_sample *s, const setting *u)
{
    use_setting(u);
    VT_SCOPE;
    inputs in = make_inputs(s, u);
    if (vt_failed()) return (result){ 0 };
    return read_result(s->function(in.tensor));
}

/* As leaves, permuted or not: inputs made in a scope of their own come out of it so. */
static inputs make_leaves(const op_sample *s, const setting *u)
{
    VT_SCOPE;
    inputs in = make_inputs(s, u);
    for (int i = 0; i < in.count; i++)
        if (in.tensor[i].id) vt_keep(in.tensor[i]);
    return in;
}

static uint32_t version_of(vt_tensor x)
{
    const value *v = x.id ? value_of(context_get(), x) : NULL;
    return v ? v->recorded_version : 0;
}

static unsigned written_since(const inputs *in, const uint32_t *versions)
{
    unsigned written = 0;
    for (int i = 0; i < in->count; i++)
        if (version_of(in->tensor[i]) != versions[i]) written |= 1u << i;
    return written;
}

/* Calls the sample; returns the inputs that it overwrites, a bit each. */
static unsigned call_and_watch(const op_sample *s, const inputs *in, vt_tensor *y)
{
    uint32_t versions[MAX_SAMPLE_INPUTS] = { 0 };
    for (int i = 0; i < in->count; i++) versions[i] = version_of(in->tensor[i]);
    *y = s->function(in->tensor);
    return written_since(in, versions);
}

unsigned written_inputs(const op_sample *s, const setting *u)
{
    use_setting(u);
    VT_SCOPE;
    inputs in = make_leaves(s, u);
    vt_tensor y;
    return call_and_watch(s, &in, &y);
}

result measure_effect(const op_sample *s, const setting *u)
{
    use_setting(u);
    VT_SCOPE;
    inputs in = make_leaves(s, u);
    if (vt_failed()) return (result){ 0 };
    vt_tensor y;
    unsigned written = call_and_watch(s, &in, &y);
    int first = u->first - 1, second = u->second - 1;
    if (u->copies && written >> first & 1) in.tensor[second] = in.tensor[first];
    if (u->copies && written >> second & 1) in.tensor[first] = in.tensor[second];
    result all = { float_dtype_of(u->dtype), { .rank = 1 }, NULL };
    if (y.id) append_result(&all, y);
    for (int i = 0; i < in.count; i++)
        if (in.tensor[i].id) append_result(&all, in.tensor[i]);
    return whole(all);
}

result measure_gradient(const op_sample *s, const setting *u)
{
    use_setting(u);
    VT_SCOPE;
    inputs in = make_inputs(s, u);
    if (vt_failed()) return (result){ 0 };
    vt_tensor y = s->function(in.tensor), g[MAX_SAMPLE_INPUTS], wanted[MAX_SAMPLE_INPUTS];
    sample_input like = { INPUT_FLOATS, -1, 1, vt_shape_of(y) };
    uint64_t state = 23;
    vt_tensor cotangent = make_input(&like, &state, &(setting){ .dtype = u->dtype });
    int count = 0;
    for (int i = 0; i < in.count; i++)
        if (in.tensor[i].id && vt_dtype_is_float(vt_dtype_of(in.tensor[i]))) wanted[count++] = in.tensor[i];
    vt_gradients(y, cotangent, wanted, count, g);
    int pair[2], found = 0;
    for (int i = 0; u->copies && i < count; i++)
        for (int k = 0; k < 2; k++)
            if (wanted[i].id == in.tensor[(k ? u->second : u->first) - 1].id) pair[found++] = i;
    if (found == 2) g[pair[0]] = g[pair[1]] = vt_add(g[pair[0]], g[pair[1]]);
    result all = { float_dtype_of(u->dtype), { .rank = 1 }, NULL };
    for (int i = 0; i < count && !vt_failed(); i++) {
        if (!vt_shape_equal(vt_shape_of(g[i]), vt_shape_of(wanted[i])))
            vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "gradient %d has another shape than what it is of", i);
        append_result(&all, g[i]);
    }
    return whole(all);
}
