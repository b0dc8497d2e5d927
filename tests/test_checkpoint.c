/* test_checkpoint.c - models and training states through files: the same bits, and refusals that change nothing. */
#include "core/context.h"
#include "io/safetensors.h"
#include "temporary.h"
#include "refused.h"
#include "left_behind.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <vitro/vitro.h>

static void begin(void)
{
    enter_folder();
    vt_set_device("reference");
    vt_seed(1);
}

static void end(void)
{
    expect_nothing_left();
    leave_folder();
}

#define SUITE(name) TestSuite(name, .init = begin, .fini = end)
SUITE(model_file);
SUITE(checkpoint);

/* -- A network with parameters of several shapes, a buffer, and dropout -------------------------------------------- */

typedef struct net {
    vt_model *model;
    vt_tensor w, b, head, mean;
} net;

static net make_net(uint64_t seed)
{
    net n = { .model = vt_model_new() };
    vt_path root = vt_root(n.model), body = vt_subpath(root, "body");
    vt_seed(seed);
    n.w = vt_parameter(body, "weight", VT_SHAPE(4, 3), VT_INIT_NORMAL, 1);
    n.b = vt_parameter(body, "bias", VT_SHAPE(4), VT_INIT_NORMAL, 1);
    n.head = vt_parameter(root, "head", VT_SHAPE(2, 4), VT_INIT_NORMAL, 1);
    n.mean = vt_buffer(root, "mean", VT_SHAPE(4), seed == 1 ? 0.5 : 0.25, VT_DTYPE_DEFAULT);
    cr_assert(!vt_failed(), "%s", vt_error_message());
    return n;
}

static vt_tensor loss_of(const net *n)
{
    vt_tensor x = vt_normal(VT_SHAPE(5, 3));
    vt_tensor h = vt_tanh(vt_add(vt_matmul(x, n->w, .transpose_b = true), n->b));
    vt_assign(n->mean, vt_scale(vt_add(n->mean, vt_sum(h, .axes = VT_AXES(0))), 0.5));
    h = vt_mul(h, vt_uniform(VT_SHAPE(5, 4))); /* as random as dropout */
    return vt_sum(vt_square(vt_matmul(vt_sub(h, vt_detach(n->mean)), n->head, .transpose_b = true)));
}

static void train(const net *n, vt_optimizer *o, int steps)
{
    for (int i = 0; i < steps; i++) {
        VT_SCOPE;
        vt_backward(loss_of(n));
        vt_clip_gradients(o, 1);
        vt_optimizer_step(o);
    }
    cr_assert(!vt_failed(), "%s", vt_error_message());
}

enum { COUNT = 12 + 4 + 8 + 4 };

static void read_net(const net *n, float *out)
{
    cr_assert(vt_read(n->w, out, 12, VT_F32) && vt_read(n->b, out + 12, 4, VT_F32), "%s", vt_error_message());
    cr_assert(vt_read(n->head, out + 16, 8, VT_F32) && vt_read(n->mean, out + 24, 4, VT_F32), "%s", vt_error_message());
}

static bool same_bits(const net *a, const net *b)
{
    float one[COUNT], other[COUNT];
    read_net(a, one);
    read_net(b, other);
    return memcmp(one, other, sizeof one) == 0;
}

/* What a refusal must leave alone. */
static void expect_unchanged(const net *n, const float *before)
{
    float now[COUNT];
    read_net(n, now);
    cr_assert(memcmp(now, before, sizeof now) == 0);
}

static void free_net(net *n, vt_optimizer *o)
{
    vt_optimizer_free(o);
    vt_model_free(n->model);
}

/* -- Models ------------------------------------------------------------------------------------------------------- */

Test(model_file, round_trip)
{
    net a = make_net(1), b = make_net(2);
    cr_assert(!same_bits(&a, &b));
    cr_assert(vt_model_save("model.safetensors", a.model), "%s", vt_error_message());
    cr_assert(vt_model_load("model.safetensors", b.model), "%s", vt_error_message());
    cr_assert(same_bits(&a, &b) && count_files() == 1);
    cr_assert(vt_trainable(b.w) && !vt_trainable(b.mean));
    free_net(&a, NULL);
    free_net(&b, NULL);
}

