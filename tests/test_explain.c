/* test_explain.c - what a model looked at: places of windows and coarser keys on made-up maps, and rollout, Grad-CAM
 * and statistics against PyTorch, of weights that both sides compute. tests/pytorch/make_explain_fixtures.py makes the
 * fixtures. */
#include "computed_weights.h"
#include "explain/explanation.h"
#include "fixture.h"
#include "left_behind.h"
#include "resnet.h"
#include "tested_device.h"
#include "vit.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static void begin(void)
{
    vt_set_device(tested_device());
}

static void end(void)
{
    vt_set_precision(VT_F32);
    expect_nothing_left();
}

TestSuite(places, .fini = end);
TestSuite(thresholds, .fini = end);
TestSuite(explanations, .init = begin, .fini = end);

static void expect_near(double got, double want, double limit, const char *what)
{
    cr_assert(fabs(got - want) <= limit, "%s is %.15g, not %.15g", what, got, want);
}

static void expect_row(const double *row, const double *want, int count, const char *what)
{
    for (int i = 0; i < count; i++)
        cr_assert(fabs(row[i] - want[i]) < 1e-12, "%s, key %d: %g, not %g", what, i, row[i], want[i]);
}

/* -- Places -------------------------------------------------------------------------------------------------------- */

/* A map of a layout, with the values `start`, `start` + 1, ... */
static attention_map numbered(const token_layout *layout, vt_shape shape, double start)
{
    attention_map m;
    VT_SCOPE;
    vt_tensor value = vt_arange(start, start + (double)vt_shape_count(shape), .dtype = VT_F64);
    cr_assert(attention_map_read(&m, "map", vt_reshape(value, shape), layout), "%s", vt_error_message());
    return m;
}

Test(places, of_the_class_token_are_its_row_behind_the_tokens_in_front)
{
    const token_layout layout = { 2, 1, 3, .key_prefix = 2, .key_rows = 1, .key_columns = 3 };
    attention_map m = numbered(&layout, VT_SHAPE(1, 2, 5, 5), 0);
    heat_map map;
    cr_assert(attention_map_over_picture(&m, 1, &map));
    cr_assert(map.rows == 1 && map.columns == 3);
    expect_row(map.values, (double[]){ 27, 28, 29 }, 3, "head 1");
    heat_map_free(&map);
    cr_assert(attention_map_over_picture(&m, MEAN_OF_HEADS, &map));
    expect_row(map.values, (double[]){ 14.5, 15.5, 16.5 }, 3, "the mean of the heads");
    heat_map_free(&map);
    attention_map_free(&m);
}

Test(places, without_a_class_token_are_the_mean_over_the_queries)
{
    const token_layout layout = { 0, 2, 1, .key_rows = 2, .key_columns = 1 };
    attention_map m = numbered(&layout, VT_SHAPE(1, 1, 2, 2), 1);
    heat_map map;
    cr_assert(attention_map_over_picture(&m, 0, &map));
    expect_row(map.values, (double[]){ 2, 3 }, 2, "the mean");
    heat_map_free(&map);
    attention_map_free(&m);
}

Test(places, of_coarser_keys_are_on_their_own_grid)
{
    const token_layout layout = { 0, 4, 4, .key_rows = 2, .key_columns = 2 };
    attention_map m = numbered(&layout, VT_SHAPE(1, 1, 16, 4), 0);
    double row[4];
    cr_assert(attention_map_tokens(&m) == 16 && attention_map_keys(&m) == 4);
    attention_map_row(&m, 0, 5, row);
    expect_row(row, (double[]){ 20, 21, 22, 23 }, 4, "query 5");
    attention_map_free(&m);
}

/* Windows of 2 x 2 in 4 x 4 tokens, one row and column down and right: window 0 has the tokens 5, 6, 9, 10, the last
 * one the four corners. */
static const token_layout shifted = {
    0, 4, 4, .key_rows = 4, .key_columns = 4, .window_rows = 2, .window_columns = 2, .shift_rows = 1, .shift_columns = 1
};

Test(places, of_windows_are_where_their_tokens_are)
{
    const token_layout layout = { 0, 4, 4, .key_rows = 4, .key_columns = 4, .window_rows = 2, .window_columns = 2 };
    attention_map m = numbered(&layout, VT_SHAPE(4, 1, 4, 4), 1);
    double row[16], first[16] = { [0] = 1, [1] = 2, [4] = 3, [5] = 4 };
    double other[16] = { [2] = 29, [3] = 30, [6] = 31, [7] = 32 };
    attention_map_row(&m, 0, 0, row);
    expect_row(row, first, 16, "query 0: window 0, place 0");
    attention_map_row(&m, 0, 7, row);
    expect_row(row, other, 16, "query 7: window 1, place 3");
    attention_map_free(&m);
}

