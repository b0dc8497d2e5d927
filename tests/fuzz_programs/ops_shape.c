/* ops_shape.c - drawing views, and ops that arrange elements in another way. */
#include "call.h"
#include "draw.h"

static const variable *first(const drawing *d, const statement *s)
{
    return input(d, s, 0);
}

/* -- Views --------------------------------------------------------------------------------------------------------- */

/* The same count of elements: axes joined, or split, or ones put between. */
static bool draw_reshape(drawing *d, statement *s)
{
    vt_shape from = first(d, s)->shape, to = { .rank = 0 };
    for (int i = 0; i < from.rank; i++) {
        bool joins = i > 0 && to.rank > 0 && chance(&d->dice, 40);
        if (joins)
            to.dim[to.rank - 1] *= from.dim[i];
        else if (from.dim[i] % 2 == 0 && from.dim[i] && to.rank < VT_MAX_RANK - 1 && chance(&d->dice, 30)) {
            to.dim[to.rank++] = 2;
            to.dim[to.rank++] = from.dim[i] / 2;
        } else if (to.rank < VT_MAX_RANK)
            to.dim[to.rank++] = from.dim[i];
        else
            return false;
        if (to.rank < VT_MAX_RANK && chance(&d->dice, 15)) to.dim[to.rank++] = 1;
    }
    if (to.rank && vt_shape_count(to) && chance(&d->dice, 20)) to.dim[below(&d->dice, to.rank)] = -1;
    s->shape[0] = to;
    return true;
}
OPERATION(reshape, vt_reshape(IN(0), SHAPE(0)), .in = { { ANYTHING } }, .draw = draw_reshape, .flags = EXACT,
          .weight = 15);

static bool draw_flatten(drawing *d, statement *s)
{
    int rank = first(d, s)->shape.rank;
    s->integer[0] = rank ? below(&d->dice, rank) : 0;
    s->integer[1] = rank && chance(&d->dice, 50) ? between(&d->dice, s->integer[0], rank - 1) : -1;
    return true;
}
OPERATION(flatten, vt_flatten(IN(0), INT(0), INT(1)), .in = { { ANYTHING } }, .draw = draw_flatten, .flags = EXACT);

static bool draw_unit_axis(drawing *d, statement *s)
{
    const variable *x = first(d, s);
    for (int i = 0; i < x->shape.rank; i++) {
        if (x->shape.dim[i] != 1) continue;
        s->integer[0] = i;
        return true;
    }
    return false;
}
OPERATION(squeeze, vt_squeeze(IN(0), INT(0)), .in = { { ANYTHING, .min_rank = 1 } }, .draw = draw_unit_axis,
          .flags = EXACT);

static bool draw_new_axis(drawing *d, statement *s)
{
    s->integer[0] = draw_axis(d, first(d, s)->shape.rank + 1);
    return true;
}
OPERATION(unsqueeze, vt_unsqueeze(IN(0), INT(0)), .in = { { ANYTHING, .max_rank = 7 } }, .draw = draw_new_axis,
          .flags = EXACT);

static bool draw_order(drawing *d, statement *s)
{
    s->axes.count = first(d, s)->shape.rank;
    for (int i = 0; i < s->axes.count; i++) {
        int at = below(&d->dice, i + 1);
        s->axes.axis[i] = s->axes.axis[at];
        s->axes.axis[at] = i;
    }
    return true;
}
OPERATION(permute, vt_permute(IN(0), AXES), .in = { { ANYTHING, .min_rank = 1 } }, .draw = draw_order, .flags = EXACT,
          .weight = 15);

static bool draw_two_axes(drawing *d, statement *s)
{
    for (int i = 0; i < 2; i++) s->integer[i] = draw_axis(d, first(d, s)->shape.rank);
    return true;
}
OPERATION(transpose, vt_transpose(IN(0), INT(0), INT(1)), .in = { { ANYTHING, .min_rank = 2 } }, .draw = draw_two_axes,
          .flags = EXACT, .weight = 15);

