/* optimizer.c - which parameters an optimiser updates, by which rule, with what learning rate and decay. */
#include "core/graph/refuse.h"
#include "core/tensor/persist.h"
#include "core/base/error.h"
#include "core/base/entry.h"
#include "core/tensor/handle.h"
#include "core/context.h"
#include "train/optimizer.h"
#include <vitro/vitro.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool out_of_memory(vt_site at)
{
    return raise_error(VT_ERROR_MEMORY, at, "out of memory for an optimiser");
}

/* -- Making one --------------------------------------------------------------------------------------------------- */

static bool make_persistent(vt_tensor *made, vt_tensor value_of_it)
{
    const value *v = value_persist(context_get(), value_of_it);
    if (v) *made = v->handle;
    return v != NULL;
}

bool optimizer_make_zeros(vt_tensor *made, vt_tensor like)
{
    context *c = context_get();
    if (made->id) return true;
    if (!frame_push(c)) return false;
    bool fine = make_persistent(made, vt_zeros_like(like));
    frame_pop(c);
    return fine;
}

bool optimizer_make_state(slot *s, int i)
{
    if (s->state[i].id) return true;
    if (!optimizer_make_zeros(&s->state[i], s->parameter)) return false;
    if (s->method->rule->state[i].is_copy) vt_assign(s->state[i], s->parameter);
    return !vt_failed();
}

/* A hidden matrix has two extents of its own: not the one row of positions, nor the one channel of depthwise filters.
 * So timm has it. */
static bool is_hidden_matrix(vt_named_tensor entry, const char *not_hidden)
{
    vt_shape shape = vt_shape_of(entry.tensor);
    return shape.rank >= 2 && shape.dim[0] > 1 && shape.dim[1] > 1 && !entry.no_decay &&
           !(not_hidden && vt_name_matches(entry.name, not_hidden));
}

static bool fill_slot(vt_optimizer *o, slot *s, vt_named_tensor entry, const char *not_hidden)
{
    *s = (slot){ .name = entry.name, .parameter = entry.tensor, .lr_ratio = 1, .method = &o->methods[0] };
    if (o->methods[1].rule && is_hidden_matrix(entry, not_hidden)) s->method = &o->methods[1];
    s->decays = vt_rank(s->parameter) >= 2 && !entry.no_decay;
    s->weight_decay = o->decay_all || s->decays ? o->weight_decay : 0;
    const update_rule *rule = s->method->rule;
    for (int i = 0; i < rule->states; i++) {
        size_t size = strlen(entry.name) + 32;
        s->state_name[i] = malloc(size);
        if (!s->state_name[i]) return out_of_memory((vt_site){ 0 });
        snprintf(s->state_name[i], size, "%s.%s", rule->state[i].name, entry.name);
        /* A copy is of what the first update finds: weights may be loaded until then. */
        if (!rule->state[i].is_copy && vt_trainable(s->parameter) && !optimizer_make_state(s, i)) return false;
    }
    return true;
}

static bool fill_slots(vt_optimizer *o, const vt_model *model, const char *not_hidden)
{
    int size = vt_model_size(model);
    o->slots = calloc((size_t)size + 1, sizeof *o->slots);
    o->tensors =
        calloc((size_t)(size * (UPDATE_STATES + MOST_UPDATE_STATES) + MOST_UPDATE_SCALARS), sizeof *o->tensors);
    if (!o->slots || !o->tensors) return out_of_memory((vt_site){ 0 });
    for (int i = 0; i < size; i++) {
        vt_named_tensor entry = vt_model_entry(model, i);
        if (entry.is_parameter && !fill_slot(o, &o->slots[o->count++], entry, not_hidden)) return false;
    }
    if (o->count == 0)
        refuse_call("optimizer", (vt_site){ 0 }, VT_ERROR_ARGUMENT, "the model has no parameters to optimise");
    return o->count > 0;
}

static bool make_numbers(vt_optimizer *o)
{
    context *c = context_get();
    if (o->methods[0].rule->scalars <= UPDATE_SHARE) return true;
    if (!frame_push(c)) return false;
    bool made = true;
    for (int i = 0; made && i < OPTIMIZER_NUMBERS; i++)
        made = make_persistent(&o->numbers[i], vt_full(VT_SCALAR, 0, .dtype = VT_F64));
    frame_pop(c);
    return made;
}

static bool is_rate(const char *call, vt_site at, const char *what, double value)
{
    return number_fits(value >= 0 && isfinite(value), call, at, what, value, "finite, 0 or more");
}

static void choose_rule(method *m, const update_rule *rule, const void *attributes)
{
    m->rule = rule;
    memcpy(&m->attributes, attributes, rule->attributes_size);
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
        out_of_memory(s->at);
        return NULL;
    }
    *o = (vt_optimizer){
        .model = s->model, .initial_lr = s->lr, .lr = s->lr, .weight_decay = s->weight_decay, .decay_all = s->decay_all
    };
    choose_rule(&o->methods[0], s->rule, s->attributes);
    if (s->matrix_rule) choose_rule(&o->methods[1], s->matrix_rule, s->matrix_attributes);
    if (make_numbers(o) && fill_slots(o, s->model, s->not_hidden)) return o;
    vt_optimizer_free(o);
    return NULL;
}

void vt_optimizer_free(vt_optimizer *o)
{
    if (!o) return;
    for (int i = 0; i < o->count; i++) {
        slot *s = &o->slots[i];
        for (int k = 0; k < MOST_UPDATE_STATES; k++) {
            vt_free(s->state[k]);
            free(s->state_name[k]);
        }
        vt_free(s->trained);
        vt_free(s->sum);
    }
    for (int i = 0; i < OPTIMIZER_NUMBERS; i++) vt_free(o->numbers[i]);
    averages_free(o);
    free(o->slots);
    free(o->tensors);
    free(o);
}

bool optimizer_is_there(const vt_optimizer *o, const char *call, vt_site at)
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
    if (vt_failed() || !optimizer_is_there(o, "optimizer_group", a->at_) || !group_fits(o, a)) return 0;
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
    if (vt_failed() || !optimizer_is_there(o, "optimizer_set_lr", (vt_site){ 0 })) return;
    if (is_rate("optimizer_set_lr", (vt_site){ 0 }, "lr", lr)) o->lr = lr;
}

double vt_optimizer_lr(const vt_optimizer *o)
{
    return o ? o->lr : NAN;
}
