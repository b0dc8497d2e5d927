/* gradcheck.c - gradients against central differences. */
#include "core/graph/refuse.h"
#include "core/tensor/handle.h"
#include "core/context.h"
#include <vitro/vitro.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INPUTS = 16, COTANGENTS = 3 };

typedef struct check {
    const vt_gradcheck_args *args;
    vt_function function; /* args->function, or its gradient as a function */
    void *user;
    vt_random_state random;
    const char *order; /* "", or "second-order ": for messages */
    vt_tensor cotangent[COTANGENTS];
    int first, second; /* inputs that are one tensor, or that stand for it; equal: none */
} check;

static bool is_varied(vt_tensor x)
{
    return vt_dtype_is_float(vt_dtype_of(x));
}

static vt_tensor call(const check *k)
{
    vt_random_set(k->random);
    return k->function(k->args->inputs, k->user);
}

/* A cotangent in [-1, 1] that depends on the seed alone. A sum as loss would hide a wrong softmax gradient. */
static vt_tensor random_cotangent(uint64_t seed, vt_shape shape)
{
    int64_t count = vt_shape_count(shape);
    double *data = malloc((size_t)(count + 1) * sizeof *data);
    if (!data) return refuse_call("gradcheck", VT_HERE, VT_ERROR_MEMORY, "out of memory");
    uint64_t state = seed * 2 + 1;
    for (int64_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        data[i] = (double)(state >> 11) * 0x1p-52 - 1;
    }
    vt_tensor out = vt_from_data(data, shape, VT_F64);
    free(data);
    return out;
}

/* Of the function's result, for each cotangent, <result, cotangent>. */
static void project(const check *k, double value[COTANGENTS])
{
    VT_SCOPE;
    vt_tensor y = call(k), products[COTANGENTS];
    for (int i = 0; i < COTANGENTS; i++) products[i] = vt_sum(vt_mul(y, k->cotangent[i]));
    vt_read(vt_stack(products, COTANGENTS, 0), value, COTANGENTS, VT_F64);
}

/* For each cotangent the derivative by one element: to derivative[0], derivative[count], ... */
static void differ(const check *k, int input, double *data, int64_t element, double *derivative, int64_t count)
{
    vt_tensor x = k->args->inputs[input];
    double at = data[element], step = k->args->step, value[2][COTANGENTS] = { 0 };
    for (int side = 0; side < 2; side++) {
        data[element] = side ? at + step : at - step;
        vt_write(x, data);
        project(k, value[side]);
    }
    data[element] = at;
    vt_write(x, data);
    for (int i = 0; i < COTANGENTS; i++) derivative[i * count] = (value[1][i] - value[0][i]) / (2 * step);
}

static const char *index_text(vt_shape shape, int64_t number, char text[128])
{
    vt_shape index = { .rank = shape.rank };
    for (int i = shape.rank - 1; i >= 0; number /= shape.dim[i--]) index.dim[i] = number % shape.dim[i];
    return vt_shape_text(index, text);
}

/* `count`: of all cotangents. */
static bool report_input(const check *k, int input, const double *analytic, const double *numeric, int64_t count)
{
    const vt_gradcheck_args *a = k->args;
    double tolerance = a->tolerance, largest = 1, worst = -1;
    int64_t where = 0;
    for (int64_t i = 0; i < count; i++) largest = fmax(largest, fabs(numeric[i]));
    for (int64_t i = 0; i < count; i++) {
        double difference = fabs(analytic[i] - numeric[i]);
        if (!(difference <= worst)) {
            worst = isnan(difference) ? INFINITY : difference;
            where = i;
        }
    }
    bool ok = worst <= tolerance * largest;
    if (a->report)
        fprintf(a->report, "%sgradient of input %d: %s, largest difference %.3g (tolerance %.3g)\n", k->order, input,
                ok ? "right" : "WRONG", worst, tolerance * largest);
    if (ok) return true;
    vt_shape shape = vt_shape_of(a->inputs[input]);
    char text[128];
    refuse_call("gradcheck", a->at_, VT_ERROR_GRADIENT,
                "the %sgradient of input %d differs at %s: analytic %.9g, numeric %.9g, tolerance %.3g", k->order,
                input, index_text(shape, where % vt_shape_count(shape), text), analytic[where], numeric[where],
                tolerance * largest);
    return false;
}

