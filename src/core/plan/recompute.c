/* recompute.c - activation checkpointing, on programs. A program is cut where it takes most memory: before the cut
 * values are made that are read behind it. */
#include "core/plan/recompute.h"
#include "core/plan/elimination.h"
#include <string.h>

typedef struct cutting {
    program *p;
    int cut;          /* the first instruction behind */
    int *base;        /* of each term: the term whose memory it lies in */
    size_t *bytes;    /* of each base */
    int *last;        /* of each base: the last instruction that reads it or a view of it; NO_INSTRUCTION */
    int *last_before; /* the same, before the cut */
    bool *kept;       /* of each base: it is there behind the cut in any case */
    int *copy;        /* of each term: what it is computed again as; NO_TERM */
    int *border;      /* where each segment begins, and the cut */
} cutting;

/* -- How long values are there ------------------------------------------------------------------------------------- */

static bool is_view(const instruction *i)
{
    return !i->kernel && i->op->view;
}

static bool allocate(cutting *c, program *p)
{
    const size_t terms = (size_t)p->term_count;
    *c = (cutting){ .p = p,
                    .base = program_allocate(p, terms * sizeof *c->base),
                    .bytes = program_allocate(p, terms * sizeof *c->bytes),
                    .last = program_allocate(p, terms * sizeof *c->last),
                    .last_before = program_allocate(p, terms * sizeof *c->last_before),
                    .kept = program_allocate(p, terms * sizeof *c->kept),
                    .copy = program_allocate(p, terms * sizeof *c->copy) };
    return !p->failed;
}

static void find_bases(cutting *c)
{
    const program *p = c->p;
    for (int t = 0; t < p->term_count; t++) {
        const term *a = &p->terms[t];
        c->base[t] = t;
        c->copy[t] = NO_TERM;
        c->last[t] = c->last_before[t] = NO_INSTRUCTION;
        c->bytes[t] = a->leaf != NO_LEAF ? 0 : (size_t)vt_shape_count(a->spec.shape) * vt_dtype_size(a->spec.dtype);
    }
    for (int n = 0; n < p->count; n++) {
        const instruction *i = &p->instructions[n];
        for (int k = 0; is_view(i) && k < i->outputs; k++) c->base[i->out[k]] = c->base[i->in[0]];
    }
}

/* A result is there to the end. */
static void find_last_uses(cutting *c)
{
    const program *p = c->p;
    for (int n = 0; n < p->count; n++) {
        const instruction *i = &p->instructions[n];
        for (int k = 0; k < i->inputs; k++) {
            if (i->in[k] == NO_TERM) continue;
            c->last[c->base[i->in[k]]] = n;
            if (n < c->cut) c->last_before[c->base[i->in[k]]] = n;
        }
    }
    for (int t = 0; t < p->term_count; t++)
        if (p->terms[t].result) c->kept[c->base[t]] = true;
}

/* How much more there is at each instruction than at the one before. */
static int64_t *find_changes(const cutting *c)
{
    const program *p = c->p;
    int64_t *change = program_allocate(c->p, ((size_t)p->count + 2) * sizeof *change);
    for (int t = 0; change && t < p->term_count; t++) {
        const int made = p->terms[t].producer;
        if (made == NO_INSTRUCTION || c->base[t] != t) continue;
        const int last = c->kept[t] ? p->count - 1 : c->last[t] > made ? c->last[t] : made;
        change[made] += (int64_t)c->bytes[t];
        change[last + 1] -= (int64_t)c->bytes[t];
    }
    return change;
}

/* The most there is at once, and where. */
static size_t find_peak(const cutting *c, int *where)
{
    int64_t now = 0, most = 0, *change = find_changes(c);
    *where = 0;
    for (int n = 0; change && n < c->p->count; n++) {
        now += change[n];
        if (now > most) most = now, *where = n;
    }
    return (size_t)most;
}

static void find_cut(cutting *c)
{
    find_bases(c);
    find_last_uses(c);
    find_peak(c, &c->cut);
    find_last_uses(c); /* now also of those before the cut */
}

/* -- Segments ------------------------------------------------------------------------------------------------------ */

/* What is made before the cut and read behind it: by instruction, all that was made up to it. */
static double *find_saved(const cutting *c)
{
    const program *p = c->p;
    double *saved = program_allocate(c->p, ((size_t)c->cut + 1) * sizeof *saved);
    for (int t = 0; saved && t < p->term_count; t++)
        if (p->terms[t].producer != NO_INSTRUCTION && p->terms[t].producer < c->cut && c->last[t] >= c->cut &&
            c->base[t] == t)
            saved[p->terms[t].producer] += (double)c->bytes[t];
    for (int n = 1; saved && n <= c->cut; n++) saved[n] += saved[n - 1];
    return saved;
}

/* What has to be kept where a segment begins at each instruction: what is made before it and read from it to the cut.
 */
