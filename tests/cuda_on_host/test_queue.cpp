/* test_queue.cpp - the CUDA backend's queue where the device lags behind: a start that fails, and uploads, which go
 * beside the work that is queued. */
#include <criterion/criterion.h> /* before the toolkit has words of its own */
#include "../left_behind.h"
#include "../printed.h"
#include "backends/cuda/machine/device_internal.h"
#include <nvtx3/nvToolsExt.h>
extern "C" {
#include "core/backend.h"
#include <vitro/data.h>
#include <vitro/index.h>
}
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void run_uncaptured_steps()
{
    vt_set_device("cuda");
    run_steps(false, NULL);
}

/* The steps run one by one then. */
Test(uploads, of_steps_that_cannot_be_captured_say_why)
{
    for (const char *function : { "cudaStreamEndCapture", "cudaGraphInstantiate" }) {
        char text[1 << 14], words[256];
        setenv("VT_LOG", "plan", 1);
        on_host::let_fail(function, cudaErrorNotSupported);
        printed(run_uncaptured_steps, text, sizeof text);
        snprintf(words, sizeof words, "cannot be launched as one: device cuda: %s: operation not supported", function);
        cr_assert(count_of(text, words) == 1 && count_of(text, "are now launched as one") == 0, "%s", text);
        vt_shutdown();
    }
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

/* -- Batches of loaders, from memory that the device reads by itself ----------------------------------------------- */

enum { PICTURES = 40, OF_BATCH = 5, EPOCHS = 2, COLOURS = 2, EDGE = 3, PICTURE = COLOURS * EDGE * EDGE };

static const float mean[COLOURS] = { 0.4f, 0.6f }, deviation[COLOURS] = { 0.25f, 0.5f };

static uint8_t pixel(int picture, int number)
{
    return (uint8_t)(picture * 29 + number * 13);
}

static float normalized(int picture, int number)
{
    const int colour = number / (EDGE * EDGE);
    const float scale = 1 / (255 * deviation[colour]), shift = -mean[colour] / deviation[colour];
    return (float)pixel(picture, number) * scale + shift;
}

static vt_loader *open_loader(int workers)
{
    static uint8_t pixels[PICTURES * PICTURE];
    static int64_t labels[PICTURES];
    static vt_dataset pictures;
    for (int i = 0; i < PICTURES * PICTURE; i++) pixels[i] = pixel(i / PICTURE, i % PICTURE);
    for (int i = 0; i < PICTURES; i++) labels[i] = i % 3;
    pictures.count = PICTURES;
    pictures.channels = COLOURS;
    pictures.height = pictures.width = EDGE;
    pictures.images = pixels;
    pictures.labels = labels;
    pictures.classes = 3;
    vt_loader_args a = vt_loader_defaults();
    a.dataset = &pictures;
    a.batch = OF_BATCH;
    a.mean = mean;
    a.std = deviation;
    a.workers = workers;
    return vt_loader_open_with(&a);
}

/* total += batch, for all batches of some epochs. */
static void add_batches(vt_loader *loader, vt_tensor total, void (*watch)())
{
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        for (;;) {
            vt_scope scope = vt_scope_begin();
            vt_batch batch;
            const bool there = vt_loader_next_tensors(loader, &batch);
            if (there) {
                if (watch && epoch == EPOCHS - 1 && batch.index == 6) watch();
                vt_assign(total, vt_add(total, batch.images));
                vt_flush();
            }
            vt_scope_end(&scope);
            if (!there) break;
        }
    }
}

static void expect_sums(int workers, void (*watch)())
{
    vt_scope scope = vt_scope_begin();
    static const float zeros[OF_BATCH * PICTURE] = {};
    float sums[OF_BATCH * PICTURE];
    const vt_shape shape = { 4, { OF_BATCH, COLOURS, EDGE, EDGE } };
    vt_tensor total = vt_from_data(zeros, shape, VT_F32);
    vt_loader *loader = open_loader(workers);
    cr_assert(loader, "%s", vt_error_message());
    add_batches(loader, total, watch);
    vt_loader_close(loader);
    cr_assert(vt_read(total, sums, OF_BATCH * PICTURE, VT_F32), "%s", vt_error_message());
    for (int i = 0; i < OF_BATCH * PICTURE; i++) {
        float expected = 0;
        for (int epoch = 0; epoch < EPOCHS; epoch++)
            for (int first = 0; first < PICTURES; first += OF_BATCH)
                expected += normalized(first + i / PICTURE, i % PICTURE);
        cr_assert(fabsf(sums[i] - expected) < 1e-4f, "element %d is %g, not %g", i, (double)sums[i], (double)expected);
    }
    vt_scope_end(&scope);
}

