/* Names of a file become those of a model by rules, which are data; what does not fit is named, one by one. */
#include "train/rename.h"
#include "io/safetensors.h"
#include "left_behind.h"
#include "refused.h"
#include "temporary.h"
#include <criterion/criterion.h>
#include <vitro/vitro.h>

static void begin(void)
{
    enter_folder();
    vt_set_device("reference");
}

static void end(void)
{
    expect_nothing_left();
    leave_folder();
}

TestSuite(names);
TestSuite(model_load, .init = begin, .fini = end);

/* -- Names --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *from, *to, *name, *renamed; /* NULL: it does not match */
} names[] = {
    { "weight", "w", "weight", "w" },
    { "weight", "w", "weights", NULL },
    { "weight", "w", "weigh", NULL },
    { "weight", NULL, "weight", "" },
    { "fc.*", "head.*", "fc.bias", "head.bias" },
    { "fc.*", "head.*", "fc.", "head." },
    { "fc.*", "head.*", "fc.a.bias", "head.a.bias" },
    { "fc.*", "head.*", "fcs.bias", NULL },
    { "vit.encoder.layer.*.layernorm_before.*", "blocks.*.norm1.*", "vit.encoder.layer.11.layernorm_before.weight",
      "blocks.11.norm1.weight" },
    { "block?.*.*", "stages.*.blocks.*.*", "block2.0.norm1.weight", "stages.2.blocks.0.norm1.weight" },
    { "*.{weight,bias}.?", "*.*.*", "a.b.bias.c", "a.b.bias.c" },
    { "layer.{2..11}.*", "late.*.*", "layer.11.w", "late.11.w" },
    { "layer.{2..11}.*", "late.*.*", "layer.1.w", NULL },
    { "*.{a,ab}c", "*-*", "x.abc", "x-ab" },
    { "*.bias", "*.b", "a.bias.bias", "a.bias.b" },
    { "*_*", "*.*", "a_b_c", "a.b_c" },
    { "*.*", "x.*", "a.b", "x.a" },
    { "**", "*", "a.b", "a.b" },
    { "a", "*", "a", NULL },
    { "?????????", "********", "abcdefghi", "abcdefgh" },
    { "?????????", "*********", "abcdefghi", NULL },
    { "*", "*", "", "" },
};

Test(names, stars_stand_for_what_they_stood_for)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char renamed[RENAME_LONGEST + 1] = "";
        vt_name_rule rule = { names[i].from, names[i].to };
        bool matches = rename_apply(&rule, names[i].name, renamed);
        cr_assert(matches == (names[i].renamed != NULL), "%s, %s", names[i].from, names[i].name);
        cr_assert(!matches || strcmp(renamed, names[i].renamed) == 0, "%s of %s is %s", names[i].from, names[i].name,
                  renamed);
    }
}

Test(names, long_ones_are_left_alone)
{
    char name[600], renamed[RENAME_LONGEST + 1];
    memset(name, 'a', sizeof name);
    name[599] = 0;
    cr_assert(!rename_apply(&(vt_name_rule){ "*", "*" }, name, renamed));
    name[RENAME_LONGEST] = 0;
    cr_assert(rename_apply(&(vt_name_rule){ "*", "*" }, name, renamed) && strcmp(name, renamed) == 0);
    cr_assert(!rename_apply(&(vt_name_rule){ "*", "*b" }, name, renamed));
    cr_assert(!rename_apply(&(vt_name_rule){ "*b*b*b*b", "x" }, name, renamed));
}

/* -- Loading ------------------------------------------------------------------------------------------------------- */

enum { MOST = 64 };
static float counting[MOST];

static const float *count_from(int first)
{
    for (int i = 0; i < MOST; i++) counting[i] = (float)(first + i);
    return counting;
}

/* A file of two tensors whose elements count up, the second's from 100 on. */
static void write_two(const char *name, vt_shape shape, const char *other, vt_shape other_shape)
{
    static float first[MOST], second[MOST];
    memcpy(first, count_from(0), sizeof first);
    memcpy(second, count_from(100), sizeof second);
    const safetensors_tensor tensors[] = { { name, VT_F32, shape, first }, { other, VT_F32, other_shape, second } };
    cr_assert(safetensors_write(VT_HERE, "file", tensors, 2, NULL, 0), "%s", vt_error_message());
}