static double *find_borders(const cutting *c)
{
    const program *p = c->p;
    double *bytes = program_allocate(c->p, ((size_t)c->cut + 2) * sizeof *bytes);
    for (int t = 0; bytes && t < p->term_count; t++) {
        const int made = p->terms[t].producer;
        if (made == NO_INSTRUCTION || made >= c->cut || c->base[t] != t || c->last_before[t] <= made) continue;
        bytes[made + 1] += (double)c->bytes[t];
        bytes[c->last_before[t] + 1] -= (double)c->bytes[t];
    }
    for (int n = 1; bytes && n <= c->cut; n++) bytes[n] += bytes[n - 1];
    return bytes;
}

/* Segments that save about as much each, and begin where little has to be kept. */
static bool find_segments(cutting *c, int segments)
{
    double *saved = find_saved(c), *kept = find_borders(c);
    c->border = program_allocate(c->p, (size_t)(segments + 1) * sizeof *c->border);
    const bool ok = saved && kept && c->border;
    const double all = ok ? saved[c->cut] : 0;
    int n = 0;
    for (int s = 1; ok && s < segments; s++) {
        const double from = all * (s - 0.5) / segments, to = all * (s + 0.5) / segments;
        while (n < c->cut && saved[n] < from) n++;
        int best = n;
        for (; n < c->cut && saved[n] < to; n++)
            if (kept[n] <= kept[best]) best = n;
        c->border[s] = best;
    }
    if (ok) c->border[segments] = c->cut;
    return ok;
}

/* -- Computing again ----------------------------------------------------------------------------------------------- */

/* Whether a term that is read behind the cut would be computed again with its segment. */
static bool is_of(const cutting *c, int t, int first, int end)
{
    if (t == NO_TERM) return false;
    const int base = c->base[t], begins = c->p->terms[base].producer, made = c->p->terms[t].producer;
    return begins >= first && made < end && !c->kept[base] && c->last_before[base] < end;
}

/* The first instruction behind the cut that reads what only the segment reads before it. */
static int find_reader(const cutting *c, int first, int end)
{
    for (int n = c->cut; n < c->p->count; n++)
        for (int k = 0; k < c->p->instructions[n].inputs; k++)
            if (is_of(c, c->p->instructions[n].in[k], first, end)) return n;
    return NO_INSTRUCTION;
}

static void mark_read(const cutting *c, int first, int end, bool *wanted)
{
    for (int n = c->cut; n < c->p->count; n++)
        for (int k = 0; k < c->p->instructions[n].inputs; k++)
            if (is_of(c, c->p->instructions[n].in[k], first, end)) wanted[c->p->instructions[n].in[k]] = true;
}

static bool makes_any(const instruction *i, const bool *terms)
{
    for (int k = 0; k < i->outputs; k++)
        if (terms[i->out[k]]) return true;
    return false;
}

/* What cannot be computed again stays. */
static void keep(cutting *c, const instruction *i, bool *wanted)
{
    for (int k = 0; k < i->outputs; k++) {
        c->kept[c->base[i->out[k]]] = true;
        wanted[i->out[k]] = false;
    }
}

/* Marks the instructions of the segment that are to run again before `place`. */
static void mark_segment(cutting *c, int first, int end, int place, bool *again, bool *wanted)
{
    const program *p = c->p;
    mark_read(c, first, end, wanted);
    for (int n = end - 1; n >= first; n--) {
        const instruction *i = &p->instructions[n];
        if (!makes_any(i, wanted)) continue;
        again[n] = program_can_move(p, i, &p->instructions[place]);
        if (!again[n]) keep(c, i, wanted);
        for (int k = 0; again[n] && k < i->inputs; k++)
            if (is_of(c, i->in[k], first, end)) wanted[i->in[k]] = true;
    }
}

/* Terms that stay where they are have no copy. */
static int copy_of(const cutting *c, int t)
{
    return t == NO_TERM || c->copy[t] == NO_TERM ? t : c->copy[t];
}

static bool add_again(cutting *c, const instruction *from, int *copies)
{
    program *p = c->p;
    instruction *i = program_add(p, from->op, from->inputs, from->outputs);
    if (!i) return false;
    int *in = i->in, *out = i->out, number = p->count - 1;
    *i = *from;
    i->in = in;
    i->out = out;
    for (int k = 0; k < from->inputs; k++) in[k] = copy_of(c, from->in[k]);
    for (int k = 0; k < from->outputs; k++) {
        const int t = program_add_term(p, p->terms[from->out[k]].spec);
        if (t == NO_TERM) return false;
        p->instructions[number].out[k] = copies[from->out[k]] = t;
    }
    return true;
}

/* The instructions from one to another that are marked, each as a new one behind the others; terms that they make have
 * a copy from then on. */
static bool add_segment(cutting *c, const instruction *all, const bool *again, int first, int end)
{
    for (int n = first; n < end; n++)
        if (again[n] && !add_again(c, &all[n], c->copy)) return false;
    return true;
}

