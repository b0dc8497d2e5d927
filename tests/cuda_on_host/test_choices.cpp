/* test_choices.cpp - the choice among algorithms by timing, and that a run that goes on computes by the same. */
#include "../left_behind.h"
#include "../printed.h"
#include "backends/cuda/machine/choose.h"
extern "C" {
#include "core/backend.h"
}
#include <criterion/criterion.h>
#include <cublasLt.h>
#include <string>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fini()
{
    expect_nothing_left();
}

TestSuite(choices, .fini = fini);

/* -- Of candidates that take as long as they are told -------------------------------------------------------------- */

struct workers {
    int milliseconds[3]; /* 0: it cannot run */
    mutable int runs;
};

static double seconds_of_this_thread()
{
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static const char *work_for(int candidate, const void *context)
{
    const workers *w = (const workers *)context;
    w->runs++;
    const double end = seconds_of_this_thread() + 1e-3 * w->milliseconds[candidate];
    while (seconds_of_this_thread() < end) continue;
    return w->milliseconds[candidate] ? NULL : "it is ill";
}

static void describe_worker(int candidate, const void *, char (&text)[MAX_ANSWER])
{
    static const char *const names[] = { "ann", "bob", "cyd" };
    snprintf(text, sizeof text, "%s", names[candidate]);
}

static choice choice_among(const workers &w, const int64_t &key)
{
    return { "work", &key, sizeof key, 3, describe_worker, work_for, &w };
}

static int choose_worker(const workers &w, int64_t key)
{
    const choice c = choice_among(w, key);
    return choose(&c);
}

static int recall_worker(const workers &w, int64_t key)
{
    const choice c = choice_among(w, key);
    return recall_choice(&c);
}

static void start()
{
    unsetenv("VT_TUNE");
    vt_set_device("cuda");
    cr_assert(!vt_failed(), "%s", vt_error_message());
}

Test(choices, fastest)
{
    start();
    cr_assert(choose_worker({ { 9, 9, 2 } }, 1) == 2, "a faster one");
    cr_assert(choose_worker({ { 20, 20, 20 } }, 2) == 0, "one that is as fast as the first does not displace it");
    cr_assert(choose_worker({ { 0, 9, 2 } }, 3) == 2, "the first cannot run");
    cr_assert(choose_worker({ { 0, 0, 0 } }, 4) == 0, "none can run");
    vt_shutdown();
}

static void choose_among_the_ill()
{
    cr_assert(choose_worker({ { 0, 0, 2 } }, 5) == 2 && choose_worker({ { 0, 0, 0 } }, 6) == 0);
}

Test(choices, say_why_one_cannot_run)
{
    char text[4096];
    start();
    setenv("VT_LOG", "tune", 1);
    printed(choose_among_the_ill, text, sizeof text);
    cr_assert(count_of(text, " cannot run: it is ill") == 5 && count_of(text, " takes ") == 1, "%s", text);
    vt_shutdown();
}

Test(choices, are_not_remembered_where_none_can_run)
{
    start();
    workers w = { { 2, 9, 9 } };
    cr_assert(choose_worker({ { 0, 0, 0 } }, 1) == 0 && recall_worker(w, 1) == UNDECIDED);
    cr_assert(choose_worker(w, 1) == 0 && w.runs > 0 && recall_worker(w, 1) == 0);
    vt_shutdown();
}

Test(choices, once_for_each_key)
{
    start();
    workers w = { { 9, 2, 9 } }, reversed = { { 2, 9, 9 } };
    cr_assert(recall_worker(w, 1) == UNDECIDED && w.runs == 0);
    cr_assert(choose_worker(w, 1) == 1 && recall_worker(reversed, 1) == 1 && choose_worker(reversed, 1) == 1);
    cr_assert(reversed.runs == 0 && choose_worker(reversed, 2) == 0 && reversed.runs > 0);
    setenv("VT_TUNE", "0", 1);
    int runs = reversed.runs;
    cr_assert(choose_worker(reversed, 1) == 0 && choose_worker(reversed, 3) == 0 && reversed.runs == runs, "off");
    vt_shutdown();
}

Test(choices, what_was_chosen_before)
{
    start();
    workers w = { { 2, 9, 9 } };
    cr_assert(cuda_restore_choices("work/7 cyd;work/8 dan;"));
    cr_assert(choose_worker(w, 7) == 2 && w.runs == 0);
    cr_assert(choose_worker(w, 8) == 0 && w.runs > 0, "there is no dan any more");
    char *text = cuda_choices();
    cr_assert(strstr(text, "work/7 cyd;") && strstr(text, "work/8 ann;"), "%s", text);
    free(text);
    cr_assert(!cuda_restore_choices("work/7 ann") && choose_worker(w, 7) == 2, "a text that is none");
    vt_shutdown();
}

enum { THREADS = 4, KEYS = 64 };

/* Takes over choices of its own, and finds each; a number of THREADS becomes that of keys it found. */
static void *share_choices(void *argument)
{
    int *number = (int *)argument, found = 0;
    for (int key = *number * KEYS; key < (*number + 1) * KEYS; key++) {
        char text[64];
        snprintf(text, sizeof text, "work/%d cyd;", key);
        const bool taken = cuda_restore_choices(text);
        free(cuda_choices());
        found += taken && recall_worker({}, key) == 2;
    }
    *number = found;
    return NULL;
}

Test(choices, are_shared_by_threads)
{
    unsetenv("VT_TUNE");
    int numbers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        cr_assert(pthread_create(&threads[i], NULL, share_choices, &numbers[i]) == 0);
    }
    for (pthread_t thread : threads) pthread_join(thread, NULL);
    for (int found : numbers) cr_expect(found == KEYS, "%d are left of %d", found, (int)KEYS);
    for (int key = 0; key < THREADS * KEYS; key++) cr_assert(recall_worker({}, key) == 2, "key %d", key);
}