static vt_model *model_of(const char *name, vt_shape shape, const char *other, vt_shape other_shape)
{
    vt_model *model = vt_model_new();
    vt_parameter(vt_root(model), name, shape, .value = -1);
    if (other) vt_parameter(vt_root(model), other, other_shape, .value = -1);
    return model;
}

static void assert_holds(const vt_model *model, const char *name, const double *want)
{
    double got[MOST];
    vt_tensor x = vt_model_find(model, name);
    cr_assert(vt_read(x, got, MOST, VT_F64), "%s", vt_error_message());
    for (int64_t i = 0; i < vt_count(x); i++)
        cr_assert(got[i] == want[i], "%s: element %d is %g, not %g", name, (int)i, got[i], want[i]);
}

Test(model_load, joins_parts_in_their_order)
{
    static const vt_name_rule rules[] = {
        { "layer.*.key", "blocks.*.qk", .part = 1, .parts = 2 },
        { "layer.*.query", "blocks.*.qk", .part = 0, .parts = 2 },
        { 0 },
    };
    write_two("layer.3.query", VT_SHAPE(1, 2), "layer.3.key", VT_SHAPE(2, 2));
    vt_model *model = model_of("blocks.3.qk", VT_SHAPE(3, 2), NULL, VT_SCALAR);
    cr_assert(vt_model_load("file", model, .rules = rules), "%s", vt_error_message());
    assert_holds(model, "blocks.3.qk", (double[]){ 0, 1, 100, 101, 102, 103 });
    vt_model_free(model);
}

Test(model_load, joins_along_any_axis)
{
    static const vt_name_rule rules[] = {
        { "a", "ab", .part = 0, .parts = 2, .axis = -1 },
        { "b", "ab", .part = 1, .parts = 2, .axis = -1 },
        { 0 },
    };
    write_two("a", VT_SHAPE(2, 1), "b", VT_SHAPE(2, 2));
    vt_model *model = model_of("ab", VT_SHAPE(2, 3), NULL, VT_SCALAR);
    cr_assert(vt_model_load("file", model, .rules = rules), "%s", vt_error_message());
    assert_holds(model, "ab", (double[]){ 0, 100, 101, 1, 102, 103 });
    vt_model_free(model);
}

Test(model_load, splits_one_into_several_and_leaves_others_out)
{
    static const vt_name_rule rules[] = {
        { "in_proj", "q", .slice = 0, .slices = 3 },
        { "buffer", NULL },
        { "in_proj", "v", .slice = 2, .slices = 3 },
        { "*", "nothing.*" },
        { 0 },
    };
    write_two("in_proj", VT_SHAPE(6, 2), "buffer", VT_SHAPE(1));
    vt_model *model = model_of("q", VT_SHAPE(2, 2), "v", VT_SHAPE(2, 2));
    cr_assert(vt_model_load("file", model, .rules = rules), "%s", vt_error_message());
    assert_holds(model, "q", (double[]){ 0, 1, 2, 3 });
    assert_holds(model, "v", (double[]){ 8, 9, 10, 11 });
    vt_model_free(model);
}

Test(model_load, reorders_and_reshapes)
{
    static const vt_name_rule rules[] = {
        { "kernel", "weight", .axes = { 2, { 1, 0 } } },
        { "conv", "linear", .axes = { 3, { -1, 0, 1 } }, .reshape = true },
        { 0 },
    };
    write_two("kernel", VT_SHAPE(2, 3), "conv", VT_SHAPE(1, 2, 3));
    vt_model *model = model_of("weight", VT_SHAPE(3, 2), "linear", VT_SHAPE(6));
    cr_assert(vt_model_load("file", model, .rules = rules), "%s", vt_error_message());
    assert_holds(model, "weight", (double[]){ 0, 3, 1, 4, 2, 5 });
    assert_holds(model, "linear", (double[]){ 100, 103, 101, 104, 102, 105 });
    vt_model_free(model);
}

