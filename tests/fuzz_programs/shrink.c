/* shrink.c - smaller programs that show the same: greedy, one change at a time, until none helps. */
#include "shrink.h"
#include "edit.h"
#include "isolate.h"
#include <math.h>
#include <string.h>
#include <time.h>

typedef struct shrinking {
    program *best;
    program candidate;
    finding *found;
    time_t until;
} shrinking;

/* Keeps the candidate if it shows the same. */
static bool accept(shrinking *s)
{
    if (time(NULL) >= s->until) return false;
    finding f = check_in_a_child(&s->candidate, s->found);
    if (f.kind != s->found->kind) return false;
    if (f.kind == REFUSED && strncmp(f.text, s->found->text, 12) != 0) return false;
    *s->best = s->candidate;
    *s->found = f;
    return true;
}

/* -- Statements ---------------------------------------------------------------------------------------------------- */

static bool without_statements(shrinking *s)
{
    bool any = false;
    for (int i = s->best->count - 1; i >= 0; i--) {
        if (i >= s->best->count) continue;
        s->candidate = *s->best;
        remove_statement(&s->candidate, i);
        any |= accept(s);
    }
    return any;
}

/* What reads a result reads one of the inputs in its place. */
static bool with_inputs_for_results(shrinking *s)
{
    bool any = false;
    for (int i = s->best->count - 1; i >= 0; i--) {
        if (i >= s->best->count) continue;
        const statement *of = &s->best->statements[i];
        for (int k = 0; k < of->inputs && of->outputs == 1; k++) {
            if (of->in[k] == NO_VARIABLE) continue;
            s->candidate = *s->best;
            replace_variable(&s->candidate, i + 1, of->out, of->in[k]);
            remove_statement(&s->candidate, i);
            if (!accept(s)) continue;
            any = true;
            break;
        }
    }
    return any;
}

static bool without_options(shrinking *s)
{
    bool any = false;
    for (int i = 0; i < s->best->count; i++) {
        for (int k = 1; k < s->best->statements[i].inputs; k++) {
            if (s->best->statements[i].in[k] == NO_VARIABLE) continue;
            s->candidate = *s->best;
            s->candidate.statements[i].in[k] = NO_VARIABLE;
            any |= accept(s);
        }
    }
    return any;
}

/* One variable in the place of another that is made earlier. */
static bool with_fewer_leaves(shrinking *s)
{
    bool any = false;
    for (int i = s->best->count - 1; i >= 0; i--) {
        if (i >= s->best->count || s->best->statements[i].operation != &operation_leaf) continue;
        for (int k = 0; k < i; k++) {
            if (s->best->statements[k].operation != &operation_leaf) continue;
            s->candidate = *s->best;
            replace_variable(&s->candidate, i, s->best->statements[i].out, s->best->statements[k].out);
            remove_statement(&s->candidate, i);
            if (!accept(s)) continue;
            any = true;
            break;
        }
    }
    return any;
}

/* -- Sizes --------------------------------------------------------------------------------------------------------- */

static void replace_extent(vt_shape *shape, int64_t extent, int64_t by)
{
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] == extent) shape->dim[i] = by;
}

/* Data are taken from the front: a smaller shape has enough. */
static bool with_smaller_extents(shrinking *s)
{
    bool any = false;
    for (int64_t extent = 70; extent > 1; extent--) {
        for (int64_t by = 1; by < extent && by < 4; by++) {
            s->candidate = *s->best;
            for (int i = 0; i < s->candidate.count; i++)
                for (int k = 0; k < 2; k++) replace_extent(&s->candidate.statements[i].shape[k], extent, by);
            if (memcmp(&s->candidate, s->best, sizeof s->candidate) == 0) break;
            if (!accept(s)) continue;
            any = true;
            break;
        }
    }
    return any;
}

/* Of one leaf after the other. */
static bool with_smaller_leaves(shrinking *s)
{
    bool any = false;
    for (int i = 0; i < s->best->count; i++) {
        if (s->best->statements[i].operation != &operation_leaf) continue;
        for (int axis = 0; axis < s->best->statements[i].shape[0].rank; axis++) {
            if (s->best->statements[i].shape[0].dim[axis] < 2) continue;
            s->candidate = *s->best;
            s->candidate.statements[i].shape[0].dim[axis] = 1;
            any |= accept(s);
        }
    }
    return any;
}

/* -- All of it ----------------------------------------------------------------------------------------------------- */

void shrink(program *p, finding *f, int seconds)
{
    static shrinking s;
    s = (shrinking){ .best = p, .found = f, .until = time(NULL) + seconds };
    for (bool any = true; any && time(NULL) < s.until;) {
        any = without_statements(&s);
        any |= with_inputs_for_results(&s);
        any |= without_options(&s);
        any |= with_fewer_leaves(&s);
        any |= with_smaller_extents(&s);
        any |= with_smaller_leaves(&s);
    }
}