Test(places, of_shifted_windows_go_around_the_picture)
{
    attention_map m = numbered(&shifted, VT_SHAPE(4, 1, 4, 4), 1);
    double row[16], inner[16] = { [5] = 5, [6] = 6, [9] = 7, [10] = 8 };
    double corners[16] = { [15] = 61, [12] = 62, [3] = 63, [0] = 64 };
    attention_map_row(&m, 0, 6, row);
    expect_row(row, inner, 16, "query 6: window 0, place 1");
    attention_map_row(&m, 0, 0, row);
    expect_row(row, corners, 16, "query 0: window 3, place 3");
    attention_map_free(&m);
}

Test(places, that_only_fill_up_a_window_are_left_out)
{
    const token_layout layout = { 0, 3, 3, .key_rows = 3, .key_columns = 3, .window_rows = 2, .window_columns = 2 };
    attention_map m = numbered(&layout, VT_SHAPE(4, 1, 4, 4), 1);
    double row[9], edge[9] = { [2] = 17, [5] = 19 };
    attention_map_row(&m, 0, 2, row);
    expect_row(row, edge, 9, "query 2: window 1, place 0");
    attention_map_free(&m);
}

Test(places, that_do_not_fit_the_values_are_an_error)
{
    attention_map m;
    VT_SCOPE;
    cr_assert(!attention_map_read(&m, "layers.0.weights", vt_zeros(VT_SHAPE(4, 1, 4, 3)), &shifted));
    cr_assert(strstr(vt_error_message(), "layers.0.weights is [4, 1, 4, 3]; by its layout it would be [4, 1, 4, 4]"),
              "%s", vt_error_message());
    vt_error_clear();
}

Test(places, give_distances_in_pixels)
{
    const token_layout layout = { 0, 1, 2, .key_rows = 1, .key_columns = 2 };
    attention_map m = numbered(&layout, VT_SHAPE(1, 1, 2, 2), 1);
    attention_statistics s;
    cr_assert(attention_map_measure(&m, 0, 8, 20, &s));
    expect_near(s.distance, 10 * (2 + 3) / 10.0, 1e-12, "the distance"); /* of weights 1, 2 and 3, 4 */
    expect_near(s.patch_mean, 2.5, 1e-12, "the mean");
    attention_map_free(&m);
}

/* -- Rollout ------------------------------------------------------------------------------------------------------- */

/* Each query attends to everything alike. */
static attention_map uniform(const token_layout *layout, vt_shape shape)
{
    attention_map m;
    VT_SCOPE;
    vt_tensor value = vt_full(shape, 1 / (double)shape.dim[3], .dtype = VT_F64);
    cr_assert(attention_map_read(&m, "map", value, layout), "%s", vt_error_message());
    return m;
}

Test(places, of_coarser_keys_stand_for_their_tokens_in_a_rollout)
{
    const token_layout layout = { 0, 1, 4, .key_rows = 1, .key_columns = 2 };
    attention_map m = numbered(&layout, VT_SHAPE(1, 1, 4, 2), 1);
    rollout r;
    cr_assert(rollout_of(&m, 1, 0, &r) && r.tokens == 4 && r.layers == 1);
    expect_row(r.values, (double[]){ 1.5 / 4, 0.5 / 4, 1 / 4.0, 1 / 4.0 }, 4, "token 0, of weights 1 and 2");
    rollout_free(&r);
    attention_map_free(&m);
}

