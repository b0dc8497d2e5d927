/* test_zoo.c - small configurations of the zoo's families against timm, vit-pytorch and PyTorch, on weights that both
 * sides compute; and the names and shapes of their variants against timm's. tests/pytorch/make_zoo_fixtures.py makes
 * the fixtures, and says how weights and pictures are computed; make_adapt_fixtures.py those of other sizes. */
#include "botnet.h"
#include "cct.h"
#include "ceit.h"
#include "coat.h"
#include "computed_weights.h"
#include "core/context.h"
#include "cvt.h"
#include "fixture.h"
#include "layer_decay.h"
#include "left_behind.h"
#include "pvt.h"
#include "pvt_v2.h"
#include "refused.h"
#include "resnet.h"
#include "swin.h"
#include "tested_device.h"
#include "vit.h"
#include "vit5.h"
#include "zoo.h"
#include <criterion/criterion.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 5, BATCH = 2, MAX_PARAMETERS = 512, MOST_MAPS = 16, MOST_VALUES = 128 };

static void begin(void)
{
    vt_set_device(tested_device());
}

static void end(void)
{
    vt_set_training(false);
    vt_set_precision(VT_F32);
    expect_nothing_left();
}

TestSuite(originals, .init = begin, .fini = end);
TestSuite(state_dicts, .fini = end);
TestSuite(named_values, .init = begin, .fini = end);

/* -- Configurations ------------------------------------------------------------------------------------------------ */

typedef struct original {
    const char *name;
    const family *family;
    const void *config;
    bool own_ops; /* that no case of the family before it has */
} original;

#define COMMON(height_, width_) .common = { .height = height_, .width = width_, .channels = 3, .classes = CLASSES }
#define VIT(...)                                                                                                       \
    &vit_family, &(const vit_config)                                                                                   \
    {                                                                                                                  \
        COMMON(32, 16), .dim = 24, .depth = 2, .token_std = 0.02, __VA_ARGS__                                          \
    }
#define TIMM .patch_height = 8, .patch_width = 8, .heads = 3, .mlp_dim = 48, .eps = 1e-6
#define VIT_PYTORCH                                                                                                    \
    .patch_height = 8, .patch_width = 4, .mlp_dim = 40, .eps = 1e-5, .normed_patches = true, .no_qkv_bias = true,      \
    .no_single_proj = true
#define SWIN(height, width, ...)                                                                                       \
    &swin_family, &(const swin_config)                                                                                 \
    {                                                                                                                  \
        COMMON(height, width), __VA_ARGS__                                                                             \
    }
#define PYRAMID    .dims = { 8, 16, 24, 32 }, .heads = { 1, 2, 3, 4 }, .reductions = { 8, 4, 2, 1 }
#define RATIOS     .mlp_ratios = { 4, 4, 2, 2 }
#define FRACTIONAL .mlp_ratios = { 3.3, 4, 1.7, 2 }, .no_qkv_bias = true
#define PVT(size, ...)                                                                                                 \
    &pvt_family, &(const pvt_config)                                                                                   \
    {                                                                                                                  \
        COMMON(size, size), PYRAMID, .patch = 4, .eps = 1e-6, __VA_ARGS__                                              \
    }
#define PVT_V2(height, width, ...)                                                                                     \
    &pvt_v2_family, &(const pvt_v2_config)                                                                             \
    {                                                                                                                  \
        COMMON(height, width), PYRAMID, .stride = 4, __VA_ARGS__                                                       \
    }
#define RESNET(...)                                                                                                    \
    &resnet_family, &(const resnet_config)                                                                             \
    {                                                                                                                  \
        COMMON(64, 48), .width = 64, __VA_ARGS__                                                                       \
    }
#define BOTNET(height, width_, ...)                                                                                    \
    &botnet_family, &(const botnet_config)                                                                             \
    {                                                                                                                  \
        COMMON(height, width_), .stem = 16, .width = 32, .heads = 4, __VA_ARGS__                                       \
    }

#define CCT(height_, width_, ...)                                                                                      \
    &cct_family, &(const cct_config)                                                                                   \
    {                                                                                                                  \
        COMMON(height_, width_), .dim = 24, .depth = 2, .heads = 3, .mlp_dim = 48, __VA_ARGS__                         \
    }
#define CVT(height_, width_, ...)                                                                                      \
    &cvt_family, &(const cvt_config)                                                                                   \
    {                                                                                                                  \
        COMMON(height_, width_), .paddings = { 2, 1, 1 }, __VA_ARGS__                                                  \
    }
#define COAT(family, height_, width_, ...)                                                                             \
    &family, &(const coat_config)                                                                                      \
    {                                                                                                                  \
        COMMON(height_, width_), .patch = 4, .depths = { 1, 2, 1, 1 }, __VA_ARGS__                                     \
    }
#define CEIT(height_, width_, ...)                                                                                     \
    &ceit_family, &(const ceit_config)                                                                                 \
    {                                                                                                                  \
        COMMON(height_, width_), __VA_ARGS__                                                                           \
    }
#define VIT5(height_, width_, ...)                                                                                     \
    &vit5_family, &(const vit5_config)                                                                                 \
    {                                                                                                                  \
        COMMON(height_, width_), .depth = 2, .layer_scale = 1e-4, __VA_ARGS__                                          \
    }

static const original originals[] = {
    { "vit", VIT(TIMM) },
    { "vit_mean", VIT(TIMM, .mean_of_patches = true, .norm_after_mean = true) },
    { "vit_no_class_token", VIT(TIMM, .no_class_token = true, .norm_after_mean = true) },
    { "deit_distilled", VIT(TIMM, .distilled = true) },
    { "deit3", VIT(TIMM, .positions_of_patches = true, .layer_scale = 1e-6) },
    { "vit_normed_patches", VIT(VIT_PYTORCH, .heads = 3, .head_dim = 16) },
    { "vit_single_head", VIT(VIT_PYTORCH, .heads = 1, .head_dim = 24) },
    { "simple_vit", VIT(TIMM, .no_class_token = true, .position = POSITION_SIN_COS) },
    { "simple_vit_normed_patches", VIT(VIT_PYTORCH, .heads = 3, .head_dim = 16, .no_class_token = true,
                                       .position = POSITION_SIN_COS, .no_proj_bias = true) },
    { "vit_mha", VIT(.patch_height = 8, .patch_width = 8, .heads = 3, .mlp_dim = 48, .eps = 1e-5) },
    { "swin", SWIN(32, 24, .patch = 2, .dim = 12, .depths = { 2, 2, 2 }, .heads = { 1, 2, 3 }, .windows = { 4, 4, 4 },
                   .mlp_ratio = 4) },
    { "swin_odd",
      SWIN(20, 28, .patch = 4, .dim = 16, .depths = { 2, 3 }, .heads = { 2, 4 }, .windows = { 3, 3 }, .mlp_ratio = 4) },
    { "swin_windows", SWIN(24, 16, .patch = 2, .dim = 8, .depths = { 2, 2 }, .heads = { 1, 2 }, .windows = { 2, 3 },
                           .mlp_ratio = 2.3, .no_qkv_bias = true) },
    { "pvt", PVT(64, RATIOS, .depths = { 1, 2, 1, 1 }, .embedding_eps = 1e-6) },
    { "pvt_authors", PVT(96, FRACTIONAL, .depths = { 1, 1, 1, 2 }, .embedding_eps = 1e-5) },
    { "pvt_v2", PVT_V2(70, 90, RATIOS, .depths = { 2, 1, 2, 1 }) },
    { "pvt_v2_li", PVT_V2(32, 48, FRACTIONAL, .depths = { 1, 1, 1, 1 }, .linear = true), .own_ops = true },
    { "resnet_basic", RESNET(.depths = { 1, 1, 1, 1 }) },
    { "resnet_bottleneck", RESNET(.depths = { 1, 2, 1, 1 }, .bottleneck = true) },
    { "cct_learned", CCT(16, 20, .kernel = 3, .convs = 2) },
    { "cct_sine", CCT(9, 12, .kernel = 7, .convs = 1, .sine_positions = true) },
    { "cvt_lite", CCT(8, 16, .kernel = 4, .patches = true) },
    { "vit_lite", CCT(8, 16, .kernel = 4, .patches = true, .class_token = true) },
    { "botnet", BOTNET(24, 48, .blocks = { "c", "aa" }) },
    { "botnet_silu", BOTNET(32, 48, .blocks = { "cc", "cac" }, .silu = true), .own_ops = true },
    { "cvt_quick",
      CVT(40, 28, .kernels = { 7, 3, 3 }, .strides = { 4, 2, 2 }, .dims = { 8, 12, 24 }, .depths = { 1, 2, 3 },
          .heads = { 1, 2, 3 }, .mlp_ratios = { 2, 2, 2 }, .qkv_kernels = { 3, 3, 3 }, .key_strides = { 2, 2, 2 }) },
    { "cvt_gelu",
      CVT(13, 20, .kernels = { 5, 3, 3 }, .strides = { 2, 2, 2 }, .dims = { 4, 4, 8 }, .depths = { 1, 2, 3 },
          .heads = { 2, 1, 2 }, .mlp_ratios = { 2, 1.3, 2.6 }, .qkv_kernels = { 5, 3, 3 }, .key_strides = { 3, 1, 2 },
          .gelu = true, .no_qkv_bias = { true, false, true }) },
    { "vit5_registers", VIT5(24, 32, .patch = 8, .dim = 24, .heads = 3, .mlp_dim = 48, .registers = 4) },
    { "vit5_no_registers", VIT5(12, 8, .patch = 4, .dim = 32, .heads = 2, .mlp_dim = 96) },
    { "ceit_wide", CEIT(32, 48, .stem_kernel = 7, .stem_stride = 2, .stem_channels = 8, .patch = 4, .dim = 24,
                        .depth = 3, .heads = 3, .mlp_dim = 48) },
    { "ceit_tall", CEIT(17, 12, .stem_kernel = 3, .stem_stride = 1, .stem_channels = 6, .patch = 2, .dim = 16,
                        .depth = 2, .heads = 2, .mlp_dim = 46, .no_qkv_bias = true) },
    { "coat_parallel", COAT(coat_family, 32, 64, .dims = { 8, 12, 12, 12 }, .mlp_ratios = { 3, 2, 2, 2 },
                            .parallel_depth = 2, .window_heads = { 1, 2, 1 }) },
    { "coat_serial", COAT(coat_lite_family, 64, 32, .dims = { 6, 9, 12, 15 }, .mlp_ratios = { 3, 2.3, 2, 1.7 },
                          .window_heads = { 1, 0, 2 }, .no_qkv_bias = true) },
};
enum { ORIGINALS = sizeof originals / sizeof *originals };