Test(model_file, has_the_state_dict_names)
{
    net a = make_net(1);
    cr_assert(vt_model_save("model.safetensors", a.model));
    safetensors *file = safetensors_open(VT_HERE, "model.safetensors");
    cr_assert(file && safetensors_count(file) == 4);
    const char *const names[] = { "body.bias", "body.weight", "head", "mean" };
    for (int i = 0; i < 4; i++) cr_expect_str_eq(safetensors_entries(file)[i].name, names[i]);
    safetensors_close(file);
    free_net(&a, NULL);
}

Test(model_file, has_what_is_to_be_said_of_the_model)
{
    net a = make_net(1);
    const vt_metadata said[] = { { "made by", "hand" }, { "colour", "\"gr\xc3\xbcn\"\n" }, { 0 } };
    cr_assert(vt_model_save("model.safetensors", a.model, .metadata = said), "%s", vt_error_message());
    vt_tensor_file *file = vt_tensor_file_open("model.safetensors");
    cr_assert(file && vt_tensor_file_size(file) == 4);
    for (int i = 0; said[i].key; i++) cr_expect_str_eq(vt_tensor_file_metadata(file, said[i].key), said[i].value);
    cr_expect_null(vt_tensor_file_metadata(file, "taste"));
    cr_expect_null(vt_tensor_file_metadata(file, NULL));
    cr_expect_null(vt_tensor_file_metadata(NULL, "colour"));
    vt_tensor_file_close(file);
    free_net(&a, NULL);
}

Test(model_file, says_each_thing_once)
{
    net a = make_net(1);
    const vt_metadata twice[] = { { "a", "1" }, { "b", "2" }, { "a", "3" }, { 0 } },
                      without[] = { { "a", NULL }, { 0 } };
    cr_assert(!vt_model_save("model.safetensors", a.model, .metadata = twice));
    cr_expect(strstr(vt_error_message(), "the metadata has \"a\" twice"), "%s", vt_error_message());
    vt_error_clear();
    cr_assert(!vt_model_save("model.safetensors", a.model, .metadata = without));
    cr_expect(strstr(vt_error_message(), "the metadata has \"a\" without a value"), "%s", vt_error_message());
    vt_error_clear();
    cr_expect(count_files() == 0);
    free_net(&a, NULL);
}

Test(model_file, what_is_recorded_is_saved)
{
    net a = make_net(1), b = make_net(2);
    {
        VT_SCOPE;
        vt_assign(a.b, vt_full(VT_SHAPE(4), 7));
        cr_assert(vt_model_save("model.safetensors", a.model));
    }
    cr_assert(vt_model_load("model.safetensors", b.model) && same_bits(&a, &b));
    float values[4];
    cr_assert(vt_read(b.b, values, 4, VT_F32) && values[0] == 7);
    free_net(&a, NULL);
    free_net(&b, NULL);
}

Test(model_file, another_precision_is_converted)
{
    net a = make_net(1), back = make_net(3);
    vt_set_precision(VT_F64);
    net b = make_net(2);
    cr_assert(vt_model_save("model.safetensors", a.model) && vt_model_load("model.safetensors", b.model));
    cr_assert(vt_dtype_of(b.w) == VT_F64 && same_bits(&a, &b));
    cr_assert(vt_model_save("wide.safetensors", b.model) && vt_model_load("wide.safetensors", back.model));
    cr_assert(vt_dtype_of(back.w) == VT_F32 && same_bits(&a, &back));
    free_net(&a, NULL);
    free_net(&b, NULL);
    free_net(&back, NULL);
}

