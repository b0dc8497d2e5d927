/* test_copies.c - copies within the CUDA device, between dtypes and layouts, around its vectors and tiles, against
 * array_copy. */
#include "device_arrays.h"

enum { MANY = 12 };

/* Where the axes of a shape lie: in which order from the outermost on, rows so much longer, the first element so far
 * in. */
typedef struct layout {
    const char *name;
    int order[4];
    int64_t gap, skipped;
    bool reversed; /* the first axis */
} layout;

static const layout layouts[] = {
    { "contiguous", { 0, 1, 2, 3 }, 0, 0, false },     { "channels last", { 0, 2, 3, 1 }, 0, 0, false },
    { "heads first", { 0, 2, 1, 3 }, 0, 0, false },    { "the other way round", { 3, 2, 1, 0 }, 0, 0, false },
    { "rows with gaps", { 0, 1, 2, 3 }, 8, 0, false }, { "odd rows", { 0, 1, 2, 3 }, 3, 0, false },
    { "odd address", { 0, 1, 2, 3 }, 0, 1, false },    { "backwards", { 0, 1, 2, 3 }, 0, 0, true },
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

static array lay_out(vt_shape shape, vt_dtype dtype, const layout *l, size_t *bytes)
{
    array a = { .dtype = dtype, .shape = shape };
    int64_t stride = 1;
    for (int k = 3; k >= 0; k--) {
        a.stride[l->order[k]] = stride;
        stride = stride * shape.dim[l->order[k]] + (k == 3 ? l->gap : 0);
    }
    *bytes = (size_t)(stride + l->skipped + 1) * vt_dtype_size(dtype);
    return a;
}

static size_t first_byte(const layout *l, array *a)
{
    int64_t first = l->skipped;
    if (l->reversed && a->shape.dim[0] > 0) {
        first += (a->shape.dim[0] - 1) * a->stride[0];
        a->stride[0] = -a->stride[0];
    }
    return (size_t)first * vt_dtype_size(a->dtype);
}

/* The whole memory is compared: what lies between the elements stays as it was. */
static void check(vt_shape shape, vt_dtype to_dtype, const layout *to_layout, vt_dtype from_dtype,
                  const layout *from_layout)
{
    size_t to_bytes, from_bytes;
    array to = lay_out(shape, to_dtype, to_layout, &to_bytes),
          from = lay_out(shape, from_dtype, from_layout, &from_bytes);
    size_t to_first = first_byte(to_layout, &to), from_first = first_byte(from_layout, &from);
    char *want = calloc(1, to_bytes), *got = malloc(to_bytes), *source = malloc(from_bytes);
    cr_assert(want && got && source);
    fill_with_numbers(from_dtype, source, from_bytes);
    char *device_to = on_device(want, to_bytes), *device_from = on_device(source, from_bytes);

    array host_to = to, host_from = from;
    host_to.data = want + to_first;
    host_from.data = source + from_first;
    array_copy(&host_to, &host_from);
    to.data = device_to + to_first;
    from.data = device_from + from_first;
    cr_assert(device()->copy(&to, &from));
    cr_assert(device()->queue->download(got, device_to, to_bytes));

    char text[128];
    cr_assert(memcmp(want, got, to_bytes) == 0, "%s from %s %s to %s %s", vt_shape_text(shape, text),
              vt_dtype_name(from_dtype), from_layout->name, vt_dtype_name(to_dtype), to_layout->name);
    off_device(device_to, to_bytes);
    off_device(device_from, from_bytes);
    free(want);
    free(got);
    free(source);
}

static const vt_shape shapes[] = {
    { 4, { 1, 1, 1, 1 } },   { 4, { 1, 1, 1, 7 } },    { 4, { 2, 3, 5, 4 } },   { 4, { 2, 3, 9, 16 } },
    { 4, { 1, 40, 3, 33 } }, { 4, { 3, 8, 8, 8 } },    { 4, { 2, 17, 1, 65 } }, { 4, { 1, 70, 2, 64 } },
    { 4, { 0, 3, 2, 4 } },   { 4, { 1, 1, 197, 24 } },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void check_every_layout(vt_dtype to, vt_dtype from)
{
    for (int s = 0; s < SHAPES; s++)
        for (int t = 0; t < LAYOUTS; t++)
            for (int f = 0; f < LAYOUTS; f++)
                if (!layouts[t].reversed) check(shapes[s], to, &layouts[t], from, &layouts[f]);
}

TestSuite(copies, .init = start_device, .fini = stop_device);

Test(copies, of_four_bytes)
{
    check_every_layout(VT_F32, VT_F32);
}

Test(copies, of_two_bytes)
{
    check_every_layout(VT_BF16, VT_BF16);
}

Test(copies, of_one_byte_and_of_eight)
{
    check_every_layout(VT_BOOL, VT_BOOL);
    check_every_layout(VT_I64, VT_I64);
}

Test(copies, rounded)
{
    check_every_layout(VT_BF16, VT_F32);
}

Test(copies, widened)
{
    check_every_layout(VT_F32, VT_BF16);
}

Test(copies, between_any_dtypes)
{
    const vt_shape shape = { 4, { 2, 3, 4, 16 } };
    for (int to = VT_F32; to <= VT_BF16; to++)
        for (int from = VT_F32; from <= VT_BF16; from++)
            for (int l = 0; l < 2; l++) check(shape, (vt_dtype)to, &layouts[l], (vt_dtype)from, &layouts[0]);
}

Test(copies, of_what_is_repeated)
{
    float x[3] = { 1, 2, 3 }, got[3][40], *on = on_device(x, sizeof x), *to = on_device(got, sizeof got);
    array from = { .data = on, .dtype = VT_F32, .shape = VT_SHAPE(3, 40), .stride = { 1, 0 } };
    array target = array_contiguous(to, VT_F32, from.shape);
    cr_assert(device()->copy(&target, &from));
    cr_assert(device()->queue->download(got, to, sizeof got));
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 40; j++) cr_assert(got[i][j] == x[i]);
    off_device(on, sizeof x);
    off_device(to, sizeof got);
}