/* Slices, their axes in another order, behind one another. */
Test(model_load, transforms_follow_one_another)
{
    static const vt_name_rule rules[] = {
        { "a", "x", .slice = 1, .slices = 2, .axes = { 2, { 1, 0 } }, .part = 0, .parts = 2 },
        { "b", "x", .axes = { 2, { 1, 0 } }, .part = 1, .parts = 2 },
        { 0 },
    };
    write_two("a", VT_SHAPE(4, 2), "b", VT_SHAPE(2, 1));
    vt_model *model = model_of("x", VT_SHAPE(3, 2), NULL, VT_SCALAR);
    cr_assert(vt_model_load("file", model, .rules = rules), "%s", vt_error_message());
    assert_holds(model, "x", (double[]){ 4, 6, 5, 7, 100, 101 });
    vt_model_free(model);
}

Test(model_load, reads_files_of_pytorch_with_their_dtypes)
{
    vt_model *model = vt_model_new();
    vt_path stem = vt_subpath(vt_root(model), "stem"), norm = vt_subpath(vt_root(model), "norm");
    vt_parameter(stem, "weight", VT_SHAPE(2, 3), .value = 1);
    vt_parameter(stem, "bias", VT_SHAPE(2), .value = 1);
    vt_parameter(norm, "weight", VT_SHAPE(2), .value = 1);
    vt_parameter(norm, "bias", VT_SHAPE(2), .value = 1);
    vt_buffer(norm, "running_mean", VT_SHAPE(2), 5, VT_F64);
    vt_buffer(norm, "running_var", VT_SHAPE(2), 5, VT_F32);
    vt_buffer(norm, "num_batches_tracked", VT_SCALAR, 5, VT_I64);
    cr_assert(vt_model_load(VITRO_FIXTURES "/legacy.pth", model), "%s", vt_error_message());
    assert_holds(model, "stem.weight", (double[]){ 0, 1, 2, 3, 4, 5 });
    assert_holds(model, "norm.running_mean", (double[]){ 0, 1 });
    assert_holds(model, "norm.num_batches_tracked", (double[]){ 0 });
    vt_model_free(model);
}

Test(model_load, converts_what_the_file_has_of_other_dtypes)
{
    vt_model *model = vt_model_new();
    static const char *const floats[] = { "f32", "f64", "f16", "bf16" };
    for (int i = 0; i < 4; i++) vt_parameter(vt_root(model), floats[i], VT_SHAPE(2, 3), .value = 9);
    static const char *const words[] = { "i8", "i16", "i32", "u16" };
    for (int i = 0; i < 4; i++) vt_buffer(vt_root(model), words[i], VT_SHAPE(2, 3), 9, VT_I32);
    cr_assert(vt_model_load(VITRO_FIXTURES "/dtypes.pth", model, .partial = true), "%s", vt_error_message());
    for (int i = 0; i < 4; i++) {
        assert_holds(model, floats[i], (double[]){ 0, 1, 2, 3, 4, 5 });
        assert_holds(model, words[i], (double[]){ 0, 1, 2, 3, 4, 5 });
    }
    vt_model_free(model);
}

/* -- What does not fit --------------------------------------------------------------------------------------------- */

Test(model_load, names_what_does_not_fit_with_both_shapes)
{
    char *text = NULL;
    size_t size;
    write_two("head.weight", VT_SHAPE(5, 3), "fc.bias", VT_SHAPE(5));
    vt_model *model = model_of("head.weight", VT_SHAPE(2, 3), "head.bias", VT_SHAPE(2));
    FILE *report = open_memstream(&text, &size);
    cr_assert(!vt_model_load("file", model, .report = report));
    REFUSED(VT_ERROR_FILE, "file is not of this model: it has head.weight [5, 3] instead of [2, 3], no head.bias, an "
                           "unexpected fc.bias  at ");
    fclose(report);
    cr_assert(strcmp(text, "another shape: head.weight [2, 3], in the file [5, 3]\n"
                           "missing: head.bias [2]\n"
                           "unexpected: fc.bias [5]\n") == 0,
              "%s", text);
    assert_holds(model, "head.weight", (double[]){ -1, -1, -1, -1, -1, -1 });
    free(text);
    vt_model_free(model);
}