TestSuite(loaders, .init = in_order, .fini = fini);

Test(loaders, keep_what_the_device_has_not_read)
{
    expect_sums(0, NULL);
    expect_sums(3, NULL);
}

Test(loaders, have_a_batch_there_before_the_step_before_it_is_done)
{
    expect_sums(2, expect_upload_before_step);
}

/* So they are as small as bytes, and there may be as many of them as there are pixels without the host's waiting for
 * pinned memory of the queue's. */
Test(loaders, upload_pixels_from_where_they_were_made)
{
    vt_scope scope = vt_scope_begin();
    vt_loader *loader = open_loader(2);
    float got[OF_BATCH * PICTURE];
    for (vt_batch batch; vt_loader_next_tensors(loader, &batch);)
        cr_assert(vt_read(batch.images, got, OF_BATCH * PICTURE, VT_F32), "%s", vt_error_message());
    cr_assert(on_host::launches_of("") > 0, "the device does not normalise them");
    for (const stage &s : device.for_copy.stages)
        cr_assert(s.bytes < OF_BATCH * PICTURE, "%zu bytes went another way", s.bytes);
    vt_loader_close(loader);
    vt_scope_end(&scope);
}

Test(loaders, give_the_same_bits_in_host_memory)
{
    vt_loader *loader = open_loader(1);
    vt_host_batch batch;
    int pictures = 0;
    for (; vt_loader_next(loader, &batch); pictures += (int)batch.count)
        for (int i = 0; i < batch.count * PICTURE; i++)
            cr_assert(batch.images[i] == normalized(pictures + i / PICTURE, i % PICTURE), "element %d", i);
    cr_assert(pictures == PICTURES && batch.labels[0] == (PICTURES - OF_BATCH) % 3);
    vt_loader_close(loader);
}

/* As when training goes on from a checkpoint: the workers write all slots anew, and have the time for it. */
Test(loaders, begin_elsewhere_when_nothing_is_read_any_more)
{
    vt_scope scope = vt_scope_begin();
    float got[OF_BATCH * PICTURE];
    vt_loader *loader = open_loader(2);
    vt_batch first, again;
    cr_assert(vt_loader_next_tensors(loader, &first) && vt_loader_seek_at(VT_HERE, loader, 3, 1), "%s",
              vt_error_message());
    usleep(50000);
    cr_assert(vt_loader_next_tensors(loader, &again), "%s", vt_error_message());
    cr_assert(vt_read(first.images, got, OF_BATCH * PICTURE, VT_F32) && got[0] == normalized(0, 0));
    cr_assert(vt_read(again.images, got, OF_BATCH * PICTURE, VT_F32) && got[0] == normalized(OF_BATCH, 0));
    vt_loader_close(loader);
    vt_scope_end(&scope);
}

static pinned_memory pinned_seven()
{
    pinned_memory memory;
    cr_assert(backend_find("cuda")->queue->pin(sizeof(float), &memory));
    *(float *)memory.data = 7;
    return memory;
}

Test(loaders, what_is_queued_behind_an_upload_sees_it)
{
    const backend *cuda = backend_find("cuda");
    const device_queue *queue = cuda->queue;
    float *there = (float *)cuda->allocate(sizeof *there), back = 0;
    pinned_memory seven = pinned_seven();
    cr_assert(queue->upload_pinned(there, &seven, sizeof back, 0));
    cr_assert(queue->download(&back, there, sizeof back) && back == 7, "%g", (double)back);
    cr_assert(queue->await_upload(&seven));
    cuda->release(there, sizeof *there);
    queue->unpin(&seven);
}