static const original *original_named(const char *name)
{
    const original *o = originals;
    while (o < originals + ORIGINALS && strcmp(o->name, name) != 0) o++;
    cr_assert(o < originals + ORIGINALS, "there is no case %s", name);
    return o;
}

/* -- Against the originals ----------------------------------------------------------------------------------------- */

typedef struct held {
    const original *original;
    safetensors *file;
    classifier *net;
    vt_tensor images;
} held;

static held hold(const original *o, vt_dtype precision)
{
    vt_set_precision(precision);
    char fixture[128];
    snprintf(fixture, sizeof fixture, "zoo/%s", o->name);
    held h = { .original = o, .file = open_fixture(fixture), .net = classifier_new_of(o->family, o->config) };
    cr_assert(h.net, "%s: %s", o->name, vt_error_message());
    set_weights(h.net->model);
    const common_config *c = h.net->config;
    VT_SCOPE;
    h.images = vt_keep(made_of("images", VT_SHAPE(BATCH, 3, c->height, c->width), 0, 4));
    return h;
}

static void let_go(held *h)
{
    vt_free(h->images);
    classifier_free(h->net);
    safetensors_close(h->file);
}

static void expect_entry(const held *h, vt_tensor x, const char *what, double limit)
{
    difference d = difference_from_entry(x, h->file, what);
    cr_assert(d.worst <= limit * d.scale, "%s: %s differs by %.3g relative to its largest value, limit %.3g: %s",
              h->original->name, what, d.worst / d.scale, limit, vt_error_message());
}

static bool has_entry(const held *h, const char *what)
{
    return safetensors_find(h->file, what) != NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const vt_named_tensor *)a)->name, ((const vt_named_tensor *)b)->name);
}

static int sorted_parameters(const vt_model *model, vt_named_tensor *sorted)
{
    int count = 0;
    for (int i = 0; i < vt_model_size(model); i++) {
        vt_named_tensor e = vt_model_entry(model, i);
        cr_assert(count < MAX_PARAMETERS);
        if (e.is_parameter) sorted[count++] = e;
    }
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    return count;
}

/* Σ x u("gradient", i), and the norm of x. */
static void along_noise(vt_tensor x, double *along, double *norm)
{
    int64_t count = vt_count(x);
    double *values = malloc((size_t)count * sizeof *values), square = 0;
    cr_assert(values && vt_read(x, values, count, VT_F64), "%s", vt_error_message());
    *along = 0;
    for (int64_t i = 0; i < count; i++) {
        *along += values[i] * noise(crc32_of("gradient"), i);
        square += values[i] * values[i];
    }
    *norm = sqrt(square);
    free(values);
}

static double largest_norm(const double *want, int count)
{
    double largest = 0;
    for (int i = 0; i < count; i++) largest = fmax(largest, want[2 * i + 1]);
    return largest;
}

/* What a tensor is held to: its own norm. Those that are 0 but for the fixture's rounding, as the gradient of a bias in
 * front of a batch norm is, are held to a hundredth of the largest. */
static double scale_of(double norm, double largest)
{
    return norm > 1e-12 * largest ? norm : largest / 100;
}

static void expect_along_noise(const held *h, const char *entry, const vt_named_tensor *sorted, int count, double limit)
{
    int64_t entries;
    double *want = entry_values(h->file, entry, &entries);
    cr_assert(entries == 2 * count, "%s: %d %s", h->original->name, count, entry);
    const double largest = largest_norm(want, count);
    for (int i = 0; i < count; i++) {
        VT_SCOPE;
        double along, got, norm = want[2 * i + 1], scale = scale_of(norm, largest);
        along_noise(sorted[i].tensor, &along, &got);
        cr_assert(fabs(got - norm) <= limit * scale && fabs(along - want[2 * i]) <= limit * scale,
                  "%s: of the %s that of %s has norm %.9g, not %.9g, and %.9g along the noise, not %.9g",
                  h->original->name, entry, sorted[i].name, got, norm, along, want[2 * i]);
    }
    free(want);
}

static void expect_gradients(const held *h, double limit)
{
    vt_named_tensor sorted[MAX_PARAMETERS];
    int count = sorted_parameters(h->net->model, sorted);
    for (int i = 0; i < count; i++) sorted[i].tensor = vt_grad(sorted[i].tensor);
    expect_along_noise(h, "gradients", sorted, count, limit);
}

/* The running statistics of batch norms. */
static void expect_statistics(const held *h, double limit)
{
    vt_named_tensor sorted[MAX_PARAMETERS];
    int count = 0;
    for (int i = 0; i < vt_model_size(h->net->model); i++) {
        vt_named_tensor e = vt_model_entry(h->net->model, i);
        cr_assert(count < MAX_PARAMETERS);
        if (ends_in(e.name, "running_mean") || ends_in(e.name, "running_var")) sorted[count++] = e;
    }
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    if (count) expect_along_noise(h, "statistics", sorted, count, limit);
}

static void compare(const original *o, vt_dtype precision, double limit, double gradient_limit)
{
    held h = hold(o, precision);
    {
        VT_SCOPE;
        expect_entry(&h, classifier_forward(h.net, h.images), "logits", limit);
    }
    {
        VT_SCOPE;
        vt_set_training(true);
        vt_tensor logits = classifier_forward(h.net, h.images);
        vt_tensor labels = vt_from_data(((int64_t[]){ 0, 1 }), VT_SHAPE(BATCH), VT_I64);
        vt_tensor loss = vt_cross_entropy(logits, labels);
        vt_backward(loss);
        expect_gradients(&h, gradient_limit);
        expect_entry(&h, logits, has_entry(&h, "logits_train") ? "logits_train" : "logits", limit);
        expect_entry(&h, loss, "loss", limit);
        expect_statistics(&h, limit);
        vt_set_training(false);
    }
    let_go(&h);
}

Test(originals, give_the_same_logits_and_gradients_in_f64)
{
    if (!device_computes_f64()) cr_skip_test("not in f64 on this device");
    for (int i = 0; i < ORIGINALS; i++) compare(&originals[i], VT_F64, 1e-11, 1e-9);
}

static bool has_new_ops(int i)
{
    return i == 0 || originals[i].family != originals[i - 1].family || originals[i].own_ops;
}

/* On a device that is slow on the host, those that have ops which no case of the family before them has. */
Test(originals, give_the_same_logits_and_gradients_in_f32)
{
    for (int i = 0; i < ORIGINALS; i++)
        if (device_computes_f64() || has_new_ops(i)) compare(&originals[i], VT_F32, 1e-5, 1e-4);
}

/* Factors are rounded to 8 bits, and gradients behind batch norms of two pictures are off by as much as they are long:
 * what is held is that every op has a kernel, and that the loss is near. */
Test(originals, give_nearly_the_same_in_bf16)
{
    setenv("VT_BF16", "emulate", 1);
    for (int i = 0; i < ORIGINALS; i++)
        if (has_new_ops(i)) compare(&originals[i], VT_BF16, 0.1, 1);
}

/* Of every softmax of attention, in the order in which they run. CoaT's are over the tokens. */
static void expect_maps(const held *h)
{
    vt_named_tensor maps[MOST_MAPS];
    VT_SCOPE;
    classifier_forward(h->net, h->images);
    int count = vt_model_values(h->net->model, "*{attn.weights,.keys}", maps, MOST_MAPS);
    cr_assert(count <= MOST_MAPS && (count > 0 || h->original->family == &resnet_family), "%s", h->original->name);
    for (int i = 0; i < count; i++) vt_keep(maps[i].tensor); /* all are computed at once */
    if (count) expect_along_noise(h, "maps", maps, count, 1e-5);
    for (int i = 0; i < count; i++) vt_free(maps[i].tensor);
}

Test(originals, have_the_same_maps_of_attention)
{
    for (int i = 0; i < ORIGINALS; i++) {
        held h = hold(&originals[i], VT_F32);
        expect_maps(&h);
        let_go(&h);
    }
}

/* The loss of a step in training, and the norm of each gradient behind it. */
static int step_with_dropout(const char *device, double *norms)
{
    cct_config config = *(const cct_config *)original_named("cct_learned")->config;
    config.common.dropout = config.common.drop_path = config.common.attention_dropout = 0.2;
    vt_set_device(device);
    vt_seed(1);
    classifier *net = classifier_new_of(&cct_family, &config);
    vt_named_tensor sorted[MAX_PARAMETERS];
    set_weights(net->model);
    const int count = sorted_parameters(net->model, sorted);
    VT_SCOPE;
    vt_set_training(true);
    vt_tensor logits = classifier_forward(net, made_of("images", VT_SHAPE(BATCH, 3, 16, 20), 0, 4));
    vt_tensor loss = vt_cross_entropy(logits, vt_from_data(((int64_t[]){ 0, 1 }), VT_SHAPE(BATCH), VT_I64));
    vt_backward(loss);
    norms[0] = vt_item(loss);
    for (int i = 0; i < count; i++) norms[1 + i] = sqrt(vt_item(vt_sum(vt_square(vt_grad(sorted[i].tensor)))));
    vt_set_training(false);
    classifier_free(net);
    return 1 + count;
}

/* What is drawn is the same on every device. */
Test(originals, with_dropout_take_the_references_step)
{
    double want[1 + MAX_PARAMETERS], got[1 + MAX_PARAMETERS];
    const int count = step_with_dropout("reference", want);
    cr_assert(step_with_dropout(tested_device(), got) == count);
    for (int i = 0; i < count; i++)
        cr_assert(fabs(got[i] - want[i]) <= 1e-4 * (1 + want[i]), "number %d: %g, not %g", i, got[i], want[i]);
}