Test(model_file, of_another_model)
{
    net a = make_net(1);
    vt_model *other = vt_model_new();
    vt_tensor w = vt_parameter(vt_subpath(vt_root(other), "body"), "weight", VT_SHAPE(3, 4), .value = 1);
    vt_parameter(vt_root(other), "tail", VT_SHAPE(2, 4), .value = 1);
    vt_parameter(vt_root(other), "head", VT_SHAPE(2, 4), .value = 1);
    cr_assert(vt_model_save("model.safetensors", a.model));
    cr_assert(!vt_model_load("model.safetensors", other));
    cr_assert(strstr(vt_error_message(), "no tail") && strstr(vt_error_message(), "body.weight [4, 3]"), "%s",
              vt_error_message());
    cr_assert(strstr(vt_error_message(), "unexpected body.bias") && strstr(vt_error_message(), "unexpected mean"), "%s",
              vt_error_message());
    REFUSED(VT_ERROR_FILE, "model.safetensors");
    float values[12];
    cr_assert(vt_read(w, values, 12, VT_F32) && values[0] == 1);
    cr_assert(vt_read(vt_model_find(other, "head"), values, 12, VT_F32) && values[0] == 1, "it fits, and stays");
    vt_model_free(other);
    free_net(&a, NULL);
}

Test(model_file, cut_off_anywhere)
{
    net a = make_net(1), b = make_net(2);
    float before[COUNT];
    read_net(&b, before);
    cr_assert(vt_model_save("model.safetensors", a.model));
    size_t size;
    char *bytes = read_test_file("model.safetensors", &size);
    for (size_t length = 0; length < size; length++) {
        write_test_file("cut.safetensors", bytes, length);
        cr_assert(!vt_model_load("cut.safetensors", b.model), "%zu of %zu bytes", length, size);
        REFUSED(VT_ERROR_FILE, "cut.safetensors");
    }
    expect_unchanged(&b, before);
    cr_assert(!vt_model_load("nowhere.safetensors", b.model));
    REFUSED(VT_ERROR_FILE, "nowhere.safetensors");
    free(bytes);
    free_net(&a, NULL);
    free_net(&b, NULL);
}

Test(checkpoint, notes_without_a_key_or_an_end_are_refused)
{
    vt_model *model = vt_model_new();
    vt_note notes[2] = { { "fine", "1" }, { NULL, "2" } };
    cr_assert(!vt_checkpoint_save("checkpoint", model, NULL, notes, 2));
    REFUSED(VT_ERROR_ARGUMENT, "checkpoint_save: the key of note 1 is NULL");
    notes[1].key = "endless";
    memset(notes[1].value, 'x', sizeof notes[1].value);
    cr_assert(!vt_checkpoint_save("checkpoint", model, NULL, notes, 2));
    REFUSED(VT_ERROR_ARGUMENT, "checkpoint_save: the value of note \"endless\" has no end");
    vt_model_free(model);
}

Test(model_file, that_cannot_be_written)
{
    net a = make_net(1);
    cr_assert(!vt_model_save("no/such/folder/model.safetensors", a.model));
    REFUSED(VT_ERROR_FILE, "model.safetensors");
    cr_assert(count_files() == 0);
    free_net(&a, NULL);
}

/* -- Training states ---------------------------------------------------------------------------------------------- */

static vt_optimizer *with_average(vt_optimizer *o)
{
    vt_optimizer_keep_average(o, 0.9);
    return o;
}

static vt_optimizer *make_optimizer(const net *n, int kind)
{
    switch (kind) {
    case 0: return vt_adamw(n->model, .lr = 0.05);
    case 1: return vt_sgd(n->model, .lr = 0.05, .momentum = 0.9, .nesterov = true);
    case 2: return vt_lion(n->model, .lr = 0.05);
    case 3: return vt_lamb(n->model, .lr = 0.05);
    case 4: return vt_muon(n->model, .lr = 0.05);
    case 5: return vt_schedule_free(n->model, .lr = 0.05);
    case 6: return with_average(vt_adamw(n->model, .lr = 0.05));
    default: return vt_sgd(n->model, .lr = 0.05);
    }
}