/* Behind the cut the copies are read. */
static bool add_as_it_was(cutting *c, const instruction *from, bool behind)
{
    instruction *i = program_add(c->p, from->op, 0, 0);
    if (!i) return false;
    *i = *from;
    for (int k = 0; behind && k < i->inputs; k++) i->in[k] = copy_of(c, i->in[k]);
    return true;
}

static bool rebuild(cutting *c, const int *place, int again_segments, const bool *again)
{
    program *p = c->p;
    const instruction *all = p->instructions;
    const int count = p->count;
    bool ok = true;
    p->instructions = NULL;
    p->count = p->capacity = 0;
    for (int n = 0; ok && n < count; n++) {
        for (int s = 0; ok && n >= c->cut && s < again_segments; s++)
            if (place[s] == n) ok = add_segment(c, all, again, c->border[s], c->border[s + 1]);
        ok = ok && add_as_it_was(c, &all[n], n >= c->cut);
    }
    program_index(p);
    return ok;
}

int recompute(program *p, recomputation how)
{
    cutting c;
    const int before = p->count;
    if (how.segments < 2 || !allocate(&c, p)) return 0;
    find_cut(&c);
    int *place = program_allocate(p, (size_t)how.segments * sizeof *place);
    bool *again = program_allocate(p, (size_t)p->count * sizeof *again);
    bool *wanted = program_allocate(p, (size_t)p->term_count * sizeof *wanted);
    if (p->failed || !find_segments(&c, how.segments)) return 0;
    for (int s = 0; s < how.again; s++) {
        place[s] = find_reader(&c, c.border[s], c.border[s + 1]);
        if (place[s] != NO_INSTRUCTION) mark_segment(&c, c.border[s], c.border[s + 1], place[s], again, wanted);
    }
    if (!rebuild(&c, place, how.again, again)) return 0;
    pass_dead_code(p);
    program_compact(p);
    return p->count - before;
}

/* -- Choosing ------------------------------------------------------------------------------------------------------ */

/* With lists of its own; in memory of its own. */
static bool copy_program(program *to, const program *from)
{
    *to = (program){ .memory.block_size = 1 << 16 };
    to->terms = program_allocate(to, (size_t)from->term_count * sizeof *to->terms);
    to->instructions = program_allocate(to, (size_t)from->count * sizeof *to->instructions);
    if (to->failed) return false;
    memcpy(to->terms, from->terms, (size_t)from->term_count * sizeof *to->terms);
    memcpy(to->instructions, from->instructions, (size_t)from->count * sizeof *to->instructions);
    to->term_count = to->term_capacity = from->term_count;
    to->count = to->capacity = from->count;
    to->leaves = from->leaves;
    for (int n = 0; n < to->count; n++) {
        instruction *i = &to->instructions[n];
        const size_t inputs = (size_t)i->inputs, outputs = (size_t)i->outputs;
        int *terms = program_allocate(to, (inputs + outputs) * sizeof *terms);
        if (!terms) return false;
        if (inputs) memcpy(terms, i->in, inputs * sizeof *terms);
        if (outputs) memcpy(terms + inputs, i->out, outputs * sizeof *terms);
        i->in = terms;
        i->out = terms + inputs;
    }
    return true;
}

/* The most that there is at any instruction. */
static size_t need_of(program *p)
{
    cutting c;
    int where;
    if (!allocate(&c, p)) return SIZE_MAX;
    find_bases(&c);
    find_last_uses(&c);
    const size_t need = find_peak(&c, &where);
    return p->failed ? SIZE_MAX : need;
}

static size_t need_with(const program *p, recomputation how, int *more)
{
    program trial;
    size_t need = SIZE_MAX;
    if (copy_program(&trial, p)) {
        *more = recompute(&trial, how);
        need = need_of(&trial);
    }
    arena_free(&trial.memory);
    return need;
}

size_t program_need(const program *p)
{
    int more;
    return need_with(p, (recomputation){ 0 }, &more);
}

static bool is_better(size_t need, int more, size_t best, int best_more, size_t bytes)
{
    if (need <= bytes && best <= bytes) return more < best_more;
    return need < best;
}

recomputation recomputation_choose(const program *p, size_t bytes, size_t *need)
{
    static const int segments[] = { 2, 3, 4, 6, 8, 12, 16, 24, 32, 48 };
    enum { PARTS = 4 };
    recomputation best = { 0 };
    int best_more = 0;
    *need = need_with(p, best, &best_more);
    for (size_t k = 0; k < sizeof segments / sizeof *segments; k++) {
        for (int part = 1; part <= PARTS; part++) {
            const recomputation how = { segments[k], (segments[k] - 1) * part / PARTS };
            int more = 0;
            if (how.again == 0 || (segments[k] - 1) * (part - 1) / PARTS == how.again) continue;
            const size_t with = need_with(p, how, &more);
            if (!is_better(with, more, *need, best_more, bytes)) continue;
            best = how;
            best_more = more;
            *need = with;
        }
    }
    return best;
}
