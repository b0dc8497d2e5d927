/* test_einops.c - patterns against explicit loops. (What is refused is among the samples in cases/einops.c.) */
#include "arranged.h"
#include <math.h>

#define PATTERN(name, ...) ARRANGED(einops, name, __VA_ARGS__)

PATTERN(same, vt_rearrange(x, "a b -> a b"), SHAPE(2, 3), SHAPE(2, 3), number2(o[0], o[1], 3))
PATTERN(transposed, vt_rearrange(x, "a b->b a"), SHAPE(2, 3), SHAPE(3, 2), number2(o[1], o[0], 3))
PATTERN(channels_last, vt_rearrange(x, "b c h w -> b h w c"), SHAPE(2, 3, 4, 5), SHAPE(2, 4, 5, 3),
        number4(o[0], o[3], 3, o[1], 4, o[2], 5))
PATTERN(joined, vt_rearrange(x, "b c h w -> b (h w) c"), SHAPE(2, 3, 4, 5), SHAPE(2, 20, 3),
        number4(o[0], o[2], 3, o[1] / 5, 4, o[1] % 5, 5))
PATTERN(flat, vt_rearrange(x, "a b c -> (a b c)"), SHAPE(2, 3, 4), SHAPE(24), o[0])
PATTERN(flat_turned, vt_rearrange(x, "a b c -> (c a b)"), SHAPE(2, 3, 4), SHAPE(24),
        number3(o[0] / 3 % 2, o[0] % 3, 3, o[0] / 6, 4))
PATTERN(parted, vt_rearrange(x, "(a b) c -> a b c", .a = 2), SHAPE(6, 2), SHAPE(2, 3, 2),
        number3(o[0], o[1], 3, o[2], 2))
PATTERN(parted_by_the_second, vt_rearrange(x, "(a b) c -> c b a", .b = 2), SHAPE(6, 2), SHAPE(2, 2, 3),
        number3(o[2], o[1], 2, o[0], 2))
PATTERN(heads, vt_rearrange(x, "b n (t h d) -> t b h n d", .t = 3, .h = 2), SHAPE(2, 3, 24), SHAPE(3, 2, 2, 3, 4),
        number3(o[1], o[3], 3, number3(o[0], o[2], 2, o[4], 4), 24))
PATTERN(heads_back, vt_rearrange(x, "b h n d -> b n (h d)"), SHAPE(2, 3, 4, 5), SHAPE(2, 4, 15),
        number4(o[0], o[2] / 5, 3, o[1], 4, o[2] % 5, 5))
PATTERN(patches, vt_rearrange(x, "b c (h p1) (w p2) -> b (h w) (p1 p2 c)", .p1 = 2, .p2 = 3), SHAPE(2, 3, 4, 9),
        SHAPE(2, 6, 18),
        number4(o[0], o[2] % 3, 3, number2(o[1] / 3, o[2] / 9, 2), 4, number2(o[1] % 3, o[2] / 3 % 3, 3), 9))
PATTERN(patches_back, vt_rearrange(x, "b (h w) (p1 p2 c) -> b c (h p1) (w p2)", .p1 = 2, .p2 = 3, .h = 2),
        SHAPE(2, 6, 18), SHAPE(2, 3, 4, 9),
        number3(o[0], number2(o[2] / 2, o[3] / 3, 3), 6, number3(o[2] % 2, o[3] % 3, 3, o[1], 3), 18))
PATTERN(pixel_shuffle, vt_rearrange(x, "b (c h2 w2) h w -> b c (h h2) (w w2)", .h2 = 2, .w2 = 2), SHAPE(1, 8, 2, 3),
        SHAPE(1, 2, 4, 6), number4(o[0], number3(o[1], o[2] % 2, 2, o[3] % 2, 2), 8, o[2] / 2, 2, o[3] / 2, 3))
