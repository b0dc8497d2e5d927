/* optimizer_state.c - what an optimiser keeps, by name. */
#include "core/graph/refuse.h"
#include "train/optimizer.h"
#include <vitro/vitro.h>
#include <string.h>

static const char *const number_names[OPTIMIZER_NUMBERS] = { [LARGEST_LR] = "lr_max", [WEIGHT_SUM] = "weight_sum" };

int vt_optimizer_state_size(const vt_optimizer *o)
{
    int count = o ? o->average_count : 0;
    for (int i = 0; o && i < OPTIMIZER_NUMBERS; i++) count += o->numbers[i].id != 0;
    for (int i = 0; o && i < o->count; i++)
        for (int k = 0; k < MOST_UPDATE_STATES; k++) count += o->slots[i].state[k].id != 0;
    return count;
}

vt_named_tensor vt_optimizer_state_entry(const vt_optimizer *o, int index)
{
    for (int i = 0; o && index >= 0 && i < OPTIMIZER_NUMBERS; i++)
        if (o->numbers[i].id && index-- == 0)
            return (vt_named_tensor){ .name = number_names[i], .tensor = o->numbers[i] };
    for (int i = 0; o && index >= 0 && i < o->count; i++) {
        const slot *s = &o->slots[i];
        for (int k = 0; k < s->method->rule->states; k++)
            if (s->state[k].id && index-- == 0)
                return (vt_named_tensor){ .name = s->state_name[k], .tensor = s->state[k] };
    }
    if (o && index >= 0 && index < o->average_count)
        return (vt_named_tensor){ .name = o->averages[index].state_name, .tensor = o->averages[index].average };
    return (vt_named_tensor){ .name = "" };
}

static vt_tensor made_state(slot *s, int state)
{
    VT_SCOPE; /* when it ends, a copy has been made */
    return optimizer_make_state(s, state) ? s->state[state] : VT_INERT;
}

vt_tensor vt_optimizer_state_find(vt_optimizer *o, const char *name)
{
    for (int i = 0; o && name && i < OPTIMIZER_NUMBERS; i++)
        if (o->numbers[i].id && strcmp(number_names[i], name) == 0) return o->numbers[i];
    for (int i = 0; o && name && i < o->average_count; i++)
        if (strcmp(o->averages[i].state_name, name) == 0) return o->averages[i].average;
    for (int i = 0; o && name && i < o->count; i++) {
        slot *s = &o->slots[i];
        for (int k = 0; k < s->method->rule->states; k++)
            if (strcmp(s->state_name[k], name) == 0) return made_state(s, k);
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