/* -- Named values against hooks on the originals' modules ---------------------------------------------------------- */

static void expect_values_of_modules(const held *h)
{
    vt_named_tensor found[MOST_VALUES];
    int64_t one;
    double *count = entry_values(h->file, "values", &one);
    int compared = 0;
    VT_SCOPE;
    classifier_forward(h->net, h->images);
    int values = vt_model_values(h->net->model, NULL, found, MOST_VALUES);
    cr_assert(values <= MOST_VALUES);
    for (int i = values - 1; i >= 0; i--) {
        char entry[256];
        snprintf(entry, sizeof entry, "value.%s", found[i].name);
        if (!has_entry(h, entry)) continue;
        expect_along_noise(h, entry, &found[i], 1, 2e-5);
        compared++;
    }
    cr_assert(compared == (int)*count, "%s: of %g results of modules %d have a name", h->original->name, *count,
              compared);
    free(count);
}

Test(originals, have_the_same_results_of_modules_by_name)
{
    for (int i = 0; i < ORIGINALS; i++) {
        held h = hold(&originals[i], VT_F32);
        expect_values_of_modules(&h);
        let_go(&h);
    }
}

/* -- What families say of themselves ------------------------------------------------------------------------------- */

TestSuite(families, .init = begin, .fini = end);

static bool has_values(const classifier *net, const char *pattern)
{
    return !pattern || vt_model_values(net->model, pattern, NULL, 0) > 0;
}

/* A map of attention has as many queries and keys as its layout says, a feature map as many tokens. */
static void expect_layout(const classifier *net, vt_named_tensor value)
{
    token_layout l = { 0 };
    if (!net->family->layout(net->layers, value.name, &l)) return;
    const bool map = vt_rank(value.tensor) == 4;
    if (map && strcmp(value.name, net->family->feature_map) == 0) {
        cr_assert(vt_dim(value.tensor, 2) == l.rows && vt_dim(value.tensor, 3) == l.columns, "%s", net->name);
        return;
    }
    int64_t queries = l.prefix + l.rows * l.columns, keys = l.key_prefix + l.key_rows * l.key_columns;
    if (l.window_rows) queries = keys = l.window_rows * l.window_columns;
    cr_assert(vt_dim(value.tensor, map ? 2 : 1) == queries && (!map || vt_dim(value.tensor, 3) == keys),
              "%s: %s is not of %lld queries and %lld keys", net->name, value.name, (long long)queries,
              (long long)keys);
}

static void expect_values(const classifier *net, int64_t height, int64_t width)
{
    VT_SCOPE;
    const family *family = net->family;
    vt_named_tensor found[MOST_MAPS];
    vt_tensor logits = classifier_forward(net, vt_zeros(VT_SHAPE(3, 2, height, width)));
    cr_assert(vt_dim(logits, 0) == 3 && vt_dim(logits, 1) == 7, "%s: %s", net->name, vt_error_message());
    cr_assert(has_values(net, family->attention) && has_values(net, family->feature_map), "%s", net->name);
    if (!family->layout) return;
    int count = family->attention ? vt_model_values(net->model, family->attention, found, MOST_MAPS) : 0;
    for (int i = 0; i < count && i < MOST_MAPS; i++) expect_layout(net, found[i]);
    if (vt_model_values(net->model, family->feature_map, found, 1)) expect_layout(net, found[0]);
}

/* Only blocks have a drop path: without dropout, what is drawn differs between passes unless they are in evaluation. */
static void expect_modes_of_blocks(const classifier *net, int64_t height, int64_t width)
{
    char blocks[64];
    VT_SCOPE;
    snprintf(blocks, sizeof blocks, "%s.*", net->family->blocks);
    cr_assert(vt_model_set_training(net->model, blocks, false) > 0, "%s: no %s", net->name, blocks);
    vt_set_training(true);
    vt_tensor images = vt_normal(VT_SHAPE(2, 2, height, width));
    vt_tensor first = classifier_forward(net, images), second = classifier_forward(net, images);
    cr_assert(vt_item(vt_max(vt_abs(vt_sub(first, second)))) == 0, "%s: its blocks are not in evaluation", net->name);
    vt_model_set_training(net->model, NULL, true);
    vt_tensor third = classifier_forward(net, images);
    cr_assert(vt_item(vt_max(vt_abs(vt_sub(first, third)))) > 0, "%s: nothing is dropped", net->name);
    vt_set_training(false);
}

static void expect_what_it_says(const family *family, const char *variant, int64_t height, int64_t width)
{
    classifier *net = classifier_new(variant, .height = height, .width = width, .channels = 2, .classes = 7,
                                     .dropout = 0.25, .drop_path = 0.2);
    cr_assert(net, "%s: %s", variant, vt_error_message());
    expect_values(net, height, width);
    cr_assert(classifier_layers(net) > 3, "%s: no blocks %s", variant, family->blocks);
    cr_assert(vt_model_set_trainable(net->model, family->heads, false) > 0, "%s: no %s", variant, family->heads);
    cr_assert(vt_model_set_trainable(net->model, family->input, false) > 0, "%s: no %s", variant, family->input);
    classifier_free(net);
}

static void expect_modes(const char *variant, int64_t height, int64_t width)
{
    classifier *net =
        classifier_new(variant, .height = height, .width = width, .channels = 2, .dropout = 0, .drop_path = 0.5);
    cr_assert(net, "%s: %s", variant, vt_error_message());
    expect_modes_of_blocks(net, height, width);
    classifier_free(net);
}

Test(families, have_blocks_that_can_be_put_into_evaluation)
{
    const family *family = NULL, *last = NULL;
    for (int i = 0; zoo_variant(i, &family); i++) {
        if (family != last) expect_modes(zoo_variant(i, NULL)->name, 32, 64);
        last = family;
    }
}

Test(families, take_other_pictures_and_classes_and_say_what_they_have)
{
    const family *family = NULL, *last = NULL;
    for (int i = 0; zoo_variant(i, &family); i++) {
        if (family != last) expect_what_it_says(family, zoo_variant(i, NULL)->name, 64, 96);
        last = family;
    }
}

