/* test_parameters.c - parameters and buffers of models are computed when they are read, and hold the same whenever that
 * is. */
#include "left_behind.h"
#include "tested_device.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <vitro/vitro.h>

enum { ROWS = 3, COLUMNS = 5, COUNT = ROWS * COLUMNS };

static void begin(void)
{
    vt_set_device(tested_device());
    vt_seed(7);
}

TestSuite(parameters, .init = begin, .fini = expect_nothing_left);

static const vt_init inits[] = { VT_INIT_NORMAL, VT_INIT_TRUNCATED_NORMAL, VT_INIT_UNIFORM };
enum { INITS = sizeof inits / sizeof *inits };

static vt_model *model_of_each(vt_tensor *drawn)
{
    vt_model *model = vt_model_new();
    for (int i = 0; i < INITS; i++)
        drawn[i] = vt_parameter(vt_subpath(vt_root(model), "%d", i), "weight", VT_SHAPE(ROWS, COLUMNS), inits[i], 0.5);
    cr_assert(!vt_failed(), "%s", vt_error_message());
    return model;
}

static void read_all(vt_tensor x, float *values)
{
    cr_assert(vt_read(x, values, COUNT, VT_F32), "%s", vt_error_message());
}

Test(parameters, take_no_memory_and_run_nothing_before_they_are_read)
{
    vt_statistics before = vt_statistics_get();
    vt_model *model = vt_model_new();
    vt_parameter(vt_root(model), "weight", VT_SHAPE(1 << 20, 1 << 20), VT_INIT_NORMAL, 1);
    vt_buffer(vt_root(model), "mask", VT_SHAPE(1 << 20, 1 << 20), 1, VT_DTYPE_DEFAULT);
    cr_assert(vt_model_parameter_count(model) == (int64_t)1 << 40 && !vt_failed(), "%s", vt_error_message());
    vt_statistics after = vt_statistics_get();
    cr_assert(after.live_bytes == before.live_bytes && after.nodes_run == before.nodes_run);
    vt_model_free(model);
}

Test(parameters, hold_the_same_in_whatever_order_they_are_read)
{
    float first[INITS][COUNT], second[INITS][COUNT];
    vt_tensor drawn[INITS];
    vt_model *model = model_of_each(drawn);
    for (int i = 0; i < INITS; i++) read_all(drawn[i], first[i]);
    vt_model_free(model);
    vt_seed(7);
    model = model_of_each(drawn);
    vt_seed(8); /* what is drawn since does not matter */
    for (int i = INITS - 1; i >= 0; i--) {
        read_all(drawn[i], second[i]);
        cr_assert(memcmp(first[i], second[i], sizeof first[i]) == 0, "%d", i);
    }
    vt_model_free(model);
}

Test(parameters, hold_the_same_whoever_reads_them_first)
{
    float alone[INITS][COUNT], in_step[INITS][COUNT];
    vt_tensor drawn[INITS];
    vt_model *model = model_of_each(drawn);
    for (int i = 0; i < INITS; i++) read_all(drawn[i], alone[i]);
    vt_model_free(model);
    vt_seed(7);
    model = model_of_each(drawn);
    VT_SCOPE;
    vt_backward(vt_sum(vt_mul(vt_mul(drawn[0], drawn[1]), drawn[2])));
    for (int i = 0; i < INITS; i++) {
        read_all(drawn[i], in_step[i]);
        cr_assert(memcmp(alone[i], in_step[i], sizeof alone[i]) == 0, "%d", i);
        double gradient = vt_item(vt_sum(vt_grad(drawn[i]))), expected = 0;
        for (int k = 0; k < COUNT; k++)
            expected += (double)alone[(i + 1) % INITS][k] * (double)alone[(i + 2) % INITS][k];
        cr_assert(fabs(gradient - expected) < 1e-5, "%g, not %g", gradient, expected);
    }
    vt_model_free(model);
}

Test(parameters, are_not_drawn_to_be_overwritten)
{
    float values[COUNT] = { 1, 2, 3 }, got[COUNT];
    vt_tensor drawn[INITS];
    vt_model *model = model_of_each(drawn);
    int64_t run = vt_statistics_get().nodes_run;
    cr_assert(vt_write(drawn[0], values), "%s", vt_error_message());
    cr_assert(vt_statistics_get().nodes_run == run, "it was drawn");
    read_all(drawn[0], got);
    cr_assert(memcmp(values, got, sizeof got) == 0);
    vt_model_free(model);
}

