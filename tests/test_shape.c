/* test_shape.c - views, parts and joins, held against their definitions element by element. (Samples in cases/ compare
 * backends, which share the views.) */
#include "arranged.h"

ARRANGED(shape, reshape, vt_reshape(x, SHAPE(3, -1)), SHAPE(2, 6), SHAPE(3, 4), number2(o[0], o[1], 4))
ARRANGED(shape, flatten, vt_flatten(x, 1, 2), SHAPE(2, 3, 4, 5), SHAPE(2, 12, 5), number3(o[0], o[1], 12, o[2], 5))
ARRANGED(shape, squeeze, vt_squeeze(x, -2), SHAPE(2, 1, 3), SHAPE(2, 3), number2(o[0], o[1], 3))
ARRANGED(shape, unsqueeze, vt_unsqueeze(x, 1), SHAPE(2, 3), SHAPE(2, 1, 3), number2(o[0], o[2], 3))
ARRANGED(shape, permute, vt_permute(x, VT_AXES(2, 0, 1)), SHAPE(2, 3, 4), SHAPE(4, 2, 3),
         number3(o[1], o[2], 3, o[0], 4))
ARRANGED(shape, transpose, vt_transpose(x, 0, -1), SHAPE(2, 3, 4), SHAPE(4, 3, 2), number3(o[2], o[1], 3, o[0], 4))
ARRANGED(shape, expand, vt_expand(x, SHAPE(2, 3, 4)), SHAPE(3, 1), SHAPE(2, 3, 4), o[1])
ARRANGED(shape, slice, vt_slice(x, 1, 1, 3), SHAPE(2, 4, 3), SHAPE(2, 2, 3), number3(o[0], o[1] + 1, 4, o[2], 3))
ARRANGED(shape, slice_negative, vt_slice(x, -1, -3, -1), SHAPE(2, 5), SHAPE(2, 2), number2(o[0], o[1] + 2, 5))
ARRANGED(shape, slice_step, vt_slice(x, 0, 1, VT_END, .step = 3), SHAPE(6, 2), SHAPE(2, 2),
         number2(1 + 3 * o[0], o[1], 2))
ARRANGED(shape, slice_step_short, vt_slice(x, 0, 0, 5, .step = 2), SHAPE(6), SHAPE(3), 2 * o[0])
ARRANGED(shape, slice_to_the_end, vt_slice(x, 0, -2, 100), SHAPE(6), SHAPE(2), 4 + o[0])
ARRANGED(shape, slice_from_the_start, vt_slice(x, 0, -100, 2), SHAPE(6), SHAPE(2), o[0])
ARRANGED(shape, slice_nothing, vt_slice(x, 0, 4, 2), SHAPE(6, 2), SHAPE(0, 2), 0)
ARRANGED(shape, slice_negative_end, vt_slice(x, 0, 0, INT64_MIN), SHAPE(6), SHAPE(0), 0)
ARRANGED(shape, select, vt_select(x, 1, -1), SHAPE(2, 3, 4), SHAPE(2, 4), number3(o[0], 2, 3, o[1], 4))
ARRANGED(shape, flip, vt_flip(x, VT_AXES(0, 2)), SHAPE(2, 3, 4), SHAPE(2, 3, 4),
         number3(1 - o[0], o[1], 3, 3 - o[2], 4))
ARRANGED(shape, flip_all, vt_reshape(vt_flip(x, VT_AXES(0, 1)), SHAPE(-1)), SHAPE(3, 4), SHAPE(12), 11 - o[0])
ARRANGED(shape, flip_some, vt_reshape(vt_flip(x, VT_AXES(1)), SHAPE(-1)), SHAPE(3, 4), SHAPE(12),
         o[0] / 4 * 4 + 3 - o[0] % 4)
ARRANGED(shape, flip_none, vt_flip(x, ((vt_axes){ .count = 0 })), SHAPE(3), SHAPE(3), o[0])
ARRANGED(shape, flip_of_slice, vt_flip(vt_slice(x, 0, 1, VT_END, .step = 2), VT_AXES(0)), SHAPE(6), SHAPE(3),
         5 - 2 * o[0])
ARRANGED(shape, slice_of_flip, vt_slice(vt_flip(x, VT_AXES(0)), 0, 1, VT_END, .step = 2), SHAPE(6), SHAPE(3),
         4 - 2 * o[0])
ARRANGED(shape, expand_of_flip, vt_expand(vt_flip(x, VT_AXES(0)), SHAPE(2, 3)), SHAPE(3), SHAPE(2, 3), 2 - o[1])

static vt_tensor part_of_chunk(vt_tensor x, int axis, int count, int part)
{
    vt_tensor parts[8];
    cr_assert(vt_chunk(x, axis, count, parts));
    return parts[part];
}
ARRANGED(shape, chunk_first, part_of_chunk(x, 1, 3, 0), SHAPE(2, 6), SHAPE(2, 2), number2(o[0], o[1], 6))
ARRANGED(shape, chunk_last, part_of_chunk(x, 1, 3, 2), SHAPE(2, 6), SHAPE(2, 2), number2(o[0], o[1] + 4, 6))
ARRANGED(shape, chunk_rows, part_of_chunk(x, 0, 2, 1), SHAPE(4, 3), SHAPE(2, 3), 6 + number2(o[0], o[1], 3))
ARRANGED(shape, chunk_of_flip, part_of_chunk(vt_flip(x, VT_AXES(0)), 0, 2, 1), SHAPE(6), SHAPE(3), 2 - o[0])