/* A variant with the change that follows is refused. */
#define CHANGED(type, family, variant, change)                                                                         \
    do {                                                                                                               \
        type changed = *(const type *)config_of(variant);                                                              \
        changed.change;                                                                                                \
        cr_assert(!classifier_new_of(&(family), &changed), "%s with " #change, variant);                               \
    } while (0)

static const void *config_of(const char *variant)
{
    int i = 0;
    while (zoo_variant(i, NULL) && strcmp(zoo_variant(i, NULL)->name, variant) != 0) i++;
    cr_assert(zoo_variant(i, NULL), "no %s", variant);
    return zoo_variant(i, NULL)->config;
}

Test(families, of_compact_transformers_refuse_sizes_that_do_not_fit)
{
    CHANGED(cct_config, cct_family, "cvt_2_4_32", common.height = 30);
    REFUSED(VT_ERROR_ARGUMENT, "a picture of 30 by 32 pixels does not divide into patches of 4 by 4");
    CHANGED(cct_config, cct_family, "cct_2_3x2_32", convs = 9);
    REFUSED(VT_ERROR_ARGUMENT, "conv tokenizer: 9 convolutions; it must be 1 to 4");
    CHANGED(cct_config, cct_family, "cct_2_3x2_32", common.width = 0);
    REFUSED(VT_ERROR_ARGUMENT, "cct: pictures of 32 by 0 pixels; both must be 1 or more");
    CHANGED(cct_config, cct_family, "cct_2_3x2_32", depth = 0);
    REFUSED(VT_ERROR_ARGUMENT, "cct: a depth of 0; it must be 1 or more");
    CHANGED(cct_config, cct_family, "cct_2_3x2_32", heads = 3);
    REFUSED(VT_ERROR_ARGUMENT, "attention: 128 channels do not divide into 3 heads");
}

Test(families, of_convolutional_transformers_refuse_sizes_that_do_not_fit)
{
    CHANGED(cvt_config, cvt_family, "cvt_13", common.height = 2);
    REFUSED(VT_ERROR_ARGUMENT, "cvt: stage 1 gets 2 by 224; each must be 3 or more");
    CHANGED(cvt_config, cvt_family, "cvt_13", heads[1] = 5);
    REFUSED(VT_ERROR_ARGUMENT, "cvt: stage 2 has 2 blocks of 192 channels in 5 heads");
    CHANGED(cvt_config, cvt_family, "cvt_13", qkv_kernels[1] = 2);
    REFUSED(VT_ERROR_ARGUMENT,
            "cvt: the queries' and keys' convolutions of stage 2 have kernels of 2 and strides of 2");
    CHANGED(cvt_config, cvt_family, "cvt_13", key_strides[2] = 0);
    REFUSED(VT_ERROR_ARGUMENT,
            "cvt: the queries' and keys' convolutions of stage 3 have kernels of 3 and strides of 0");
    CHANGED(ceit_config, ceit_family, "ceit_tiny_patch16_224", common.width = 12);
    REFUSED(VT_ERROR_ARGUMENT, "ceit: a picture of 224 by 12 pixels has no patch of 4 behind the stem; 16 by 16 has");
    CHANGED(ceit_config, ceit_family, "ceit_tiny_patch16_224", depth = 0);
    REFUSED(VT_ERROR_ARGUMENT, "ceit: a depth of 0");
}

Test(families, of_coat_refuse_sizes_that_do_not_fit)
{
    CHANGED(coat_config, coat_family, "coat_tiny", common.height = 240);
    REFUSED(VT_ERROR_ARGUMENT, "coat: a picture of 240 by 224 pixels; both must be multiples of 32, for patches of 4");
    CHANGED(coat_config, coat_family, "coat_tiny", dims[2] = 160);
    REFUSED(VT_ERROR_ARGUMENT, "coat: scale 3 has 160 channels and 640 in its MLP; with parallel blocks they must be");
    CHANGED(coat_config, coat_lite_family, "coat_lite_tiny", dims[0] = 60);
    REFUSED(VT_ERROR_ARGUMENT, "coat: scale 1 has 2 blocks of 60 channels in 8 heads");
}

Test(families, of_vit5_refuse_sizes_that_do_not_fit)
{
    CHANGED(vit5_config, vit5_family, "vit5_nano_patch4_32", registers = 3);
    REFUSED(VT_ERROR_ARGUMENT, "vit5: 3 registers; it must be a square number: 0, 1, 4, 9, ...");
    CHANGED(vit5_config, vit5_family, "vit5_nano_patch4_32", dim = 120);
    REFUSED(VT_ERROR_ARGUMENT, "vit5: 120 channels in 4 heads; each head must have 4, 8, 12, ... of them");
    CHANGED(vit5_config, vit5_family, "vit5_nano_patch4_32", common.width = 33);
    REFUSED(VT_ERROR_ARGUMENT, "a picture of 32 by 33 pixels does not divide into patches of 4 by 4");
}

static void expect_refused(const char *variant, int64_t size, const char *message)
{
    cr_assert(!classifier_new(variant, .image_size = size), "%s takes pictures of %lld", variant, (long long)size);
    cr_assert(strstr(vt_error_message(), message), "%s: %s", variant, vt_error_message());
    vt_error_clear();
}

Test(families, refuse_pictures_that_do_not_fit)
{
    expect_refused("swin_tiny_patch4_window7_224", 222,
                   "a picture of 222 by 222 pixels does not divide into patches of 4 by 4");
    expect_refused("pvt_tiny", 100, "pvt: a picture of 100 by 100 pixels; both must be multiples of 32");
    expect_refused("pvt_tiny", 0, "pvt: a picture of 0 by 0 pixels; both must be multiples of 32");
    expect_refused("pvt_v2_b0", 16, "spatial reduction: 4 by 4 tokens cannot be reduced 8 times each way");
    expect_refused("botnet26t_256", 200, "botnet: a picture of 200 by 200 pixels; both must be multiples of 32");
}

static void expect_images_refused(const char *variant, const char *message)
{
    classifier *net = classifier_new(variant);
    VT_SCOPE;
    classifier_forward(net, vt_zeros(VT_SHAPE(1, 3, 32, 48)));
    cr_assert(strstr(vt_error_message(), message), "%s: %s", variant, vt_error_message());
    vt_error_clear();
    classifier_free(net);
}

Test(families, refuse_pictures_of_another_size_than_they_were_made_for)
{
    expect_images_refused("swin_nano_patch2_window4_32", "images [1, 3, 32, 48]; they must be [B, channels, 32, 32]");
    expect_images_refused("pvt_nano_32", "pvt: images [1, 3, 32, 48]; they must be [B, 3, 32, 32]");
    expect_images_refused("pvt_v2_nano_32", "pvt_v2: images [1, 3, 32, 48]; they must be [B, 3, 32, 32]");
    expect_images_refused("botnet_nano_32", "botnet: images [1, 3, 32, 48]; they must be [B, 3, 32, 32]");
    expect_images_refused("cct_2_3x2_32", "cct: images [1, 3, 32, 48]; they must be [B, 3, 32, 32]");
    expect_images_refused("cvt_nano_32", "cvt: images [1, 3, 32, 48]; they must be [B, 3, 32, 32]");
    expect_images_refused("ceit_nano_32", "ceit: images [1, 3, 32, 48]; they must be [B, 3, 32, 32]");
    expect_images_refused("coat_nano_32", "coat: images [1, 3, 32, 48]; they must be [B, 3, 32, 32]");
    expect_images_refused("vit5_nano_patch4_32", "images [1, 3, 32, 48]; they must be [B, channels, 32, 32]");
}

static void expect_config_refused(const family *family, const void *config, const char *message)
{
    cr_assert(!classifier_new_of(family, config) && strstr(vt_error_message(), message), "%s", vt_error_message());
    vt_error_clear();
}

Test(families, refuse_configurations_that_do_not_fit)
{
#define NO_PYRAMID COMMON(32, 32), .depths = { 1 }, .dims = { 6 }, .mlp_ratios = { 2 }
#define ONE_BLOCK  .patch = 4, .dim = 8, .depths = { 1 }
    const swin_config no_windows = { COMMON(32, 32), ONE_BLOCK, .heads = { 1 } };
    const swin_config no_heads = { COMMON(32, 32), ONE_BLOCK, .windows = { 4 }, .heads = { 3 } };
    const pvt_config reduced = { NO_PYRAMID, .patch = 4, .heads = { 2 }, .reductions = { 2 } };
    const pvt_v2_config heads = { NO_PYRAMID, .stride = 4, .heads = { 4 }, .reductions = { 2 } };
    const botnet_config letters = { COMMON(32, 32), .stem = 16, .width = 32, .heads = 4, .blocks = { "cx" } };
    expect_config_refused(&swin_family, &no_windows, "swin: windows of 0 tokens and 1 blocks in stage 0");
    CHANGED(swin_config, swin_family, "swin_nano_patch2_window4_32", mlp_ratio = 0.02);
    REFUSED(VT_ERROR_ARGUMENT, "an MLP of 32 channels with a ratio of 0.02 would have 0.64 hidden ones");
    expect_config_refused(&swin_family, &no_heads, "attention: 8 channels do not divide into 3 heads");
    expect_config_refused(&pvt_family, &reduced, "a reduction of 2 in the last stage");
    expect_config_refused(&pvt_v2_family, &heads, "spatial reduction: 6 channels do not divide into 4 heads");
    expect_config_refused(&botnet_family, &letters, "botnet: blocks \"cx\" in stage 0; they must be c and a");
}

Test(families, cct_has_the_authors_sine_positions)
{
    vt_set_precision(VT_F64);
    const cct_config config = { COMMON(4, 4), .dim = 8,    .depth = 1, .heads = 1,
                                .mlp_dim = 8, .kernel = 3, .convs = 1, .sine_positions = true };
    classifier *net = classifier_new_of(&cct_family, &config);
    double table[4 * 8];
    cr_assert(vt_read(vt_model_find(net->model, "classifier.positional_emb"), table, 4 * 8, VT_F64), "%s",
              vt_error_message());
    for (int p = 0; p < 4; p++)
        for (int i = 0; i < 8; i++) {
            double angle = p / pow(10000, 2 * (i / 2) / 8.0);
            cr_assert(fabs(table[p * 8 + i] - (i % 2 ? cos(angle) : sin(angle))) < 1e-12, "place %d, channel %d", p, i);
        }
    classifier_free(net);
}

/* -- What variants are made with ----------------------------------------------------------------------------------- */

TestSuite(variants, .init = begin, .fini = end);

#define PICTURES(...) .pictures = { __VA_ARGS__ }
#define FLOWERS_MEAN  .mean = { 0.4353, 0.3773, 0.2872 }, .std = { 0.2966, 0.2455, 0.2698 }

/* Of timm's configurations (of DeiT III that of fb_in22k_ft_in1k), or else of those who published the weights; the
 * first whose pattern a name matches. */
static const struct {
    const char *names;
    preprocessing pictures;
} published[] = {
    { "*_32", PICTURES(CIFAR_MEAN, .crop = 1) },
    { "*_32_*", PICTURES(CIFAR_MEAN, .crop = 1) },
    { "resnet*_cifar", PICTURES(CIFAR_MEAN, .crop = 1) },
    { "vit5_*", PICTURES(IMAGENET_MEAN, .crop = 1) },
    { "vit_*", PICTURES(HALF_MEAN, .crop = 0.9) },
    { "simple_vit_*", PICTURES(HALF_MEAN, .crop = 0.875, .bilinear = true) },
    { "deit3_*", PICTURES(IMAGENET_MEAN, .crop = 1) },
    { "deit_*", PICTURES(IMAGENET_MEAN, .crop = 0.9) },
    { "swin_*_384", PICTURES(IMAGENET_MEAN, .crop = 1) },
    { "swin_*", PICTURES(IMAGENET_MEAN, .crop = 0.9) },
    { "pvt_*", PICTURES(IMAGENET_MEAN, .crop = 0.9) },
    { "cvt_*_384", PICTURES(IMAGENET_MEAN, .crop = 1) },
    { "cvt_*", PICTURES(IMAGENET_MEAN, .crop = 0.875) },
    { "coat_lite_medium_384", PICTURES(IMAGENET_MEAN, .crop = 1, .squash = true) },
    { "coat_*", PICTURES(IMAGENET_MEAN, .crop = 0.9) },
    { "ceit_*", PICTURES(IMAGENET_MEAN, .crop = 0.875) },
    { "cct_14_*", PICTURES(IMAGENET_MEAN, .crop = 0.9) },
    { "cct_7_*", PICTURES(FLOWERS_MEAN, .crop = 1) },
    { "botnet*", PICTURES(IMAGENET_MEAN, .crop = 0.95) },
    { "resnet*", PICTURES(IMAGENET_MEAN, .crop = 0.875, .bilinear = true) },
};

Test(variants, make_pictures_ready_as_published)
{
    for (int i = 0; zoo_variant(i, NULL); i++) {
        const variant *v = zoo_variant(i, NULL);
        size_t row = 0;
        while (row < sizeof published / sizeof *published && fnmatch(published[row].names, v->name, 0) != 0) row++;
        cr_assert(row < sizeof published / sizeof *published, "nothing is known of %s", v->name);
        const preprocessing *want = &published[row].pictures, *got = &v->pictures;
        cr_assert(!memcmp(got->mean, want->mean, sizeof got->mean) && !memcmp(got->std, want->std, sizeof got->std),
                  "%s: %g, %g, ...", v->name, got->mean[0], got->std[0]);
        cr_assert(got->crop == want->crop && got->bilinear == want->bilinear && got->squash == want->squash,
                  "%s: %g, %s, %s", v->name, got->crop, got->bilinear ? "bilinear" : "bicubic",
                  got->squash ? "squashed" : "cut");
    }
}

/* Those of other families are not chosen by a variant. */
Test(variants, of_vit_and_pvt_have_the_originals_eps)
{
    const family *family = NULL;
    for (int i = 0; zoo_variant(i, &family); i++) {
        const char *name = zoo_variant(i, NULL)->name;
        const vit_config *vit = zoo_variant(i, NULL)->config;
        const pvt_config *pvt = zoo_variant(i, NULL)->config;
        const bool is_pytorchs = fnmatch("*_normed_patches", name, 0) == 0 || fnmatch("*_mha", name, 0) == 0;
        if (family == &vit_family) cr_assert(vit->eps == (is_pytorchs ? 1e-5 : 1e-6), "%s: %g", name, vit->eps);
        if (family == &pvt_family) cr_assert(pvt->eps == 1e-6 && pvt->embedding_eps == 1e-6, "%s", name);
    }
}

Test(variants, have_the_originals_drop_path)
{
    const family *family = NULL;
    for (int i = 0; zoo_variant(i, &family); i++) {
        const common_config *c = zoo_variant(i, NULL)->config;
        const bool drops = family == &swin_family || family == &cct_family || family == &cvt_family;
        cr_assert(c->drop_path == (drops ? 0.1 : 0), "%s: %g", zoo_variant(i, NULL)->name, c->drop_path);
    }
}

Test(variants, have_drop_paths_that_grow_linearly_with_the_block)
{
    classifier *net = classifier_new("swin_nano_patch2_window4_32", .drop_path = 0.7);
    const swin *m = net->layers;
    int block = 0;
    for (int s = 0; s < m->count; s++)
        for (int64_t i = 0; i < m->stages[s].depth; i++, block++)
            cr_assert(fabs(m->stages[s].blocks[i].drop_path - 0.1 * block) < 1e-12, "block %d", block);
    cr_assert(block == 8 && drop_path_at(0.7, 0, 1) == 0, "one block alone is the first");
    classifier_free(net);
}

/* Between two passes in training that differ in nothing but what is drawn. */
static double change_between_passes(const cct_config *config)
{
    VT_SCOPE;
    vt_set_training(true);
    classifier *net = classifier_new_of(&cct_family, config);
    vt_tensor images = vt_normal(VT_SHAPE(2, 3, 32, 32));
    vt_tensor first = classifier_forward(net, images), second = classifier_forward(net, images);
    const double change = vt_item(vt_max(vt_abs(vt_sub(first, second))));
    classifier_free(net);
    return change;
}

Test(variants, of_cct_drop_weights_of_attention)
{
    cct_config config = *(const cct_config *)config_of("cct_2_3x2_32");
    config.common.drop_path = config.common.dropout = 0;
    cr_assert(config.common.attention_dropout == 0.1 && change_between_passes(&config) > 0);
    config.common.attention_dropout = 0;
    cr_assert(change_between_passes(&config) == 0);
}

/* -- How they begin, and that they learn
 * ----------------------------------------------------------------------------
 */

TestSuite(training, .init = begin, .fini = end);

static double deviation_of(const classifier *net, const char *parameter)
{
    VT_SCOPE;
    vt_tensor p = vt_model_find(net->model, parameter);
    cr_assert(p.id, "%s has no %s", net->name, parameter);
    return sqrt(vt_item(vt_mean(vt_square(p))));
}

static void expect_deviation(const char *variant, const char *parameter, double deviation)
{
    classifier *net = classifier_new(variant);
    double got = deviation_of(net, parameter);
    cr_assert(fabs(got - deviation) <= 0.05 * deviation, "%s: %s begins with a deviation of %g, not %g", variant,
              parameter, got, deviation);
    classifier_free(net);
}

/* Measured on the originals, or said by their code. */
Test(training, begins_as_that_of_the_originals)
{
    vt_seed(1);
    expect_deviation("vit_nano_patch4_32", "blocks.1.mlp.fc1.weight", 0.02);
    expect_deviation("vit_nano_patch4_32", "head.weight", 0.02);
    expect_deviation("swin_nano_patch2_window4_32", "layers.1.blocks.0.attn.qkv.weight", 0.02);
    expect_deviation("swin_nano_patch2_window4_32", "layers.1.downsample.reduction.weight", 0.02);
    expect_deviation("swin_nano_patch2_window4_32", "head.fc.weight", 0.02);
    expect_deviation("swin_nano_patch2_window4_32", "patch_embed.proj.weight", 1 / sqrt(3 * 12));
    expect_deviation("swin_nano_patch2_window4_32", "layers.1.blocks.0.mlp.fc1.bias", 0);
    expect_deviation("swin_tiny_patch4_window7_224", "layers.3.blocks.0.attn.relative_position_bias_table", 0.02);
    expect_deviation("pvt_nano_32", "stages.0.blocks.0.attn.sr.weight", 0.02);
    expect_deviation("pvt_nano_32", "stages.1.downsample.proj.weight", 0.02);
    expect_deviation("pvt_nano_32", "stages.0.pos_embed", 0.02);
    expect_deviation("pvt_nano_32", "stages.1.blocks.0.norm1.weight", 1);
    expect_deviation("pvt_v2_nano_32", "stages.0.blocks.0.attn.kv.weight", 0.02);
    expect_deviation("pvt_v2_nano_32", "stages.0.blocks.0.mlp.dwconv.weight", sqrt(2.0 / 9));
    expect_deviation("pvt_v2_nano_32", "stages.1.downsample.proj.weight", sqrt(2.0 / (9 * 64)));
    expect_deviation("botnet_nano_32", "stages.3.0.self_attn.qkv.weight", 1 / sqrt(128));
    expect_deviation("botnet_nano_32", "stages.2.0.conv2_kxk.conv.weight", sqrt(2.0 / (9 * 64)));
    expect_deviation("botnet_nano_32", "stages.2.0.conv3_1x1.bn.weight", 0);
    expect_deviation("botnet_nano_32", "head.fc.weight", 0.01);
    expect_deviation("botnet50ts_256", "stages.1.3.self_attn.pos_embed.height_rel", 1 / sqrt(32));
    expect_deviation("botnet50ts_256", "stages.1.3.self_attn.pos_embed.width_rel", 1 / sqrt(32));
    expect_deviation("cct_2_3x2_32", "tokenizer.conv_layers.0.0.weight", sqrt(2.0 / 27));
    expect_deviation("cct_2_3x2_32", "classifier.blocks.0.linear1.weight", 0.02);
    expect_deviation("cct_2_3x2_32", "classifier.positional_emb", 0.2);
    expect_deviation("cct_2_3x2_32", "classifier.blocks.1.linear2.bias", 0);
    expect_deviation("cvt_nano_32", "stage2.blocks.0.attn.proj_k.weight", 0.02);
    expect_deviation("cvt_nano_32", "stage2.blocks.0.mlp.fc2.bias", 0);
    expect_deviation("cvt_w24_384", "stage2.cls_token", 0.02);
    expect_deviation("cvt_13", "stage1.patch_embed.proj.weight", 1 / sqrt(3 * 9 * 64));
    expect_deviation("cvt_13", "stage2.blocks.0.attn.conv_proj_q.conv.weight", 1 / sqrt(3 * 9));
    expect_deviation("cvt_13", "head.weight", 0.02);
    expect_deviation("cvt_13", "head.bias", 1 / sqrt(3 * 384));
    expect_deviation("ceit_nano_32", "blocks.0.attn.qkv.weight", 0.02);
    expect_deviation("ceit_nano_32", "lca.feedforward.fc1.weight", 0.02);
    expect_deviation("ceit_nano_32", "pos_layer_embed", 0);
    expect_deviation("coat_nano_32", "serial_blocks2.0.factoratt_crpe.qkv.weight", 0.02);
    expect_deviation("coat_nano_32", "parallel_blocks.1.mlp2.fc1.weight", 0.02);
    expect_deviation("coat_small", "cls_token2", 0.02);
    expect_deviation("coat_small", "parallel_blocks.1.factoratt_crpe3.qkv.bias", 0);
    expect_deviation("vit5_nano_patch4_32", "blocks.5.mlp.fc1.weight", 0.02);
    expect_deviation("vit5_nano_patch4_32", "blocks.5.gamma_1", 1e-4);
    expect_deviation("vit5_nano_patch4_32", "blocks.5.gamma_2", 1e-4);
    expect_deviation("simple_vit_nano_patch4_32", "blocks.0.attn.proj.bias", 0);
    expect_deviation("simple_vit_nano_patch4_32", "patch_embed.proj.weight", sqrt(1.0 / 48));
    expect_deviation("simple_vit_nano_patch4_32", "head.weight", 0);
    expect_deviation("vit5_nano_patch4_32", "pos_embed", 0.02);
}

/* Three numbers and one, uniform up to 1 / sqrt(3). */
Test(training, begins_coats_aggregate_as_a_convolution)
{
    VT_SCOPE;
    classifier *net = classifier_new("coat_nano_32");
    vt_tensor all = vt_concat(((vt_tensor[]){ vt_flatten(vt_model_find(net->model, "aggregate.weight"), 0, -1),
                                              vt_model_find(net->model, "aggregate.bias") }),
                              2, 0);
    const double largest = vt_item(vt_max(vt_abs(all)));
    cr_assert(largest > 0.02 && largest <= 1 / sqrt(3), "%g", largest);
    classifier_free(net);
}

/* On one batch of the built-in pictures. */
static void expect_to_learn(classifier *net)
{
    enum { PICTURES = 10, STEPS = 10 };
    vt_dataset *data = vt_synthetic_open(true, .limit = PICTURES);
    const float half[3] = { 0.5F, 0.5F, 0.5F };
    vt_loader *loader = vt_loader_open(data, .batch = PICTURES, .mean = half, .std = half);
    vt_optimizer *adamw = vt_adamw(net->model, .lr = 2e-3);
    double first = 0, last = 0;
    vt_set_training(true);
    for (int step = 0; step < STEPS; step++) {
        VT_SCOPE;
        vt_batch batch;
        vt_loader_seek(loader, 0, 0);
        cr_assert(vt_loader_next_tensors(loader, &batch), "%s", vt_error_message());
        vt_tensor loss = vt_cross_entropy(classifier_forward(net, batch.images), batch.labels);
        vt_backward(loss);
        vt_optimizer_step(adamw);
        last = vt_item(loss);
        if (step == 0) first = last;
    }
    vt_set_training(false);
    cr_assert(last < 0.7 * first, "%s: the loss is %g, and %g after %d steps: %s", net->name, first, last, STEPS,
              vt_error_message());
    vt_optimizer_free(adamw);
    vt_loader_close(loader);
    vt_dataset_close(data);
}

/* True if it is a model for 32 pixels that two cores train. */
static bool learns(const char *variant)
{
    const int64_t most = 150000000;
    vt_seed(1);
    classifier *net = classifier_new(variant);
    cr_assert(net, "%s", vt_error_message());
    const bool small = net->config->height == 32 && classifier_cost(net).multiply_accumulates <= most;
    if (small) expect_to_learn(net);
    classifier_free(net);
    return small;
}

Test(training, makes_the_loss_fall_in_every_family)
{
    const family *of = NULL, *next = NULL;
    int trained = 0;
    for (int i = 0; zoo_variant(i, &next); i++) {
        cr_assert(!of || of == next || trained > 0, "no variant of %s was trained", of->name);
        trained = (of == next ? trained : 0) + learns(zoo_variant(i, NULL)->name);
        of = next;
    }
    cr_assert(trained > 0, "no variant of %s was trained", of->name);
}

/* -- Names and shapes ---------------------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void expect_variant(const char *name, char **lines, int count)
{
    classifier *m = classifier_new(name);
    cr_assert(m, "%s", vt_error_message());
    cr_assert(vt_model_size(m->model) == count, "%s: %d tensors, where the original has %d", name,
              vt_model_size(m->model), count);
    char **ours = malloc((size_t)count * sizeof *ours);
    for (int i = 0; i < count; i++) {
        vt_named_tensor e = vt_model_entry(m->model, i);
        char text[256], shape[128] = "-";
        int used = 0;
        vt_shape s = vt_shape_of(e.tensor);
        for (int k = 0; k < s.rank; k++)
            used += snprintf(shape + used, sizeof shape - (size_t)used, "%s%lld", k ? "x" : "", (long long)s.dim[k]);
        snprintf(text, sizeof text, "%s %s", e.name, shape);
        ours[i] = strdup(text);
    }
    qsort(ours, (size_t)count, sizeof *ours, compare_names);
    qsort(lines, (size_t)count, sizeof *lines, compare_names);
    for (int i = 0; i < count; i++) {
        cr_assert(strcmp(ours[i], lines[i]) == 0, "%s has \"%s\", the original \"%s\"", name, ours[i], lines[i]);
        free(ours[i]);
    }
    free(ours);
    classifier_free(m);
}

/* Those for 32 pixels are our own, but for the compact transformers. */
static bool has_original(const family *family, const variant *v)
{
    return family == &cct_family || ((const common_config *)v->config)->height != 32;
}

static bool is_listed(FILE *file, const char *variant)
{
    char line[256], wanted[256];
    snprintf(wanted, sizeof wanted, "# %s\n", variant);
    rewind(file);
    while (fgets(line, sizeof line, file))
        if (strcmp(line, wanted) == 0) return true;
    return false;
}

/* Each variant of the file: "# name", then a tensor a line. */
static void expect_variants(FILE *file)
{
    enum { MOST = 2048 };
    char line[256], variant[256] = "", *lines[MOST];
    int count = 0;
    for (bool more = true; more;) {
        more = fgets(line, sizeof line, file) != NULL;
        line[strcspn(line, "\n")] = 0;
        if (more && line[0] != '#') {
            cr_assert(count < MOST);
            lines[count++] = strdup(line);
            continue;
        }
        if (*variant) expect_variant(variant, lines, count);
        while (count) free(lines[--count]);
        if (more) snprintf(variant, sizeof variant, "%s", line + 2);
    }
    cr_assert(*variant);
}

static FILE *open_state_dicts(const family *family)
{
    char path[512];
    snprintf(path, sizeof path, VITRO_FIXTURES "/state_dicts/%s.txt", family->name);
    FILE *file = fopen(path, "r");
    cr_assert(file, "%s has none", family->name);
    return file;
}

Test(state_dicts, have_the_originals_names_and_shapes)
{
    const family *family = NULL, *last = NULL;
    for (int i = 0; zoo_variant(i, &family); i++) {
        if (family == last) continue;
        FILE *file = open_state_dicts(family);
        expect_variants(file);
        fclose(file);
        last = family;
    }
}

Test(state_dicts, are_listed_for_every_variant_that_has_an_original)
{
    const family *family = NULL;
    for (int i = 0; zoo_variant(i, &family); i++) {
        const variant *v = zoo_variant(i, NULL);
        if (!has_original(family, v)) continue;
        FILE *file = open_state_dicts(family);
        cr_assert(is_listed(file, v->name), "%s is not held to its original", v->name);
        fclose(file);
    }
}

/* -- Others' names ------------------------------------------------------------------------------------------------- */

TestSuite(namings, .init = begin, .fini = end);

static classifier *net_of_fixture(bool distilled)
{
    const vit_config config = { .common = { .height = 16, .width = 16, .channels = 3, .classes = CLASSES },
                                .patch_height = 8,
                                .patch_width = 8,
                                .dim = 24,
                                .depth = 1,
                                .heads = 3,
                                .mlp_dim = 48,
                                .token_std = 0.02,
                                .eps = 1e-6,
                                .distilled = distilled };
    return classifier_new_of(&vit_family, &config);
}

static void expect_loaded(const char *name, bool distilled)
{
    char path[512];
    snprintf(path, sizeof path, VITRO_FIXTURES "/naming_%s.safetensors", name);
    classifier *net = net_of_fixture(distilled);
    int64_t run = vt_statistics_get().nodes_run;
    cr_assert(classifier_load(net, path, .report = stderr), "%s: %s", name, vt_error_message());
    cr_assert(vt_statistics_get().nodes_run == run, "%s: what was overwritten was drawn", name);
    safetensors *file = open_fixture("namings");
    {
        VT_SCOPE;
        vt_tensor images = made_of("images", VT_SHAPE(BATCH, 3, 16, 16), 0, 4);
        difference d = difference_from_entry(classifier_forward(net, images), file, distilled ? "deit" : "vit");
        cr_assert(d.worst <= 1e-5 * d.scale, "%s differs by %g of %g", name, d.worst, d.scale);
    }
    safetensors_close(file);
    classifier_free(net);
}

Test(namings, of_others_are_recognised)
{
    expect_loaded("hugging_face", false);
    expect_loaded("transformers5", false);
    expect_loaded("torchvision", false);
    expect_loaded("deit", true);
    expect_loaded("deit5", true);
}

/* The weights of a configuration under others' names. */
static void expect_weights(const char *name, const family *family, const void *config)
{
    char path[512];
    snprintf(path, sizeof path, VITRO_FIXTURES "/namings/%s.safetensors", name);
    classifier *net = classifier_new_of(family, config);
    cr_assert(net, "%s: %s", name, vt_error_message());
    cr_assert(classifier_load(net, path, .report = stderr), "%s: %s", name, vt_error_message());
    for (int i = 0; i < vt_model_size(net->model); i++) {
        VT_SCOPE;
        vt_named_tensor e = vt_model_entry(net->model, i);
        if (vt_dtype_of(e.tensor) == VT_I64) continue;
        vt_tensor off = vt_max(vt_abs(vt_sub(e.tensor, weights_of(e.name, vt_shape_of(e.tensor)))));
        cr_assert(vt_item(off) < 1e-6, "%s: %s is of another tensor", name, e.name);
    }
    classifier_free(net);
}

Test(namings, of_cases_whose_original_has_others_are_recognised)
{
    static const char *const cases[] = { "cvt_gelu", "coat_parallel", "coat_serial", "vit5_registers" };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const original *o = original_named(cases[i]);
        expect_weights(o->name, o->family, o->config);
    }
}

