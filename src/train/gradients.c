/* gradients.c - what becomes of gradients between a backward pass and the update: clipping, and sums of several. */
#include "core/graph/refuse.h"
#include "core/base/entry.h"
#include "core/tensor/handle.h"
#include "core/context.h"
#include "ops/effect.h"
#include "train/optimizer.h"
#include <vitro/vitro.h>
#include <math.h>

static void set_gradient(const slot *s, vt_tensor gradient)
{
    value *v = value_of(context_get(), s->parameter);
    if (v) v->gradient = gradient;
}

/* -- Clipping ------------------------------------------------------------------------------------------------------ */

vt_tensor vt_clip_gradients_at(vt_site at, vt_optimizer *o, double max_norm)
{
    ENTER("clip_gradients", at);
    context *c = context_get();
    if (!optimizer_mark_due(o, "clip_gradients", at)) return VT_INERT;
    if (!(max_norm > 0))
        return refuse_call("clip_gradients", at, VT_ERROR_ARGUMENT, "max_norm is %g; it must be positive", max_norm);
    int count = 0;
    for (const slot *s = o->slots; s < o->slots + o->count; s++)
        if (s->due) o->tensors[count++] = slot_gradient(s);
    vt_tensor norm = record_global_norm(at, o->tensors, count), *clipped = o->tensors + o->count;
    if (isinf(max_norm)) return norm;
    c->internal++; /* unless an update takes them, they need not be computed */
    record_clip(at, norm, o->tensors, count, max_norm, clipped);
    c->internal--;
    for (const slot *s = o->slots; !vt_failed() && s < o->slots + o->count; s++)
        if (s->due) set_gradient(s, *clipped++);
    return norm;
}

void vt_clip_gradient_values_at(vt_site at, vt_optimizer *o, double limit)
{
    ENTER("clip_gradient_values", at);
    if (!optimizer_mark_due(o, "clip_gradient_values", at)) return;
    if (!number_fits(limit > 0, "clip_gradient_values", at, "limit", limit, "positive")) return;
    context *c = context_get();
    c->internal++; /* unless an update takes them, they need not be computed */
    for (const slot *s = o->slots; s < o->slots + o->count; s++)
        if (s->due) set_gradient(s, vt_clamp(vt_detach(slot_gradient(s)), -limit, limit));
    c->internal--;
}

/* -- Sums ---------------------------------------------------------------------------------------------------------- */

static void add_gradient(slot *s, double weight)
{
    vt_tensor sum = vt_scale(vt_detach(slot_gradient(s)), weight);
    if (s->has_sum) sum = vt_add(s->sum, sum);
    vt_assign(s->sum, sum);
    set_gradient(s, sum);
    s->has_sum = true;
}

void vt_accumulate_gradients_at(vt_site at, vt_optimizer *o, double weight)
{
    ENTER("accumulate_gradients", at);
    if (!optimizer_mark_due(o, "accumulate_gradients", at)) return;
    if (!number_fits(isfinite(weight), "accumulate_gradients", at, "weight", weight, "finite")) return;
    for (slot *s = o->slots; !vt_failed() && s < o->slots + o->count; s++) {
        if (s->due && optimizer_make_zeros(&s->sum, s->parameter))
            add_gradient(s, weight);
        else if (s->has_sum && vt_trainable(s->parameter)) /* it has none this time */
            set_gradient(s, vt_scale(s->sum, 1));
    }
}