static vt_tensor part_of_split(vt_tensor x, int part)
{
    vt_tensor parts[3];
    cr_assert(vt_split(x, -1, ((int64_t[]){ 1, 3, 2 }), 3, parts));
    return parts[part];
}
ARRANGED(shape, split_middle, part_of_split(x, 1), SHAPE(2, 6), SHAPE(2, 3), number2(o[0], o[1] + 1, 6))
ARRANGED(shape, split_last, part_of_split(x, 2), SHAPE(2, 6), SHAPE(2, 2), number2(o[0], o[1] + 4, 6))

static vt_tensor part_of_unstack(vt_tensor x, int part)
{
    vt_tensor parts[3];
    cr_assert(vt_unstack(x, 1, 3, parts));
    return parts[part];
}
ARRANGED(shape, unstack, part_of_unstack(x, 1), SHAPE(2, 3, 4), SHAPE(2, 4), number3(o[0], 1, 3, o[1], 4))

static vt_tensor swapped(vt_tensor x, vt_tensor (*join)(vt_site, const vt_tensor *, int, int), int axis)
{
    return join(VT_HERE, (vt_tensor[]){ vt_slice(x, 0, 1, 2), vt_slice(x, 0, 0, 1) }, 2, axis);
}
ARRANGED(shape, concat_first, swapped(x, vt_concat_at, 0), SHAPE(2, 3), SHAPE(2, 3), number2(1 - o[0], o[1], 3))
ARRANGED(shape, concat_last, swapped(x, vt_concat_at, -1), SHAPE(2, 3), SHAPE(1, 6), number2(1 - o[1] / 3, o[1] % 3, 3))
ARRANGED(shape, stack_first, swapped(x, vt_stack_at, 0), SHAPE(2, 3), SHAPE(2, 1, 3), number2(1 - o[0], o[2], 3))
ARRANGED(shape, stack_last, swapped(x, vt_stack_at, -1), SHAPE(2, 3), SHAPE(1, 3, 2), number2(1 - o[2], o[1], 3))

ARRANGED(shape, pad, vt_pad(x, SHAPE(1, 2), SHAPE(0, 1), .value = NOT_OF_X), SHAPE(2, 2, 3), SHAPE(2, 3, 6),
         o[1] < 1 || o[2] < 2 || o[2] > 4 ? NOT_OF_X : number3(o[0], o[1] - 1, 2, o[2] - 2, 3))
ARRANGED(shape, pad_reflect, vt_pad(x, SHAPE(2), SHAPE(3), .mode = VT_PAD_REFLECT), SHAPE(2, 4), SHAPE(2, 9),
         number2(o[0], (int64_t[]){ 2, 1, 0, 1, 2, 3, 2, 1, 0 }[o[1]], 4))
ARRANGED(shape, pad_replicate, vt_pad(x, SHAPE(2), SHAPE(1), .mode = VT_PAD_REPLICATE), SHAPE(2, 3), SHAPE(2, 6),
         number2(o[0], (int64_t[]){ 0, 0, 0, 1, 2, 2 }[o[1]], 3))
ARRANGED(shape, pad_circular, vt_pad(x, SHAPE(2, 0), SHAPE(1, 0), .mode = VT_PAD_CIRCULAR), SHAPE(3, 2), SHAPE(6, 2),
         number2((o[0] + 1) % 3, o[1], 2))
ARRANGED(shape, roll, vt_roll(x, 2, 0), SHAPE(5, 2), SHAPE(5, 2), number2((o[0] + 3) % 5, o[1], 2))
ARRANGED(shape, roll_back, vt_roll(x, -7, -1), SHAPE(2, 5), SHAPE(2, 5), number2(o[0], (o[1] + 7) % 5, 5))
ARRANGED(shape, tile, vt_tile(x, SHAPE(2, 3)), SHAPE(2, 3), SHAPE(4, 9), number2(o[0] % 2, o[1] % 3, 3))

/* The views share the memory of x: nothing is copied. */
Test(shape, views_take_no_memory)
{
    VT_SCOPE;
    vt_tensor x = numbered(VT_SHAPE(8, 32)), parts[2];
    int64_t before = vt_statistics_get().live_bytes;
    vt_tensor y = vt_flip(
        vt_slice(vt_transpose(vt_select(vt_reshape(x, VT_SHAPE(2, 4, 32)), 0, 1), 0, 1), 0, 1, VT_END, .step = 3),
        VT_AXES(0));
    vt_chunk(vt_unsqueeze(y, 0), -1, 2, parts);
    cr_assert(vt_item(vt_select(vt_select(vt_select(parts[1], 2, 0), 1, 0), 0, 0)) == 6 * 32 + 31);
    cr_assert(vt_statistics_get().live_bytes == before);
}