Test(namings, of_pyramids_are_recognised)
{
#define SMALL_PYRAMID                                                                                                  \
    .depths = { 1, 2, 1, 1 }, .dims = { 4, 4, 4, 4 }, .heads = { 1, 1, 2, 2 }, .mlp_ratios = { 1, 1, 2, 2 },           \
    .reductions = {                                                                                                    \
        2,                                                                                                             \
        2,                                                                                                             \
        2,                                                                                                             \
        1                                                                                                              \
    }
    const swin_config swin = { COMMON(16, 16),        .patch = 2,           .dim = 4,
                               .depths = { 1, 2, 1 }, .heads = { 1, 2, 2 }, .windows = { 2, 2, 2 },
                               .mlp_ratio = 4 };
    const pvt_config pvt = { COMMON(32, 32), .patch = 4, SMALL_PYRAMID };
    const pvt_v2_config pvt_v2 = { COMMON(32, 32), .stride = 4, SMALL_PYRAMID };
    expect_weights("swin_microsoft", &swin_family, &swin);
    expect_weights("swin_hugging_face", &swin_family, &swin);
    expect_weights("swin_transformers5", &swin_family, &swin);
    expect_weights("pvt_authors", &pvt_family, &pvt);
    expect_weights("pvt_hugging_face", &pvt_family, &pvt);
    expect_weights("pvt_v2_authors", &pvt_v2_family, &pvt_v2);
    expect_weights("pvt_v2_hugging_face", &pvt_v2_family, &pvt_v2);
}

