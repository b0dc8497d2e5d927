/* test_augment.c - batches that are made on the device, and mixing. */
#include "left_behind.h"
#include "tested_device.h"
#include "refused.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

static void begin(void)
{
    vt_set_device(tested_device());
    vt_seed(5);
}

TestSuite(resident, .init = begin, .fini = expect_nothing_left);
TestSuite(mix, .init = begin, .fini = expect_nothing_left);

/* -- Resident data sets -------------------------------------------------------------------------------------------- */

enum { PICTURES = 23, BATCH = 5, PIXELS = 3 * 32 * 32 };

typedef struct pair {
    vt_dataset *data;
    vt_loader *on_host, *resident;
} pair;

static pair open_pair(bool augment)
{
    pair p = { .data = vt_synthetic_open(true, .limit = PICTURES, .seed = 3) };
    p.on_host =
        vt_loader_open(p.data, .batch = BATCH, .shuffle = true, .augment = augment ? "crop,flip" : NULL, .seed = 9);
    p.resident = vt_loader_open(p.data, .batch = BATCH, .shuffle = true, .augment = augment ? "crop,flip" : NULL,
                                .seed = 9, .resident = true);
    cr_assert(p.on_host && p.resident, "%s", vt_error_message());
    return p;
}

static void close_pair(pair *p)
{
    vt_loader_close(p->on_host);
    vt_loader_close(p->resident);
    vt_dataset_close(p->data);
}

/* Whether both loaders give the same next batch, or none. */
static bool next_is_the_same(pair *p)
{
    VT_SCOPE;
    vt_batch a, b;
    bool more = vt_loader_next_tensors(p->on_host, &a);
    cr_assert(vt_loader_next_tensors(p->resident, &b) == more && !vt_failed(), "%s", vt_error_message());
    if (!more) return false;
    static float x[BATCH * PIXELS], y[BATCH * PIXELS];
    int64_t label_of_a[BATCH], label_of_b[BATCH];
    cr_assert(a.count == b.count && a.epoch == b.epoch && a.index == b.index);
    cr_assert(vt_read(a.images, x, a.count * PIXELS, VT_F32) && vt_read(b.images, y, b.count * PIXELS, VT_F32));
    cr_assert(vt_read(a.labels, label_of_a, a.count, VT_I64) && vt_read(b.labels, label_of_b, b.count, VT_I64));
    cr_assert(memcmp(label_of_a, label_of_b, (size_t)a.count * sizeof *label_of_a) == 0);
    for (int64_t i = 0; i < a.count * PIXELS; i++)
        cr_assert(x[i] == y[i], "batch %lld, element %lld is %.9g, on the host %.9g", (long long)a.index, (long long)i,
                  (double)y[i], (double)x[i]);
    return true;
}

Test(resident, gives_the_same_bits_as_the_host)
{
    for (int augment = 0; augment < 2; augment++) {
        pair p = open_pair(augment);
        for (int epoch = 0; epoch < 2; epoch++) {
            int batches = 0;
            while (next_is_the_same(&p)) batches++;
            cr_assert(batches == (PICTURES + BATCH - 1) / BATCH);
        }
        close_pair(&p);
    }
}

Test(resident, seeks)
{
    pair p = open_pair(true);
    cr_assert(vt_loader_seek(p.on_host, 3, 2) && vt_loader_seek(p.resident, 3, 2));
    cr_assert(next_is_the_same(&p));
    close_pair(&p);
}

Test(resident, outlives_the_scope_it_was_opened_in)
{
    pair p;
    {
        VT_SCOPE;
        p = open_pair(false);
    }
    cr_assert(next_is_the_same(&p));
    close_pair(&p);
}

Test(resident, one_plan_serves_every_batch)
{
    pair p = open_pair(true);
    cr_assert(next_is_the_same(&p));
    int64_t plans = vt_statistics_get().plan_misses;
    cr_assert(next_is_the_same(&p) && next_is_the_same(&p));
    cr_assert(vt_statistics_get().plan_misses == plans);
    close_pair(&p);
}