static bool check_input(const check *k, int input, const double *analytic)
{
    vt_tensor x = k->args->inputs[input];
    int64_t count = vt_count(x);
    double *data = malloc((1 + COTANGENTS) * (size_t)(count + 1) * sizeof *data), *numeric = data ? data + count : NULL;
    if (!data) return refuse_call("gradcheck", k->args->at_, VT_ERROR_MEMORY, "out of memory").id != 0;
    bool ok = vt_read(x, data, count, VT_F64);
    for (int64_t i = 0; ok && i < count; i++) {
        differ(k, input, data, i, numeric + i, count);
        ok = !vt_failed();
    }
    ok = ok && report_input(k, input, analytic, numeric, COTANGENTS * count);
    free(data);
    return ok;
}

/* Inert for inputs that are held. */
static void gradients_of_varied(const check *k, vt_tensor y, vt_tensor cotangent, const vt_tensor *inputs,
                                vt_tensor *gradients)
{
    vt_tensor varied[MAX_INPUTS], found[MAX_INPUTS];
    int count = 0, next = 0;
    for (int i = 0; i < k->args->count; i++)
        if (is_varied(inputs[i])) varied[count++] = inputs[i];
    vt_gradients(y, cotangent, varied, count, found);
    for (int i = 0; i < k->args->count; i++) gradients[i] = is_varied(inputs[i]) ? found[next++] : VT_INERT;
}

/* The analytic gradients of every input, one after another, and of each for every cotangent. NULL where they cannot be
 * had. */
static double *analytic_gradients(check *k, int64_t total)
{
    const vt_gradcheck_args *a = k->args;
    vt_tensor gradients[COTANGENTS][MAX_INPUTS];
    double *data = malloc(COTANGENTS * (size_t)(total + 1) * sizeof *data), *to = data;
    if (!data) refuse_call("gradcheck", a->at_, VT_ERROR_MEMORY, "out of memory");
    VT_SCOPE;
    vt_tensor y = call(k);
    if (data && !vt_failed() && vt_dtype_of(y) != VT_F64)
        refuse_call("gradcheck", a->at_, VT_ERROR_ARGUMENT, "the function's result is %s, it must be f64",
                    vt_dtype_name(vt_dtype_of(y)));
    for (int c = 0; c < COTANGENTS; c++) gradients_of_varied(k, y, k->cotangent[c], a->inputs, gradients[c]);
    for (int i = 0; data && !vt_failed() && i < a->count; i++) {
        int64_t count = vt_count(a->inputs[i]);
        for (int c = 0; c < COTANGENTS; c++, to += count)
            if (is_varied(a->inputs[i])) vt_read(gradients[c][i], to, count, VT_F64);
    }
    if (!vt_failed()) return data;
    free(data);
    return NULL;
}

static int64_t elements_of(const vt_gradcheck_args *a)
{
    int64_t total = 0;
    for (int i = 0; i < a->count; i++) total += vt_count(a->inputs[i]);
    return total;
}

static bool draw_cotangents(check *k)
{
    const vt_gradcheck_args *a = k->args;
    vt_shape shape;
    {
        VT_SCOPE;
        spec s;
        vt_tensor y = call(k);
        if (vt_failed() || !spec_of("gradcheck", a->at_, "the function's result", y, &s)) return false;
        shape = s.shape;
    }
    if (vt_failed()) return false;
    for (int i = 0; i < COTANGENTS; i++)
        k->cotangent[i] = random_cotangent(k->args->seed + (uint64_t)i * 0x9e3779b97f4a7c15u, shape);
    return !vt_failed();
}