/* Four steps are two steps, a file, another process' objects, and two more steps. */
Test(checkpoint, a_resumed_run_has_the_same_bits)
{
    for (int kind = 0; kind < 8; kind++) {
        net whole = make_net(1);
        vt_optimizer *o = make_optimizer(&whole, kind);
        train(&whole, o, 2);
        cr_assert(vt_checkpoint_save("state", whole.model, o, NULL, 0), "%s", vt_error_message());
        train(&whole, o, 2);
        vt_random_state random = vt_random_get();

        net resumed = make_net(2);
        vt_optimizer *fresh = make_optimizer(&resumed, kind);
        train(&resumed, fresh, 1);
        cr_assert(vt_checkpoint_load("state", resumed.model, fresh), "%s", vt_error_message());
        cr_assert(vt_optimizer_steps(fresh, NULL) == 2 && vt_optimizer_steps(fresh, "body.bias") == 2);
        train(&resumed, fresh, 2);
        cr_assert(same_bits(&whole, &resumed), "optimiser %d", kind);
        cr_assert(vt_random_get().seed == random.seed && vt_random_get().stream == random.stream);
        free_net(&whole, o);
        free_net(&resumed, fresh);
    }
    cr_assert(count_files() == 1);
}

Test(checkpoint, keeps_each_parameters_count)
{
    net whole = make_net(1), resumed = make_net(2);
    vt_seed(1);
    vt_set_trainable(whole.b, false);
    vt_optimizer *o = make_optimizer(&whole, 0);
    train(&whole, o, 3);
    vt_set_trainable(whole.b, true);
    train(&whole, o, 1);
    cr_assert(vt_checkpoint_save("state", whole.model, o, NULL, 0));
    train(&whole, o, 2);
    vt_set_trainable(resumed.b, false); /* whose state is made by what the file has */
    vt_optimizer *fresh = make_optimizer(&resumed, 0);
    vt_set_trainable(resumed.b, true);
    cr_assert(vt_checkpoint_load("state", resumed.model, fresh), "%s", vt_error_message());
    cr_assert(vt_optimizer_steps(fresh, "body.bias") == 1 && vt_optimizer_steps(fresh, "head") == 4);
    train(&resumed, fresh, 2);
    cr_assert(same_bits(&whole, &resumed));
    free_net(&whole, o);
    free_net(&resumed, fresh);
}

Test(checkpoint, notes)
{
    net n = make_net(1);
    vt_optimizer *o = make_optimizer(&n, 0);
    const vt_note notes[] = { { "epoch", "17" }, { "recipe", "a \"quoted\" line\nand another, \xc3\xbc" } };
    cr_assert(vt_checkpoint_save("state", n.model, o, notes, 2));
    vt_note found[] = { { "recipe", "" }, { "epoch", "" } };
    cr_assert(vt_checkpoint_notes("state", found, 2));
    cr_expect_str_eq(found[0].value, notes[1].value);
    cr_expect_str_eq(found[1].value, "17");
    cr_assert(!vt_checkpoint_notes("state", (&(vt_note){ "elapsed", "" }), 1));
    REFUSED(VT_ERROR_FILE, "it has no note \"elapsed\"");
    free_net(&n, o);
}

Test(checkpoint, refusals_change_nothing)
{
    net a = make_net(1), b = make_net(2);
    vt_optimizer *adam = make_optimizer(&a, 0), *momentum = make_optimizer(&b, 1);
    float before[COUNT];
    train(&b, momentum, 1);
    read_net(&b, before);
    vt_random_state random = vt_random_get();
    cr_assert(vt_checkpoint_save("state", a.model, adam, NULL, 0) && vt_model_save("model", a.model));
    cr_assert(!vt_checkpoint_load("state", b.model, momentum));
    REFUSED(VT_ERROR_FILE, "momentum_buffer");
    cr_assert(!vt_checkpoint_load("model", b.model, momentum));
    REFUSED(VT_ERROR_FILE, "model is no checkpoint");
    size_t size;
    char *bytes = read_test_file("state", &size);
    for (size_t length = 0; length < size; length += 37) {
        write_test_file("cut", bytes, length);
        cr_assert(!vt_checkpoint_load("cut", b.model, momentum));
        REFUSED(VT_ERROR_FILE, "cut");
    }
    free(bytes);
    expect_unchanged(&b, before);
    cr_assert(vt_random_get().stream == random.stream && vt_random_get().seed == random.seed);
    cr_assert(vt_optimizer_steps(momentum, NULL) == 1 && vt_optimizer_steps(momentum, "head") == 1);
    free_net(&a, adam);
    free_net(&b, momentum);
}

