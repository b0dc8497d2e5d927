/* optimizer.c - which parameters an update takes, with what learning rate and decay, and the state that it keeps. */
#include "core/graph/refuse.h"
#include "core/tensor/persist.h"
#include "core/base/error.h"
#include "core/base/entry.h"
#include "core/tensor/handle.h"
#include "core/context.h"
#include "ops/effect.h"
#include "train/optimizer.h"
#include <vitro/vitro.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an optimiser keeps of one parameter. */
typedef struct slot {
    const char *name; /* the model's */
    vt_tensor parameter;
    bool decays; /* also where the optimiser does not decay all */
    double lr_ratio, weight_decay;
    char *state_name[MOST_UPDATE_STATES];
    vt_tensor state[MOST_UPDATE_STATES]; /* inert until made */
    int64_t steps;
    bool due; /* in the update being recorded */
} slot;

struct vt_optimizer {
    const update_rule *rule;
    any_update_attributes attributes;
    double initial_lr, lr, weight_decay;
    bool decay_all;
    int64_t steps;
    slot *slots;
    int count;
    vt_tensor *tensors; /* the inputs of an op: room for the most that one has of every parameter */
};

/* -- Making one --------------------------------------------------------------------------------------------------- */

static bool make_state(slot *s, int i)
{
    context *c = context_get();
    if (s->state[i].id) return true;
    if (!frame_push(c)) return false;
    const value *v = value_persist(c, vt_zeros_like(s->parameter));
    frame_pop(c);
    if (v) s->state[i] = v->handle;
    return v != NULL;
}

static bool fill_slot(const vt_optimizer *o, slot *s, vt_named_tensor entry)
{
    *s = (slot){ .name = entry.name, .parameter = entry.tensor, .lr_ratio = 1 };
    s->decays = vt_rank(s->parameter) >= 2 && !entry.no_decay;
    s->weight_decay = o->decay_all || s->decays ? o->weight_decay : 0;
    for (int i = 0; i < o->rule->states; i++) {
        size_t size = strlen(entry.name) + 32;
        s->state_name[i] = malloc(size);
        if (!s->state_name[i]) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for an optimiser");
        snprintf(s->state_name[i], size, "%s.%s", o->rule->state_names[i], entry.name);
        if (vt_trainable(s->parameter) && !make_state(s, i)) return false;
    }
    return true;
}

static bool fill_slots(vt_optimizer *o, const vt_model *model)
{
    int size = vt_model_size(model);
    o->slots = calloc((size_t)size + 1, sizeof *o->slots);
    o->tensors = calloc((size_t)(size * (2 + o->rule->states) + o->rule->scalars), sizeof *o->tensors);
    if (!o->slots || !o->tensors) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for an optimiser");
    for (int i = 0; i < size; i++) {
        vt_named_tensor entry = vt_model_entry(model, i);
        if (entry.is_parameter && !fill_slot(o, &o->slots[o->count++], entry)) return false;
    }
    if (o->count == 0)
        refuse_call("optimizer", (vt_site){ 0 }, VT_ERROR_ARGUMENT, "the model has no parameters to optimise");
    return o->count > 0;
}

static bool is_rate(const char *call, vt_site at, const char *what, double value)
{
    return number_fits(value >= 0 && isfinite(value), call, at, what, value, "finite, 0 or more");
}

vt_optimizer *optimizer_new(const optimizer_settings *s)
{
    ENTER(s->name, s->at);
    if (vt_failed() || !is_rate(s->name, s->at, "lr", s->lr) ||
        !is_rate(s->name, s->at, "weight_decay", s->weight_decay))
        return NULL;
    if (!s->model) {
        refuse_call(s->name, s->at, VT_ERROR_ARGUMENT, "there is no model");
        return NULL;
    }
    vt_optimizer *o = malloc(sizeof *o);
    if (!o) {
        raise_error(VT_ERROR_MEMORY, s->at, "out of memory for an optimiser");
        return NULL;
    }
    *o = (vt_optimizer){
        .rule = s->rule, .initial_lr = s->lr, .lr = s->lr, .weight_decay = s->weight_decay, .decay_all = s->decay_all
    };
    memcpy(&o->attributes, s->attributes, s->rule->attributes_size);
    if (fill_slots(o, s->model)) return o;
    vt_optimizer_free(o);
    return NULL;
}

void vt_optimizer_free(vt_optimizer *o)
{
    if (!o) return;
    for (int i = 0; i < o->count; i++) {
        for (int k = 0; k < o->rule->states; k++) {
            vt_free(o->slots[i].state[k]);
            free(o->slots[i].state_name[k]);
        }
    }
    free(o->slots);
    free(o->tensors);
    free(o);
}

