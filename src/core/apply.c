/* apply.c - what constructors of ops end with. In eager mode what they record is computed at once, and a NaN or an
 * infinity is an error of the op that made it. */
#include "core/apply.h"
#include "core/context.h"
#include "core/run.h"
#include "core/transfer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 1: has a NaN, 2: has an infinity. `where` gets the row-major number of the first. */
static int non_finite(context *c, const value *v, int64_t where[3])
{
    array a;
    void *memory;
    if (!v->buffer || !vt_dtype_is_float(v->array.dtype) || !value_on_host(c, v, &a, &memory)) return 0;
    int found = 0;
    int64_t count = vt_shape_count(a.shape);
    for (int64_t i = 0; i < count && found != 3; i++) {
        double x = array_get(&a, array_offset(&a, i));
        int kind = isnan(x) ? 1 : isinf(x) ? 2 : 0;
        if (kind & ~found) where[kind] = i;
        found |= kind;
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

static bool check_finite(context *c, const node *n)
{
    int64_t where[3];
    if (n->op->view) return true;   /* it has what its input had, however often that repeats */
    int before = n->inputs ? 0 : 3; /* what is created as infinite is meant */
    for (int i = 0; i < n->inputs; i++) {
        const value *v = value_of(c, n->in[i]);
        if (v && !(n->op->writes && n->op->writes(i))) before |= non_finite(c, v, where);
    }
    for (int i = 0; i < n->inputs + n->outputs; i++) {
        bool result = i >= n->inputs || (n->op->writes && n->op->writes(i));
        const value *v = value_of(c, i < n->inputs ? n->in[i] : n->out[i - n->inputs]);
        int fresh = v && result ? non_finite(c, v, where) & ~before : 0;
        if (!fresh) continue;
        int kind = fresh & 1 ? 1 : 2;
        char index[128];
        refuse_call(n->op->name, n->at, VT_ERROR_NUMERIC, "the result has %s at %s, and no input has",
                    kind == 1 ? "a NaN" : "an infinity", index_text(v->spec.shape, where[kind], index));
        return false;
    }
    return true;
}

static bool compute_if_eager(context *c, const node *n)
{
    return !c->eager || c->planning || (run(c, n->out, n->outputs, RUN_EFFECTS) && check_finite(c, n));
}

bool record_into(const recording *r, vt_tensor *out)
{
    const node *n = record_node(r);
    int outputs = r->op->outputs ? r->op->outputs : r->outputs;
    bool ok = n && compute_if_eager(context_get(), n);
    for (int i = 0; i < outputs; i++) out[i] = ok ? n->out[i] : (vt_tensor){ 0 };
    return ok;
}

vt_tensor record_one(const recording *r)
{
    vt_tensor out = { 0 };
    record_into(r, &out);
    return out;
}
