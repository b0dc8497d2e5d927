/* test_cudnn.cpp - convolutions by cuDNN, whose execution a stand-in plays: the plans that are taken, what they are
 * handed, capture, gradients in f32 of bf16, and what runs where none can. */
#include <criterion/criterion.h> /* before the toolkit has words of its own */
#include "../left_behind.h"
#include "../printed.h"
#include "backends/cuda/cudnn/cudnn_plan.h"
extern "C" {
#include "core/backend.h"
#include "core/base/bf16.h"
}
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

using on_host::cudnn;

enum { BATCH = 3, CHANNELS = 8, OUTPUTS = 16, SIZE = 7, KERNEL = 3 };
enum { X_COUNT = BATCH * CHANNELS * SIZE * SIZE, WEIGHT_COUNT = OUTPUTS * CHANNELS * KERNEL * KERNEL };
enum { Y_COUNT = BATCH * OUTPUTS * SIZE * SIZE };

/* What bf16 holds, so that products are exact. */
static float number(int which, int i)
{
    return (float)((i * 37 + which * 11) % 17 - 8) / 8;
}

static vt_tensor tensor_of(int which, vt_shape shape)
{
    float data[Y_COUNT];
    for (int i = 0; i < vt_shape_count(shape); i++) data[i] = number(which, i);
    return vt_from_data(data, shape, VT_F32);
}

/* y, dx and dweight, of a device. */
typedef struct solution {
    float y[Y_COUNT], dx[X_COUNT], dweight[WEIGHT_COUNT];
} solution;

/* Top, bottom, left and right. */
static int padding[] = { 1, 1, 1, 1 };

static void solve(const char *device, solution *s)
{
    vt_scope scope = vt_scope_begin();
    vt_set_device(device);
    vt_tensor in[] = { tensor_of(1, { 4, { BATCH, CHANNELS, SIZE, SIZE } }),
                       tensor_of(2, { 4, { OUTPUTS, CHANNELS, KERNEL, KERNEL } }) };
    vt_conv2d_args a = vt_conv2d_defaults();
    a.at_ = VT_HERE;
    a.x = in[0];
    a.weight = in[1];
    memcpy(a.padding_sides, padding, sizeof padding);
    vt_tensor y = vt_conv2d_with(&a), gradient[2];
    vt_gradients_at(VT_HERE, y, tensor_of(3, { 4, { BATCH, OUTPUTS, SIZE, SIZE } }), in, 2, gradient);
    cr_assert(vt_read(y, s->y, Y_COUNT, VT_F32) && vt_read(gradient[0], s->dx, X_COUNT, VT_F32) &&
                  vt_read(gradient[1], s->dweight, WEIGHT_COUNT, VT_F32),
              "%s", vt_error_message());
    vt_scope_end(&scope);
}

static void expect_close(const char *what, const float *got, const float *want, int count, float relative)
{
    for (int i = 0; i < count; i++)
        cr_assert(fabsf(got[i] - want[i]) <= 1e-4f + relative * fabsf(want[i]), "element %d of %s is %g, not %g", i,
                  what, (double)got[i], (double)want[i]);
}

/* Against the reference: results that are rounded to bf16 are off by so much. */
static void expect_right(float y, float dweight)
{
    vt_dtype precision = vt_precision();
    solution want, got;
    vt_set_precision(VT_F32);
    solve("reference", &want);
    vt_set_device("cuda");
    vt_set_precision(precision);
    solve("cuda", &got);
    expect_close("y", got.y, want.y, Y_COUNT, y);
    expect_close("dx", got.dx, want.dx, X_COUNT, y);
    expect_close("dweight", got.dweight, want.dweight, WEIGHT_COUNT, dweight);
}

static int executions()
{
    int count = 0;
    for (int each : cudnn.executed) count += each;
    return count;
}

/* The first plan of each convolution is taken. */
static void init()
{
    setenv("VT_STRICT", "1", 1);
    setenv("VT_TUNE", "0", 1);
    setenv("CUDA_ON_HOST_ORDER", "7", 1);
    setenv("CUDA_ON_HOST_DEFER", "1", 1);
    vt_set_device("cuda");
    cr_assert(!vt_failed(), "%s", vt_error_message());
}

static void fini()
{
    expect_nothing_left();
}

/* -- Plans --------------------------------------------------------------------------------------------------------- */

TestSuite(cudnn, .init = init, .fini = fini);

static convolution problem()
{
    convolution p = {};
    p.batch = BATCH;
    p.channels = CHANNELS;
    p.outputs = OUTPUTS;
    p.groups = 1;
    for (int i = 0; i < 2; i++) {
        p.size[i] = p.output[i] = SIZE;
        p.kernel[i] = KERNEL;
        p.stride[i] = p.padding[i] = p.dilation[i] = 1;
    }
    p.dtype = p.result_dtype = VT_F32;
    return p;
}

Test(cudnn, proposes_each_engine_once_and_none_that_adds_in_any_order)
{
    enum { MOST = 6 };
    const cudnn_library *library = cudnn_load();
    cudnnBackendDescriptor_t device = cudnn_describe_device(library, NULL);
    cudnn_plan plans[MOST];
    const convolution p = problem();
    const int count = cudnn_make_plans(library, &p, device, plans, MOST);
    cr_assert(count == 3, "%d plans", count);
    cr_assert(strncmp(plans[0].name, "0-", 2) == 0 && strncmp(plans[1].name, "1-", 2) == 0 &&
                  strncmp(plans[2].name, "3-", 2) == 0,
              "%s, %s, %s", plans[0].name, plans[1].name, plans[2].name);
    cr_assert(plans[0].workspace == 0 && plans[1].workspace > 0);
    for (int i = 0; i < count; i++) {
        library->BackendDestroyDescriptor(plans[i].plan);
        library->BackendDestroyDescriptor(plans[i].configuration);
    }
    library->BackendDestroyDescriptor(device);
}