static bool run_check(check *k)
{
    const vt_gradcheck_args *a = k->args;
    VT_SCOPE;
    if (!draw_cotangents(k)) return false;
    double *analytic = analytic_gradients(k, elements_of(a)), *from = analytic;
    bool ok = analytic != NULL;
    for (int i = 0; ok && i < a->count; i++) {
        if (is_varied(a->inputs[i])) ok = check_input(k, i, from);
        from += COTANGENTS * vt_count(a->inputs[i]);
    }
    free(analytic);
    return ok;
}

/* x -> sum over the inputs of <gradient(x), fixed random direction>: its gradient holds all second derivatives. Inputs
 * that are one tensor have one direction, and count once; those that stand for it have the same, and count both. */
static vt_tensor gradient_function(const vt_tensor *inputs, void *user)
{
    const check *first = user;
    vt_tensor gradients[MAX_INPUTS], total = { 0 };
    vt_tensor y = first->args->function(inputs, first->args->user);
    gradients_of_varied(first, y, random_cotangent(first->args->seed, vt_shape_of(y)), inputs, gradients);
    for (int i = 0; i < first->args->count && !vt_failed(); i++) {
        int place = i == first->second ? first->first : i;
        if (!is_varied(inputs[i]) || (place != i && is_same_tensor(inputs[place], inputs[i]))) continue;
        vt_tensor direction = random_cotangent(first->args->seed + 1 + (uint64_t)place, vt_shape_of(inputs[i]));
        vt_tensor part = vt_sum(vt_mul(gradients[i], direction));
        total = total.id ? vt_add(total, part) : part;
    }
    return total;
}

/* -- One tensor in two places ------------------------------------------------------------------------------------- */

/* Its gradient, `of_one`, is the sum of those of two tensors that are equal, NaN where that is. */
static bool expect_sum(const check *k, const double *of_two, const double *of_one)
{
    const vt_gradcheck_args *a = k->args;
    int64_t at[2] = { 0 }, count = vt_count(a->inputs[k->first]);
    for (int i = 0; i < k->second; i++) at[1] += COTANGENTS * vt_count(a->inputs[i]);
    for (int i = 0; i < k->first; i++) at[0] += COTANGENTS * vt_count(a->inputs[i]);
    double largest = 1;
    for (int64_t i = 0; i < COTANGENTS * count; i++)
        for (int place = 0; place < 2; place++)
            if (isfinite(of_two[at[place] + i])) largest = fmax(largest, fabs(of_two[at[place] + i]));
    for (int64_t i = 0; i < COTANGENTS * count; i++) {
        double sum = of_two[at[0] + i] + of_two[at[1] + i], one = of_one[at[0] + i];
        if (!isfinite(sum) || fabs(one - sum) <= a->tolerance * largest) continue;
        char text[128];
        refuse_call("gradcheck", a->at_, VT_ERROR_GRADIENT,
                    "the %sgradient of one tensor as inputs %d and %d differs at %s: %.9g, where those of two equal "
                    "ones add up to %.9g",
                    k->order, k->first, k->second, index_text(vt_shape_of(a->inputs[k->first]), i % count, text), one,
                    sum);
        return false;
    }
    return true;
}

/* A leaf with the values of x: what is varied is never the caller's. */
static vt_tensor copy_of(const vt_gradcheck_args *a, vt_tensor x)
{
    vt_dtype dtype = vt_dtype_of(x);
    int64_t count = vt_count(x);
    vt_tensor copy = { 0 };
    void *data = malloc((size_t)count * vt_dtype_size(dtype) + 1);
    if (!data) return refuse_call("gradcheck", a->at_, VT_ERROR_MEMORY, "out of memory");
    if (vt_read(x, data, count, dtype)) copy = vt_from_data(data, vt_shape_of(x), dtype);
    free(data);
    return copy;
}