Test(namings, of_a_model_that_does_not_fit_are_told_tensor_by_tensor)
{
    char text[4096] = "";
    FILE *report = fmemopen(text, sizeof text - 1, "w");
    classifier *net = net_of_fixture(true);
    cr_assert(!classifier_load(net, VITRO_FIXTURES "/naming_hugging_face.safetensors", .report = report));
    fclose(report);
    vt_error_clear();
    cr_assert(strstr(text, "missing: dist_token [1, 1, 24]") && strstr(text, "missing: head_dist.weight [5, 24]"), "%s",
              text);
    cr_assert(strstr(text, "another shape: pos_embed [1, 6, 24], in the file [1, 5, 24]"), "%s", text);
    classifier_free(net);
}

/* -- Weights for other pictures and classes ------------------------------------------------------------------------ */

TestSuite(adapted, .init = begin, .fini = end);

#define ADAPT_FROM VITRO_FIXTURES "/adapt/from.safetensors"

static classifier *net_for(int64_t channels, int64_t height, int64_t width, int64_t classes)
{
    const vit_config config = {
        .common = { .height = height, .width = width, .channels = channels, .classes = classes },
        .patch_height = 8,
        .patch_width = 8,
        .dim = 8,
        .depth = 1,
        .heads = 2,
        .mlp_dim = 16,
        .eps = 1e-6,
        .token_std = 0.02,
    };
    classifier *net = classifier_new_of(&vit_family, &config);
    cr_assert(net, "%s", vt_error_message());
    return net;
}