/* -- Of cuBLASLt's proposals --------------------------------------------------------------------------------------- */

static const backend &cuda()
{
    return *backend_find("cuda");
}

static std::string choices_now()
{
    char *text = cuda().choices();
    std::string copy = text;
    free(text);
    return copy;
}

/* A product of the same problem each time, in a plan that depends on what follows it. */
static void compute_product(int exponentials)
{
    static const float ones[64] = { 1 };
    const vt_shape shape = { 2, { 8, 8 } };
    vt_scope scope = vt_scope_begin();
    vt_matmul_args product = {};
    product.at_ = VT_HERE;
    product.a = product.b = vt_from_data(ones, shape, VT_F32);
    vt_tensor y = vt_matmul_with(&product);
    for (int i = 0; i < exponentials; i++) y = vt_exp(y);
    float result[64];
    cr_assert(vt_read(y, result, 64, VT_F32), "%s", vt_error_message());
    vt_scope_end(&scope);
}

/* Choices with another algorithm for the one product: the second of its words is the number. */
static std::string with_algorithm(std::string choices, const char *algorithm)
{
    size_t first = choices.find('-'), second = choices.find('-', first + 1);
    return choices.replace(first + 1, second - first - 1, algorithm);
}

Test(choices, of_a_product)
{
    start();
    compute_product(0);
    const std::string own = choices_now(), second = with_algorithm(own, "1"), third = with_algorithm(own, "2");
    cr_assert(own.compare(0, 8, "product/") == 0, "%s", own.c_str());
    for (const std::string &chosen : { third, second }) {
        const int number = chosen == third ? 2 : 1, before = blas_on_host::queued[number];
        const int others = blas_on_host::queued[0] + blas_on_host::queued[3 - number];
        cr_assert(cuda().restore_choices(chosen.c_str()));
        compute_product(number);
        cr_assert(blas_on_host::queued[number] == before + 1, "the algorithm of the text");
        cr_assert(blas_on_host::queued[0] + blas_on_host::queued[3 - number] == others, "and none that is timed");
        cr_assert(choices_now() == chosen);
    }
    vt_shutdown();
}

Test(choices, of_a_product_that_the_library_does_not_know)
{
    start();
    compute_product(0);
    const std::string own = choices_now(), unknown = with_algorithm(own, "77");
    cr_assert(cuda().restore_choices(unknown.c_str()));
    const int before = blas_on_host::queued[0];
    compute_product(1);
    cr_assert(blas_on_host::queued[0] > before && choices_now() != unknown, "timed anew");
    vt_shutdown();
}

/* -- Where it proposes none ---------------------------------------------------------------------------------------- */

static vt_tensor product_of_ones()
{
    const float ones[] = { 1, 1, 1, 1 };
    vt_matmul_args product = {};
    product.at_ = VT_HERE;
    product.a = product.b = vt_from_data(ones, (vt_shape{ 2, { 2, 2 } }), VT_F32);
    return vt_matmul_with(&product);
}

Test(choices, of_none_are_loops)
{
    unsetenv("VT_STRICT");
    start();
    blas_on_host::proposes_none = true;
    float result[4];
    vt_scope scope = vt_scope_begin();
    cr_assert(vt_read(product_of_ones(), result, 4, VT_F32) && result[0] == 2 && result[3] == 2);
    vt_scope_end(&scope);
    vt_shutdown();
}

Test(choices, of_none_are_an_error_where_that_is_asked_for)
{
    setenv("VT_STRICT", "1", 1);
    start();
    blas_on_host::proposes_none = true;
    float result[4];
    vt_scope scope = vt_scope_begin();
    cr_assert(!vt_read(product_of_ones(), result, 4, VT_F32));
    cr_assert(strstr(vt_error_message(), "cuBLASLt has no algorithm for a product of 2 x 2 x 2 (f32 to f32)"), "%s",
              vt_error_message());
    vt_error_clear();
    vt_scope_end(&scope);
    vt_shutdown();
}

/* A profile is printed when the process ends. */
Test(choices, of_none_are_counted_in_a_profile)
{
    unsetenv("VT_STRICT");
    char text[4096] = "";
    int ends[2];
    cr_assert(pipe(ends) == 0);
    if (fork() == 0) {
        dup2(ends[1], STDERR_FILENO);
        setenv("VT_PROFILE", "1", 1);
        start();
        blas_on_host::proposes_none = true;
        vt_scope scope = vt_scope_begin();
        float result[4];
        vt_read(product_of_ones(), result, 4, VT_F32);
        vt_scope_end(&scope);
        exit(0);
    }
    close(ends[1]);
    for (ssize_t size = 0, more; (more = read(ends[0], text + size, sizeof text - 1 - (size_t)size)) > 0;) size += more;
    wait(NULL);
    cr_assert(strstr(text, "1 of these calls have no algorithm of cuBLASLt, and run as loops"), "%s", text);
}