Test(resident, has_no_batches_in_host_memory)
{
    pair p = open_pair(false);
    vt_host_batch batch;
    cr_assert(!vt_loader_next(p.resident, &batch));
    REFUSED(VT_ERROR_ARGUMENT, "vt_loader_next_tensors");
    close_pair(&p);
}

/* -- mixup and CutMix ---------------------------------------------------------------------------------------------- */

enum { N = 4, SIDE = 16, AREA = SIDE * SIDE, CLASSES = 4 };

/* Picture i holds the number i everywhere, and is of class i. */
static vt_mixed made(vt_mixed mix(const vt_mix_args *), double alpha)
{
    float pixels[N * AREA], targets[N * CLASSES] = { 0 };
    for (int i = 0; i < N * AREA; i++) pixels[i] = (float)(i / AREA);
    for (int i = 0; i < N; i++) targets[i * CLASSES + i] = 1;
    vt_mix_args a = { .at_ = VT_HERE, .alpha = alpha };
    a.images = vt_from_data(pixels, VT_SHAPE(N, 1, SIDE, SIDE), VT_F32);
    a.targets = vt_from_data(targets, VT_SHAPE(N, CLASSES), VT_F32);
    return mix(&a);
}

typedef struct mixture {
    float pixels[N][AREA], targets[N][CLASSES];
} mixture;

static mixture read_mixture(vt_mixed m)
{
    mixture r;
    cr_assert(vt_read(m.images, r.pixels, N * AREA, VT_F32) && vt_read(m.targets, r.targets, N * CLASSES, VT_F32), "%s",
              vt_error_message());
    return r;
}

Test(mix, up_blends_a_picture_and_its_target_by_one_share)
{
    VT_SCOPE;
    mixture m = read_mixture(made(vt_mixup_with, 0.4));
    for (int i = 0; i < N; i++) {
        float share = m.targets[i][i], rest = m.targets[i][N - 1 - i];
        cr_assert(share == m.targets[0][0] && share > 0 && share < 1 && fabsf(share + rest - 1) < 1e-6f);
        float want = share * (float)i + rest * (float)(N - 1 - i);
        for (int k = 0; k < AREA; k++) cr_assert(fabsf(m.pixels[i][k] - want) < 1e-5f);
    }
}

Test(mix, cut_replaces_one_rectangle_and_mixes_targets_by_its_area)
{
    for (int draw = 0; draw < 20; draw++) {
        VT_SCOPE;
        mixture m = read_mixture(made(vt_cutmix_with, 1));
        for (int i = 0; i < N; i++) {
            int other = 0, top = SIDE, bottom = 0, left = SIDE, right = 0;
            for (int k = 0; k < AREA; k++) {
                if (m.pixels[i][k] == (float)i) continue;
                cr_assert(m.pixels[i][k] == (float)(N - 1 - i));
                int row = k / SIDE, column = k % SIDE;
                other++;
                top = row < top ? row : top;
                bottom = row >= bottom ? row + 1 : bottom;
                left = column < left ? column : left;
                right = column >= right ? column + 1 : right;
            }
            cr_assert(other == 0 || other == (bottom - top) * (right - left), "no rectangle");
            cr_assert(fabsf(m.targets[i][N - 1 - i] - (float)other / AREA) < 1e-6f);
        }
    }
}

/* Of Beta(a, a): the mean is 1/2, the variance 1 / (4 (2 a + 1)). */
Test(mix, shares_are_of_the_beta_distribution)
{
    enum { DRAWS = 2000 };
    const double alphas[] = { 0.1, 1, 3 };
    for (int k = 0; k < 3; k++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < DRAWS; i++) {
            VT_SCOPE;
            mixture m = read_mixture(made(vt_mixup_with, alphas[k]));
            sum += (double)m.targets[0][0];
            squares += (double)(m.targets[0][0] * m.targets[0][0]);
        }
        double mean = sum / DRAWS, variance = squares / DRAWS - mean * mean, want = 0.25 / (2 * alphas[k] + 1);
        cr_assert(fabs(mean - 0.5) < 4 * sqrt(want / DRAWS), "alpha %g: mean %g", alphas[k], mean);
        cr_assert(fabs(variance / want - 1) < 0.15, "alpha %g: variance %g, wanted %g", alphas[k], variance, want);
    }
}

