/* test_queue.cpp - the CUDA backend's queue where the device lags behind: a start that fails, and uploads, which go
 * beside the work that is queued. */
#include <criterion/criterion.h> /* before the toolkit has words of its own */
#include "../left_behind.h"
#include "backends/cuda/machine/device_internal.h"
extern "C" {
#include "core/backend.h"
}
#include <math.h>

/* -- Its start ----------------------------------------------------------------------------------------------------- */

Test(start, leaves_nothing_where_it_fails)
{
    const device_queue *queue = backend_find("cuda")->queue;
    int needed = 0;
    for (bool started = false; !started; needed++) {
        on_host::refuse_after(needed);
        started = queue->start();
        on_host::refuse_after(-1);
        cr_assert(started != vt_failed(), "%s", vt_error_message());
        cr_assert(started || on_host::things_alive() == 0, "%d of %d are left", on_host::things_alive(), needed);
        vt_error_clear();
    }
    cr_assert(needed > MARKS && queue->start(), "it may be started again");
    queue->stop();
    cr_assert(on_host::things_alive() == 0, "%d are left", on_host::things_alive());
}

/* -- Uploads ------------------------------------------------------------------------------------------------------- */

enum { SIDE = 24, COUNT = SIDE * SIDE };

static void begin(const char *order)
{
    setenv("CUDA_ON_HOST_ORDER", order, 1);
    setenv("CUDA_ON_HOST_DEFER", "1", 1);
    vt_set_device("cuda");
    cr_assert(!vt_failed(), "%s", vt_error_message());
}

/* What can go on beside what is waited for does so first: an upload that does not wait for its memory writes there. */
static void uploads_first()
{
    begin("reversed");
}

static void fini()
{
    expect_nothing_left();
}

static float numbers(int time, int number)
{
    return sinf((float)(number + 7 * time));
}

static vt_tensor upload(int time)
{
    float data[COUNT];
    for (int i = 0; i < COUNT; i++) data[i] = numbers(time, i);
    return vt_from_data(data, (vt_shape{ 2, { SIDE, SIDE } }), VT_F32);
}

/* Whether x is what the function makes of the numbers. */
template <class Function> static void expect(vt_tensor x, Function function)
{
    float got[COUNT];
    cr_assert(vt_read(x, got, COUNT, VT_F32), "%s", vt_error_message());
    for (int i = 0; i < COUNT; i++)
        cr_assert(fabsf(got[i] - function(i)) < 1e-4f, "element %d is %g, not %g", i, (double)got[i],
                  (double)function(i));
}

static float negative(int number)
{
    return -numbers(1, number);
}

/* Queues all that has been recorded, and waits for none of it. */
static void queue_all()
{
    const float one = 1;
    vt_tensor x = vt_from_data(&one, (vt_shape{}), VT_F32);
    vt_assign(x, vt_neg(x));
    vt_flush();
}

TestSuite(uploads, .init = uploads_first, .fini = fini);

Test(uploads, wait_for_what_reads_their_memory)
{
    vt_scope scope = vt_scope_begin();
    vt_tensor x = upload(1), y = vt_neg(x);
    queue_all();
    vt_free(x);
    upload(2);
    expect(y, negative);
    vt_scope_end(&scope);
}

Test(uploads, wait_for_what_writes_their_memory)
{
    vt_scope scope = vt_scope_begin();
    vt_tensor y = vt_exp(upload(1));
    queue_all();
    vt_free(y);
    expect(upload(2), [](int i) { return numbers(2, i); });
    vt_scope_end(&scope);
}

static vt_tensor upload_and_turn()
{
    vt_scope scope = vt_scope_begin();
    vt_tensor turned = vt_keep(vt_transpose(upload(1), 0, 1));
    vt_scope_end(&scope);
    return turned;
}

/* A leaf that does not lie in memory as an effect writes it is copied first. */
Test(uploads, wait_for_the_copy_of_a_leaf)
{
    vt_scope scope = vt_scope_begin();
    vt_tensor turned = upload_and_turn();
    vt_assign(turned, vt_neg(turned));
    vt_flush();
    upload(2);
    expect(turned, [](int i) { return negative(i % SIDE * SIDE + i / SIDE); });
    vt_scope_end(&scope);
}