Test(places, of_a_rollout_are_those_of_the_last_stage)
{
    vt_set_precision(VT_F64);
    const token_layout fine = { 0, 2, 2, .key_rows = 2, .key_columns = 2 };
    const token_layout coarse = { 1, 1, 2, .key_prefix = 1, .key_rows = 1, .key_columns = 2 };
    attention_map maps[3] = { uniform(&fine, VT_SHAPE(1, 2, 4, 4)), uniform(&coarse, VT_SHAPE(1, 2, 3, 3)),
                              uniform(&coarse, VT_SHAPE(1, 2, 3, 3)) };
    rollout r;
    heat_map map;
    cr_assert(rollout_of(maps, 3, 0, &r) && rollout_over_picture(&r, &map));
    cr_assert(r.first == 1 && r.layers == 2 && r.tokens == 3 && map.columns == 2);
    /* (J / 6 + I / 2) squared is J / 4 + I / 4, of J all ones. */
    expect_row(map.values, (double[]){ 0.25, 0.25 }, 2, "the class token");
    expect_row(r.values + 3, (double[]){ 0.25, 0.5, 0.25 }, 3, "token 1");
    heat_map_free(&map);
    rollout_free(&r);
    for (int i = 0; i < 3; i++) attention_map_free(&maps[i]);
}

Test(places, of_no_layers_give_no_rollout)
{
    rollout r;
    cr_assert(rollout_of(NULL, 0, 0, &r) && r.tokens == 0);
}

/* -- Thresholds ---------------------------------------------------------------------------------------------------- */

static int kept(const heat_map *m, double keep)
{
    bool mask[4];
    int bits = 0;
    cr_assert(heat_map_mask(m, keep, mask));
    for (int i = 0; i < 4; i++) bits |= mask[i] << i;
    return bits;
}

Test(thresholds, keep_the_fewest_values_that_are_the_share)
{
    double values[] = { 1, 4, 2, 3 };
    const heat_map m = { 2, 2, values };
    cr_assert(kept(&m, 0) == 0 && kept(&m, 0.4) == 2 && kept(&m, 0.41) == 10 && kept(&m, 1) == 15);
}

Test(thresholds, keep_the_first_of_equal_values)
{
    double values[] = { 1, 1, 1, 1 }, none[4] = { 0 };
    cr_assert(kept(&(heat_map){ 2, 2, values }, 0.5) == 3);
    cr_assert(kept(&(heat_map){ 2, 2, none }, 0.5) == 0, "nothing is no share of nothing");
}

Test(thresholds, and_enlarged_maps_are_shares_of_the_largest_value)
{
    double values[] = { 0, 8, 0, 0 };
    float shares[64], largest = 0;
    cr_assert(heat_map_enlarge(&(heat_map){ 2, 2, values }, 8, 8, shares));
    for (int i = 0; i < 64; i++) {
        cr_assert(shares[i] >= 0 && shares[i] <= 1);
        largest = fmaxf(largest, shares[i]);
    }
    cr_assert(shares[7] == largest && largest > 0.9F && shares[56] < 0.1F);
}

/* -- Against PyTorch ----------------------------------------------------------------------------------------------- */

enum { CLASSES = 5 };
#define DISCARD 0.3
#define KEEP    0.6

#define COMMON(height_, width_) .common = { .height = height_, .width = width_, .channels = 3, .classes = CLASSES }
#define VIT(...)                                                                                                       \
    &vit_family, &(const vit_config)                                                                                   \
    {                                                                                                                  \
        COMMON(32, 16), .patch_height = 8, .patch_width = 8, .dim = 24, .depth = 2, .heads = 3, .mlp_dim = 48,         \
                        .eps = 1e-6, .token_std = 0.02, __VA_ARGS__                                                    \
    }
#define RESNET(...)                                                                                                    \
    &resnet_family, &(const resnet_config)                                                                             \
    {                                                                                                                  \
        COMMON(64, 48), .width = 64, __VA_ARGS__                                                                       \
    }
static const struct original {
    const char *name;
    const family *family;
    const void *config;
} originals[] = {
    { "vit", VIT() },
    { "vit_mean", VIT(.mean_of_patches = true, .norm_after_mean = true) },
    { "vit_no_class_token", VIT(.no_class_token = true, .norm_after_mean = true) },
    { "deit_distilled", VIT(.distilled = true) },
    { "resnet_basic", RESNET(.depths = { 1, 1, 1, 1 }) },
    { "resnet_bottleneck", RESNET(.depths = { 1, 2, 1, 1 }, .bottleneck = true) },
};
enum { ORIGINALS = sizeof originals / sizeof *originals };

typedef struct held {
    const char *name;
    safetensors *file;
    classifier *net;
    double limit;
} held;

static bool has(const held *h, const char *what)
{
    char name[128];
    snprintf(name, sizeof name, "%s.%s", h->name, what);
    return safetensors_find(h->file, name) != NULL;
}