Test(mix, the_same_seed_draws_the_same)
{
    mixture m[2];
    for (int i = 0; i < 2; i++) {
        VT_SCOPE;
        vt_seed(8);
        m[i] = read_mixture(made(vt_cutmix_with, 0.5));
    }
    cr_assert(memcmp(&m[0], &m[1], sizeof m[0]) == 0);
}

typedef enum outcome { NEITHER, MIXED, CUT } outcome;

static outcome outcome_of(double mixup, double cutmix, double probability, double odds)
{
    VT_SCOPE;
    float pixels[N * AREA], targets[N * CLASSES] = { 0 };
    for (int i = 0; i < N * AREA; i++) pixels[i] = (float)(i / AREA);
    for (int i = 0; i < N; i++) targets[i * CLASSES + i] = 1;
    mixture m = read_mixture(vt_mixup_or_cutmix(vt_from_data(pixels, VT_SHAPE(N, 1, SIDE, SIDE), VT_F32),
                                                vt_from_data(targets, VT_SHAPE(N, CLASSES), VT_F32), .mixup = mixup,
                                                .cutmix = cutmix, .probability = probability, .cutmix_odds = odds));
    if (m.targets[0][0] == 1) return NEITHER;
    for (int k = 0; k < AREA; k++)
        if (m.pixels[0][k] != 0 && m.pixels[0][k] != N - 1) return MIXED;
    return CUT;
}

Test(mix, either_is_chosen_by_its_probability_and_odds)
{
    int times[3] = { 0 };
    for (int i = 0; i < 300; i++) {
        times[outcome_of(1, 1, 0.7, 0.25)]++;
        cr_assert(outcome_of(1, 1, 0, 0.5) == NEITHER && outcome_of(0, 0, 1, 0.5) == NEITHER);
        cr_assert(outcome_of(1, 0, 1, 0.5) == MIXED && outcome_of(0, 1, 1, 0.5) != MIXED);
    }
    /* a rectangle may be outside of the picture for the most part, and have no pixel */
    cr_assert(times[NEITHER] > 60 && times[NEITHER] < 130, "%d", times[NEITHER]);
    cr_assert(times[MIXED] > 120 && times[MIXED] < 195, "%d", times[MIXED]);
    cr_assert(times[CUT] > 25 && times[CUT] < 80, "%d", times[CUT]);
}

Test(mix, either_refuses_numbers_out_of_range)
{
    VT_SCOPE;
    vt_tensor images = vt_zeros(VT_SHAPE(2, 3, 8, 8)), targets = vt_zeros(VT_SHAPE(2, 10));
    cr_assert(!vt_mixup_or_cutmix(images, targets, .probability = 1.5).images.id);
    REFUSED(VT_ERROR_ARGUMENT, "probability is 1.5; it must be 0 to 1");
    cr_assert(!vt_mixup_or_cutmix(images, targets, .cutmix = -1).images.id);
    REFUSED(VT_ERROR_ARGUMENT, "cutmix is -1; it must be finite, 0 or more");
}

Test(mix, refuses_what_does_not_fit)
{
    VT_SCOPE;
    vt_tensor images = vt_zeros(VT_SHAPE(2, 3, 8, 8)), targets = vt_zeros(VT_SHAPE(3, 10));
    cr_assert(!vt_mixup(images, targets).images.id);
    REFUSED(VT_ERROR_ARGUMENT, "[2, 3, 8, 8] and targets [3, 10]");
    targets = vt_zeros(VT_SHAPE(2, 10));
    cr_assert(!vt_cutmix(images, targets, .alpha = -1).images.id);
    REFUSED(VT_ERROR_ARGUMENT, "alpha is -1");
    targets = vt_zeros(VT_SHAPE(2, 10), .dtype = VT_F64);
    cr_assert(!vt_cutmix(images, targets).images.id);
    REFUSED(VT_ERROR_ARGUMENT, "f64");
}