static bool draw_larger_shape(drawing *d, statement *s)
{
    vt_shape from = first(d, s)->shape;
    int more = from.rank < 5 ? below(&d->dice, 3) : 0;
    s->shape[0].rank = from.rank + more;
    for (int i = 0; i < s->shape[0].rank; i++) {
        int64_t extent = i < more ? 1 : from.dim[i - more];
        s->shape[0].dim[i] = extent == 1 && chance(&d->dice, 60) ? draw_extent(d) : extent;
        if (i >= more && chance(&d->dice, 10)) s->shape[0].dim[i] = -1;
    }
    return true;
}
OPERATION(expand, vt_expand(IN(0), SHAPE(0)), .in = { { ANYTHING } }, .draw = draw_larger_shape, .flags = EXACT);

static bool draw_some_axes(drawing *d, statement *s)
{
    int rank = first(d, s)->shape.rank;
    for (int i = 0; i < rank; i++)
        if (chance(&d->dice, 50)) s->axes.axis[s->axes.count++] = chance(&d->dice, 50) ? i : i - rank;
    return s->axes.count > 0;
}
OPERATION(flip, vt_flip(IN(0), AXES), .in = { { ANYTHING, .min_rank = 1 } }, .draw = draw_some_axes, .flags = EXACT);

static bool draw_slice(drawing *d, statement *s)
{
    s->integer[0] = draw_axis(d, first(d, s)->shape.rank);
    int extent =
        (int)first(d, s)->shape.dim[s->integer[0] < 0 ? s->integer[0] + first(d, s)->shape.rank : s->integer[0]];
    s->integer[1] = between(&d->dice, -extent - 1, extent);
    s->integer[2] = chance(&d->dice, 30) ? 1 << 30 : between(&d->dice, -extent, extent + 1);
    s->integer[3] = below(&d->dice, 4);
    return true;
}
OPERATION(slice, vt_slice(IN(0), INT(0), INT(1), INT(2), .step = INT(3)), .in = { { ANYTHING, .min_rank = 1 } },
          .draw = draw_slice, .flags = EXACT, .weight = 15);

static int64_t extent_at(const drawing *d, const statement *s, int axis)
{
    vt_shape shape = first(d, s)->shape;
    return shape.dim[axis < 0 ? axis + shape.rank : axis];
}

static bool draw_select(drawing *d, statement *s)
{
    s->integer[0] = draw_axis(d, first(d, s)->shape.rank);
    int extent = (int)extent_at(d, s, s->integer[0]);
    if (!extent) return false;
    s->integer[1] = between(&d->dice, -extent, extent - 1);
    return true;
}
OPERATION(select, vt_select(IN(0), INT(0), INT(1)), .in = { { ANYTHING, .min_rank = 1 } }, .draw = draw_select,
          .flags = EXACT);

OPERATION(detach, vt_detach(IN(0)), .in = { { ANYTHING } }, .flags = EXACT | CONSTANT, .weight = 5);

/* -- Parts --------------------------------------------------------------------------------------------------------- */

static bool draw_chunk(drawing *d, statement *s)
{
    s->integer[0] = draw_axis(d, first(d, s)->shape.rank);
    s->integer[1] = between(&d->dice, 1, 4);
    s->outputs = s->integer[1];
    return extent_at(d, s, s->integer[0]) % s->integer[1] == 0;
}
ACTION(chunk, vt_chunk(IN(0), INT(0), INT(1), OUT(0)), .in = { { ANYTHING, .min_rank = 1 } }, .draw = draw_chunk,
       .flags = EXACT);

static bool draw_split(drawing *d, statement *s)
{
    s->integer[0] = draw_axis(d, first(d, s)->shape.rank);
    int rest = (int)extent_at(d, s, s->integer[0]);
    s->outputs = s->integer[1] = between(&d->dice, 1, 3);
    for (int i = 0; i < s->outputs; i++) {
        s->integer[2 + i] = i == s->outputs - 1 ? rest : between(&d->dice, 0, rest);
        rest -= s->integer[2 + i];
    }
    return true;
}
ACTION(split, vt_split(IN(0), INT(0), ((int64_t[]){ INT(2), INT(3), INT(4) }), INT(1), OUT(0)),
       .in = { { ANYTHING, .min_rank = 1 } }, .draw = draw_split, .flags = EXACT);

static bool draw_unstack(drawing *d, statement *s)
{
    s->integer[0] = draw_axis(d, first(d, s)->shape.rank);
    int64_t extent = extent_at(d, s, s->integer[0]);
    s->outputs = s->integer[1] = (int)extent;
    return extent > 0 && extent <= MAX_OUTPUTS;
}
ACTION(unstack, vt_unstack(IN(0), INT(0), INT(1), OUT(0)), .in = { { ANYTHING, .min_rank = 1 } }, .draw = draw_unstack,
       .flags = EXACT);