/* An upload that is asked for before its memory is done with. */
Test(loaders, an_upload_waits_for_the_mark)
{
    const backend *cuda = backend_find("cuda");
    const device_queue *queue = cuda->queue;
    float *there = (float *)cuda->allocate(2 * sizeof *there), back = 0;
    const float before = 3;
    pinned_memory seven = pinned_seven();
    cr_assert(queue->push(there, &before, sizeof before) && queue->move(there + 1, there, sizeof before));
    cr_assert(queue->upload_pinned(there, &seven, sizeof back, queue->mark()) && queue->await_upload(&seven));
    cr_assert(queue->download(&back, there + 1, sizeof back) && back == 3, "%g", (double)back);
    cuda->release(there, 2 * sizeof *there);
    queue->unpin(&seven);
}

Test(loaders, an_upload_that_fails_reads_no_more)
{
    const backend *cuda = backend_find("cuda");
    float *there = (float *)cuda->allocate(sizeof *there);
    pinned_memory seven = pinned_seven();
    on_host::let_fail("cudaStreamWaitEvent", cudaErrorNotSupported);
    cr_assert(!cuda->queue->upload_pinned(there, &seven, sizeof *there, 0) && vt_failed());
    cr_assert(on_host::work_left(device.copy) == 0);
    on_host::let_fail(NULL, cudaSuccess);
    vt_error_clear();
    cuda->release(there, sizeof *there);
    cuda->queue->unpin(&seven);
}

static void *take_two_batches(void *loader)
{
    vt_scope scope = vt_scope_begin();
    vt_set_device("cuda");
    vt_batch batch;
    bool taken = true;
    for (int i = 0; i < 2; i++) taken = taken && vt_loader_next_tensors((vt_loader *)loader, &batch);
    vt_scope_end(&scope);
    vt_shutdown();
    return taken ? loader : NULL;
}

/* The third batch is written where the first was. */
Test(loaders, serve_one_thread_after_another)
{
    vt_scope scope = vt_scope_begin();
    float got[OF_BATCH * PICTURE];
    vt_loader *loader = open_loader(0);
    vt_batch first;
    cr_assert(vt_loader_next_tensors(loader, &first), "%s", vt_error_message());
    pthread_t thread;
    void *taken = NULL;
    cr_assert(pthread_create(&thread, NULL, take_two_batches, loader) == 0);
    cr_assert(pthread_join(thread, &taken) == 0 && taken, "the other thread has no batches");
    cr_assert(vt_read(first.images, got, OF_BATCH * PICTURE, VT_F32) && got[0] == normalized(0, 0), "%g, not %g",
              (double)got[0], (double)normalized(0, 0));
    vt_loader_close(loader);
    vt_scope_end(&scope);
    vt_shutdown(); /* ends what the loader has made in this thread */
}

/* -- What kernels find wrong --------------------------------------------------------------------------------------- */

/* Each host thread has a device state and an error of its own. */
static void *index_out_of_range(void *argument)
{
    const int number = *(int *)argument;
    for (int round = 0; round < 3 && *(int *)argument >= 0; round++) {
        const float data[] = { 1, 2, 3 };
        int64_t index[64];
        float got[64];
        for (int i = 0; i < 64; i++) index[i] = i < number ? 0 : 10 * number + i;
        vt_scope scope = vt_scope_begin();
        vt_set_device("cuda");
        vt_tensor x = vt_from_data(data, (vt_shape{ 1, { 3 } }), VT_F32);
        vt_tensor at = vt_from_data(index, (vt_shape{ 1, { 64 } }), VT_I64);
        vt_tensor y = vt_index_select_at(VT_HERE, x, 0, at);
        char words[64];
        snprintf(words, sizeof words, "index %d at [%d]", 11 * number, number);
        const bool found = !vt_read(y, got, 64, VT_F32) && strstr(vt_error_message(), words);
        vt_error_clear();
        vt_scope_end(&scope);
        if (!found) *(int *)argument = -1;
    }
    vt_shutdown();
    return NULL;
}

