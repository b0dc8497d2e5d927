/* gradcheck.c - gradients against central differences. */
#include "core/refuse.h"
#include "core/handle.h"
#include "core/context.h"
#include <vitro/vitro.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INPUTS = 16 };

typedef struct check {
    const vt_gradcheck_args *args;
    vt_function function; /* args->function, or its gradient as a function */
    void *user;
    vt_random_state random;
    const char *order; /* "", or "second-order ": for messages */
    vt_tensor cotangent;
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

static double projected(const check *k)
{
    VT_SCOPE;
    return vt_item(vt_sum(vt_mul(call(k), k->cotangent)));
}

static double numeric_derivative(const check *k, int input, double *data, int64_t element, double step)
{
    vt_tensor x = k->args->inputs[input];
    double at = data[element], value[2];
    for (int side = 0; side < 2; side++) {
        data[element] = side ? at + step : at - step;
        vt_write(x, data);
        value[side] = projected(k);
    }
    data[element] = at;
    vt_write(x, data);
    return (value[1] - value[0]) / (2 * step);
}

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
    vt_shape shape = vt_shape_of(a->inputs[input]), index = { .rank = shape.rank };
    int64_t rest = where;
    for (int i = shape.rank - 1; i >= 0; rest /= shape.dim[i--]) index.dim[i] = rest % shape.dim[i];
    char text[128];
    refuse_call("gradcheck", a->at_, VT_ERROR_GRADIENT,
                "the %sgradient of input %d differs at %s: analytic %.9g, numeric %.9g, tolerance %.3g", k->order,
                input, vt_shape_text(index, text), analytic[where], numeric[where], tolerance * largest);
    return false;
}

static bool check_input(const check *k, int input, const double *analytic)
{
    vt_tensor x = k->args->inputs[input];
    int64_t count = vt_count(x);
    double *data = malloc(2 * (size_t)(count + 1) * sizeof *data), *numeric = data ? data + count : NULL;
    if (!data) return refuse_call("gradcheck", k->args->at_, VT_ERROR_MEMORY, "out of memory").id != 0;
    bool ok = vt_read(x, data, count, VT_F64);
    for (int64_t i = 0; ok && i < count; i++) {
        numeric[i] = numeric_derivative(k, input, data, i, k->args->step);
        ok = !vt_failed();
    }
    ok = ok && report_input(k, input, analytic, numeric, count);
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
    for (int i = 0; i < k->args->count; i++) gradients[i] = is_varied(inputs[i]) ? found[next++] : (vt_tensor){ 0 };
}

/* The analytic gradients of every input, one after another. NULL where they cannot be had. */
static double *analytic_gradients(check *k, int64_t total)
{
    const vt_gradcheck_args *a = k->args;
    vt_tensor gradients[MAX_INPUTS];
    double *data = malloc((size_t)(total + 1) * sizeof *data), *to = data;
    if (!data) refuse_call("gradcheck", a->at_, VT_ERROR_MEMORY, "out of memory");
    VT_SCOPE;
    vt_tensor y = call(k);
    if (data && !vt_failed() && vt_dtype_of(y) != VT_F64)
        refuse_call("gradcheck", a->at_, VT_ERROR_ARGUMENT, "the function's result is %s, it must be f64",
                    vt_dtype_name(vt_dtype_of(y)));
    gradients_of_varied(k, y, k->cotangent, a->inputs, gradients);
    for (int i = 0; data && !vt_failed() && i < a->count; i++) {
        int64_t count = vt_count(a->inputs[i]);
        if (is_varied(a->inputs[i])) vt_read(gradients[i], to, count, VT_F64);
        to += count;
    }
    if (!vt_failed()) return data;
    free(data);
    return NULL;
}

static bool run_check(check *k)
{
    const vt_gradcheck_args *a = k->args;
    VT_SCOPE;
    vt_shape shape;
    {
        VT_SCOPE;
        spec s;
        vt_tensor y = call(k);
        if (vt_failed() || !spec_of("gradcheck", a->at_, "the function's result", y, &s)) return false;
        shape = s.shape;
    }
    int64_t total = 0;
    for (int i = 0; i < a->count; i++) total += vt_count(a->inputs[i]);
    if (vt_failed()) return false;
    k->cotangent = random_cotangent(a->seed, shape);
    double *analytic = analytic_gradients(k, total), *from = analytic;
    bool ok = analytic != NULL;
    for (int i = 0; ok && i < a->count; i++) {
        if (is_varied(a->inputs[i])) ok = check_input(k, i, from);
        from += vt_count(a->inputs[i]);
    }
    free(analytic);
    return ok;
}

/* x -> sum over the inputs of <gradient(x), fixed random direction>: its gradient holds all second derivatives. */
static vt_tensor gradient_function(const vt_tensor *inputs, void *user)
{
    const check *first = user;
    vt_tensor gradients[MAX_INPUTS], total = { 0 };
    vt_tensor y = first->args->function(inputs, first->args->user);
    gradients_of_varied(first, y, random_cotangent(first->args->seed, vt_shape_of(y)), inputs, gradients);
    for (int i = 0; i < first->args->count && !vt_failed(); i++) {
        if (!is_varied(inputs[i])) continue;
        vt_tensor direction = random_cotangent(first->args->seed + 1 + (uint64_t)i, vt_shape_of(inputs[i]));
        vt_tensor part = vt_sum(vt_mul(gradients[i], direction));
        total = total.id ? vt_add(total, part) : part;
    }
    return total;
}

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

/* Leaves with the inputs' values: what is varied is never the caller's. */
static bool copy_inputs(const vt_gradcheck_args *a, vt_tensor copies[MAX_INPUTS])
{
    for (int i = 0; i < a->count; i++) {
        vt_dtype dtype = vt_dtype_of(a->inputs[i]);
        int64_t count = vt_count(a->inputs[i]);
        void *data = malloc((size_t)count * vt_dtype_size(dtype) + 1);
        if (!data) return refuse_call("gradcheck", a->at_, VT_ERROR_MEMORY, "out of memory").id != 0;
        if (vt_read(a->inputs[i], data, count, dtype)) copies[i] = vt_from_data(data, vt_shape_of(a->inputs[i]), dtype);
        free(data);
    }
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
    bool ok = run_check(&first) && (!args.second_order || run_check(&second));
    vt_random_set(random);
    return ok;
}