/* Writes the file again with another value for one of its notes. */
static void falsify(const char *key, const char *value)
{
    safetensors *file = safetensors_open(VT_HERE, "state");
    size_t count = safetensors_count(file);
    safetensors_tensor *tensors = calloc(count, sizeof *tensors);
    for (size_t i = 0; i < count; i++) {
        const safetensors_entry *e = &safetensors_entries(file)[i];
        void *data = calloc((size_t)vt_shape_count(e->shape) + 1, 8);
        cr_assert(safetensors_load(VT_HERE, file, e, data));
        tensors[i] = (safetensors_tensor){ e->name, e->dtype, e->shape, data };
    }
    const char *const keys[] = { "optimizer.steps", "random.seed", "random.stream", "device.choices" };
    safetensors_note notes[4];
    for (int i = 0; i < 4; i++) {
        const char *kept = safetensors_find_note(file, keys[i]);
        notes[i] = (safetensors_note){ keys[i], strcmp(keys[i], key) == 0 ? value : kept };
    }
    cr_assert(safetensors_write(VT_HERE, "false", tensors, count, notes, 4), "%s", vt_error_message());
    for (size_t i = 0; i < count; i++) free((void *)tensors[i].data);
    free(tensors);
    safetensors_close(file);
}

Test(checkpoint, with_damaged_notes)
{
    net n = make_net(1);
    vt_optimizer *o = make_optimizer(&n, 0);
    train(&n, o, 2);
    float before[COUNT];
    read_net(&n, before);
    cr_assert(vt_checkpoint_save("state", n.model, o, NULL, 0));
    train(&n, o, 1);
    read_net(&n, before);
    const char *const damaged[][2] = {
        { "optimizer.steps", "2 2" },        { "optimizer.steps", "2 2 2 2 -1 2" },
        { "optimizer.steps", "2 x 2 2 -1" }, { "optimizer.steps", "2 2 2 -7 -1" },
        { "optimizer.steps", "" },           { "random.seed", "one" },
        { "random.stream", "-3" },           { "random.stream", "7 " },
        { "device.choices", "cpu" },
    };
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        falsify(damaged[i][0], damaged[i][1]);
        cr_assert(!vt_checkpoint_load("false", n.model, o), "%s: %s", damaged[i][0], damaged[i][1]);
        REFUSED(VT_ERROR_FILE, damaged[i][0]);
        expect_unchanged(&n, before);
        cr_assert(vt_optimizer_steps(o, NULL) == 3);
    }
    falsify("random.seed", "5");
    cr_assert(vt_checkpoint_load("false", n.model, o), "%s", vt_error_message());
    cr_assert(vt_random_get().seed == 5 && vt_optimizer_steps(o, NULL) == 2);
    free_net(&n, o);
}

/* As a full disk or a crash would leave it: the old file is whole. */
Test(checkpoint, the_old_one_stays_until_the_new_one_is_complete)
{
    net n = make_net(1);
    vt_optimizer *o = make_optimizer(&n, 0);
    cr_assert(vt_checkpoint_save("state", n.model, o, NULL, 0));
    size_t size, again;
    char *bytes = read_test_file("state", &size);
    const vt_note bad[] = { { "key", "not UTF-8: \xff" } };
    train(&n, o, 1);
    cr_assert(!vt_checkpoint_save("state", n.model, o, bad, 1));
    cr_assert(vt_failed());
    vt_error_clear();
    char *now = read_test_file("state", &again);
    cr_assert(size == again && memcmp(bytes, now, size) == 0 && count_files() == 1);
    free(now);
    free(bytes);
    free_net(&n, o);
}
