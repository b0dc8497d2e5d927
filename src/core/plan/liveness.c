/* liveness.c - what becomes of each term later: when it is read last, whether it is a result, and whether it is stored
 * as bf16. */
#include "core/plan/liveness.h"

/* Ops without a kernel pass memory on: their outputs are where their inputs are. */
static bool passes_memory_on(const instruction *i)
{
    return !i->kernel;
}

static void find_last_uses(lowering *l)
{
    const program *p = l->program;
    for (int t = 0; t < p->term_count; t++) {
        l->last_use[t] = NO_INSTRUCTION;
        l->escapes[t] = p->terms[t].result;
    }
    for (int n = p->count - 1; n >= 0; n--) {
        const instruction *i = &p->instructions[n];
        int last = n;
        bool escapes = false;
        for (int k = 0; passes_memory_on(i) && k < i->outputs; k++) {
            if (l->last_use[i->out[k]] > last) last = l->last_use[i->out[k]];
            escapes |= l->escapes[i->out[k]];
        }
        for (int k = 0; k < i->inputs; k++) {
            int t = i->in[k];
            if (t == NO_TERM) continue;
            if (last > l->last_use[t]) l->last_use[t] = last;
            l->escapes[t] |= escapes;
        }
    }
}

/* What readers make of a term that is stored as bf16: whether they take it, and whether they round it anyway. */
typedef struct readers {
    bool take, round;
} readers;

static void ask_readers(const program *p, readers *of)
{
    for (int t = 0; t < p->term_count; t++) of[t] = (readers){ !p->terms[t].result, !p->terms[t].result };
    for (int n = p->count - 1; n >= 0; n--) {
        const instruction *i = &p->instructions[n];
        for (int k = 0; k < i->inputs; k++) {
            if (i->in[k] == NO_TERM) continue;
            readers *r = &of[i->in[k]];
            bool take = i->kernel && mask_has(i->kernel->bf16_in, k), round = take && mask_has(i->op->rounded, k);
            for (int o = 0; passes_memory_on(i) && o < i->outputs; o++) {
                take = (o == 0 || take) && of[i->out[o]].take;
                round = (o == 0 || round) && of[i->out[o]].round;
            }
            r->take &= take;
            r->round &= round;
        }
    }
}

/* A term is stored as bf16 where that changes no value but for the rounding that the precision asks for: what a product
 * makes, or what only products read. */
static void choose_storage(lowering *l)
{
    const program *p = l->program;
    readers *of = program_allocate(l->program, (size_t)p->term_count * sizeof *of);
    if (l->context->precision != VT_BF16 || !of) return;
    ask_readers(p, of);
    for (int n = 0; n < p->count; n++) {
        const instruction *i = &p->instructions[n];
        for (int k = 0; k < i->outputs; k++) {
            int t = i->out[k];
            const term *made = &p->terms[t];
            bool bf16 = made->spec.dtype == VT_F32 && of[t].take && made->uses > 0;
            if (i->kernel) {
                bf16 = bf16 && mask_has(i->kernel->bf16_out, k) && (i->op->rounded || of[t].round);
            } else {
                for (int a = 0; a < i->inputs; a++) bf16 = bf16 && i->in[a] != NO_TERM && l->bf16[i->in[a]];
            }
            l->bf16[t] = bf16;
        }
    }
}

vt_dtype stored_dtype(const lowering *l, int t)
{
    return l->bf16[t] ? VT_BF16 : l->program->terms[t].spec.dtype;
}

void find_liveness(lowering *l)
{
    find_last_uses(l);
    choose_storage(l);
}
