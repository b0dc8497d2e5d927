/* rename.c - which tensors of a file a model's tensors are made of. */
#include "train/rename.h"
#include "core/base/grow.h"
#include "io/unreadable.h"
#include "nn/glob.h"
#include <vitro/error.h>
#include <stdlib.h>
#include <string.h>

/* -- Names --------------------------------------------------------------------------------------------------------- */

/* False where the name is too long, or has more stars than the pattern has wildcards. */
static bool fill_in(const char *to, const glob_captures *captures, char renamed[RENAME_LONGEST + 1])
{
    size_t used = 0;
    for (int next = 0; *to; to++) {
        const char *text = to;
        size_t length = 1;
        if (*to == '*') {
            if (next >= captures->count || next >= GLOB_MOST_CAPTURES) return false;
            text = captures->begin[next];
            length = captures->length[next++];
        }
        if (length > RENAME_LONGEST - used) return false;
        memcpy(renamed + used, text, length);
        used += length;
    }
    renamed[used] = 0;
    return true;
}

bool rename_apply(const vt_name_rule *rule, const char *name, char renamed[RENAME_LONGEST + 1])
{
    glob_captures captures;
    return strlen(name) <= RENAME_LONGEST && glob_capture(rule->from, name, &captures) &&
           fill_in(rule->to ? rule->to : "", &captures, renamed);
}

/* -- Shapes -------------------------------------------------------------------------------------------------------- */

int rename_axis(const vt_name_rule *rule, vt_shape shape)
{
    int axis = rule->axis < 0 ? rule->axis + shape.rank : rule->axis;
    return axis >= 0 && axis < shape.rank ? axis : -1;
}

static bool slice_shape(const vt_name_rule *rule, vt_shape *shape)
{
    if (rule->slices == 0) return true;
    int axis = rename_axis(rule, *shape);
    if (axis < 0 || rule->slices < 0 || rule->slice < 0 || rule->slice >= rule->slices) return false;
    if (shape->dim[axis] % rule->slices) return false;
    shape->dim[axis] /= rule->slices;
    return true;
}

bool rename_order(const vt_name_rule *rule, int rank, int order[VT_MAX_RANK])
{
    unsigned seen = 0;
    for (int i = 0; i < rank; i++) {
        order[i] = rule->axes.count ? rule->axes.axis[i] : i;
        if (order[i] < 0) order[i] += rank;
        if (order[i] < 0 || order[i] >= rank) return false;
        seen |= 1u << order[i];
    }
    return seen == (1u << rank) - 1 && (rule->axes.count == 0 || rule->axes.count == rank);
}

static bool permute_shape(const vt_name_rule *rule, vt_shape *shape)
{
    int order[VT_MAX_RANK];
    vt_shape from = *shape;
    if (!rename_order(rule, from.rank, order)) return false;
    for (int i = 0; i < from.rank; i++) shape->dim[i] = from.dim[order[i]];
    return true;
}

bool rename_piece_shape(const rename_piece *piece, vt_shape *shape)
{
    *shape = piece->source.shape;
    return !piece->rule || (slice_shape(piece->rule, shape) && permute_shape(piece->rule, shape));
}

/* -- Pieces of the same name --------------------------------------------------------------------------------------- */

typedef struct named_piece {
    const char *name;
    rename_piece piece;
} named_piece;

typedef struct builder {
    vt_site at;
    const char *path;
    arena *memory;
    size_t count, capacity;
    named_piece *pieces;
} builder;

static bool add_piece(builder *b, const char *name, vt_stored_tensor source, const vt_name_rule *rule)
{
    if (!grow(&b->pieces, b->count, &b->capacity, sizeof *b->pieces)) {
        vt_error_raise(VT_ERROR_MEMORY, b->at, "no memory for the names of %s", b->path);
        return false;
    }
    char *copy = arena_allocate(b->memory, strlen(name) + 1);
    if (!copy) return false;
    b->pieces[b->count++] = (named_piece){ strcpy(copy, name), { source, rule } };
    return true;
}

/* The first rule that matches, and those behind it with the same `from`. */
static bool add_by_rules(builder *b, const vt_name_rule *rules, vt_stored_tensor source)
{
    char name[RENAME_LONGEST + 1];
    const char *matched = NULL;
    for (const vt_name_rule *rule = rules; rule && rule->from; rule++) {
        if (matched && strcmp(rule->from, matched) != 0) continue;
        if (!rename_apply(rule, source.name, name)) continue;
        matched = rule->from;
        if (*name && !add_piece(b, name, source, rule)) return false;
    }
    return matched || add_piece(b, source.name, source, NULL);
}

