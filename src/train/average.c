/* average.c - averages of weights: keeping them, and putting them in the place of what is trained. */
#include "core/graph/refuse.h"
#include "core/base/entry.h"
#include "core/base/error.h"
#include "train/optimizer.h"
#include <vitro/vitro.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A tensor that outlives all scopes gets what x is now: its bits. */
static bool copy(vt_tensor x, vt_tensor *made)
{
    if (!optimizer_make_zeros(made, x)) return false;
    vt_assign(*made, x);
    return !vt_failed();
}

/* -- Keeping ------------------------------------------------------------------------------------------------------- */

static bool keep(averaged *a, vt_named_tensor entry)
{
    *a = (averaged){ .source = entry.tensor };
    if (asprintf(&a->state_name, "average.%s", entry.name) < 0) {
        a->state_name = NULL;
        return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for an average");
    }
    return copy(entry.tensor, &a->average);
}

static bool keep_all(vt_optimizer *o)
{
    int size = vt_model_size(o->model);
    o->averages = calloc((size_t)size + 1, sizeof *o->averages);
    if (!o->averages) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for an average");
    VT_SCOPE; /* when it ends, the copies have been made */
    bool kept = true;
    for (int i = 0; kept && i < size; i++) kept = keep(&o->averages[o->average_count++], vt_model_entry(o->model, i));
    return kept;
}

void averages_free(vt_optimizer *o)
{
    for (averaged *a = o->averages; a < o->averages + o->average_count; a++) {
        vt_free(a->average);
        vt_free(a->trained);
        free(a->state_name);
    }
    free(o->averages);
    o->averages = NULL;
    o->average_count = 0;
}

static bool may_average(const vt_optimizer *o, double decay)
{
    const char *call = "optimizer_keep_average";
    if (vt_failed() || !optimizer_is_there(o, call, (vt_site){ 0 })) return false;
    if (!o->averages && o->methods[0].rule != &rule_schedule_free)
        return number_fits(decay >= 0 && decay < 1, call, (vt_site){ 0 }, "decay", decay, "in [0, 1)");
    refuse_call(call, (vt_site){ 0 }, VT_ERROR_ARGUMENT, "this optimiser keeps an average already");
    return false;
}

void vt_optimizer_keep_average(vt_optimizer *o, double decay)
{
    ENTER("optimizer_keep_average", (vt_site){ 0 });
    if (!may_average(o, decay)) return;
    o->decay = decay;
    if (!keep_all(o)) averages_free(o);
}

void averages_update(vt_optimizer *o, vt_site at)
{
    if (!o->averages) return;
    double updates = (double)o->steps, share = 1 - fmin(o->decay, (1 + updates) / (10 + updates));
    vt_tensor move = vt_from_data_at(at, &share, VT_SCALAR, VT_F64);
    for (const averaged *a = o->averages; a < o->averages + o->average_count; a++) {
        vt_dtype dtype = vt_dtype_of(a->source);
        vt_tensor next = a->source; /* of a count, which has no average */
        if (vt_dtype_is_float(dtype))
            next = vt_add(a->average, vt_mul(vt_sub(a->source, a->average), vt_cast(move, dtype)));
        vt_assign(a->average, vt_detach(next));
    }
}

/* -- In the place of what is trained ------------------------------------------------------------------------------- */

/* x = p + (z - p) (1 - 1 / beta1): p is y = (1 - beta1) z + beta1 x. */
static bool put_schedule_free(slot *s)
{
    double beta1 = s->method->attributes.schedule_free.beta1;
    vt_tensor p = s->parameter, z = s->state[SCHEDULE_FREE_Z - UPDATE_STATES];
    if (!z.id) return true; /* before the first update they are the same */
    if (!copy(p, &s->trained)) return false;
    vt_assign(p, vt_add(p, vt_scale(vt_sub(z, p), 1 - 1 / beta1)));
    return !vt_failed();
}

static bool put_averages(vt_optimizer *o)
{
    for (slot *s = o->slots; s < o->slots + o->count; s++)
        if (s->method->rule == &rule_schedule_free && !put_schedule_free(s)) return false;
    for (averaged *a = o->averages; a < o->averages + o->average_count; a++) {
        if (!copy(a->source, &a->trained)) return false;
        vt_assign(a->source, a->average);
    }
    return !vt_failed();
}

static void release(vt_tensor *x)
{
    vt_free(*x);
    *x = VT_INERT;
}

static bool put_back(vt_optimizer *o)
{
    for (const slot *s = o->slots; s < o->slots + o->count; s++)
        if (s->trained.id) vt_assign(s->parameter, s->trained);
    for (const averaged *a = o->averages; a < o->averages + o->average_count; a++)
        if (a->trained.id) vt_assign(a->source, a->trained);
    vt_flush();
    for (slot *s = o->slots; s < o->slots + o->count; s++) release(&s->trained);
    for (averaged *a = o->averages; a < o->averages + o->average_count; a++) release(&a->trained);
    return !vt_failed();
}

void vt_optimizer_evaluate(vt_optimizer *o, bool on)
{
    ENTER("optimizer_evaluate", (vt_site){ 0 });
    if (vt_failed() || !optimizer_is_there(o, "optimizer_evaluate", (vt_site){ 0 }) || o->evaluates == on) return;
    VT_SCOPE;
    if (on ? put_averages(o) : put_back(o)) o->evaluates = on;
}