static bool is_there(const vt_optimizer *o, const char *call, vt_site at)
{
    if (!o) refuse_call(call, at, VT_ERROR_ARGUMENT, "there is no optimiser");
    return o != NULL;
}

/* -- Groups ------------------------------------------------------------------------------------------------------- */

static void join_group(const vt_optimizer *o, slot *s, const vt_group_args *a)
{
    double decay = a->weight_decay == VT_AUTO ? o->weight_decay : a->weight_decay;
    s->weight_decay = o->decay_all || a->decay_all || s->decays ? decay : 0;
    s->lr_ratio = a->lr == VT_AUTO ? 1 : a->lr == 0 ? 0 : a->lr / o->initial_lr;
}

static bool group_fits(const vt_optimizer *o, const vt_group_args *a)
{
    const char *call = "optimizer_group";
    if (a->lr != VT_AUTO && !is_rate(call, a->at_, "lr", a->lr)) return false;
    if (a->weight_decay != VT_AUTO && !is_rate(call, a->at_, "weight_decay", a->weight_decay)) return false;
    if (a->lr == VT_AUTO || a->lr == 0 || o->initial_lr > 0) return true;
    refuse_call(call, a->at_, VT_ERROR_ARGUMENT,
                "lr is %g, and the optimiser was made with 0, to which it has no ratio", a->lr);
    return false;
}

int vt_optimizer_group_with(const vt_group_args *a)
{
    NEED_ARGUMENTS("optimizer_group", a, 0);
    vt_optimizer *o = a->optimizer;
    int found = 0;
    if (vt_failed() || !is_there(o, "optimizer_group", a->at_) || !group_fits(o, a)) return 0;
    for (slot *s = o->slots; s < o->slots + o->count; s++) {
        spec parameter;
        if (!vt_name_matches(s->name, a->glob)) continue;
        if (!spec_of("optimizer_group", a->at_, s->name, s->parameter, &parameter)) return found;
        if (a->select && !a->select(s->name, s->parameter, a->user)) continue;
        join_group(o, s, a);
        found++;
    }
    if (!found)
        refuse_call("optimizer_group", a->at_, VT_ERROR_ARGUMENT, "no parameter has a name that matches \"%s\"%s",
                    a->glob ? a->glob : "*", a->select ? " and is selected" : "");
    return found;
}

void vt_optimizer_set_lr(vt_optimizer *o, double lr)
{
    if (vt_failed() || !is_there(o, "optimizer_set_lr", (vt_site){ 0 })) return;
    if (is_rate("optimizer_set_lr", (vt_site){ 0 }, "lr", lr)) o->lr = lr;
}

double vt_optimizer_lr(const vt_optimizer *o)
{
    return o ? o->lr : NAN;
}

/* -- An update ---------------------------------------------------------------------------------------------------- */

/* The gradient as it was recorded: to look it up with vt_grad would tell the core that the user holds it. */
static vt_tensor gradient_of(const slot *s)
{
    context *c = context_get();
    const value *v = value_of(c, s->parameter);
    const value *g = v && v->trainable ? value_held(c, v->gradient) : NULL;
    return g ? g->handle : VT_INERT;
}

/* Marks what an update takes; returns how much that is. Error: nothing. */
static int mark_due(vt_optimizer *o, const char *call, vt_site at)
{
    int count = 0;
    if (vt_failed() || !is_there(o, call, at)) return 0;
    for (slot *s = o->slots; s < o->slots + o->count; s++) count += s->due = gradient_of(s).id != 0;
    if (!count)
        refuse_call(call, at, VT_ERROR_GRADIENT,
                    "no trainable parameter has a gradient; vt_backward gives them until its scope ends");
    return count;
}

static bool updates_together(const vt_optimizer *o, const slot *a, const slot *b)
{
    return a->due && b->due && a->lr_ratio == b->lr_ratio && a->weight_decay == b->weight_decay &&
           (o->rule->scalars <= UPDATE_NUMBER || a->steps == b->steps);
}

/* What is another number in every update: leaves, which all ops of the update share. */
typedef struct update {
    vt_site at;
    vt_tensor lr, number; /* inert until made */
    int64_t counted;      /* what `number` holds */
} update;

static vt_tensor leaf(vt_site at, double number)
{
    return vt_from_data_at(at, &number, VT_SCALAR, VT_F64);
}

/* Puts the scalars of an op first among its inputs; returns how many there are. */
static int add_scalars(vt_optimizer *o, update *u, int64_t number)
{
    int count = 0;
    if (!u->lr.id) u->lr = leaf(u->at, o->lr);
    o->tensors[count++] = u->lr;
    if (o->rule->scalars <= UPDATE_NUMBER) return count;
    if (!u->number.id || u->counted != number) u->number = leaf(u->at, (double)number);
    u->counted = number;
    o->tensors[count++] = u->number;
    return count;
}