Test(faults, are_those_of_the_thread_that_finds_them)
{
    enum { THREADS = 5 };
    int numbers[THREADS];
    pthread_t threads[THREADS];
    setenv("CUDA_ON_HOST_ORDER", "5", 1);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = 3 * i + 1;
        cr_assert(pthread_create(&threads[i], NULL, index_out_of_range, &numbers[i]) == 0);
    }
    for (pthread_t thread : threads) pthread_join(thread, NULL);
    for (int i = 0; i < THREADS; i++) cr_expect(numbers[i] == 3 * i + 1, "thread %d", i);
}

/* exp(x[index]), where the index of the last run is wrong. */
static void select_in_each_run(vt_site at, int runs, int64_t last)
{
    const float data[] = { 1, 2, 3 };
    for (int run = 0; run < runs; run++) {
        vt_scope scope = vt_scope_begin();
        const int64_t index = run == runs - 1 ? last : 0;
        vt_tensor x = vt_from_data(data, (vt_shape{ 1, { 3 } }), VT_F32);
        vt_tensor y = vt_exp(vt_index_select_at(at, x, 0, vt_from_data(&index, (vt_shape{ 1, { 1 } }), VT_I64)));
        float got;
        vt_read(y, &got, 1, VT_F32);
        vt_scope_end(&scope);
    }
}

/* A plan is launched as it was captured, from wherever the same steps are recorded again. */
Test(faults, name_the_call_of_the_run)
{
    begin("");
    select_in_each_run({ "first.c", "first", 1 }, 4, 0);
    cr_assert(!vt_failed(), "%s", vt_error_message());
    select_in_each_run({ "second.c", "second", 2 }, 1, 7);
    cr_assert(strstr(vt_error_message(), "index 7") && strstr(vt_error_message(), "second.c:2"), "%s",
              vt_error_message());
    vt_error_clear();
}

/* -- One of several ------------------------------------------------------------------------------------------------ */

static void two_devices()
{
    setenv("CUDA_ON_HOST_DEVICES", "2", 1);
}

static void expect_refusal(const char *device, const char *words)
{
    vt_set_device(device);
    cr_assert(vt_failed() && strstr(vt_error_message(), words), "%s: %s", device, vt_error_message());
    vt_error_clear();
}

TestSuite(devices, .init = two_devices);

Test(devices, are_chosen_by_number)
{
    int number = 0;
    expect_refusal("cuda:2", "device cuda:2: the GPUs of this machine are 0 to 1");
    for (const char *none : { "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cpu:0", "tpu:0" })
        expect_refusal(none, "no device \"");
    vt_set_device("cuda:1");
    cr_assert(!vt_failed() && cudaGetDevice(&number) == cudaSuccess && number == 1, "%d: %s", number,
              vt_error_message());
    vt_set_device("cpu");
    vt_set_device("cuda");
    cr_assert(!vt_failed() && cudaGetDevice(&number) == cudaSuccess && number == 1, "cuda is the one that is in use");
    expect_refusal("cuda:0", "this process computes on cuda:1");
}

Test(devices, one_that_cannot_start_is_not_settled_on)
{
    int number = 1;
    on_host::refuse_after(0);
    expect_refusal("cuda:1", "out of memory");
    on_host::refuse_after(-1);
    vt_set_device("cuda:0");
    cr_assert(!vt_failed() && cudaGetDevice(&number) == cudaSuccess && number == 0, "%d: %s", number,
              vt_error_message());
}

/* -- Names for profilers ------------------------------------------------------------------------------------------- */

Test(ranges, name_op_and_call_where_they_are_asked_for)
{
    setenv("VT_NVTX", "1", 1);
    in_order();
    run_steps(false, NULL);
    std::string all;
    for (const std::string &name : on_host::ranges.names) all += name + "\n";
    cr_assert(on_host::ranges.open == 0 && all.find("matmul ") != std::string::npos &&
                  all.find("test_queue.cpp:") != std::string::npos,
              "%s", all.c_str());
}

Test(ranges, are_not_where_nobody_asks)
{
    in_order();
    run_steps(false, NULL);
    cr_assert(on_host::ranges.names.empty());
}
