/* mix.c - mixup and CutMix: what is drawn is drawn on the host and is data, so that every batch is the same plan. */
#include "core/graph/refuse.h"
#include "core/graph/record.h"
#include "core/tensor/handle.h"
#include "core/base/entry.h"
#include "core/base/philox.h"
#include <vitro/augment.h>
#include <vitro/create.h>
#include <vitro/elementwise.h>
#include <vitro/shape.h>
#include <vitro/tensor.h>
#include <math.h>

/* -- Random numbers ----------------------------------------------------------------------------------------------- */

typedef struct draws {
    bound from;
    uint64_t used; /* blocks of the stream */
} draws;

/* Two independent numbers in (0, 1). */
static void draw_two(draws *d, double *u)
{
    uint32_t word[4];
    philox_block(d->from.seed, d->from.stream, d->used++, word);
    for (int i = 0; i < 2; i++) u[i] = ((double)word[2 * i] + 0.5) * 0x1p-32;
}

/* Gamma(shape, 1) for a shape of 1 or more, by Marsaglia & Tsang 2000. */
static double draw_gamma_above_one(draws *d, double shape)
{
    double offset = shape - 1.0 / 3, scale = 1 / sqrt(9 * offset), u[2], v[2];
    for (;;) {
        draw_two(d, u);
        draw_two(d, v);
        double normal = sqrt(-2 * log(u[0])) * cos(2 * M_PI * u[1]); /* Box & Muller 1958 */
        double cube = pow(1 + scale * normal, 3);
        if (1 + scale * normal > 0 && log(v[0]) < 0.5 * normal * normal + offset * (1 - cube + log(cube)))
            return offset * cube;
    }
}

/* The logarithm of Gamma(shape, 1): for small shapes the number itself may be too small for any double. */
static double draw_log_gamma(draws *d, double shape)
{
    double u[2];
    draw_two(d, u);
    return log(draw_gamma_above_one(d, shape + 1)) + log(u[0]) / shape;
}

/* Beta(alpha, alpha); 1, which mixes nothing, where alpha is 0. */
static double draw_share(draws *d, double alpha)
{
    if (alpha == 0) return 1;
    double x = draw_log_gamma(d, alpha), y = draw_log_gamma(d, alpha);
    return 1 / (1 + exp(y - x));
}

/* -- Mixing ------------------------------------------------------------------------------------------------------- */

static bool fits(const char *name, const vt_mix_args *a)
{
    spec images, targets;
    if (!spec_of(name, a->at_, "images", a->images, &images) || !spec_of(name, a->at_, "targets", a->targets, &targets))
        return false;
    char x[128], y[128];
    if (images.shape.rank != 4 || targets.shape.rank != 2 || images.shape.dim[0] != targets.shape.dim[0])
        refuse_call(name, a->at_, VT_ERROR_ARGUMENT,
                    "images %s and targets %s, but it wants [n, c, h, w] and [n, classes]",
                    vt_shape_text(images.shape, x), vt_shape_text(targets.shape, y));
    else if (images.dtype != targets.dtype || !vt_dtype_is_float(images.dtype))
        refuse_call(name, a->at_, VT_ERROR_ARGUMENT, "images are %s and targets %s, but both are to be f32 or f64",
                    vt_dtype_name(images.dtype), vt_dtype_name(targets.dtype));
    else if (!isfinite(a->alpha) || a->alpha < 0)
        refuse_call(name, a->at_, VT_ERROR_ARGUMENT, "alpha is %g; it must be finite, 0 or more", a->alpha);
    else
        return true;
    return false;
}

/* A number as data, of rank 0. */
static vt_tensor number(vt_site at, double x, vt_dtype dtype)
{
    float single = (float)x;
    return vt_from_data_at(at, dtype == VT_F32 ? (void *)&single : &x, VT_SCALAR, dtype);
}

/* share x + (1 - share) x from the other end of the batch */
static vt_tensor blend(vt_tensor x, vt_tensor share)
{
    return vt_add(vt_mul(share, x), vt_mul(vt_affine(share, -1, 1), vt_flip(x, VT_AXES(0))));
}