Test(uploads, wait_where_a_tensor_is_written_again)
{
    vt_scope scope = vt_scope_begin();
    float data[COUNT];
    for (int i = 0; i < COUNT; i++) data[i] = numbers(2, i);
    vt_tensor x = upload(1), y = vt_neg(x);
    queue_all();
    cr_assert(vt_write(x, data), "%s", vt_error_message());
    expect(y, negative);
    vt_scope_end(&scope);
}

/* -- Beside steps that are launched as one ------------------------------------------------------------------------- */

enum { STEPS = 8 };

/* total += tanh(batch weight) */
static vt_tensor step(vt_tensor total, vt_tensor weight, vt_tensor batch)
{
    vt_matmul_args product = {};
    product.at_ = VT_HERE;
    product.a = batch;
    product.b = weight;
    vt_tensor y = vt_tanh(vt_matmul_with(&product));
    vt_assign(total, vt_add(total, y));
    return y;
}

static float total_of(int number)
{
    const int row = number / SIDE, column = number % SIDE;
    float total = numbers(100, number);
    for (int time = 0; time < STEPS; time++) {
        float sum = 0;
        for (int k = 0; k < SIDE; k++) sum += numbers(time, row * SIDE + k) * numbers(99, k * SIDE + column);
        total += tanhf(sum);
    }
    return total;
}

/* A result that is kept is given back behind the batch, and before the next one is uploaded. */
static void run_steps(bool keeps_result, void (*watch)())
{
    vt_scope all = vt_scope_begin();
    vt_tensor total = upload(100), weight = upload(99);
    for (int time = 0; time < STEPS; time++) {
        vt_scope scope = vt_scope_begin();
        vt_tensor batch = upload(time);
        if (watch && time == STEPS - 1) watch();
        vt_tensor y = step(total, weight, batch);
        if (keeps_result) vt_keep(y);
        vt_scope_end(&scope);
        if (keeps_result) vt_free(y);
    }
    expect(total, total_of);
    vt_scope_end(&all);
}

Test(uploads, wait_for_the_copy_that_a_graph_makes)
{
    run_steps(false, NULL);
    run_steps(true, NULL);
}

static void expect_upload_before_step()
{
    cr_assert(on_host::work_left(device.copy) && on_host::work_left(device.compute), "nothing has waited");
    cudaStreamSynchronize(device.copy);
    cr_assert(on_host::work_left(device.compute), "it waited for the whole of the step before");
}

static void in_order()
{
    begin("");
}

/* Nothing runs that is not waited for. */
TestSuite(overlap, .init = in_order, .fini = fini);

Test(overlap, an_upload_is_complete_before_the_step_before_it_is)
{
    run_steps(false, expect_upload_before_step);
}

Test(overlap, nor_does_it_take_memory_that_the_step_before_writes)
{
    run_steps(true, expect_upload_before_step);
}

/* There are fewer events than marks. */
Test(overlap, what_waits_for_an_old_mark_waits_for_no_new_one)
{
    const device_queue *queue = backend_find("cuda")->queue;
    const float one = 1;
    void *memory = backend_find("cuda")->allocate(sizeof one);
    for (int later = 0; later < 2 * MARKS; later++) {
        const uint64_t old = queue->mark();
        for (int i = 0; i < later; i++) cr_assert(queue->push(memory, &one, sizeof one) && queue->mark());
        cr_assert(queue->push(memory, &one, sizeof one));
        cr_assert(queue->upload(memory, &one, sizeof one, old));
        cudaStreamSynchronize(device.copy);
        const int left = on_host::work_left(device.compute), most = later < MARKS ? later : MARKS - 1;
        cr_assert(left >= most + 1, "%d marks later: %d left", later, left);
        cr_assert(queue->finish());
    }
    backend_find("cuda")->release(memory, sizeof one);
}