static void expect_entry(const held *h, const double *got, int64_t count, const char *what)
{
    char name[128];
    int64_t wanted;
    snprintf(name, sizeof name, "%s.%s", h->name, what);
    double *want = entry_values(h->file, name, &wanted), scale = 0;
    cr_assert(count == wanted, "%s: %lld values, not %lld", name, (long long)count, (long long)wanted);
    for (int64_t i = 0; i < count; i++) scale = fmax(scale, fabs(want[i]));
    for (int64_t i = 0; i < count; i++)
        cr_assert(fabs(got[i] - want[i]) <= h->limit * scale, "%s [%lld] is %.12g, not %.12g", name, (long long)i,
                  got[i], want[i]);
    free(want);
}

static int64_t class_of(const held *h)
{
    char name[128];
    int64_t count;
    snprintf(name, sizeof name, "%s.class", h->name);
    double *class = entry_values(h->file, name, &count);
    const int64_t number = (int64_t) class[0];
    free(class);
    return number;
}

static void expect_statistics(const held *h, const explanation *e)
{
    double found[64];
    int64_t count = 0;
    for (int layer = 0; layer < e->layers; layer++)
        for (int64_t head = MEAN_OF_HEADS; head < e->maps[layer].heads; head++) {
            attention_statistics s;
            cr_assert(attention_map_measure(&e->maps[layer], head, h->net->config->height, h->net->config->width, &s));
            found[count++] = s.entropy;
            found[count++] = s.distance;
            found[count++] = s.patch_mean;
        }
    expect_entry(h, found, count, "statistics");
}

static void expect_mask(const held *h, const explanation *e)
{
    heat_map map;
    bool mask[64];
    double found[64];
    cr_assert(attention_map_over_picture(&e->maps[e->layers - 1], MEAN_OF_HEADS, &map));
    cr_assert(heat_map_mask(&map, KEEP, mask));
    for (int i = 0; i < map.rows * map.columns; i++) found[i] = mask[i];
    expect_entry(h, found, map.rows * map.columns, "mask");
    heat_map_free(&map);
}

static void expect_explanation(const held *h, vt_tensor image, double discard, const char *rollout)
{
    explanation e;
    cr_assert(explain(&e, h->net, image, class_of(h), discard), "%s: %s", h->name, vt_error_message());
    cr_assert(e.ranked_count == CLASSES && e.ranked[0].probability >= e.ranked[4].probability);
    expect_entry(h, e.grad_cam.values, e.grad_cam.rows * e.grad_cam.columns, "grad_cam");
    if (!has(h, "rollout")) {
        cr_assert(e.layers == 0 && e.rollout.tokens == 0, "%s has no maps of attention", h->name);
    } else {
        expect_entry(h, e.rollout.values, e.rollout.tokens * e.rollout.tokens, rollout);
        expect_statistics(h, &e);
        if (has(h, "mask")) expect_mask(h, &e);
    }
    explanation_free(&e);
}

static void compare(const struct original *o, vt_dtype precision, double limit)
{
    vt_set_precision(precision);
    held h = { o->name, open_fixture("explain"), classifier_new_of(o->family, o->config), limit };
    cr_assert(h.net, "%s", vt_error_message());
    set_weights(h.net->model);
    const common_config *c = h.net->config;
    {
        VT_SCOPE;
        vt_tensor images = made_of("images", VT_SHAPE(2, 3, c->height, c->width), 0, 4);
        vt_tensor image = vt_slice(images, 0, 0, 1);
        expect_explanation(&h, image, 0, "rollout");
        expect_explanation(&h, image, DISCARD, "rollout_discard");
    }
    classifier_free(h.net);
    safetensors_close(h.file);
}

Test(explanations, equal_those_of_pytorch_in_f64)
{
    if (!device_computes_f64()) cr_skip_test("not in f64 on this device");
    for (int i = 0; i < ORIGINALS; i++) compare(&originals[i], VT_F64, 1e-9);
}

Test(explanations, equal_those_of_pytorch_in_f32)
{
    for (int i = 0; i < ORIGINALS; i++) compare(&originals[i], VT_F32, 1e-4);
}

static void expect_no_class(int64_t class)
{
    classifier *net = classifier_new_of(originals[0].family, originals[0].config);
    explanation e;
    VT_SCOPE;
    cr_assert(!explain(&e, net, vt_zeros(VT_SHAPE(1, 3, 32, 16)), class, 0));
    cr_assert(strstr(vt_error_message(), "has 5, from 0 to 4"), "%s", vt_error_message());
    vt_error_clear();
    classifier_free(net);
}