PATTERN(ones_added, vt_rearrange(x, "a b -> 1 a () b (1)"), SHAPE(2, 3), SHAPE(1, 2, 1, 3, 1), number2(o[1], o[3], 3))
PATTERN(ones_removed, vt_rearrange(x, "1 a () b (1) -> b a"), SHAPE(1, 2, 1, 3, 1), SHAPE(3, 2), number2(o[1], o[0], 3))
PATTERN(one_joined, vt_rearrange(x, "a (1 b) -> (b 1 a)"), SHAPE(2, 3), SHAPE(6), number2(o[0] % 2, o[0] / 2, 3))
PATTERN(rest, vt_rearrange(x, "a ... b -> b ... a"), SHAPE(2, 3, 4, 5), SHAPE(5, 3, 4, 2),
        number4(o[3], o[1], 3, o[2], 4, o[0], 5))
PATTERN(no_rest, vt_rearrange(x, "a ... b -> b ... a"), SHAPE(2, 3), SHAPE(3, 2), number2(o[1], o[0], 3))
PATTERN(rest_alone,
        vt_rearrange(x, "..."
                        "->..."),
        SHAPE(2, 3), SHAPE(2, 3), number2(o[0], o[1], 3))
PATTERN(rest_joined, vt_rearrange(x, "a ... b -> b (... a)"), SHAPE(2, 3, 4, 5), SHAPE(5, 24),
        number4(o[1] % 2, o[1] / 8, 3, o[1] / 2 % 4, 4, o[0], 5))
PATTERN(no_rest_joined, vt_rearrange(x, "a ... -> a (...)"), SHAPE(3), SHAPE(3, 1), o[0])
PATTERN(rest_after_parts, vt_rearrange(x, "(a b) ... c -> ... (b c) a", .a = 2), SHAPE(4, 3, 5), SHAPE(3, 10, 2),
        number3(number2(o[2], o[1] / 5, 2), o[0], 3, o[1] % 5, 5))
PATTERN(scalar, vt_rearrange(x, " -> "), VT_SCALAR, VT_SCALAR, 0)
PATTERN(scalar_to_one, vt_rearrange(x, "-> 1 ()"), VT_SCALAR, SHAPE(1, 1), 0)
PATTERN(names,
        vt_rearrange(x, "batch (head_1 D) -> head_1 batch D", .sizes = (vt_axis_size[]){ { "head_1", 3 }, { 0 } }),
        SHAPE(2, 6), SHAPE(3, 2, 2), number2(o[1], number2(o[0], o[2], 2), 6))
PATTERN(names_that_begin_alike, vt_rearrange(x, "(p p1 p12) -> p12 p1 p", .p1 = 3, .p = 2), SHAPE(24), SHAPE(4, 3, 2),
        number3(o[2], o[1], 3, o[0], 4))
PATTERN(eight_axes, vt_rearrange(x, "(a b c) (d e f) (g h) -> h g f e d c b a", .a = 2, .b = 2, .d = 2, .e = 2, .g = 2),
        SHAPE(8, 8, 4), SHAPE(2, 2, 2, 2, 2, 2, 2, 2),
        number3(number3(o[7], o[6], 2, o[5], 2), number3(o[4], o[3], 2, o[2], 2), 8, number2(o[1], o[0], 2), 4))
PATTERN(empty, vt_rearrange(x, "a (b c) -> c a b", .c = 3), SHAPE(0, 6), SHAPE(3, 0, 2), 0)

PATTERN(repeat_front, vt_repeat(x, "1 n d -> b n d", .b = 3), SHAPE(1, 2, 4), SHAPE(3, 2, 4), number2(o[1], o[2], 4))
PATTERN(repeat_inside, vt_repeat(x, "h w -> (h 2) (w k)", .k = 3), SHAPE(2, 3), SHAPE(4, 9),
        number2(o[0] / 2, o[1] / 3, 3))
PATTERN(repeat_outside, vt_repeat(x, "h w -> (2 h) (k w)", .k = 3), SHAPE(2, 3), SHAPE(4, 9),
        number2(o[0] % 2, o[1] % 3, 3))
PATTERN(repeat_turned, vt_repeat(x, "... d -> d 2 ... 3"), SHAPE(2, 3, 4), SHAPE(4, 2, 2, 3, 3),
        number3(o[2], o[3], 3, o[0], 4))