/* What was recorded before sees the drawn values. */
Test(parameters, are_drawn_for_what_was_recorded_before_they_are_overwritten)
{
    float values[COUNT] = { 0 };
    vt_model *model = vt_model_new();
    vt_tensor p = vt_parameter(vt_root(model), "weight", VT_SHAPE(ROWS, COLUMNS), VT_INIT_CONSTANT, 2);
    VT_SCOPE;
    vt_tensor sum = vt_sum(p);
    vt_write(p, values);
    cr_assert(vt_item(sum) == 2 * COUNT && vt_item(vt_sum(p)) == 0, "%s", vt_error_message());
    vt_model_free(model);
}

Test(parameters, are_drawn_before_an_update)
{
    vt_model *model = vt_model_new();
    vt_tensor p = vt_parameter(vt_root(model), "weight", VT_SHAPE(ROWS, COLUMNS), VT_INIT_CONSTANT, 2);
    {
        VT_SCOPE;
        vt_assign(p, vt_add(p, p));
    }
    {
        VT_SCOPE;
        cr_assert(vt_item(vt_sum(p)) == 4 * COUNT, "%s", vt_error_message());
    }
    vt_model_free(model);
}

Test(parameters, are_drawn_eagerly_in_eager_mode_to_the_same_values)
{
    float planned[COUNT], eager[COUNT];
    vt_tensor drawn[INITS];
    vt_model *model = model_of_each(drawn);
    read_all(drawn[0], planned);
    vt_model_free(model);
    vt_seed(7);
    vt_set_eager(true);
    model = model_of_each(drawn);
    read_all(drawn[0], eager);
    vt_set_eager(false);
    cr_assert(memcmp(planned, eager, sizeof eager) == 0);
    vt_model_free(model);
}

Test(parameters, that_do_not_fit_into_memory_are_an_error_when_they_are_read)
{
    vt_model *model = vt_model_new();
    vt_tensor p = vt_parameter(vt_root(model), "weight", VT_SHAPE(1 << 24, 1 << 24), VT_INIT_NORMAL, 1);
    float one;
    cr_assert(!vt_failed() && !vt_read(p, &one, (int64_t)1 << 48, VT_F32) && vt_error_status() == VT_ERROR_MEMORY);
    vt_error_clear();
    vt_model_free(model);
}

/* -- Patterns of names --------------------------------------------------------------------------------------------- */

static void expect_match(const char *glob, const char *name, bool matches)
{
    cr_assert(vt_name_matches(name, glob) == matches, "%s %s %s", glob, matches ? "misses" : "takes", name);
}

Test(patterns, describe_whole_names)
{
    expect_match("blocks.*.weight", "blocks.0.attn.qkv.weight", true);
    expect_match("blocks.*.weight", "blocks.0.attn.qkv.bias", false);
    expect_match("conv?.weight", "conv1.weight", true);
    expect_match("blocks.{0..5}.*", "blocks.5.norm", true);
    expect_match("blocks.{0..5}.*", "blocks.6.norm", false);
    expect_match("blocks.{0..5}.*", "blocks.05.norm", false);
    expect_match("{qkv,proj}.weight", "proj.weight", true);
    expect_match("{qkv,proj}.weight", "projection.weight", false);
}

Test(patterns, have_patterns_between_braces)
{
    expect_match("{blocks.*,head}.weight", "blocks.3.mlp.fc1.weight", true);
    expect_match("{blocks.*,head}.weight", "head.weight", true);
    expect_match("{blocks.*,head}.weight", "norm.weight", false);
    expect_match("{stage?.blocks.*.{attn.proj*,mlp.*},head}.weight", "stage0.blocks.1.attn.proj_q.weight", true);
    expect_match("{stage?.blocks.*.{attn.proj*,mlp.*},head}.weight", "stage0.blocks.1.mlp.fc1.weight", true);
    expect_match("{stage?.blocks.*.{attn.proj*,mlp.*},head}.weight", "stage0.blocks.1.norm1.weight", false);
    expect_match("{blocks.{0..2},lca}.*", "blocks.2.attn.qkv", true);
    expect_match("{blocks.{0..2},lca}.*", "blocks.12.attn.qkv", false);
    expect_match("a{,b*}c", "ac", true);
    expect_match("a{,b*}c", "abbc", true);
    expect_match("a{,b*}c", "adc", false);
    expect_match("a{b", "a{b", true);
}