static int part_of(const rename_piece *piece)
{
    return piece->rule && piece->rule->parts > 0 ? piece->rule->part : 0;
}

static int by_name_and_part(const void *a, const void *b)
{
    const named_piece *x = a, *y = b;
    int order = strcmp(x->name, y->name), part = part_of(&x->piece), other = part_of(&y->piece);
    return order ? order : (part > other) - (part < other);
}

static bool check_parts(const builder *b, const renamed_tensor *t)
{
    const rename_piece *first = &t->pieces[0];
    int wanted = first->rule && first->rule->parts > 0 ? first->rule->parts : 1;
    bool complete = t->count == wanted;
    for (int i = 0; i < t->count; i++) {
        complete = complete && part_of(&t->pieces[i]) == i;
        if (i > 0 && part_of(&t->pieces[i]) == part_of(&t->pieces[i - 1]))
            return unreadable(b->at, b->path, "%s is to become '%s', and so is %s", t->pieces[i - 1].source.name,
                              t->name, t->pieces[i].source.name);
    }
    return complete || unreadable(b->at, b->path, "'%s' is to be made of %d tensors, and %d of them are there, as %s",
                                  t->name, wanted, t->count, first->source.name);
}

static bool join(vt_shape *shape, vt_shape part, int axis)
{
    if (axis < 0 || part.rank != shape->rank) return false;
    for (int i = 0; i < part.rank; i++)
        if (i != axis && part.dim[i] != shape->dim[i]) return false;
    return !__builtin_add_overflow(shape->dim[axis], part.dim[axis], &shape->dim[axis]);
}

static bool find_shape(const builder *b, renamed_tensor *t)
{
    char text[128];
    for (int i = 0; i < t->count; i++) {
        const rename_piece *piece = &t->pieces[i];
        vt_shape shape;
        if (!rename_piece_shape(piece, &shape))
            return unreadable(b->at, b->path, "%s %s cannot be sliced or reordered as the rule \"%s\" says",
                              piece->source.name, vt_shape_text(piece->source.shape, text), piece->rule->from);
        if (i == 0)
            t->shape = shape;
        else if (!join(&t->shape, shape, rename_axis(piece->rule, shape)))
            return unreadable(b->at, b->path, "%s %s does not fit behind the other parts of '%s'", piece->source.name,
                              vt_shape_text(piece->source.shape, text), t->name);
    }
    return true;
}

static bool gather_pieces(const builder *b, renamed_tensors *all)
{
    qsort(b->pieces, b->count, sizeof *b->pieces, by_name_and_part);
    all->tensors = arena_allocate(b->memory, (b->count + 1) * sizeof *all->tensors);
    rename_piece *pieces = arena_allocate(b->memory, (b->count + 1) * sizeof *pieces);
    if (!all->tensors || !pieces) return false;
    for (size_t i = 0; i < b->count; i++) {
        renamed_tensor *t = all->count ? &all->tensors[all->count - 1] : NULL;
        if (!t || strcmp(t->name, b->pieces[i].name) != 0) {
            t = &all->tensors[all->count++];
            *t = (renamed_tensor){ .name = b->pieces[i].name, .pieces = pieces + i };
        }
        t->pieces[t->count++] = b->pieces[i].piece;
    }
    for (size_t i = 0; i < all->count; i++)
        if (!check_parts(b, &all->tensors[i]) || !find_shape(b, &all->tensors[i])) return false;
    return true;
}

bool rename_tensors(vt_site at, const char *path, const vt_tensor_file *file, const vt_name_rule *rules, arena *memory,
                    renamed_tensors *all)
{
    builder b = { .at = at, .path = path, .memory = memory };
    *all = (renamed_tensors){ 0 };
    bool fine = true;
    for (int i = 0; fine && i < vt_tensor_file_size(file); i++)
        fine = add_by_rules(&b, rules, vt_tensor_file_entry(file, i));
    if (fine && b.count) fine = gather_pieces(&b, all);
    free(b.pieces);
    return fine;
}

static int by_name(const void *name, const void *tensor)
{
    return strcmp(name, ((const renamed_tensor *)tensor)->name);
}

const renamed_tensor *renamed_find(const renamed_tensors *all, const char *name)
{
    return all->count ? bsearch(name, all->tensors, all->count, sizeof *all->tensors, by_name) : NULL;
}