Test(model_load, says_how_many_there_was_no_room_for)
{
    vt_model *model = vt_model_new();
    for (int i = 0; i < 100; i++)
        vt_parameter(vt_subpath(vt_root(model), "blocks.%d", i), "weight", VT_SHAPE(1), .value = 0);
    write_two("a", VT_SHAPE(1), "b", VT_SHAPE(1));
    cr_assert(!vt_model_load("file", model));
    cr_assert(strstr(vt_error_message(), "no blocks.0.weight, no blocks.1.weight, "), "%s", vt_error_message());
    REFUSED(VT_ERROR_FILE, " more  at ");
    vt_model_free(model);
}

Test(model_load, in_part_leaves_the_rest_as_it_is)
{
    write_two("body", VT_SHAPE(2), "head", VT_SHAPE(5));
    vt_model *model = model_of("body", VT_SHAPE(2), "head", VT_SHAPE(3));
    cr_assert(vt_model_load("file", model, .partial = true), "%s", vt_error_message());
    assert_holds(model, "body", (double[]){ 0, 1 });
    assert_holds(model, "head", (double[]){ -1, -1, -1 });
    vt_model_free(model);
}

Test(model_load, integers_are_not_made_of_floats)
{
    vt_model *model = vt_model_new();
    vt_buffer(vt_root(model), "a", VT_SHAPE(2), 7, VT_I64);
    vt_parameter(vt_root(model), "b", VT_SHAPE(1), .value = 0);
    write_two("a", VT_SHAPE(2), "b", VT_SHAPE(1));
    cr_assert(!vt_model_load("file", model));
    REFUSED(VT_ERROR_FILE, "it has a of f32 instead of i64");
    vt_model_free(model);
}

static const struct {
    const char *what, *message;
    vt_name_rule rules[4];
} wrong_rules[] = {
    { "two for one name", "a is to become 'x', and so is b", { { "a", "x" }, { "b", "x" }, { 0 } } },
    { "the same part twice",
      "a is to become 'x', and so is b",
      { { "a", "x", .part = 1, .parts = 2 }, { "b", "x", .part = 1, .parts = 2 }, { 0 } } },
    { "a part that is missing",
      "'x' is to be made of 2 tensors, and 1 of them are there, as a",
      { { "a", "x", .part = 1, .parts = 2 }, { 0 } } },
    { "an axis that is not there",
      "b [2] does not fit behind the other parts of 'x'",
      { { "a", "x", .part = 0, .parts = 2, .axis = 1 }, { "b", "x", .part = 1, .parts = 2, .axis = 1 }, { 0 } } },
    { "parts of several shapes",
      "b [2] does not fit behind the other parts of 'x'",
      { { "a", "x", .part = 0, .parts = 2 }, { "b", "x", .part = 1, .parts = 2 }, { 0 } } },
    { "slices of several sizes",
      "a [3, 2] cannot be sliced or reordered as the rule \"a\" says",
      { { "a", "x", .slice = 0, .slices = 2 }, { 0 } } },
    { "a slice too many", "a [3, 2] cannot be sliced", { { "a", "x", .slice = 3, .slices = 3 }, { 0 } } },
    { "a slice of no axis", "a [3, 2] cannot be sliced", { { "a", "x", .slices = 3, .axis = 2 }, { 0 } } },
    { "an axis twice", "a [3, 2] cannot be sliced or reordered", { { "a", "x", .axes = { 2, { 0, -2 } } }, { 0 } } },
    { "too few axes", "a [3, 2] cannot be sliced or reordered", { { "a", "x", .axes = { 1, { 0 } } }, { 0 } } },
};