static void expect_as_timm(const safetensors *file, const classifier *net, const char *what, vt_tensor x)
{
    char entry[128];
    const common_config *c = net->config;
    snprintf(entry, sizeof entry, "%dx%dx%d.%s", (int)c->channels, (int)c->height, (int)c->width, what);
    difference d = difference_from_entry(x, file, entry);
    cr_assert(d.worst <= 2e-6 * d.scale, "%s differs by %g of %g", entry, d.worst, d.scale);
}

Test(adapted, weights_for_other_sizes_and_channels_are_timms)
{
    static const int64_t sizes[][3] = { { 1, 48, 40 }, { 5, 16, 24 }, { 3, 64, 64 } };
    safetensors *file = open_fixture("adapt/to");
    for (int i = 0; i < 3; i++) {
        VT_SCOPE;
        classifier *net = net_for(sizes[i][0], sizes[i][1], sizes[i][2], CLASSES);
        cr_assert(classifier_load(net, ADAPT_FROM, .adapt = true), "%s", vt_error_message());
        expect_as_timm(file, net, "pos_embed", vt_model_find(net->model, "pos_embed"));
        expect_as_timm(file, net, "patch_embed", vt_model_find(net->model, "patch_embed.proj.weight"));
        vt_tensor images = made_of("images", VT_SHAPE(BATCH, sizes[i][0], sizes[i][1], sizes[i][2]), 0, 4);
        expect_as_timm(file, net, "logits", classifier_forward(net, images));
        classifier_free(net);
    }
    safetensors_close(file);
}

Test(adapted, heads_of_other_classes_stay_as_they_are_drawn)
{
    char text[1024] = "";
    classifier *net = net_for(3, 32, 32, 7), *same = net_for(3, 32, 32, CLASSES);
    vt_model_init(net->model, "head.*", VT_INIT_CONSTANT, 42);
    FILE *report = fmemopen(text, sizeof text - 1, "w");
    cr_assert(classifier_load(net, ADAPT_FROM, .adapt = true, .report = report), "%s", vt_error_message());
    fclose(report);
    cr_assert_str_eq(text, "replaced: head.weight [7, 8], in the file [5, 8]\n"
                           "replaced: head.bias [7], in the file [5]\n");
    double bias[7];
    cr_assert(vt_read(vt_model_find(net->model, "head.bias"), bias, 7, VT_F64) && bias[6] == 42);
    vt_model_init(same->model, "head.*", VT_INIT_CONSTANT, 42);
    cr_assert(classifier_load(same, ADAPT_FROM, .adapt = true), "%s", vt_error_message());
    cr_assert(vt_read(vt_model_find(same->model, "head.bias"), bias, 7, VT_F64) && bias[0] != 42);
    classifier_free(net);
    classifier_free(same);
}

Test(adapted, only_where_that_is_asked_for)
{
    classifier *net = net_for(1, 48, 40, 7);
    cr_assert(!classifier_load(net, ADAPT_FROM));
    cr_assert(strstr(vt_error_message(), "pos_embed [1, 17, 8] instead of [1, 31, 8]"), "%s", vt_error_message());
    cr_assert(strstr(vt_error_message(), "head.weight [5, 8] instead of [7, 8]"), "%s", vt_error_message());
    vt_error_clear();
    classifier_free(net);
}

/* -- By path ------------------------------------------------------------------------------------------------------- */

static classifier *small_vit(void)
{
    return classifier_new_of(originals[0].family, originals[0].config);
}

TestSuite(by_path, .init = begin, .fini = end);

static int64_t layer_in(const char *variant, const char *name)
{
    classifier *m = classifier_new(variant);
    int64_t layer = classifier_layer(m, name);
    classifier_free(m);
    return layer;
}

Test(by_path, layers_are_what_is_before_each_block_and_behind)
{
    classifier *m = classifier_new("vit_tiny_patch16_224");
    cr_assert(classifier_layers(m) == 14, "%d", (int)classifier_layers(m));
    classifier_free(m);
    cr_assert(layer_in("vit_tiny_patch16_224", "pos_embed") == 0);
    cr_assert(layer_in("vit_tiny_patch16_224", "blocks.0.norm1.weight") == 1);
    cr_assert(layer_in("vit_tiny_patch16_224", "blocks.11.mlp.fc2.bias") == 12);
    cr_assert(layer_in("vit_tiny_patch16_224", "head.bias") == 13);
    cr_assert(layer_in("resnet18", "bn1.running_mean") == 0);
    cr_assert(layer_in("resnet18", "layer2.0.conv1.weight") == 3);
    cr_assert(layer_in("resnet18", "fc.weight") == 9);
    cr_assert(layer_in("resnet18", "nothing") == -1);
}

/* One step of gradient descent with every gradient 1. */
Test(by_path, learning_rates_fall_towards_the_first_layers)
{
    classifier *m = small_vit();
    const int64_t layers = classifier_layers(m);
    cr_assert(layers == 4);
    vt_model_init(m->model, NULL, VT_INIT_CONSTANT, 0);
    vt_optimizer *sgd = vt_sgd(m->model, .lr = 1);
    cr_assert(!classifier_decay_layers(m, sgd, 1, 0));
    REFUSED(VT_ERROR_ARGUMENT, "decay is 0");
    cr_assert(classifier_decay_layers(m, sgd, 1, 0.5), "%s", vt_error_message());
    {
        VT_SCOPE;
        vt_tensor loss = vt_zeros(VT_SCALAR);
        for (int i = 0; i < vt_model_size(m->model); i++)
            loss = vt_add(loss, vt_sum(vt_model_entry(m->model, i).tensor));
        vt_backward(loss);
        vt_optimizer_step(sgd);
    }
    for (int i = 0; i < vt_model_size(m->model); i++) {
        vt_named_tensor e = vt_model_entry(m->model, i);
        float *values = malloc((size_t)vt_count(e.tensor) * sizeof *values);
        cr_assert(values && vt_read(e.tensor, values, vt_count(e.tensor), VT_F32));
        cr_assert(values[0] == (float)-exp2(-(double)(layers - 1 - classifier_layer(m, e.name))), "%s: %g", e.name,
                  (double)values[0]);
        free(values);
    }
    vt_optimizer_free(sgd);
    classifier_free(m);
}

static classifier *small_resnet(void)
{
    return classifier_new("resnet18_cifar", .height = 16, .width = 16, .classes = CLASSES);
}

static double mean_of_buffer(const classifier *m, const char *name)
{
    VT_SCOPE;
    return vt_item(vt_mean(vt_cast(vt_model_find(m->model, name), VT_F32)));
}

static void train_once(const classifier *m)
{
    VT_SCOPE;
    vt_set_training(true);
    vt_backward(vt_mean(classifier_forward(m, made_of("images", VT_SHAPE(BATCH, 3, 16, 16), 0, 4))));
    vt_set_training(false);
}

Test(by_path, frozen_layers_keep_their_running_statistics)
{
    classifier *m = small_resnet();
    cr_assert(vt_model_set_trainable(m->model, "layer1.*", false) > 0);
    train_once(m);
    cr_assert(mean_of_buffer(m, "layer1.0.bn1.running_mean") == 0);
    cr_assert(mean_of_buffer(m, "layer1.0.bn1.num_batches_tracked") == 0);
    cr_assert(mean_of_buffer(m, "layer2.0.bn1.running_mean") != 0);
    classifier_free(m);
}

Test(by_path, parts_in_evaluation_have_no_dropout_and_keep_their_statistics)
{
    classifier *m = small_resnet();
    cr_assert(vt_model_set_training(m->model, "layer{1,2}.*", false) > 0);
    train_once(m);
    cr_assert(mean_of_buffer(m, "layer2.0.bn1.running_mean") == 0);
    cr_assert(mean_of_buffer(m, "layer3.0.bn1.running_mean") != 0);
    vt_model_set_training(m->model, NULL, true);
    train_once(m);
    cr_assert(mean_of_buffer(m, "layer2.0.bn1.running_mean") != 0);
    classifier_free(m);

    vit_config config = *(const vit_config *)originals[0].config;
    config.common.dropout = 0.5;
    m = classifier_new_of(&vit_family, &config);
    cr_assert(vt_model_set_training(m->model, "blocks.*", false) > 0);
    VT_SCOPE;
    vt_set_training(true);
    cr_assert(vt_path_training(vt_root(m->model)) && !vt_path_training(vt_subpath(vt_root(m->model), "blocks.1")));
    vt_tensor images = made_of("images", VT_SHAPE(BATCH, 3, 32, 16), 0, 4);
    vt_tensor first = classifier_forward(m, images), second = classifier_forward(m, images);
    cr_assert(vt_item(vt_mean(vt_abs(vt_sub(first, second)))) > 0, "the embedding is still dropped from");
    vt_model_set_training(m->model, NULL, false);
    first = classifier_forward(m, images), second = classifier_forward(m, images);
    cr_assert(vt_item(vt_mean(vt_abs(vt_sub(first, second)))) == 0);
    classifier_free(m);
}

/* -- Positions ----------------------------------------------------------------------------------------------------- */

TestSuite(positions, .init = begin, .fini = end);

/* Element `channel` of token `token` of what is added to zeros, 2 tokens in front of 2 rows of 3. */
static double added(const position *p, int token, int channel)
{
    VT_SCOPE;
    double all[8 * 8];
    vt_tensor x = position_add(p, vt_zeros(VT_SHAPE(1, 8, 8)));
    cr_assert(vt_read(x, all, 8 * 8, VT_F64), "%s", vt_error_message());
    return all[token * 8 + channel];
}