vt_mixed vt_mixup_with(const vt_mix_args *a)
{
    NEED_ARGUMENTS("mixup", a, (vt_mixed){ 0 });
    ENTER("mixup", a->at_);
    if (vt_failed() || !fits("mixup", a)) return (vt_mixed){ 0 };
    draws d = { bound_random(), 0 };
    vt_tensor share = number(a->at_, draw_share(&d, a->alpha), vt_dtype_of(a->images));
    return (vt_mixed){ blend(a->images, share), blend(a->targets, share) };
}

/* Whether each of `extent` places is in [first, last). */
static vt_tensor is_between(vt_site at, int64_t extent, double first, double last, vt_dtype dtype)
{
    vt_tensor place = vt_arange(0, (double)extent, .dtype = dtype);
    return vt_logical_and(vt_greater_equal(place, number(at, first, dtype)), vt_less(place, number(at, last, dtype)));
}

/* The part [first, last) of an axis that a window of `size` around `centre` covers. */
static void cover(double centre, double size, int64_t extent, double *first, double *last)
{
    *first = fmax(0, floor(centre - size / 2));
    *last = fmin((double)extent, floor(centre + size / 2));
}

vt_mixed vt_cutmix_with(const vt_mix_args *a)
{
    NEED_ARGUMENTS("cutmix", a, (vt_mixed){ 0 });
    ENTER("cutmix", a->at_);
    if (vt_failed() || !fits("cutmix", a)) return (vt_mixed){ 0 };
    draws d = { bound_random(), 0 };
    double side = sqrt(1 - draw_share(&d, a->alpha)), centre[2], top, bottom, left, right;
    draw_two(&d, centre);
    vt_shape shape = vt_shape_of(a->images);
    int64_t height = shape.dim[2], width = shape.dim[3];
    vt_dtype dtype = vt_dtype_of(a->images);
    cover(centre[0] * (double)height, side * (double)height, height, &top, &bottom);
    cover(centre[1] * (double)width, side * (double)width, width, &left, &right);
    vt_tensor rows = vt_reshape(is_between(a->at_, height, top, bottom, dtype), VT_SHAPE(height, 1));
    vt_tensor columns = is_between(a->at_, width, left, right, dtype);
    double kept = 1 - (bottom - top) * (right - left) / ((double)height * (double)width);
    vt_tensor images = vt_where(vt_logical_and(rows, columns), vt_flip(a->images, VT_AXES(0)), a->images);
    return (vt_mixed){ images, blend(a->targets, number(a->at_, kept, dtype)) };
}

/* -- Which of them ------------------------------------------------------------------------------------------------- */

static bool choice_fits(const vt_mixup_or_cutmix_args *a)
{
    static const char name[] = "mixup_or_cutmix", positive[] = "finite, 0 or more", share[] = "0 to 1";
    return number_fits(isfinite(a->mixup) && a->mixup >= 0, name, a->at_, "mixup", a->mixup, positive) &&
           number_fits(isfinite(a->cutmix) && a->cutmix >= 0, name, a->at_, "cutmix", a->cutmix, positive) &&
           number_fits(a->probability >= 0 && a->probability <= 1, name, a->at_, "probability", a->probability,
                       share) &&
           number_fits(a->cutmix_odds >= 0 && a->cutmix_odds <= 1, name, a->at_, "cutmix_odds", a->cutmix_odds, share);
}

vt_mixed vt_mixup_or_cutmix_with(const vt_mixup_or_cutmix_args *a)
{
    NEED_ARGUMENTS("mixup_or_cutmix", a, (vt_mixed){ 0 });
    ENTER("mixup_or_cutmix", a->at_);
    vt_mix_args mix = { .at_ = a->at_, .images = a->images, .targets = a->targets };
    if (vt_failed() || !choice_fits(a) || !fits("mixup_or_cutmix", &mix)) return (vt_mixed){ 0 };
    draws d = { bound_random(), 0 };
    double u[2];
    draw_two(&d, u);
    if (u[0] >= a->probability || (a->mixup == 0 && a->cutmix == 0)) return (vt_mixed){ a->images, a->targets };
    const bool cut = a->mixup == 0 || (a->cutmix > 0 && u[1] < a->cutmix_odds);
    mix.alpha = cut ? a->cutmix : a->mixup;
    return cut ? vt_cutmix_with(&mix) : vt_mixup_with(&mix);
}
