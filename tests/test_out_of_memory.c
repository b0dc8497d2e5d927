/* test_out_of_memory.c - a training step in which each allocation in turn fails, or one in EVERY: an error every time,
 * never a crash, a leak or a wrong number, and the next step is a good one. The linker sends the library's allocations
 * here. */
#include "core/context.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vitro/vitro.h>

/* -- Allocations that fail when they are told to ------------------------------------------------------------------- */

static long countdown; /* the allocation that fails, counted from 1; 0: none */
static bool for_good;  /* every later one fails too */
static bool has_failed;

static bool fails(void)
{
    if (countdown == 0) return false;
    if (countdown > 1) {
        countdown--;
        return false;
    }
    countdown = for_good;
    errno = ENOMEM;
    return has_failed = true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

/* -- What is done with little memory ------------------------------------------------------------------------------- */

static const char *device;
static bool eager, decomposed, with_files;

static vt_tensor loss_of(vt_tensor w, vt_tensor b, vt_tensor mean)
{
    vt_tensor x = vt_normal(VT_SHAPE(16, 8)), y;
    {
        VT_SCOPE;
        vt_tensor scaled = vt_detach(vt_affine(x, 0.5, 0.25));
        y = vt_keep(scaled);
    }
    vt_tensor h = vt_tanh(vt_add(vt_matmul(y, w, .transpose_b = true), b));
    vt_assign(mean, vt_scale(vt_add(mean, vt_sum(h, .axes = VT_AXES(0))), 0.5));
    return vt_sum(vt_square(vt_sub(vt_permute(h, VT_AXES(1, 0)), vt_reshape(mean, VT_SHAPE(-1, 1)))));
}

/* What the model holds does not change. */
static void use_files(vt_model *model, vt_optimizer *optimizer)
{
    static const char *const files[] = { VITRO_FIXTURES "/legacy.pth", VITRO_FIXTURES "/training.pth" };
    static const vt_name_rule rules[] = { { .from = "w", .to = "w" }, { 0 } };
    VT_SCOPE;
    if (vt_checkpoint_save("state", model, optimizer, NULL, 0)) vt_checkpoint_load("state", model, optimizer);
    if (vt_model_save("weights", model)) vt_model_load("weights", model, .rules = rules);
    for (int i = 0; i < 2; i++) {
        vt_tensor_file *file = vt_tensor_file_open(files[i]);
        if (file) vt_tensor_file_load(file, "stem.weight");
        vt_tensor_file_close(file);
    }
}

/* The sum of what two steps give, from objects of its own. NaN with an error standing where one did not. */
static double train(bool files)
{
    vt_set_device(device);
    vt_set_eager(eager);
    context_get()->force_decompose = decomposed;
    vt_seed(3);
    vt_model *model = vt_model_new();
    vt_path root = vt_root(model);
    vt_tensor w = vt_parameter(root, "w", VT_SHAPE(40, 8), VT_INIT_TRUNCATED_NORMAL, 0.5);
    vt_tensor b = vt_parameter(root, "b", VT_SHAPE(40), .value = 0.5),
              mean = vt_buffer(root, "mean", VT_SHAPE(40), 0, VT_F32);
    vt_optimizer *adamw = vt_adamw(model, .lr = 0.1);
    vt_optimizer_keep_average(adamw, 0.5);
    double sum = 0;
    for (int step = 0; step < 2; step++) {
        VT_SCOPE;
        vt_tensor loss = loss_of(w, b, mean);
        vt_backward(loss);
        vt_accumulate_gradients(adamw, 0.5);
        vt_tensor norm = vt_clip_gradients(adamw, 0.5);
        vt_optimizer_step(adamw);
        sum += vt_item(loss) + vt_item(norm);
    }
    {
        VT_SCOPE;
        vt_tensor gradient;
        vt_gradients(vt_exp(vt_mul(w, w)), VT_INERT, &w, 1, &gradient);
        sum += vt_item(vt_sum(w)) + vt_item(vt_sum(gradient));
    }
    vt_optimizer_evaluate(adamw, true);
    {
        VT_SCOPE;
        sum += vt_item(vt_sum(w));
    }
    vt_optimizer_evaluate(adamw, false);
    if (files) use_files(model, adamw);
    {
        VT_SCOPE;
        sum += vt_item(vt_sum(b));
    }
    vt_optimizer_free(adamw);
    vt_model_free(model);
    return sum;
}

/* -- The trials: each in a thread, and so a context, of its own ---------------------------------------------------- */

static double want;

static bool expect(bool true_one, const char *what, long number)
{
    if (!true_one)
        printf("%s, eager %d, decomposed %d, files %d, for good %d, allocation %ld: %s; %s\n", device, eager,
               decomposed, with_files, for_good, number, what, vt_error_message());
    return true_one;
}

static bool nothing_is_left(void)
{
    vt_statistics s = vt_statistics_get();
    return s.live_tensors == 0 && s.live_bytes == 0 && context_get()->depth == 0 && !context_get()->pending_effects;
}

/* *result: in, the allocation to fail, or 0; out, -1 where the trial went wrong, 0 where none failed. */
static void *trial(void *result)
{
    long number = *(long *)result;
    has_failed = false;
    countdown = number;
    double sum = train(with_files);
    bool failed = has_failed;
    countdown = 0;
    bool good = expect(vt_failed() ? vt_error_status() == VT_ERROR_MEMORY : sum == want || number == 0,
                       "another error, or another result", number);
    good &= expect(failed || !vt_failed(), "an error without a cause", number);
    vt_error_clear();
    good &= expect(nothing_is_left(), "something is left", number);
    if (number == 0) want = sum;
    good &= expect(train(false) == want && !vt_failed(), "the next training is another", number);
    good &= expect(nothing_is_left(), "something is left after that", number);
    vt_set_eager(false);
    *(long *)result = !good ? -1 : failed;
    return NULL;
}

static long run_trial(long number)
{
    pthread_t thread;
    long result = number;
    if (pthread_create(&thread, NULL, trial, &result) != 0) return -1;
    pthread_join(thread, NULL);
    return result;
}

static bool test(const char *on, bool has_files, bool is_eager, bool is_decomposed)
{
    device = on;
    with_files = has_files;
    eager = is_eager;
    decomposed = is_decomposed;
    bool good = true;
    for_good = false;
    if (run_trial(0) != 0) return false;
    for (int again = 0; again < 2; again++) {
        for_good = again;
        long number = 1, result;
        while ((result = run_trial(number)) != 0) {
            good &= result > 0;
            number += EVERY;
        }
        printf("%s, eager %d, decomposed %d, files %d, for good %d: %ld allocations\n", device, eager, decomposed,
               with_files, for_good, number - 1);
        good &= number > 50; /* or nothing was tested */
    }
    return good;
}

int main(void)
{
    char folder[] = "/tmp/vitro-test-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) return 1;
    bool good = test("cpu", true, false, false);
    good &= test("cpu", false, true, false);
    good &= test("cpu", false, false, true);
    good &= test("reference", false, false, false);
    remove("state");
    rmdir(folder);
    return good ? 0 : 1;
}
