/* handle.c - handles that ops are given: what they stand for, or the error that says why they stand for nothing. */
#include "core/tensor/handle.h"
#include "core/context.h"
#include "core/graph/refuse.h"
#include <stdio.h>

/* A value that the user has freed is there for what differentiates, or takes the place of, what was computed from it.
 */
static const value *value_to_read(context *c, vt_tensor x)
{
    return c->internal ? value_of(c, x) : value_held(c, x);
}

static void refuse_handle(const char *name, vt_site at, const char *what, vt_tensor x)
{
    context *c = context_get();
    if (x.id == 0)
        refuse_call(name, at, VT_ERROR_HANDLE,
                    "%s is the inert tensor: a missing argument, or the result of a failed op", what);
    else if (is_foreign(c, x))
        refuse_call(name, at, VT_ERROR_HANDLE,
                    "%s is a tensor of another thread, and each has tensors of its own; what vt_read gives there, "
                    "vt_from_data makes a tensor of here",
                    what);
    else
        refuse_call(name, at, VT_ERROR_HANDLE, "%s is a tensor %s", what, how_it_ended(c, x));
}

bool spec_of(const char *name, vt_site at, const char *what, vt_tensor x, spec *out)
{
    context *c = context_get();
    const value *v = value_to_read(c, x);
    *out = v ? v->spec : (spec){ .shape = { .rank = 0 } };
    if (!v) refuse_handle(name, at, what, x);
    return v != NULL;
}

bool input_specs(const node *n, spec *specs)
{
    for (int i = 0; i < n->inputs; i++) {
        bool optional = n->op->max_inputs && i >= n->op->min_inputs;
        specs[i] = (spec){ .shape = { .rank = 0 } };
        if (n->in[i].id == 0 && optional) continue;
        const value *v = value_to_read(context_get(), n->in[i]);
        if (v) {
            specs[i] = v->spec;
            continue;
        }
        char what[32];
        snprintf(what, sizeof what, n->inputs == 1 ? "input" : "input %d", i);
        return spec_of(n->op->name, n->at, what, n->in[i], &specs[i]);
    }
    return true;
}