Test(model_load, refuses_rules_that_do_not_fit_by_name)
{
    write_two("a", VT_SHAPE(3, 2), "b", VT_SHAPE(2));
    vt_model *model = model_of("x", VT_SHAPE(3, 2), "b", VT_SHAPE(2));
    for (size_t i = 0; i < sizeof wrong_rules / sizeof *wrong_rules; i++) {
        cr_assert(!vt_model_load("file", model, .rules = wrong_rules[i].rules), "%s", wrong_rules[i].what);
        REFUSED(VT_ERROR_FILE, wrong_rules[i].message);
    }
    assert_holds(model, "b", (double[]){ -1, -1 });
    vt_model_free(model);
}

/* -- Made to fit --------------------------------------------------------------------------------------------------- */

Test(model_load, resizes_tables_over_a_window_and_lines)
{
    write_two("table", VT_SHAPE(9, 2), "line", VT_SHAPE(3, 1));
    vt_model *model = vt_model_new();
    vt_parameter(vt_root(model), "table", VT_SHAPE(25, 2), .grid = { 0, 0, 5, 5 });
    vt_parameter(vt_root(model), "line", VT_SHAPE(5, 1), .grid = { .axis = 0, .rows = 5 });
    cr_assert(!vt_model_load("file", model), "not asked for");
    vt_error_clear();
    cr_assert(vt_model_load("file", model, .resize = true), "%s", vt_error_message());
    double table[50], line[5];
    cr_assert(vt_read(vt_model_find(model, "table"), table, 50, VT_F64));
    cr_assert(vt_read(vt_model_find(model, "line"), line, 5, VT_F64));
    for (int i = 0; i < 2; i++) cr_assert_float_eq(table[2 * 12 + i], 8 + i, 1e-5, "the middle stays in the middle");
    cr_assert_float_eq(line[2], 101, 1e-4);
    cr_assert(line[0] < line[1] && line[1] < line[2] && line[2] < line[3] && line[3] < line[4]);
    vt_model_free(model);
}

/* Every row of the file's grid is 0 1 2: whatever becomes of rows, the mean of the columns is 1. */
Test(model_load, resizes_to_a_grid_of_one_column_as_to_any)
{
    static const float square[9] = { 0, 1, 2, 0, 1, 2, 0, 1, 2 };
    const safetensors_tensor tensor = { "table", VT_F32, VT_SHAPE(9), square };
    cr_assert(safetensors_write(VT_HERE, "file", &tensor, 1, NULL, 0), "%s", vt_error_message());
    vt_model *model = vt_model_new();
    vt_parameter(vt_root(model), "table", VT_SHAPE(2), .grid = { 0, 0, 2, 1 });
    cr_assert(vt_model_load("file", model, .resize = true), "%s", vt_error_message());
    double table[2];
    cr_assert(vt_read(vt_model_find(model, "table"), table, 2, VT_F64));
    for (int i = 0; i < 2; i++) cr_assert_float_eq(table[i], 1, 1e-6, "row %d is %g", i, table[i]);
    vt_model_free(model);
}

Test(model_load, refuses_grids_that_are_not_square)
{
    write_two("table", VT_SHAPE(6, 2), "line", VT_SHAPE(3, 1));
    vt_model *model = vt_model_new();
    vt_parameter(vt_root(model), "table", VT_SHAPE(25, 2), .grid = { 0, 0, 5, 5 });
    vt_parameter(vt_root(model), "line", VT_SHAPE(3, 1));
    cr_assert(!vt_model_load("file", model, .resize = true));
    cr_assert(strstr(vt_error_message(), "table [6, 2] instead of [25, 2]"), "%s", vt_error_message());
    vt_error_clear();
    vt_model_free(model);
}

Test(model_load, parameters_have_the_grid_that_they_say)
{
    vt_model *model = vt_model_new();
    vt_parameter(vt_root(model), "p", VT_SHAPE(1, 10, 2), .grid = { 1, 1, 3, 4 });
    REFUSED(VT_ERROR_ARGUMENT, "3 by 4");
    vt_parameter(vt_root(model), "p", VT_SHAPE(1, 13, 2), .grid = { 1, 1, 3, 4 });
    vt_grid grid = vt_model_entry(model, 0).grid;
    cr_assert(grid.axis == 1 && grid.prefix == 1 && grid.rows == 3 && grid.columns == 4);
    vt_model_free(model);
}