/* -- Copies -------------------------------------------------------------------------------------------------------- */

/* More inputs like the first, which may be the first again; they may differ along the axis. */
static bool draw_more(drawing *d, statement *s, int axis)
{
    int more = between(&d->dice, 0, 3);
    for (int i = 0; i < more; i++) {
        vt_shape shape = first(d, s)->shape;
        if (axis != NO_VARIABLE && chance(&d->dice, 40)) shape.dim[axis] = draw_extent(d);
        int v = draw_variable(d, (wish){ ANYTHING, .same = true, .exactly = &shape }, first(d, s));
        if (v == NO_VARIABLE) return false;
        s->in[s->inputs++] = v;
    }
    return true;
}

static bool draw_concat(drawing *d, statement *s)
{
    int rank = first(d, s)->shape.rank, axis = below(&d->dice, rank);
    s->integer[0] = chance(&d->dice, 50) ? axis : axis - rank;
    return draw_more(d, s, axis);
}
OPERATION(concat, vt_concat(LIST(0), COUNT(0), INT(0)), .in = { { ANYTHING, .min_rank = 1 } }, .draw = draw_concat,
          .flags = EXACT, .weight = 15);

static bool draw_stack(drawing *d, statement *s)
{
    s->integer[0] = draw_axis(d, first(d, s)->shape.rank + 1);
    return draw_more(d, s, NO_VARIABLE);
}
OPERATION(stack, vt_stack(LIST(0), COUNT(0), INT(0)), .in = { { ANYTHING, .max_rank = 7 } }, .draw = draw_stack,
          .flags = EXACT);

static bool draw_pad(drawing *d, statement *s)
{
    vt_shape shape = first(d, s)->shape;
    int rank = between(&d->dice, 1, shape.rank);
    s->integer[0] = below(&d->dice, 4);
    s->real[0] = chance(&d->dice, 50) ? 0 : between(&d->dice, -2, 2);
    for (int side = 0; side < 2; side++) {
        s->shape[side].rank = rank;
        for (int i = 0; i < rank; i++) {
            int64_t extent = shape.dim[shape.rank - rank + i];
            int most = s->integer[0] == VT_PAD_REFLECT    ? (int)extent - 1
                       : s->integer[0] == VT_PAD_CIRCULAR ? (int)extent
                                                          : 3;
            s->shape[side].dim[i] = most > 0 ? below(&d->dice, (most < 3 ? most : 3) + 1) : 0;
        }
    }
    return true;
}
OPERATION(pad, vt_pad(IN(0), SHAPE(0), SHAPE(1), .value = REAL(0), .mode = (vt_pad_mode)INT(0)),
          .in = { { ANYTHING, .min_rank = 1 } }, .draw = draw_pad, .flags = EXACT);

static bool draw_roll(drawing *d, statement *s)
{
    s->integer[0] = between(&d->dice, -9, 9);
    s->integer[1] = draw_axis(d, first(d, s)->shape.rank);
    return true;
}
OPERATION(roll, vt_roll(IN(0), INT(0), INT(1)), .in = { { ANYTHING, .min_rank = 1 } }, .draw = draw_roll,
          .flags = EXACT);

static bool draw_tile(drawing *d, statement *s)
{
    s->shape[0].rank = first(d, s)->shape.rank;
    for (int i = 0; i < s->shape[0].rank; i++) s->shape[0].dim[i] = chance(&d->dice, 60) ? 1 : between(&d->dice, 0, 3);
    return true;
}
OPERATION(tile, vt_tile(IN(0), SHAPE(0)), .in = { { ANYTHING, .min_rank = 1, .max_rank = 5 } }, .draw = draw_tile,
          .flags = EXACT);

static bool draw_diagonal(drawing *d, statement *s)
{
    s->integer[0] = between(&d->dice, -3, 3);
    return true;
}
OPERATION(tril, vt_tril(IN(0), .diagonal = INT(0)), .in = { { ANYTHING, .min_rank = 2 } }, .draw = draw_diagonal,
          .flags = EXACT);
OPERATION(triu, vt_triu(IN(0), .diagonal = INT(0)), .in = { { ANYTHING, .min_rank = 2 } }, .draw = draw_diagonal,
          .flags = EXACT);