/* `inputs` are those of the check. */
static bool run_pair(check *k, vt_tensor *inputs)
{
    VT_SCOPE;
    int64_t total = elements_of(k->args);
    vt_tensor own = inputs[k->second];
    inputs[k->second] = copy_of(k->args, inputs[k->first]);
    double *of_two = draw_cotangents(k) ? analytic_gradients(k, total) : NULL;
    inputs[k->second] = inputs[k->first];
    double *of_one = of_two ? analytic_gradients(k, total) : NULL;
    bool ok = of_one && expect_sum(k, of_two, of_one);
    inputs[k->second] = own;
    free(of_two);
    free(of_one);
    return ok;
}

/* Whether the function overwrites an input, as batch norm does its running statistics. */
static bool is_written(const check *k, int input)
{
    VT_SCOPE;
    const value *v = value_of(context_get(), k->args->inputs[input]);
    uint32_t before = v->recorded_version;
    call(k);
    return v->recorded_version != before;
}

/* One that is overwritten is another tensor afterwards. */
static bool may_be_one(const check *k, int i, int j)
{
    const vt_tensor *in = k->args->inputs;
    return is_varied(in[i]) && is_varied(in[j]) && vt_shape_equal(vt_shape_of(in[i]), vt_shape_of(in[j])) &&
           !is_written(k, i) && !is_written(k, j);
}

static bool run_pairs(check *first, check *second, vt_tensor *inputs)
{
    int count = first->args->count;
    bool ok = true;
    for (int i = 0; ok && i < count; i++)
        for (int j = i + 1; ok && j < count; j++) {
            if (!may_be_one(first, i, j)) continue;
            first->first = second->first = i;
            first->second = second->second = j;
            ok = run_pair(first, inputs) && (!first->args->second_order || run_pair(second, inputs));
        }
    return ok;
}

/* -- The public function ------------------------------------------------------------------------------------------ */

static bool arguments_fit(const vt_gradcheck_args *a)
{
    if (!a->function || !a->inputs || a->count < 1 || a->count > MAX_INPUTS) {
        refuse_call("gradcheck", a->at_, VT_ERROR_ARGUMENT, "it takes a function and 1 to %d inputs, not %d",
                    MAX_INPUTS, a->count);
        return false;
    }
    if (!number_fits(a->step > 0 && isfinite(a->step), "gradcheck", a->at_, "step", a->step, "finite, above 0") ||
        !number_fits(a->tolerance >= 0, "gradcheck", a->at_, "tolerance", a->tolerance, "0 or more"))
        return false;
    for (int i = 0; i < a->count; i++) {
        spec s;
        if (!spec_of("gradcheck", a->at_, "an input", a->inputs[i], &s)) return false;
        if (s.dtype != VT_F32) continue;
        refuse_call("gradcheck", a->at_, VT_ERROR_ARGUMENT,
                    "input %d is f32, whose rounding hides a wrong gradient; make it f64", i);
        return false;
    }
    return true;
}

static bool copy_inputs(const vt_gradcheck_args *a, vt_tensor copies[MAX_INPUTS])
{
    for (int i = 0; i < a->count; i++) copies[i] = copy_of(a, a->inputs[i]);
    return !vt_failed();
}

bool vt_gradcheck_with(const vt_gradcheck_args *a)
{
    NEED_ARGUMENTS("gradcheck", a, false);
    if (vt_failed() || !arguments_fit(a)) return false;
    VT_SCOPE;
    vt_tensor copies[MAX_INPUTS];
    if (!copy_inputs(a, copies)) return false;
    vt_gradcheck_args args = *a;
    args.inputs = copies;
    vt_random_state random = vt_random_get();
    check first = { .args = &args, .function = args.function, .user = args.user, .random = random, .order = "" };
    check second = {
        .args = &args, .function = gradient_function, .user = &first, .random = random, .order = "second-order "
    };
    bool ok = run_check(&first) && (!args.second_order || run_check(&second)) && run_pairs(&first, &second, copies);
    vt_random_set(random);
    return ok;
}