static void write_counting(vt_tensor x, double first)
{
    double values[3 * 8];
    for (int i = 0; i < vt_count(x); i++) values[i] = first + i;
    VT_SCOPE;
    vt_assign(x, tensor_of(values, vt_shape_of(x)));
}

Test(positions, learned_in_two_dimensions_are_the_sum_of_a_row_and_a_column)
{
    vt_model *model = vt_model_new();
    position p = position_new(vt_root(model), POSITION_LEARNED_2D, 2, 3, 2, 8, 0.02);
    write_counting(vt_model_find(model, "pos_row"), 1000);
    write_counting(vt_model_find(model, "pos_column"), 0);
    cr_assert(vt_model_size(model) == 2);
    for (int channel = 0; channel < 8; channel++) {
        cr_assert(added(&p, 0, channel) == 0 && added(&p, 1, channel) == 0, "tokens in front have none");
        for (int row = 0; row < 2; row++)
            for (int column = 0; column < 3; column++)
                cr_assert(added(&p, 2 + row * 3 + column, channel) == 1000 + 8 * row + channel + 8 * column + channel,
                          "row %d, column %d, channel %d", row, column, channel);
    }
    vt_model_free(model);
}

Test(positions, of_none_add_nothing)
{
    vt_model *model = vt_model_new();
    position p = position_new(vt_root(model), POSITION_NONE, 2, 3, 2, 8, 0.02);
    cr_assert(vt_model_size(model) == 0 && added(&p, 5, 3) == 0);
    vt_model_free(model);
}

/* -- Named values -------------------------------------------------------------------------------------------------- */

Test(named_values, are_listed_by_pattern_in_order)
{
    classifier *net = small_vit();
    vt_named_tensor found[8];
    VT_SCOPE;
    cr_assert(vt_model_values(net->model, NULL, NULL, 0) == 0);
    classifier_forward(net, vt_zeros(VT_SHAPE(1, 3, 32, 16)));
    cr_assert(vt_model_values(net->model, "blocks.{0..1}", found, 8) == 2);
    cr_assert(!strcmp(found[0].name, "blocks.0") && !strcmp(found[1].name, "blocks.1"));
    cr_assert(vt_model_values(net->model, "*.{weights,nothing}", found, 8) == 2);
    cr_assert(!strcmp(found[1].name, "blocks.1.attn.weights"));
    cr_assert(vt_model_values(net->model, "block?.*", found, 1) == 6, "as many as match, though one fits");
    cr_assert(vt_dim(vt_model_value(net->model, "feature_map"), 1) == 8);
    cr_assert(vt_dim(vt_model_value(net->model, "cls_token"), 1) == 24, "%s", vt_error_message());
    classifier_free(net);
}

Test(named_values, cost_nothing_until_they_are_read)
{
    classifier *net = small_vit();
    vt_model *model = net->model;
    for (int i = 0; i < 2; i++) {
        VT_SCOPE; /* the parameters are drawn */
        vt_item(vt_sum(classifier_forward(net, vt_ones(VT_SHAPE(1, 3, 32, 16)))));
    }
    int64_t before = vt_statistics_get().nodes_run;
    {
        VT_SCOPE;
        vt_item(vt_sum(classifier_forward(net, vt_ones(VT_SHAPE(1, 3, 32, 16)))));
    }
    int64_t alone = vt_statistics_get().nodes_run - before;
    float with[CLASSES], without[CLASSES];
    vt_tensor map;
    {
        VT_SCOPE;
        vt_tensor logits = classifier_forward(net, vt_ones(VT_SHAPE(1, 3, 32, 16)));
        vt_read(logits, without, CLASSES, VT_F32);
    }
    {
        VT_SCOPE;
        vt_tensor logits = classifier_forward(net, vt_ones(VT_SHAPE(1, 3, 32, 16)));
        map = vt_keep(vt_model_value(model, "blocks.0.attn.weights"));
        vt_read(logits, with, CLASSES, VT_F32);
        before = vt_statistics_get().nodes_run;
    }
    cr_assert(memcmp(with, without, sizeof with) == 0, "a map that is read changes the logits");
    {
        VT_SCOPE;
        cr_assert(fabs(vt_item(vt_sum(map)) - 3 * 9) < 1e-4, "each of 9 rows of 3 heads sums to 1");
    }
    vt_free(map);
    before = vt_statistics_get().nodes_run;
    {
        VT_SCOPE;
        vt_tensor logits = classifier_forward(net, vt_ones(VT_SHAPE(1, 3, 32, 16)));
        cr_assert(vt_model_value(model, "blocks.0.attn.weights").id);
        vt_item(vt_sum(logits));
    }
    cr_assert(vt_statistics_get().nodes_run - before == alone, "a name that was asked for runs nothing");
    classifier_free(net);
}

/* How far the sums along an axis are from 1. */
static double off_one(vt_tensor x, int axis)
{
    return vt_item(vt_max(vt_abs(vt_shift(vt_sum(x, .axes = VT_AXES(axis)), -1))));
}

Test(named_values, of_ceit_are_the_class_tokens_behind_its_blocks)
{
    VT_SCOPE;
    classifier *net = classifier_new("ceit_nano_32");
    classifier_forward(net, vt_normal(VT_SHAPE(2, 3, 32, 32)));
    vt_tensor seen = vt_model_value(net->model, "cls_tokens"), off = vt_zeros(VT_SCALAR);
    for (int i = 0; i < 6; i++) {
        char name[16];
        snprintf(name, sizeof name, "blocks.%d", i);
        vt_tensor token = vt_select(vt_model_value(net->model, name), 1, 0);
        off = vt_add(off, vt_sum(vt_abs(vt_sub(vt_select(seen, 1, i), token))));
    }
    cr_assert(vt_item(off) == 0, "%s", vt_error_message());
    cr_assert(off_one(vt_model_value(net->model, "lca.attn.weights"), 3) < 1e-5, "%s", vt_error_message());
    classifier_free(net);
}

Test(named_values, of_coat_weigh_the_tokens_by_channel)
{
    VT_SCOPE;
    classifier *net = classifier_new("coat_nano_32");
    classifier_forward(net, vt_normal(VT_SHAPE(2, 3, 32, 32)));
    vt_tensor keys = vt_model_value(net->model, "serial_blocks2.0.factoratt_crpe.keys");
    cr_assert(vt_shape_equal(vt_shape_of(keys), VT_SHAPE(2, 4, 1 + 64, 16)), "%s", vt_error_message());
    cr_assert(off_one(keys, 2) < 1e-5);
    cr_assert(off_one(vt_model_value(net->model, "parallel_blocks.1.factoratt_crpe3.keys"), 2) < 1e-5);
    classifier_free(net);
}

/* The gradient that a function of a map and of the logits gives to weights in front of both. */
static void gradient_through_map(float *gradient, int64_t count, bool decomposed)
{
    context_get()->force_decompose = decomposed;
    classifier *net = small_vit();
    set_weights(net->model);
    {
        VT_SCOPE;
        vt_tensor logits = classifier_forward(net, made_of("images", VT_SHAPE(1, 3, 32, 16), 0, 4));
        vt_tensor map = vt_model_value(net->model, "blocks.1.attn.weights");
        vt_backward(vt_add(vt_sum(vt_square(map)), vt_sum(logits)));
        vt_tensor weight = vt_model_find(net->model, "blocks.0.attn.qkv.weight");
        cr_assert(vt_read(vt_grad(weight), gradient, count, VT_F32), "%s", vt_error_message());
    }
    classifier_free(net);
    context_get()->force_decompose = false;
}

/* Beside the fused kernel as where attention is written in other ops. */
Test(named_values, are_differentiated_through)
{
    enum { COUNT = 72 * 24 };
    static float fused[COUNT], written_out[COUNT];
    gradient_through_map(fused, COUNT, false);
    gradient_through_map(written_out, COUNT, true);
    double largest = 0;
    for (int i = 0; i < COUNT; i++) largest = fmax(largest, fabs((double)written_out[i]));
    cr_assert(largest > 0);
    for (int i = 0; i < COUNT; i++)
        cr_assert(fabs((double)fused[i] - (double)written_out[i]) <= 1e-4 * largest, "element %d: %g, not %g", i,
                  (double)fused[i], (double)written_out[i]);
}

/* A gradient is read after the update too. */
Test(named_values, that_are_gradients_are_computed_with_the_step)
{
    vt_model *model = vt_model_new();
    vt_tensor p = vt_parameter(vt_root(model), "p", VT_SHAPE(2), VT_INIT_CONSTANT, 3);
    {
        VT_SCOPE;
        vt_backward(vt_sum(vt_square(p)));
        vt_tensor g = vt_named(vt_root(model), "gradient", vt_grad(p));
        vt_assign(p, vt_sub(p, vt_scale(g, 0.5)));
        vt_flush();
        cr_assert(vt_item(vt_sum(vt_model_value(model, "gradient"))) == 12, "%s", vt_error_message());
    }
    vt_model_free(model);
}

Test(named_values, that_there_are_not_are_told_with_those_there_are)
{
    classifier *net = small_vit();
    {
        VT_SCOPE;
        classifier_forward(net, vt_zeros(VT_SHAPE(1, 3, 32, 16)));
        vt_model_value(net->model, "blocks.9");
        cr_assert(strstr(vt_error_message(), "no value is named \"blocks.9\"; there are patch_embed, blocks.0"), "%s",
                  vt_error_message());
        vt_error_clear();
    }
    vt_model_value(net->model, "blocks.0");
    cr_assert(strstr(vt_error_message(), "nothing has been named in the scopes under way"), "%s", vt_error_message());
    vt_error_clear();
    classifier_free(net);
}

Test(named_values, memory_does_not_grow)
{
    classifier *net = small_vit();
    int64_t live = 0, tensors = 0;
    for (int i = 0; i < 40; i++) {
        {
            VT_SCOPE;
            vt_item(vt_sum(classifier_forward(net, vt_ones(VT_SHAPE(1, 3, 32, 16)))));
        }
        if (i == 2) {
            live = vt_statistics_get().live_bytes;
            tensors = vt_statistics_get().live_tensors;
        }
    }
    cr_assert(vt_statistics_get().live_bytes == live && vt_statistics_get().live_tensors == tensors);
    classifier_free(net);
}
