/* optimizer_update.c - an update of the parameters that have gradients. */
#include "core/graph/refuse.h"
#include "core/base/entry.h"
#include "core/tensor/handle.h"
#include "core/context.h"
#include "ops/effect.h"
#include "train/optimizer.h"
#include <vitro/vitro.h>
#include <float.h>
#include <math.h>

/* The gradient as it was recorded: to look it up with vt_grad would tell the core that the user holds it. */
vt_tensor slot_gradient(const slot *s)
{
    context *c = context_get();
    const value *v = value_of(c, s->parameter);
    const value *g = v && v->trainable ? value_held(c, v->gradient) : NULL;
    return g ? g->handle : VT_INERT;
}

int optimizer_mark_due(vt_optimizer *o, const char *call, vt_site at)
{
    int count = 0;
    if (vt_failed() || !optimizer_is_there(o, call, at)) return 0;
    for (slot *s = o->slots; s < o->slots + o->count; s++) count += s->due = slot_gradient(s).id != 0;
    if (!count)
        refuse_call(call, at, VT_ERROR_GRADIENT,
                    "no trainable parameter has a gradient; vt_backward gives them until its scope ends");
    return count;
}

static bool updates_together(const slot *a, const slot *b)
{
    return a->due && b->due && a->method == b->method && a->lr_ratio == b->lr_ratio &&
           a->weight_decay == b->weight_decay && (a->method->rule->scalars <= UPDATE_NUMBER || a->steps == b->steps);
}

/* What is another number in every update: leaves, which all ops of the update share. */
typedef struct update {
    vt_site at;
    vt_tensor lr, number, share; /* inert until made */
    int64_t counted;             /* what `number` holds */
} update;

static vt_tensor leaf(vt_site at, double number)
{
    return vt_from_data_at(at, &number, VT_SCALAR, VT_F64);
}

/* The share of an update in the average of all: their weights are the squares of the largest learning rate until then,
 * as Defazio et al. have it. None of a rate of 0. */
static vt_tensor next_share(const vt_optimizer *o, vt_tensor lr)
{
    vt_tensor largest = vt_maximum(o->numbers[LARGEST_LR], lr), weight = vt_square(largest);
    vt_tensor sum = vt_add(o->numbers[WEIGHT_SUM], weight);
    vt_assign(o->numbers[LARGEST_LR], largest);
    vt_assign(o->numbers[WEIGHT_SUM], sum);
    return vt_div(weight, vt_clamp(sum, DBL_MIN, INFINITY));
}

/* Puts the scalars of an op first among its inputs; returns how many there are. */
static int add_scalars(const vt_optimizer *o, update *u, const slot *first)
{
    int count = first->method->rule->scalars;
    int64_t number = first->steps + 1;
    if (!u->lr.id) u->lr = leaf(u->at, o->lr);
    o->tensors[UPDATE_LR] = u->lr;
    if (count <= UPDATE_NUMBER) return count;
    if (!u->number.id || u->counted != number) u->number = leaf(u->at, (double)number);
    u->counted = number;
    o->tensors[UPDATE_NUMBER] = u->number;
    if (count <= UPDATE_SHARE) return count;
    if (!u->share.id) u->share = next_share(o, u->lr);
    o->tensors[UPDATE_SHARE] = u->share;
    return count;
}

/* One op for the parameters that share everything an op has one of. */
static bool update_with(vt_optimizer *o, update *u, slot *first)
{
    method *m = first->method;
    int inputs = add_scalars(o, u, first);
    for (slot *s = first; s < o->slots + o->count; s++) {
        if (!updates_together(first, s)) continue;
        o->tensors[inputs++] = s->parameter;
        o->tensors[inputs++] = slot_gradient(s);
        for (int i = 0; i < m->rule->states; i++) {
            if (!optimizer_make_state(s, i)) return false;
            o->tensors[inputs++] = s->state[i];
        }
    }
    const slot like = *first;
    m->attributes.all = (update_attributes){ like.lr_ratio, like.weight_decay };
    record_update(u->at, m->rule, o->tensors, inputs, &m->attributes);
    if (vt_failed()) return false;
    for (slot *s = first; s < o->slots + o->count; s++) {
        if (!updates_together(&like, s)) continue;
        s->steps++;
        s->due = false;
    }
    return true;
}

static bool is_training(const vt_optimizer *o, vt_site at)
{
    if (o->evaluates)
        refuse_call("optimizer_step", at, VT_ERROR_ARGUMENT,
                    "averages stand in the parameters' places; vt_optimizer_evaluate(optimizer, false) comes first");
    return !o->evaluates;
}

void vt_optimizer_step_at(vt_site at, vt_optimizer *o)
{
    ENTER("optimizer_step", at);
    if (!optimizer_mark_due(o, "optimizer_step", at) || !is_training(o, at)) return;
    update u = { .at = at };
    for (slot *s = o->slots; s < o->slots + o->count; s++)
        if (s->due && !update_with(o, &u, s)) return;
    for (slot *s = o->slots; s < o->slots + o->count; s++) s->has_sum = false;
    o->steps++;
    averages_update(o, at);
}