/* -- Execution ----------------------------------------------------------------------------------------------------- */

Test(cudnn, computes_forward_and_backward)
{
    expect_right(0, 0);
    cr_assert(cudnn.executed[on_host::CUDNN_FAST] == 3 && executions() == 3, "%d executions", executions());
}

/* Working memory is handed over, and lies as the library wants it. */
Test(cudnn, times_its_plans_and_ours_and_keeps_the_fastest)
{
    setenv("VT_TUNE", "1", 1);
    expect_right(0, 0);
    cr_assert(cudnn.executed[on_host::CUDNN_WITH_WORKSPACE] && cudnn.executed[on_host::CUDNN_LEFT] &&
              !cudnn.executed[on_host::CUDNN_NONDETERMINISTIC]);
    const int tried = executions();
    expect_right(0, 0);
    cr_assert(executions() <= tried + 3, "%d executions after %d", executions(), tried);
}

/* What lies behind x is not what lies before it. */
Test(cudnn, is_told_of_the_padding_of_each_side)
{
    const int sides[] = { 2, 0, 0, 2 };
    memcpy(padding, sides, sizeof sides);
    expect_right(0, 0);
    cr_assert(executions() == 3, "%d executions", executions());
}

/* What cannot be had from it is our own. */
Test(cudnn, leaves_what_fails_to_our_own_code)
{
    cudnn.failing = on_host::CUDNN_FAST;
    expect_right(0, 0);
    cr_assert(executions() == 0, "%d executions", executions());
}

static void solve_twice()
{
    expect_right(0, 0);
    expect_right(0, 0);
}

static void expect_why(const char *words)
{
    char text[4096];
    setenv("VT_LOG", "tune", 1);
    printed(solve_twice, text, sizeof text);
    cr_assert(count_of(text, words) == 1 && executions() == 0, "%d executions: %s", executions(), text);
}

Test(cudnn, says_once_that_it_does_not_start)
{
    cudnn.refuses_to_start = true;
    expect_why("cuDNN CUDNN_STATUS_NOT_INITIALIZED: convolutions are this library's own");
}

Test(cudnn, says_once_that_it_is_too_old)
{
    cudnn.is_old = true;
    expect_why("cuDNN does not describe the device, as 9.8 and newer do: convolutions are this library's own");
}

/* From the third run on nothing is executed: what was is launched again. */
Test(cudnn, is_captured_with_the_rest_of_a_step)
{
    enum { RUNS = 6, CAPTURED = 3 };
    solution first, again;
    solve("cuda", &first);
    for (int run = 1; run < RUNS; run++) {
        const int before = executions();
        solve("cuda", &again);
        cr_assert(run < CAPTURED ? executions() == before + 3 : executions() == before, "run %d: %d executions", run,
                  executions() - before);
        cr_assert(memcmp(&first, &again, sizeof first) == 0, "run %d has other bits", run);
    }
}

/* -- bf16 ---------------------------------------------------------------------------------------------------------- */

static const float ROUNDED = 0x1p-8f;

static void begin_bf16(bool widens)
{
    cudnn.widens = widens;
    vt_set_precision(VT_BF16);
    cr_assert(vt_precision() == VT_BF16, "%s", vt_error_message());
}

/* How many are no numbers of bf16. */
static int finer_than_bf16(const float *x, int count)
{
    int finer = 0;
    for (int i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, &x[i], sizeof word);
        finer += (word & 0xffff) != 0;
    }
    return finer;
}

Test(cudnn, gives_gradients_of_weights_in_f32_where_it_can)
{
    solution s;
    begin_bf16(true);
    expect_right(ROUNDED, 0);
    solve("cuda", &s);
    cr_assert(finer_than_bf16(s.dweight, WEIGHT_COUNT) > 0);
}

Test(cudnn, leaves_them_to_our_own_code_where_it_cannot)
{
    solution s;
    begin_bf16(false);
    expect_right(ROUNDED, 0);
    solve("cuda", &s);
    cr_assert(finer_than_bf16(s.dweight, WEIGHT_COUNT) > 0);
    cr_assert(executions() == 0, "%d executions", executions());
}

/* -- Threads ------------------------------------------------------------------------------------------------------- */

static void *solve_in_thread(void *to)
{
    for (int run = 0; run < 4; run++) solve("cuda", (solution *)to);
    vt_shutdown();
    return NULL;
}

/* One handle serves them all, in a stream of each. */
Test(cudnn, serves_several_threads)
{
    enum { THREADS = 3 };
    static solution s[THREADS], want;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) cr_assert(pthread_create(&threads[i], NULL, solve_in_thread, &s[i]) == 0);
    for (pthread_t thread : threads) pthread_join(thread, NULL);
    solve("reference", &want);
    for (const solution &got : s) {
        expect_close("y", got.y, want.y, Y_COUNT, 0);
        expect_close("dx", got.dx, want.dx, X_COUNT, 0);
        expect_close("dweight", got.dweight, want.dweight, WEIGHT_COUNT, 0);
    }
}