Test(explanations, of_a_class_that_there_is_not_are_an_error)
{
    expect_no_class(5);
    expect_no_class(-1);
}

Test(explanations, are_of_the_most_probable_class_unless_it_is_said)
{
    classifier *net = classifier_new_of(originals[0].family, originals[0].config);
    set_weights(net->model);
    explanation e;
    VT_SCOPE;
    cr_assert(explain(&e, net, made_of("images", VT_SHAPE(1, 3, 32, 16), 0, 4), VT_AUTO, 0), "%s", vt_error_message());
    cr_assert(e.class == e.ranked[0].class);
    double sum = 0;
    for (int i = 0; i < e.ranked_count; i++) sum += e.ranked[i].probability;
    expect_near(sum, 1, 1e-6, "the sum of the probabilities of all classes");
    explanation_free(&e);
    classifier_free(net);
}

/* -- Every family -------------------------------------------------------------------------------------------------- */

static void expect_rows_of_one(const attention_map *m)
{
    double *row = malloc((size_t)attention_map_keys(m) * sizeof *row);
    cr_assert(row);
    const int64_t queries[] = { 0, attention_map_tokens(m) / 2, attention_map_tokens(m) - 1 };
    for (int i = 0; i < 3; i++) {
        double sum = 0;
        attention_map_row(m, MEAN_OF_HEADS, queries[i], row);
        for (int64_t k = 0; k < attention_map_keys(m); k++) sum += row[k];
        cr_assert(fabs(sum - 1) < 1e-5, "%s: row %lld sums to %g", m->name, (long long)queries[i], sum);
    }
    free(row);
}

static void expect_explained(const char *variant)
{
    classifier *net = classifier_new(variant);
    cr_assert(net, "%s", vt_error_message());
    if (net->config->height > 64) { /* the smallest that all families take */
        classifier_free(net);
        net = classifier_new(variant, .image_size = 64);
    }
    cr_assert(net, "%s", vt_error_message());
    VT_SCOPE;
    vt_seed(1);
    explanation e;
    vt_tensor image = vt_normal(VT_SHAPE(1, 3, net->config->height, net->config->width));
    cr_assert(explain(&e, net, image, VT_AUTO, 0), "%s: %s", variant, vt_error_message());
    cr_assert(e.grad_cam.values, "%s: its classes do not depend on %s", variant, net->family->feature_map);
    cr_assert((e.layers > 0) == (net->family->attention != NULL), "%s has %d layers", variant, e.layers);
    for (int i = 0; i < e.layers; i++) expect_rows_of_one(&e.maps[i]);
    explanation_free(&e);
    classifier_free(net);
}

Test(explanations, are_there_for_every_family)
{
    const family *family, *before = NULL;
    const variant *v;
    for (int i = 0; (v = zoo_variant(i, &family)); i++) {
        if (family != before) expect_explained(v->name);
        before = family;
    }
}

/* The keys of the last block are of 4 heads of 16 channels, and of 2 by 2 tokens behind the class token. */
Test(explanations, of_coat_have_what_its_keys_weigh_the_tokens_by)
{
    enum { HEADS = 4, TOKENS = 5, CHANNELS = 16 };
    const char *const last = "parallel_blocks.1.factoratt_crpe4.keys";
    double keys[HEADS][TOKENS][CHANNELS];
    classifier *net = classifier_new("coat_nano_32");
    explanation e;
    VT_SCOPE;
    vt_tensor image = vt_normal(VT_SHAPE(1, 3, 32, 32));
    cr_assert(explain(&e, net, image, VT_AUTO, 0), "%s", vt_error_message());
    cr_assert(e.token_weights.rows == 2 && e.token_weights.columns == 2);
    cr_assert_str_eq(e.weighing, last);
    classifier_forward(net, image);
    cr_assert(vt_read(vt_model_value(net->model, last), keys, HEADS * TOKENS * CHANNELS, VT_F64), "%s",
              vt_error_message());
    for (int token = 1; token < TOKENS; token++) {
        double mean = 0;
        for (int h = 0; h < HEADS; h++)
            for (int c = 0; c < CHANNELS; c++) mean += keys[h][token][c] / (HEADS * CHANNELS);
        expect_near(e.token_weights.values[token - 1], mean, 1e-6, "the mean of a token's weights");
    }
    explanation_free(&e);
    classifier_free(net);
}