PATTERN(repeat_scalar, vt_repeat(x, "-> 2 b", .b = 3), VT_SCALAR, SHAPE(2, 3), 0)
PATTERN(repeat_known, vt_repeat(x, "(a b) -> b c a", .a = 2, .c = 2), SHAPE(6), SHAPE(3, 2, 2), number2(o[2], o[0], 3))

/* Where only the order of axes differs, nothing is copied. */
Test(einops, a_view_takes_no_memory)
{
    VT_SCOPE;
    vt_tensor x = numbered(VT_SHAPE(2, 3, 24));
    int64_t before = vt_statistics_get().live_bytes;
    vt_tensor y = vt_rearrange(x, "b n (t h d) -> t b h n d", .t = 3, .h = 2);
    cr_assert(vt_item(vt_reshape(
                  vt_slice(vt_slice(vt_slice(vt_slice(vt_slice(y, 0, 2, 3), 1, 1, 2), 2, 1, 2), 3, 2, 3), 4, 3, 4),
                  VT_SCALAR)) == 143);
    cr_assert(vt_statistics_get().live_bytes == before);
}

/* -- Reductions ---------------------------------------------------------------------------------------------------- */

enum { B = 2, H = 4, W = 6 };

static double value_of(int b, int h, int w)
{
    return (1 + (b * 31 + h * 17 + w * 7) % 13) / 8.0;
}

static double combine(vt_reduce_kind kind, double a, double b)
{
    switch (kind) {
    case VT_REDUCE_MAX: return fmax(a, b);
    case VT_REDUCE_MIN: return fmin(a, b);
    case VT_REDUCE_PROD: return a * b;
    default: return a + b;
    }
}

static void check_pools(vt_reduce_kind kind, const char *name)
{
    VT_SCOPE;
    double data[B * H * W], pooled[(W / 3) * B * (H / 2)], rows[H];
    for (int i = 0; i < B * H * W; i++) data[i] = value_of(i / (H * W), i / W % H, i % W);
    vt_tensor x = vt_from_data(data, VT_SHAPE(B, H, W), VT_F64);
    vt_tensor pools = vt_reduce(x, "b (h 2) (w k) -> w (b h)", kind, .k = 3);
    vt_tensor rest = vt_reduce(x, "b h ... -> h", kind);
    cr_assert(vt_shape_equal(vt_shape_of(pools), VT_SHAPE(W / 3, B * (H / 2))), "%s: %s", name, vt_error_message());
    cr_assert(vt_read(pools, pooled, W / 3 * B * (H / 2), VT_F64) && vt_read(rest, rows, H, VT_F64));
    for (int w = 0; w < W / 3; w++)
        for (int b = 0; b < B; b++)
            for (int h = 0; h < H / 2; h++) {
                double want = value_of(b, 2 * h, 3 * w);
                for (int i = 1; i < 6; i++) want = combine(kind, want, value_of(b, 2 * h + i / 3, 3 * w + i % 3));
                if (kind == VT_REDUCE_MEAN) want /= 6;
                double got = pooled[w * B * (H / 2) + b * (H / 2) + h];
                cr_assert(fabs(got - want) < 1e-12, "%s: pool (%d, %d, %d) is %g, not %g", name, b, h, w, got, want);
            }
    for (int h = 0; h < H; h++) {
        double want = value_of(0, h, 0);
        for (int i = 1; i < B * W; i++) want = combine(kind, want, value_of(i / W, h, i % W));
        if (kind == VT_REDUCE_MEAN) want /= B * W;
        cr_assert(fabs(rows[h] - want) < 1e-12 * fmax(1, fabs(want)), "%s: row %d is %g, not %g", name, h, rows[h],
                  want);
    }
}

Test(einops, reduce_sum)
{
    check_pools(VT_REDUCE_SUM, "sum");
}

Test(einops, reduce_mean)
{
    check_pools(VT_REDUCE_MEAN, "mean");
}

Test(einops, reduce_max)
{
    check_pools(VT_REDUCE_MAX, "max");
}

Test(einops, reduce_min)
{
    check_pools(VT_REDUCE_MIN, "min");
}

Test(einops, reduce_prod)
{
    check_pools(VT_REDUCE_PROD, "prod");
}