/* One op for the parameters that share everything an op has one of. */
static bool update_with(vt_optimizer *o, update *u, slot *first)
{
    int inputs = add_scalars(o, u, first->steps + 1);
    for (slot *s = first; s < o->slots + o->count; s++) {
        if (!updates_together(o, first, s)) continue;
        o->tensors[inputs++] = s->parameter;
        o->tensors[inputs++] = gradient_of(s);
        for (int i = 0; i < o->rule->states; i++) {
            if (!make_state(s, i)) return false;
            o->tensors[inputs++] = s->state[i];
        }
    }
    const slot like = *first;
    o->attributes.all = (update_attributes){ like.lr_ratio, like.weight_decay };
    record_update(u->at, o->rule, o->tensors, inputs, &o->attributes);
    if (vt_failed()) return false;
    for (slot *s = first; s < o->slots + o->count; s++) {
        if (!updates_together(o, &like, s)) continue;
        s->steps++;
        s->due = false;
    }
    return true;
}

void vt_optimizer_step_at(vt_site at, vt_optimizer *o)
{
    ENTER("optimizer_step", at);
    if (!mark_due(o, "optimizer_step", at)) return;
    update u = { .at = at };
    for (slot *s = o->slots; s < o->slots + o->count; s++)
        if (s->due && !update_with(o, &u, s)) return;
    o->steps++;
}

vt_tensor vt_clip_gradients_at(vt_site at, vt_optimizer *o, double max_norm)
{
    ENTER("clip_gradients", at);
    context *c = context_get();
    if (!mark_due(o, "clip_gradients", at)) return VT_INERT;
    if (!(max_norm > 0))
        return refuse_call("clip_gradients", at, VT_ERROR_ARGUMENT, "max_norm is %g; it must be positive", max_norm);
    int count = 0;
    for (const slot *s = o->slots; s < o->slots + o->count; s++)
        if (s->due) o->tensors[count++] = gradient_of(s);
    vt_tensor norm = record_global_norm(at, o->tensors, count), *clipped = o->tensors + o->count;
    if (isinf(max_norm)) return norm;
    c->internal++; /* unless an update takes them, they need not be computed */
    record_clip(at, norm, o->tensors, count, max_norm, clipped);
    c->internal--;
    for (const slot *s = o->slots; !vt_failed() && s < o->slots + o->count; s++)
        if (s->due) value_of(c, s->parameter)->gradient = *clipped++;
    return norm;
}

/* -- State -------------------------------------------------------------------------------------------------------- */

int vt_optimizer_state_size(const vt_optimizer *o)
{
    int count = 0;
    for (int i = 0; o && i < o->count; i++)
        for (int k = 0; k < o->rule->states; k++) count += o->slots[i].state[k].id != 0;
    return count;
}

vt_named_tensor vt_optimizer_state_entry(const vt_optimizer *o, int index)
{
    for (int i = 0; o && index >= 0 && i < o->count; i++) {
        const slot *s = &o->slots[i];
        for (int k = 0; k < o->rule->states; k++)
            if (s->state[k].id && index-- == 0)
                return (vt_named_tensor){ .name = s->state_name[k], .tensor = s->state[k] };
    }
    return (vt_named_tensor){ .name = "" };
}

vt_tensor vt_optimizer_state_find(vt_optimizer *o, const char *name)
{
    for (int i = 0; o && name && i < o->count; i++) {
        slot *s = &o->slots[i];
        for (int k = 0; k < o->rule->states; k++)
            if (strcmp(s->state_name[k], name) == 0) return make_state(s, k) ? s->state[k] : VT_INERT;
    }
    return VT_INERT;
}

static slot *find_slot(const vt_optimizer *o, const char *parameter)
{
    for (int i = 0; o && i < o->count; i++)
        if (strcmp(o->slots[i].name, parameter) == 0) return &o->slots[i];
    return NULL;
}

int64_t vt_optimizer_steps(const vt_optimizer *o, const char *parameter)
{
    if (!parameter) return o ? o->steps : 0;
    const slot *s = find_slot(o, parameter);
    return s ? s->steps : -1;
}

/* Updates compute with the number as a double. */
static const int64_t MAX_STEPS = (int64_t)1 << 53;

bool vt_optimizer_set_steps(vt_optimizer *o, const char *parameter, int64_t steps)
{
    slot *s = parameter ? find_slot(o, parameter) : NULL;
    if (!o || (parameter && !s)) return false;
    if (steps < 0 || steps > MAX_STEPS) {
        refuse_call("optimizer_set_steps", (vt_site){ 0 }, VT_ERROR_ARGUMENT, "steps is %lld; it is 0 to 2^53",
                    (long long)steps);
        return false;
    }
    *(s ? &s->steps : &o->steps) = steps;
    return true;
}
