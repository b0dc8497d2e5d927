/* apply.c - what constructors of ops end with. In eager mode what they record is computed at once, and a NaN or an
 * infinity is an error of the op that made it of finite numbers. */
#include "core/run/apply.h"
#include "core/context.h"
#include "core/run/run.h"
#include "core/tensor/transfer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Whether v has been computed and has a NaN or an infinity; the row-major number of the first, and its value. */
static bool has_non_finite(context *c, const value *v, int64_t *where, double *what)
{
    array a;
    void *memory;
    if (!v || !v->buffer || !vt_dtype_is_float(v->array.dtype) || !value_on_host(c, v, &a, &memory)) return false;
    bool found = false;
    int64_t count = vt_shape_count(a.shape);
    for (int64_t i = 0; i < count && !found; i++) {
        *where = i;
        *what = array_get(&a, array_offset(&a, i));
        found = !isfinite(*what);
    }
    free(memory);
    return found;
}

static const char *index_text(vt_shape shape, int64_t number, char text[128])
{
    vt_shape index = { .rank = shape.rank };
    for (int i = shape.rank - 1; i >= 0; i--) {
        index.dim[i] = number % shape.dim[i];
        number /= shape.dim[i];
    }
    return vt_shape_text(index, text);
}

static bool is_written(const node *n, int input)
{
    return n->op->writes && n->op->writes(input);
}

static bool has_non_finite_input(context *c, const node *n, bool written)
{
    int64_t where;
    double what;
    for (int i = 0; i < n->inputs; i++)
        if (is_written(n, i) == written && has_non_finite(c, value_of(c, n->in[i]), &where, &what)) return true;
    return false;
}

/* What is created as infinite is meant, and so is what an option says. */
static bool has_non_finite_option(const node *n)
{
    const double *option = n->attributes;
    for (int i = 0; n->op->unbounded >> i; i++)
        if (n->op->unbounded >> i & 1 && !isfinite(option[i])) return true;
    return n->inputs == 0;
}

/* Finite numbers must not have become others. */
static bool results_are_finite(context *c, const node *n)
{
    if (n->op->view) return true; /* it has what its input had, however often that repeats */
    for (int i = 0; i < n->inputs + n->outputs; i++) {
        if (i < n->inputs && !is_written(n, i)) continue;
        const value *v = value_of(c, i < n->inputs ? n->in[i] : n->out[i - n->inputs]);
        int64_t where;
        double what;
        if (!has_non_finite(c, v, &where, &what)) continue;
        char index[128];
        refuse_call(n->op->name, n->at, VT_ERROR_NUMERIC, "the result has %s at %s, and no input has one",
                    isnan(what) ? "a NaN" : "an infinity", index_text(v->spec.shape, where, index));
        return false;
    }
    return true;
}

/* What an effect overwrites is looked at before, what it reads afterwards, when it is there. */
static bool compute_checked(context *c, const node *n)
{
    bool asked_for = has_non_finite_option(n) || (n->op->writes && has_non_finite_input(c, n, true));
    if (!run(c, n->out, n->outputs, RUN_EFFECTS)) return false;
    return asked_for || has_non_finite_input(c, n, false) || results_are_finite(c, n);
}

static bool compute_if_eager(context *c, const node *n)
{
    return !c->eager || c->planning || compute_checked(c, n);
}

bool record_into(const recording *r, vt_tensor *out)
{
    const node *n = record_node(r);
    int outputs = r->op->outputs ? r->op->outputs : r->outputs;
    bool ok = n && (r->weak || compute_if_eager(context_get(), n));
    for (int i = 0; i < outputs; i++) out[i] = ok ? n->out[i] : VT_INERT;
    return ok;
}

vt_tensor record_one(const recording *r)
{
    vt_tensor out = { 0 };
    record_into(r, &out);
    return out;
}
