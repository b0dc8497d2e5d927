/* test_core.c - what the core promises: handles, scopes, errors, effects, gradients, eager mode, the context. */
#include "core/run/apply.h"
#include "core/context.h"
#include "ops/effect.h"
#include "refused.h"
#include "sanitized.h"
#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <vitro/vitro.h>

/* The core is the same for every device; this one has every op. */
static void begin(void)
{
    vt_set_device("reference");
    vt_set_precision(VT_F64);
    vt_seed(1);
}

/* An assertion would be ignored here. */
static void end(void)
{
    vt_statistics s = vt_statistics_get();
    if (vt_failed()) fprintf(stderr, "an error was left: %s\n", vt_error_message());
    if (s.live_tensors || s.live_bytes)
        fprintf(stderr, "%lld tensors, %lld bytes leaked\n", (long long)s.live_tensors, (long long)s.live_bytes);
    if (vt_failed() || s.live_tensors || s.live_bytes || context_get()->pending_effects || context_get()->first)
        abort();
}

#define SUITE(name) TestSuite(name, .init = begin, .fini = end)
SUITE(handles);
SUITE(scopes);
SUITE(errors);
SUITE(effects);
SUITE(gradients);
SUITE(eager);
SUITE(state);
SUITE(data);
SUITE(models);

/* A tensor of f64 with these elements. */
#define VECTOR(...)                                                                                                    \
    vt_from_data(((double[]){ __VA_ARGS__ }), VT_SHAPE(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double)), VT_F64)

static void expect_values(int line, vt_tensor x, const double *want, int64_t count)
{
    double got[64];
    cr_assert(vt_read(x, got, 64, VT_F64), "line %d: %s", line, vt_error_message());
    cr_assert(vt_count(x) == count, "line %d: %lld elements", line, (long long)vt_count(x));
    for (int64_t i = 0; i < count; i++)
        cr_assert(got[i] == want[i] || fabs(got[i] - want[i]) < 1e-12 * fabs(want[i]) ||
                      (isnan(got[i]) && isnan(want[i])),
                  "line %d: element %lld is %.17g", line, (long long)i, got[i]);
}
#define EXPECT(x, ...)                                                                                                 \
    expect_values(__LINE__, x, (double[]){ __VA_ARGS__ }, sizeof((double[]){ __VA_ARGS__ }) / sizeof(double))

static int64_t live(void)
{
    return vt_statistics_get().live_tensors;
}

static int64_t run_so_far(void)
{
    return vt_statistics_get().nodes_run;
}

/* -- Handles ------------------------------------------------------------------------------------------------------ */

Test(handles, inert_is_refused)
{
    VT_SCOPE;
    vt_tensor y = vt_exp(VT_INERT);
    cr_assert(!y.id && !vt_is_live(y));
    REFUSED(VT_ERROR_HANDLE, "exp: input is the inert tensor");
    vt_add(VECTOR(1), VT_INERT);
    REFUSED(VT_ERROR_HANDLE, "add: input 1 is the inert tensor");
}

Test(handles, stale_is_refused)
{
    vt_tensor x;
    {
        VT_SCOPE;
        x = VECTOR(1, 2);
        cr_assert(vt_is_live(x));
    }
    cr_assert(!vt_is_live(x) && !vt_failed());
    vt_exp(x);
    REFUSED(VT_ERROR_HANDLE, "exp: input is a tensor whose scope has ended; vt_keep moves one to the enclosing scope");
    vt_rank(x);
    REFUSED(VT_ERROR_HANDLE, "rank: x is a tensor whose scope has ended");
    cr_assert(vt_dim(x, 0) == 0);
    REFUSED(VT_ERROR_HANDLE, "dim: x is");
    vt_item(x);
    REFUSED(VT_ERROR_HANDLE, "item: x is");
}

Test(handles, reused_slot_is_another_tensor)
{
    vt_tensor old[3];
    for (int i = 0; i < 3; i++) {
        VT_SCOPE;
        old[i] = VECTOR(i);
    }
    VT_SCOPE;
    vt_tensor now = VECTOR(7);
    cr_assert(old[0].id == now.id, "the test wants a slot that is used again");
    for (int i = 0; i < 3; i++) cr_assert(old[i].generation != now.generation && !vt_is_live(old[i]));
    EXPECT(now, 7);
}

Test(handles, unknown_is_refused)
{
    VT_SCOPE;
    vt_exp(((vt_tensor){ 12345678, 1 }));
    REFUSED(VT_ERROR_HANDLE, "exp: input is a tensor that has ended, by vt_free or with its scope");
}

Test(handles, thousands)
{
    VT_SCOPE;
    static vt_tensor x[5000];
    for (int i = 0; i < 5000; i++) x[i] = vt_full(VT_SCALAR, i);
    for (int i = 0; i < 5000; i += 7) cr_assert(vt_item(x[i]) == i);
    cr_assert(live() == 5000);
}

Test(handles, freed_early)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(1, 2), y = vt_exp(x);
    int64_t before = live();
    vt_free(y);
    vt_free(y);
    vt_free(VT_INERT);
    cr_assert(live() == before - 1 && !vt_is_live(y) && vt_is_live(x));
    vt_tensor z = vt_neg(x);
    vt_free(x);
    vt_item(vt_sum(z));
    REFUSED(VT_ERROR_HANDLE, "neg: input 0 ended before this op was computed");
}

Test(handles, freed_is_told_from_out_of_scope)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(1, 2), y = vt_exp(x), z = vt_neg(y);
    vt_free(y);
    vt_neg(y);
    REFUSED(VT_ERROR_HANDLE, "neg: input is a tensor that vt_free has ended");
    vt_free(x);
    vt_rank(x);
    REFUSED(VT_ERROR_HANDLE, "rank: x is a tensor that vt_free has ended");
    vt_grad(x);
    REFUSED(VT_ERROR_HANDLE, "grad: x is a tensor that vt_free has ended");
    vt_keep(z);
    vt_free(z);
}

/* Also when its scope ends afterwards; not any more when its place in the table has been taken by another. */
Test(handles, how_one_ended_is_told_as_long_as_it_is_known)
{
    VT_SCOPE;
    vt_tensor freed, ended;
    {
        VT_SCOPE;
        ended = VECTOR(1);
        freed = vt_exp(ended);
        vt_free(freed);
    }
    vt_neg(freed);
    REFUSED(VT_ERROR_HANDLE, "neg: input is a tensor that vt_free has ended");
    vt_neg(ended);
    REFUSED(VT_ERROR_HANDLE, "neg: input is a tensor whose scope has ended; vt_keep moves one to the enclosing scope");
    vt_tensor taken[] = { VECTOR(1), VECTOR(2) };
    cr_assert(taken[0].id + taken[1].id == freed.id + ended.id, "the test wants slots that are used again");
    vt_tensor stale[] = { freed, ended };
    for (int i = 0; i < 2; i++) {
        vt_neg(stale[i]);
        REFUSED(VT_ERROR_HANDLE, "neg: input is a tensor that has ended, by vt_free or with its scope; vt_keep moves");
    }
}

/* A tensor of this thread, and whether its handle is what a handle of the other would be but for the thread. */
static void *use_foreign(void *handle)
{
    static const char message[] = "x is a tensor of another thread";
    vt_tensor x = *(vt_tensor *)handle;
    begin();
    {
        VT_SCOPE;
        vt_tensor own = VECTOR(7);
        cr_assert(own.id == x.id && own.generation != x.generation, "the test wants a slot that both threads use");
        cr_assert(!vt_is_live(x) && !vt_failed());
        vt_neg(x);
        REFUSED(VT_ERROR_HANDLE, "neg: input is a tensor of another thread, and each has tensors of its own; what");
        vt_item(x);
        REFUSED(VT_ERROR_HANDLE, message);
        vt_grad(x);
        REFUSED(VT_ERROR_HANDLE, message);
        cr_assert(!vt_trainable(x));
        REFUSED(VT_ERROR_HANDLE, message);
        vt_free(x);
        REFUSED(VT_ERROR_HANDLE, message);
        vt_assign(x, own);
        REFUSED(VT_ERROR_HANDLE, "another thread");
        EXPECT(own, 7);
    }
    end();
    return NULL;
}

Test(handles, of_another_thread_are_refused)
{
    pthread_t threads[2];
    VT_SCOPE;
    vt_tensor x = VECTOR(1);
    for (int i = 0; i < 2; i++) {
        cr_assert(pthread_create(&threads[i], NULL, use_foreign, &x) == 0);
        pthread_join(threads[i], NULL);
    }
    EXPECT(x, 1);
}

Test(handles, never_come_back_to_life)
{
    VT_SCOPE;
    vt_tensor first = VECTOR(1), last;
    const value *slot = value_of(context_get(), first);
    ((value *)slot)->handle.generation = GENERATIONS - 2;
    vt_free((vt_tensor){ first.id, GENERATIONS - 2 });
    last = VECTOR(2);
    cr_assert(last.id == first.id && last.generation == GENERATIONS - 1, "the test wants the slot's last use");
    vt_free(last);
    for (int i = 0; i < 5; i++) {
        vt_tensor next = VECTOR(3);
        cr_assert(next.id != first.id && !vt_is_live(first) && !vt_is_live(last));
    }
}

/* -- Scopes ------------------------------------------------------------------------------------------------------- */

Test(scopes, nested)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(1, 2), y;
    {
        VT_SCOPE;
        y = vt_add(x, x);
        {
            VT_SCOPE;
            EXPECT(vt_add(y, x), 3, 6);
        }
        EXPECT(y, 2, 4);
    }
    cr_assert(!vt_is_live(y) && live() == 1);
    EXPECT(x, 1, 2);
}

static double leaves_by_return(void)
{
    VT_SCOPE;
    return vt_item(vt_sum(VECTOR(1, 2, 3)));
}

Test(scopes, left_in_every_way)
{
    for (int i = 0; i < 4; i++) {
        VT_SCOPE;
        VECTOR(1, 2);
        if (i == 1) continue;
        if (i == 2) break;
        vt_exp(VECTOR(3));
    }
    cr_assert(live() == 0);
    cr_assert(leaves_by_return() == 6 && live() == 0);
}

Test(scopes, one_without_an_end_goes_with_the_outer_one)
{
    vt_scope outer = vt_scope_begin();
    vt_scope_begin();
    VECTOR(1);
    vt_scope_end(&outer);
    vt_scope_end(&outer);
    cr_assert(live() == 0 && outer.depth == 0);
}

Test(scopes, keep_moves_one_level)
{
    VT_SCOPE;
    vt_tensor y, z;
    {
        VT_SCOPE;
        {
            VT_SCOPE;
            vt_tensor x = VECTOR(1, 2);
            y = vt_keep(vt_exp(vt_add(x, x)));
            z = vt_keep(x);
        }
        cr_assert(live() == 2);
        EXPECT(y, exp(2), exp(4));
        vt_keep(z);
    }
    cr_assert(!vt_is_live(y));
    EXPECT(z, 1, 2);
}

Test(scopes, keep_of_a_view)
{
    VT_SCOPE;
    vt_tensor y;
    {
        VT_SCOPE;
        y = vt_keep(vt_permute(vt_reshape(VECTOR(1, 2, 3, 4, 5, 6), VT_SHAPE(2, 3)), VT_AXES(1, 0)));
    }
    EXPECT(y, 1, 4, 2, 5, 3, 6);
    cr_assert(vt_dim(y, 0) == 3 && live() == 1);
}

Test(scopes, what_is_not_kept_is_not_computed)
{
    int64_t before = run_so_far();
    {
        VT_SCOPE;
        vt_exp(VECTOR(1));
    }
    cr_assert(run_so_far() == before);
}

Test(scopes, history_ends_with_keep)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(3), hidden, constant;
    vt_set_trainable(w, true);
    {
        VT_SCOPE;
        hidden = vt_keep(vt_mul(w, w));
        constant = vt_keep(vt_detach(vt_mul(w, w)));
    }
    vt_backward(vt_sum(vt_mul(w, constant)));
    EXPECT(vt_grad(w), 9);
    vt_backward(vt_sum(vt_mul(w, hidden)));
    REFUSED(VT_ERROR_GRADIENT, "backward: the loss depends, through mul at");
}

Test(scopes, of_a_negative_depth_are_refused)
{
    vt_scope outer = vt_scope_begin(), never = { -1 };
    vt_tensor x = VECTOR(1);
    vt_scope_end(&never);
    REFUSED(VT_ERROR_ARGUMENT, "scope_end: a scope of depth -1");
    cr_assert(vt_is_live(x));
    vt_scope_end(&outer);
}

Test(scopes, too_deep)
{
    vt_scope scopes[MAX_DEPTH + 1];
    for (int i = 0; i <= MAX_DEPTH; i++) {
        cr_assert(!vt_failed());
        scopes[i] = vt_scope_begin();
    }
    REFUSED(VT_ERROR_ARGUMENT, "scopes are nested more than 255 deep");
    for (int i = MAX_DEPTH; i >= 0; i--) vt_scope_end(&scopes[i]);
    cr_assert(context_get()->depth == 0);
}

/* -- Errors ------------------------------------------------------------------------------------------------------- */

Test(errors, the_first_is_kept)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(1, 2);
    vt_reshape(x, VT_SHAPE(3));
    vt_exp(VT_INERT);
    vt_set_device("abacus");
    cr_assert(strstr(vt_error_message(), "reshape: "));
    REFUSED(VT_ERROR_ARGUMENT, "reshape: ");
    cr_assert(!vt_failed() && strcmp(vt_error_message(), "") == 0 && vt_error_status() == VT_OK);
    EXPECT(x, 1, 2);
}

Test(errors, ops_are_inert_while_one_stands)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(1, 2);
    vt_error_raise(VT_ERROR_FILE, VT_HERE, "my own: %d", 5);
    int64_t tensors = live(), run = run_so_far();
    cr_assert(!vt_exp(x).id && !VECTOR(1).id && !vt_normal(VT_SHAPE(2)).id);
    cr_assert(!vt_reshape(x, VT_SHAPE(2, 1)).id && !vt_sum(x).id && !vt_clip_gradients(NULL, 1).id);
    double data[2] = { -1, -1 };
    cr_assert(!vt_read(x, data, 2, VT_F64) && data[0] == -1 && !vt_write(x, data));
    cr_assert(isnan(vt_item(x)) && vt_rank(x) == 0);
    vt_assign(x, x);
    vt_backward(x);
    vt_optimizer_step(NULL);
    vt_flush();
    cr_assert(live() == tensors && run_so_far() == run && !context_get()->pending_effects);
    REFUSED(VT_ERROR_FILE, "my own: 5  at ");
    EXPECT(x, 1, 2);
}

Test(errors, name_the_users_line)
{
    VT_SCOPE;
    char want[64];
    snprintf(want, sizeof want, "test_core.c:%d in ", __LINE__ + 1);
    vt_add(VECTOR(1, 2), VECTOR(1, 2, 3));
    cr_assert(strstr(vt_error_message(), want), "%s", vt_error_message());
    cr_assert(strstr(vt_error_message(), __func__), "%s", vt_error_message());
    REFUSED(VT_ERROR_ARGUMENT, "add: a [2] and b [3] do not broadcast: extents must be equal or 1  at ");
}

static vt_tensor twice(vt_site at, vt_tensor x)
{
    ENTER("twice", at);
    return vt_add(x, x);
}

static vt_tensor four_times(vt_site at, vt_tensor x)
{
    ENTER("four_times", at);
    return twice(VT_HERE, twice(VT_HERE, x));
}

Test(errors, name_the_outermost_call)
{
    VT_SCOPE;
    char want[64];
    snprintf(want, sizeof want, "test_core.c:%d in ", __LINE__ + 1);
    four_times(VT_HERE, VT_INERT);
    cr_assert(strstr(vt_error_message(), want), "%s", vt_error_message());
    REFUSED(VT_ERROR_HANDLE, "four_times: add: input 0 is the inert tensor");
    vt_neg(VT_INERT);
    REFUSED(VT_ERROR_HANDLE, "neg: input is the inert tensor");
    EXPECT(four_times(VT_HERE, VECTOR(1, 2)), 4, 8);
}

Test(errors, print)
{
    char text[256] = "";
    FILE *stream = fmemopen(text, sizeof text, "w");
    vt_error_raise(VT_ERROR_FILE, (vt_site){ 0 }, "no cake");
    cr_assert(vt_error_print(stream) == 1);
    fclose(stream);
    cr_assert(strcmp(text, "vitro: no cake\n") == 0, "%s", text);
    vt_error_clear();
}

Test(errors, forget_the_effects_of_the_scope)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(1);
    {
        VT_SCOPE;
        vt_assign(w, VECTOR(2));
        vt_exp(VT_INERT);
    }
    REFUSED(VT_ERROR_HANDLE, "exp: ");
    cr_assert(!context_get()->pending_effects);
    EXPECT(w, 1);
}

/* -- Effects ------------------------------------------------------------------------------------------------------ */

Test(effects, run_in_order)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(1), u = VECTOR(10);
    vt_assign(w, vt_add(w, u)); /* 11 */
    vt_assign(u, vt_mul(w, w)); /* 121 */
    vt_assign(w, vt_sub(u, w)); /* 110 */
    EXPECT(w, 110);
    EXPECT(u, 121);
}

Test(effects, are_not_lost_when_nobody_reads)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(1), u = VECTOR(1);
    {
        VT_SCOPE;
        vt_assign(w, VECTOR(2));
        vt_assign(u, VECTOR(3));
    }
    EXPECT(w, 2);
    vt_assign(w, vt_add(w, u));
    cr_assert(context_get()->pending_effects == 1);
    vt_flush();
    cr_assert(!context_get()->pending_effects && value_of(context_get(), w)->executed_version == 2);
    EXPECT(w, 5);
}

Test(effects, come_with_any_read)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(1), unrelated = VECTOR(7);
    vt_assign(w, VECTOR(2));
    EXPECT(unrelated, 7);
    cr_assert(!context_get()->pending_effects);
}

Test(effects, run_once)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(1);
    vt_assign(w, vt_add(w, w));
    for (int i = 0; i < 3; i++) EXPECT(w, 2);
    {
        VT_SCOPE;
        EXPECT(vt_add(w, w), 4);
    }
    EXPECT(w, 2);
}

Test(effects, ops_before_see_the_old_value_and_ops_after_the_new_one)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(1), before = vt_neg(w);
    vt_assign(w, VECTOR(2));
    vt_tensor between = vt_neg(w);
    vt_assign(w, VECTOR(3));
    vt_tensor after = vt_neg(w);
    EXPECT(after, -3);
    EXPECT(between, -2);
    EXPECT(before, -1);
}

Test(effects, a_value_let_go_before_the_update_is_an_error)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(1), inner = vt_neg(w), outer = vt_neg(inner);
    EXPECT(outer, 1);
    vt_assign(w, VECTOR(2));
    EXPECT(w, 2);
    vt_item(inner);
    REFUSED(VT_ERROR_HANDLE,
            "neg: a result was read after input 0, which it depends on, was updated; read or vt_keep it");
    EXPECT(outer, 1);
}

Test(effects, a_view_keeps_the_old_value)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(1, 2, 3, 4), lazy = vt_reshape(w, VT_SHAPE(2, 2)), kept;
    {
        VT_SCOPE;
        kept = vt_keep(vt_permute(vt_reshape(w, VT_SHAPE(2, 2)), VT_AXES(1, 0)));
    }
    vt_assign(w, VECTOR(5, 6, 7, 8));
    EXPECT(w, 5, 6, 7, 8);
    EXPECT(lazy, 1, 2, 3, 4);
    EXPECT(kept, 1, 3, 2, 4);
    vt_assign(kept, vt_reshape(w, VT_SHAPE(2, 2)));
    EXPECT(kept, 5, 6, 7, 8);
    EXPECT(w, 5, 6, 7, 8);
}

Test(effects, loose_ends_are_computed_with_the_step)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(1), metric = vt_neg(w);
    vt_assign(w, VECTOR(2));
    vt_flush();
    cr_assert(value_of(context_get(), metric)->buffer);
    EXPECT(metric, -1);
}

Test(effects, loose_ends_that_an_earlier_run_left_out)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(1), u = VECTOR(5), metric = vt_neg(w), other = vt_neg(u);
    {
        VT_SCOPE;
        vt_keep(vt_add(other, other)); /* runs the later of the two and not the earlier */
    }
    cr_assert(!value_of(context_get(), metric)->buffer);
    vt_assign(w, VECTOR(2));
    vt_flush();
    EXPECT(metric, -1);
}

Test(effects, a_gradient_looked_up_late_is_computed_with_the_step)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(3);
    vt_set_trainable(w, true);
    vt_tensor loss = vt_sum(vt_mul(w, w));
    vt_backward(loss);
    cr_assert(vt_item(loss) == 9);
    vt_tensor g = vt_grad(w);
    vt_assign(w, VECTOR(4));
    vt_flush();
    EXPECT(g, 6);
}

/* Planned and eager. */
static void in_both_modes(void (*check)(void))
{
    for (int eager = 0; eager < 2; eager++) {
        vt_set_eager(eager);
        check();
    }
    vt_set_eager(false);
}

static void descend(void)
{
    VT_SCOPE;
    vt_tensor a = VECTOR(3), b = VECTOR(5), other;
    vt_set_trainable(a, true);
    vt_backward(vt_sum(vt_mul(a, a)));
    vt_tensor g = vt_grad(a);
    vt_gradients(vt_mul(a, vt_mul(a, b)), VT_INERT, &b, 1, &other);
    vt_assign(a, vt_sub(a, vt_mul(g, other)));
    EXPECT(a, 3 - 6 * 9);
    EXPECT(g, 6);
    EXPECT(other, 9);
}

Test(effects, a_gradient_that_was_asked_for_is_there_after_the_update)
{
    in_both_modes(descend);
}

Test(effects, vt_write_comes_after_what_was_recorded)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(1), before = vt_neg(w), view = vt_reshape(w, VT_SHAPE(1, 1));
    cr_assert(vt_write(w, (double[]){ 2 }));
    vt_tensor after = vt_neg(w);
    EXPECT(after, -2);
    EXPECT(before, -1);
    EXPECT(view, 1);
    vt_assign(w, VECTOR(3));
    cr_assert(vt_write(w, (double[]){ 4 }));
    EXPECT(w, 4);
}

Test(effects, recomputation_is_counted)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(1), inner = vt_neg(x), outer = vt_neg(inner);
    EXPECT(outer, 1);
    cr_assert(vt_statistics_get().nodes_recomputed == 0);
    EXPECT(inner, -1);
    cr_assert(vt_statistics_get().nodes_recomputed == 1);
    EXPECT(inner, -1);
    EXPECT(outer, 1);
    cr_assert(vt_statistics_get().nodes_recomputed == 1 && run_so_far() == 3);
}

/* w <- w - dL/dw for L = sum (tanh w)^2, which is read first. Ops computed again. */
static int64_t read_and_descend(vt_tensor w, bool differentiate)
{
    VT_SCOPE;
    int64_t before = vt_statistics_get().nodes_recomputed;
    vt_tensor y = vt_tanh(w), loss = vt_sum(vt_mul(y, y));
    vt_item(loss);
    if (!differentiate) return vt_statistics_get().nodes_recomputed - before;
    vt_backward(loss);
    vt_assign(w, vt_sub(w, vt_grad(w)));
    vt_flush();
    return vt_statistics_get().nodes_recomputed - before;
}

Test(effects, a_loss_that_is_read_before_its_gradient_is_computed_once_from_the_second_step_on)
{
    VT_SCOPE;
    vt_set_training(true);
    vt_tensor w = VECTOR(0.5, -1);
    vt_set_trainable(w, true);
    cr_assert(read_and_descend(w, true) > 0);
    for (int step = 0; step < 3; step++) cr_assert(read_and_descend(w, true) == 0);
    double got[2], at[2] = { 0.5, -1 };
    for (int step = 0; step < 4; step++)
        for (int i = 0; i < 2; i++) at[i] -= 2 * tanh(at[i]) * (1 - tanh(at[i]) * tanh(at[i]));
    cr_assert(vt_read(w, got, 2, VT_F64));
    for (int i = 0; i < 2; i++) cr_assert(fabs(got[i] - at[i]) < 1e-6);
}

Test(effects, what_a_gradient_reads_is_remembered_of_each_mode)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(0.5, -1);
    vt_set_trainable(w, true);
    for (int step = 0; step < 6; step++) {
        vt_set_training(step % 2 == 0);
        cr_assert((read_and_descend(w, true) > 0) == (step < 2), "step %d", step);
    }
}

Test(effects, what_a_gradient_reads_is_kept_in_training_alone)
{
    VT_SCOPE;
    double zeros[1000] = { 0 };
    vt_tensor w = vt_from_data(zeros, VT_SHAPE(1000), VT_F64);
    vt_set_trainable(w, true);
    int64_t before = vt_statistics_get().live_bytes, held[2];
    vt_set_training(true);
    for (int step = 0; step < 3; step++) read_and_descend(w, true);
    for (int training = 0; training < 2; training++) {
        VT_SCOPE;
        vt_set_training(training);
        vt_tensor y = vt_tanh(w);
        vt_item(vt_sum(vt_mul(y, y)));
        held[training] = vt_statistics_get().live_bytes - before;
    }
    cr_assert(held[0] < (int64_t)sizeof zeros && held[1] > (int64_t)sizeof zeros, "%lld and %lld bytes",
              (long long)held[0], (long long)held[1]);
}

Test(effects, one_that_fails_is_not_forgotten)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(1), other = VECTOR(1);
    {
        VT_SCOPE;
        vt_tensor value = VECTOR(2);
        vt_assign(w, value);
        vt_assign(other, VECTOR(3));
        vt_free(value);
        for (int i = 0; i < 2; i++) {
            vt_flush();
            REFUSED(VT_ERROR_HANDLE, "assign: input 1 ended before this op was computed");
        }
    }
    REFUSED(VT_ERROR_HANDLE, "assign: input 1 ended before this op was computed");
    EXPECT(w, 1);
    EXPECT(other, 1);
}

Test(effects, an_output_that_ended_before_the_run)
{
    VT_SCOPE;
    vt_tensor x[2] = { VECTOR(2, 4), VECTOR(6) }, out[2];
    record_clip(VT_HERE, vt_full(VT_SCALAR, 1 - 1e-6, .dtype = VT_F64), x, 2, 0.5, out);
    vt_free(out[0]);
    EXPECT(out[1], 3);
}

Test(effects, a_decomposed_op_before_an_update)
{
    context_get()->force_decompose = true;
    VT_SCOPE;
    vt_tensor w = VECTOR(3), before = vt_square(w);
    vt_assign(w, VECTOR(4));
    vt_tensor after = vt_square(w);
    EXPECT(after, 16);
    EXPECT(before, 9);
}

Test(effects, within_a_decomposition)
{
    VT_SCOPE;
    vt_model *model = vt_model_new();
    vt_tensor w = vt_parameter(vt_root(model), "w", VT_SHAPE(2), .value = 1);
    vt_optimizer *sgd = vt_sgd(model, .lr = 0.5);
    context_get()->force_decompose = true;
    {
        VT_SCOPE;
        vt_backward(vt_sum(vt_mul(w, w)));
        vt_optimizer_step(sgd);
        vt_backward(vt_sum(vt_scale(w, 3)));
        vt_optimizer_step(sgd); /* the gradients of both: w = 1 - 1/2 2 - 1/2 (2 + 3) */
    }
    EXPECT(w, -2.5, -2.5);
    cr_assert(!context_get()->pending_effects && !context_get()->planning);
    vt_optimizer_free(sgd);
    vt_model_free(model);
}

/* -- Gradients ---------------------------------------------------------------------------------------------------- */

static vt_tensor trainable(vt_tensor x)
{
    vt_set_trainable(x, true);
    return x;
}

Test(gradients, of_and_by_integers_are_refused)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(1, 2), whole = vt_from_data(((int64_t[]){ 1, 2 }), VT_SHAPE(2), VT_I64), g[2];
    vt_gradients(vt_exp(x), VT_INERT, ((vt_tensor[]){ x, whole }), 2, g);
    REFUSED(VT_ERROR_GRADIENT, "gradients: input 1 is i64");
    cr_assert(!g[0].id && !g[1].id);
    vt_gradients(whole, VT_INERT, &x, 1, g);
    REFUSED(VT_ERROR_GRADIENT, "gradients: y is i64");
}

Test(gradients, add_up_over_calls)
{
    VT_SCOPE;
    vt_tensor w = trainable(VECTOR(2, 3));
    cr_assert(!vt_grad(w).id && !vt_failed());
    vt_tensor loss = vt_sum(vt_mul(w, w));
    vt_backward(loss);
    EXPECT(vt_grad(w), 4, 6);
    vt_backward(loss);
    EXPECT(vt_grad(w), 8, 12);
    vt_backward(vt_sum(w));
    EXPECT(vt_grad(w), 9, 13);
}

Test(gradients, end_with_their_scope)
{
    VT_SCOPE;
    vt_tensor w = trainable(VECTOR(2));
    for (int i = 0; i < 2; i++) {
        VT_SCOPE;
        cr_assert(!vt_grad(w).id);
        vt_backward(vt_sum(vt_mul(w, w)));
        EXPECT(vt_grad(w), 4);
    }
    cr_assert(!vt_grad(w).id && !vt_failed());
}

Test(gradients, of_micro_batches_can_be_kept)
{
    VT_SCOPE;
    vt_tensor w = trainable(VECTOR(2));
    for (int i = 1; i <= 3; i++) {
        VT_SCOPE;
        vt_backward(vt_sum(vt_scale(w, i)));
        vt_keep(vt_grad(w));
    }
    EXPECT(vt_grad(w), 6);
}

Test(gradients, of_shared_and_long_paths)
{
    VT_SCOPE;
    vt_tensor x = trainable(VECTOR(1, 2)), one = VECTOR(1, 1), y = x;
    const int length = SANITIZED ? 2000 : 20000;
    for (int i = 0; i < length; i++) y = i % 2 ? vt_neg(y) : vt_sub(one, y);
    vt_backward(vt_sum(vt_mul(y, vt_add(y, x))));
    /* y = x - length / 2, so that the loss is y (y + x), its gradient 3 y + x */
    EXPECT(vt_grad(x), 4 - 1.5 * length, 8 - 1.5 * length);
}

Test(gradients, of_gradients)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(2, 3), y = vt_mul(vt_mul(x, x), vt_mul(x, x)), d = y;
    const double want[3][2] = { { 32, 108 }, { 48, 108 }, { 48, 72 } };
    for (int order = 0; order < 3; order++) {
        vt_tensor next;
        vt_gradients(d, VT_INERT, &x, 1, &next);
        EXPECT(next, want[order][0], want[order][1]);
        d = next;
    }
}

Test(gradients, of_an_input_that_does_not_matter)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(2, 3), unused = VECTOR(1, 1, 1), y = vt_exp(x), g[3];
    vt_gradients(y, VECTOR(5, 7), ((vt_tensor[]){ unused, y, x }), 3, g);
    EXPECT(g[0], 0, 0, 0);
    EXPECT(g[1], 5, 7);
    EXPECT(g[2], 5 * exp(2), 7 * exp(3));
}

Test(gradients, of_a_tensor_on_the_way)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(2), middle = vt_mul(x, x), y = vt_mul(middle, middle), g;
    vt_gradients(y, VT_INERT, &middle, 1, &g);
    EXPECT(g, 8);
}

Test(gradients, of_a_leaf_itself)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(2, 3), g;
    vt_gradients(x, VT_INERT, &x, 1, &g);
    EXPECT(g, 1, 1);
}

Test(gradients, pass_neither_detach_nor_frozen_tensors)
{
    VT_SCOPE;
    vt_tensor w = trainable(VECTOR(2)), frozen = trainable(VECTOR(3));
    vt_set_trainable(frozen, false);
    cr_assert(vt_trainable(w) && !vt_trainable(frozen));
    vt_backward(vt_sum(vt_mul(vt_mul(w, vt_detach(w)), frozen)));
    EXPECT(vt_grad(w), 6);
    cr_assert(!vt_grad(frozen).id);
}

Test(gradients, of_a_loss_with_axes_of_one)
{
    VT_SCOPE;
    vt_tensor w = trainable(VECTOR(2));
    vt_backward(vt_reshape(vt_mul(w, w), VT_SHAPE(1, 1)));
    EXPECT(vt_grad(w), 4);
}

Test(gradients, refuse_what_has_none)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(1, 2), w = trainable(VECTOR(3, 4)), one = trainable(VECTOR(1));
    vt_backward(vt_mul(w, w));
    REFUSED(VT_ERROR_GRADIENT,
            "backward: the loss has shape [2], it must have one element; vt_mean or vt_sum make one");
    vt_backward(vt_sum(x));
    REFUSED(VT_ERROR_GRADIENT, "backward: the loss depends on nothing trainable");
    vt_backward(vt_sum(vt_detach(w)));
    REFUSED(VT_ERROR_GRADIENT, "backward: the loss depends on nothing trainable");
    vt_backward(one);
    REFUSED(VT_ERROR_GRADIENT, "backward: the loss is a leaf: no op computed it");
    vt_backward(VT_INERT);
    REFUSED(VT_ERROR_HANDLE, "backward: the loss is the inert tensor");
    cr_assert(!vt_grad(w).id && !vt_grad(one).id);
}

Test(gradients, refuse_other_leaves)
{
    VT_SCOPE;
    vt_set_trainable(vt_exp(VECTOR(1)), true);
    REFUSED(VT_ERROR_ARGUMENT, "set_trainable: x is the result of an op; only leaves are trainable");
    vt_set_trainable(vt_from_data((int64_t[]){ 1 }, VT_SHAPE(1), VT_I64), true);
    REFUSED(VT_ERROR_ARGUMENT, "set_trainable: x is i64; only f32 and f64 are trainable");
    vt_tensor x = VECTOR(1, 2), g;
    vt_gradients(vt_exp(x), VECTOR(1), &x, 1, &g);
    REFUSED(VT_ERROR_ARGUMENT, "gradients: cotangent is f64 [1], y is f64 [2]");
    cr_assert(!g.id);
}

Test(gradients, refuse_a_value_that_was_updated)
{
    VT_SCOPE;
    vt_tensor w = trainable(VECTOR(2)), u = trainable(VECTOR(3));
    vt_tensor product = vt_sum(vt_mul(w, u)), sum = vt_sum(vt_add(w, u));
    vt_assign(w, VECTOR(5));
    vt_backward(sum); /* does not need the value */
    EXPECT(vt_grad(w), 1);
    vt_backward(product);
    REFUSED(VT_ERROR_GRADIENT, "mul: input 0 was updated before vt_backward, which needs the value it had here");
    vt_backward(vt_sum(vt_mul(w, u)));
    EXPECT(vt_grad(u), 6);
}

Test(gradients, of_a_decomposition)
{
    context_get()->force_decompose = true;
    VT_SCOPE;
    vt_tensor w = trainable(VECTOR(2));
    vt_backward(vt_sum(vt_square(vt_square(w))));
    EXPECT(vt_grad(w), 32);
}

/* Of two outputs, the second depends on the second input alone. */
static bool infer_pair(const node *n, const spec *in, spec *out)
{
    (void)n;
    out[0] = out[1] = in[0];
    return true;
}

static void pair_decompose(const node *n, vt_tensor *out)
{
    out[0] = vt_mul(n->in[0], n->in[1]);
    out[1] = vt_exp(n->in[1]);
}

static const op op_pair = {
    .name = "pair", .min_inputs = 2, .max_inputs = 2, .outputs = 2, .infer = infer_pair, .decompose = pair_decompose
};

Test(gradients, of_a_decomposition_with_two_outputs)
{
    context_get()->force_decompose = true;
    VT_SCOPE;
    vt_tensor a = trainable(VECTOR(2)), b = trainable(VECTOR(3)), out[2];
    record_into(&(recording){ .op = &op_pair, .at = VT_HERE, INPUTS(a, b) }, out);
    vt_backward(vt_sum(vt_add(out[0], out[1])));
    EXPECT(vt_grad(a), 3);
    EXPECT(vt_grad(b), 2 + exp(3));
    EXPECT(out[0], 6);
}

Test(gradients, of_a_decomposition_of_one_tensor)
{
    VT_SCOPE;
    vt_tensor a = trainable(VECTOR(2)), out[2];
    record_into(&(recording){ .op = &op_pair, .at = VT_HERE, INPUTS(a, a) }, out);
    vt_backward(vt_sum(vt_add(out[0], out[1])));
    EXPECT(vt_grad(a), 4 + exp(2));
}

static void free_on_the_way(void)
{
    VT_SCOPE;
    vt_tensor x = trainable(VECTOR(1, 2)), y = vt_exp(x), z = vt_mul(y, y), pair[2];
    vt_tensor loss = vt_add(vt_sum(z), vt_sum(vt_square(x)));
    double value = vt_item(loss);
    cr_assert(fabs(value - exp(2) - exp(4) - 5) < 1e-12, "%g", value);
    vt_free(z);
    vt_free(y);
    vt_backward(loss);
    EXPECT(vt_grad(x), 2 * exp(2) + 2, 2 * exp(4) + 4);
    vt_free(vt_grad(x));
    cr_assert(!vt_grad(x).id && !vt_failed());

    /* What comes in the place of one output has nothing to do with the other's gradient. */
    record_into(&(recording){ .op = &op_pair, .at = VT_HERE, INPUTS(x, x) }, pair);
    vt_free(pair[0]);
    vt_tensor other = vt_mul(pair[1], x);
    vt_backward(vt_sum(vt_square(other)));
    EXPECT(vt_grad(x), 2 * exp(2) * (1 + 1), 2 * exp(4) * (4 + 2));
}

Test(gradients, pass_through_what_was_freed)
{
    context_get()->force_decompose = true;
    in_both_modes(free_on_the_way);
}

Test(gradients, of_what_was_freed_before_an_update_are_refused)
{
    VT_SCOPE;
    vt_tensor x = trainable(VECTOR(1)), y = vt_exp(x), z = vt_sum(vt_mul(y, y));
    vt_item(z);
    vt_free(y);
    vt_assign(x, VECTOR(2));
    vt_backward(z);
    vt_flush();
    vt_read(vt_grad(x), (double[1]){ 0 }, 1, VT_F64);
    REFUSED(VT_ERROR_HANDLE, "exp: a result was read after input 0, which it depends on, was updated");
}

Test(gradients, are_the_same_where_the_mode_changes_in_between)
{
    for (int eager = 0; eager < 2; eager++) {
        vt_set_eager(eager);
        VT_SCOPE;
        vt_tensor x = trainable(VECTOR(-1.7)), y = vt_mul(x, x);
        vt_tensor loss = vt_sum(vt_add(vt_mul(y, y), vt_scale(x, 3)));
        vt_item(loss);
        vt_set_eager(!eager);
        vt_backward(loss);
        vt_set_eager(eager);
        vt_tensor first = vt_grad(x), second;
        EXPECT(first, 4 * pow(-1.7, 3) + 3);
        vt_set_eager(!eager);
        vt_gradients(first, VT_INERT, &x, 1, &second);
        EXPECT(second, 12 * 1.7 * 1.7);
    }
    vt_set_eager(false);
}

/* What comes out of a scope is a constant, which a gradient would stop at without a word. */
Test(gradients, refuse_a_history_that_ended)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(3), g, whole, constant, noise, both[2];
    {
        VT_SCOPE;
        whole = vt_keep(vt_mul(x, x));
    }
    {
        VT_SCOPE;
        constant = vt_keep(vt_detach(vt_mul(x, x)));
        vt_keep(vt_greater(x, x));
    }
    {
        VT_SCOPE;
        vt_tensor inner = VECTOR(2);
        noise = vt_keep(vt_mul(inner, inner));
    }
    {
        VT_SCOPE;
        both[0] = vt_keep(VECTOR(2));
        both[1] = vt_keep(vt_mul(both[0], both[0]));
    }
    vt_gradients(vt_mul(x, vt_mul(constant, noise)), VT_INERT, &x, 1, &g);
    EXPECT(g, 36);
    vt_gradients(vt_exp(vt_mul(x, whole)), VT_INERT, &x, 1, &g);
    REFUSED(VT_ERROR_GRADIENT, "gradients: y depends, through mul at");
    cr_assert(!g.id);
    vt_gradients(whole, VT_INERT, &x, 1, &g);
    REFUSED(VT_ERROR_GRADIENT, "gradients: y depends on a tensor that was kept out of its scope");
    vt_gradients(vt_neg(both[1]), VT_INERT, &both[0], 1, &g);
    REFUSED(VT_ERROR_GRADIENT, "gradients: y depends, through neg at");
    /* By what is itself the end, or came later, it is right. */
    vt_tensor later = VECTOR(5), last = vt_mul(vt_mul(later, whole), vt_neg(both[1]));
    vt_gradients(last, VT_INERT, &later, 1, &g);
    EXPECT(g, -36);
    vt_gradients(vt_mul(whole, whole), VT_INERT, &whole, 1, &g);
    EXPECT(g, 18);
}

Test(gradients, of_an_op_without_one)
{
    static const op op_lost = { .name = "lost", .min_inputs = 2, .max_inputs = 2, .outputs = 2, .infer = infer_pair };
    VT_SCOPE;
    vt_tensor a = trainable(VECTOR(2)), out[2];
    record_into(&(recording){ .op = &op_lost, .at = VT_HERE, INPUTS(a, a) }, out);
    vt_backward(vt_sum(out[1]));
    REFUSED(VT_ERROR_GRADIENT, "lost: has no gradient  at ");
}

Test(gradients, of_many_inputs)
{
    VT_SCOPE;
    enum { MANY = 100 };
    vt_tensor x[MANY];
    for (int i = 0; i < MANY; i++) x[i] = trainable(VECTOR(i, 1));
    vt_tensor all = vt_concat(x, MANY, 0);
    vt_backward(vt_sum(vt_mul(all, all)));
    for (int i = 0; i < MANY; i += 9) EXPECT(vt_grad(x[i]), 2 * i, 2);
}

/* -- Eager mode --------------------------------------------------------------------------------------------------- */

/* What looks at memory in another way is not searched for a NaN: this one is as if of 24 terabytes. */
Test(eager, views_take_no_time)
{
    VT_SCOPE;
    vt_set_eager(true);
    vt_tensor wide = vt_expand(VECTOR(1, 2, 3), VT_SHAPE((int64_t)1 << 40, 3));
    cr_assert(vt_count(wide) == (int64_t)3 << 40 && !vt_failed());
    vt_set_eager(false);
}

Test(eager, names_the_op_and_the_line)
{
    vt_set_eager(true);
    VT_SCOPE;
    vt_tensor x = VECTOR(1, -1, 0), e = vt_exp(x);
    cr_assert(value_of(context_get(), e)->buffer, "it runs at once");
    char want[64];
    snprintf(want, sizeof want, "test_core.c:%d in ", __LINE__ + 1);
    vt_tensor y = vt_log(x);
    cr_assert(strstr(vt_error_message(), want), "%s", vt_error_message());
    vt_exp(y);
    REFUSED(VT_ERROR_NUMERIC, "log: the result has a NaN at [1], and no input has one");
    vt_exp(vt_reshape(VECTOR(1, 2, 3, 1e4), VT_SHAPE(2, 2)));
    REFUSED(VT_ERROR_NUMERIC, "exp: the result has an infinity at [1, 1], and no input has one");
    vt_set_eager(false);
    EXPECT(vt_exp(VECTOR(1e4)), INFINITY);
}

Test(eager, names_the_forward_op_of_a_gradient)
{
    vt_set_eager(true);
    VT_SCOPE;
    vt_tensor x = trainable(VECTOR(0));
    char want[64];
    snprintf(want, sizeof want, "test_core.c:%d in ", __LINE__ + 1);
    vt_tensor y = vt_sqrt(x);
    vt_backward(vt_sum(y));
    cr_assert(strstr(vt_error_message(), want), "%s", vt_error_message());
    REFUSED(VT_ERROR_NUMERIC, "sqrt: ");
    vt_set_eager(false);
}

Test(eager, allows_infinities_that_are_meant)
{
    vt_set_eager(true);
    VT_SCOPE;
    vt_tensor mask = VECTOR(0, -INFINITY), created = vt_full(VT_SHAPE(2), -INFINITY);
    EXPECT(vt_exp(vt_add(mask, VECTOR(0, 5))), 1, 0);
    EXPECT(vt_exp(created), 0, 0);
    vt_tensor nothing = vt_from_data((double[]){ NAN }, VT_SHAPE(1), VT_F64);
    vt_neg(nothing);
    cr_assert(!vt_failed());
    EXPECT(vt_sub(created, created), NAN, NAN);
    vt_set_eager(false);
}

/* By an input or by an option; what comes of it later, too, and its gradient. */
Test(eager, refuses_nothing_that_was_asked_for)
{
    vt_set_eager(true);
    VT_SCOPE;
    vt_tensor x = trainable(VECTOR(1, 2)), low = vt_full(VT_SHAPE(2), -INFINITY, .dtype = VT_F64);
    EXPECT(vt_pad(x, VT_SHAPE(1), VT_SHAPE(0), .value = -INFINITY), -INFINITY, 1, 2);
    EXPECT(vt_pad(x, VT_SHAPE(0), VT_SHAPE(1), .value = NAN), 1, 2, NAN);
    EXPECT(vt_scale(x, INFINITY), INFINITY, INFINITY);
    EXPECT(vt_pow_scalar(x, INFINITY), 1, INFINITY);
    EXPECT(vt_clamp(x, INFINITY, INFINITY), INFINITY, INFINITY);
    vt_tensor y = vt_softmax(vt_add(x, low), 0);
    EXPECT(y, NAN, NAN);
    vt_backward(vt_sum(y));
    EXPECT(vt_grad(x), NAN, NAN);
    vt_tensor endless = VECTOR(INFINITY, -INFINITY);
    vt_assign(endless, vt_sub(endless, endless));
    EXPECT(endless, NAN, NAN);
    vt_set_eager(false);
}

/* The update of a parameter that is infinite makes nothing new of it. */
Test(eager, sees_what_an_effect_overwrites)
{
    vt_set_eager(true);
    VT_SCOPE;
    vt_model *model = vt_model_new();
    vt_tensor w = vt_parameter(vt_root(model), "w", VT_SHAPE(1), .value = INFINITY);
    vt_optimizer *sgd = vt_sgd(model, .lr = 1);
    vt_backward(vt_sum(vt_sign(w)));
    vt_optimizer_step(sgd);
    cr_assert(!vt_failed(), "%s", vt_error_message());
    vt_optimizer_free(sgd);
    vt_model_free(model);
    vt_set_eager(false);
}

Test(eager, checks_what_effects_write)
{
    vt_set_eager(true);
    VT_SCOPE;
    vt_model *model = vt_model_new();
    vt_tensor w = vt_parameter(vt_root(model), "w", VT_SHAPE(1), .value = 1);
    vt_optimizer *sgd = vt_sgd(model, .lr = 1e200);
    vt_backward(vt_sum(vt_mul(w, VECTOR(1e200))));
    vt_optimizer_step(sgd);
    REFUSED(VT_ERROR_NUMERIC, "optimizer_step: sgd: the result has an infinity at [0]");
    vt_optimizer_free(sgd);
    vt_model_free(model);
    vt_set_eager(false);
}

/* Whatever the mode, g is there after a -= g, though the a that it was computed from is not. */
Test(eager, and_plans_read_what_was_subtracted_in_place)
{
    for (int eager = 0; eager < 2; eager++) {
        vt_set_eager(eager);
        VT_SCOPE;
        vt_tensor a = VECTOR(1, 2), g = vt_mul(vt_square(a), vt_scalar(0.5, .dtype = VT_F64));
        vt_assign(a, vt_sub(a, g));
        vt_tensor h = vt_exp(a);
        vt_assign(a, vt_mul(h, a));
        EXPECT(a, 0.5 * exp(0.5), 0);
        EXPECT(g, 0.5, 2);
        EXPECT(h, exp(0.5), 1);
    }
    vt_set_eager(false);
}

/* A little of everything; the result depends on order, randomness, gradients and effects. */
static double program(void)
{
    VT_SCOPE;
    vt_seed(5);
    vt_tensor w = trainable(VECTOR(0.5, -1.5, 2)), sum = VECTOR(0, 0, 0), logs[3];
    for (int i = 0; i < 3; i++) {
        VT_SCOPE;
        vt_tensor noise = vt_normal(VT_SHAPE(3), .dtype = VT_F64), y = vt_mul(vt_tanh(vt_mul(w, noise)), w);
        logs[i] = vt_keep(vt_sum(y));
        vt_backward(vt_sum(vt_mul(y, y)));
        vt_assign(sum, vt_add(sum, vt_grad(w)));
        vt_assign(w, vt_sub(w, vt_scale(sum, 0.1)));
    }
    return vt_item(vt_add(vt_sum(w), vt_add(logs[0], vt_mul(logs[1], logs[2]))));
}

Test(eager, gives_the_same_bits)
{
    double planned = program();
    vt_set_eager(true);
    double eager = program();
    vt_set_eager(false);
    cr_assert(planned == eager && isfinite(planned), "%.17g %.17g", planned, eager);
    context_get()->force_decompose = true;
    cr_assert(fabs(program() - planned) < 1e-9);
}

Test(eager, can_be_turned_on_in_between)
{
    VT_SCOPE;
    vt_tensor w = VECTOR(1), before = vt_neg(w);
    vt_assign(w, VECTOR(2));
    vt_set_eager(true);
    vt_tensor after = vt_neg(w);
    vt_set_eager(false);
    EXPECT(vt_add(before, after), -3);
}

/* -- The context's state ------------------------------------------------------------------------------------------ */

Test(state, random_numbers_continue)
{
    VT_SCOPE;
    vt_tensor first = vt_normal(VT_SHAPE(8), .dtype = VT_F64);
    vt_random_state saved = vt_random_get();
    double one[8], two[8], other[8];
    vt_read(vt_normal(VT_SHAPE(8), .dtype = VT_F64), one, 8, VT_F64);
    vt_random_set(saved);
    vt_read(vt_normal(VT_SHAPE(8), .dtype = VT_F64), two, 8, VT_F64);
    cr_assert(memcmp(one, two, sizeof one) == 0);
    vt_read(first, other, 8, VT_F64);
    cr_assert(memcmp(one, other, sizeof one) != 0);
    vt_seed(1);
    vt_read(vt_normal(VT_SHAPE(8), .dtype = VT_F64), two, 8, VT_F64);
    cr_assert(memcmp(two, other, sizeof one) == 0);
    vt_seed(2);
    vt_read(vt_normal(VT_SHAPE(8), .dtype = VT_F64), two, 8, VT_F64);
    cr_assert(memcmp(two, other, sizeof one) != 0);
}

Test(state, statistics_return_to_zero)
{
    int64_t bytes;
    {
        VT_SCOPE;
        vt_tensor x = vt_full(VT_SHAPE(1000), 1, .dtype = VT_F64);
        cr_assert(vt_statistics_get().live_bytes == 0);
        static double values[1000];
        cr_assert(vt_read(vt_exp(x), values, 1000, VT_F64));
        bytes = vt_statistics_get().live_bytes;
        cr_assert(bytes >= 8000 && vt_statistics_get().peak_bytes >= 16000);
    }
    vt_statistics s = vt_statistics_get();
    cr_assert(s.live_tensors == 0 && s.live_bytes == 0 && s.reserved_bytes >= bytes && s.nodes_run == 2);
    vt_shutdown();
    cr_assert(vt_statistics_get().reserved_bytes == 0);
}

Test(state, the_peak_of_memory_begins_anew_where_it_is_asked_to)
{
    VT_SCOPE;
    static double values[1000];
    vt_tensor small = vt_full(VT_SHAPE(10), 1, .dtype = VT_F64);
    cr_assert(vt_read(small, values, 10, VT_F64));
    {
        VT_SCOPE;
        cr_assert(vt_read(vt_full(VT_SHAPE(1000), 1, .dtype = VT_F64), values, 1000, VT_F64));
    }
    cr_assert(vt_statistics_get().peak_bytes >= 8080);
    vt_statistics_reset_peak();
    const vt_statistics s = vt_statistics_get();
    cr_assert(s.live_bytes >= 80 && s.peak_bytes == s.live_bytes && s.peak_bytes < 8000);
}

Test(state, memory_is_used_again)
{
    int64_t reserved = 0;
    for (int i = 0; i < 5; i++) {
        VT_SCOPE;
        vt_item(vt_sum(vt_exp(vt_full(VT_SHAPE(5000), 1))));
        if (i == 1) reserved = vt_statistics_get().reserved_bytes;
    }
    cr_assert(vt_statistics_get().reserved_bytes == reserved);
}

Test(state, shutdown_ends_everything)
{
    vt_model *model = vt_model_new(), *freed_before = vt_model_new();
    vt_tensor w = vt_parameter(vt_root(model), "w", VT_SHAPE(3), .value = 1), kept;
    vt_parameter(vt_root(freed_before), "w", VT_SHAPE(3), .value = 1);
    vt_optimizer *adam = vt_adam(model);
    vt_scope scope = vt_scope_begin();
    kept = VECTOR(1);
    vt_assign(w, vt_scale(w, 2));
    vt_model_free(freed_before);
    vt_shutdown();
    cr_assert(!vt_is_live(w) && !vt_is_live(kept) && live() == 0);
    vt_scope_end(&scope);
    vt_optimizer_free(adam);
    vt_model_free(model);
    VT_SCOPE;
    EXPECT(vt_neg(VECTOR(1)), -1);
}

Test(state, settings)
{
    cr_assert(strcmp(vt_device(), "reference") == 0 && vt_precision() == VT_F64 && !vt_training() && !vt_eager());
    vt_set_device("abacus");
    REFUSED(VT_ERROR_UNSUPPORTED, "no device \"abacus\" in this build; there are: cpu, ");
    vt_set_device(NULL);
    vt_error_clear();
    cr_assert(strcmp(vt_device(), "reference") == 0);
    vt_set_precision(VT_I64);
    REFUSED(VT_ERROR_UNSUPPORTED, "precision i64: it is f32, f64 or bf16");
    vt_set_threads(-1);
    REFUSED(VT_ERROR_ARGUMENT, "-1 threads");
    vt_set_threads(2);
    cr_assert(vt_threads() == 2);
    vt_set_training(true);
    cr_assert(vt_training());
}

static void *other_thread(void *result)
{
    vt_set_device("reference");
    cr_assert(!vt_failed() && vt_precision() == VT_F32 && live() == 0);
    vt_exp(VT_INERT);
    bool failed = vt_failed();
    vt_error_clear();
    vt_set_precision(VT_F64);
    vt_seed(1);
    *(double *)result = failed ? program() : NAN;
    return NULL;
}

Test(state, each_thread_has_its_own)
{
    pthread_t threads[4];
    double results[4];
    VT_SCOPE;
    vt_tensor x = VECTOR(1, 2);
    for (int i = 0; i < 4; i++) cr_assert(pthread_create(&threads[i], NULL, other_thread, &results[i]) == 0);
    double own = program();
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    cr_assert(!vt_failed() && live() == 1);
    for (int i = 0; i < 4; i++) cr_assert(results[i] == own);
    EXPECT(x, 1, 2);
}

Test(state, out_of_memory_is_an_error_to_go_on_from)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(1), y = vt_neg(x), sum = vt_sum(vt_full(VT_SHAPE(1 << 23, 1 << 23), 1));
    vt_assign(x, VECTOR(2));
    cr_assert(!vt_failed());
    vt_item(sum);
    REFUSED(VT_ERROR_MEMORY, "out of memory on reference: ");
    EXPECT(x, 2);
    EXPECT(y, -1);
    vt_item(sum);
    REFUSED(VT_ERROR_MEMORY, "out of memory on reference: ");
}

Test(state, absurd_shapes_are_refused)
{
    VT_SCOPE;
    int64_t big = (int64_t)1 << 40;
    vt_full(VT_SHAPE(big, big), 1);
    cr_assert(vt_failed());
    vt_error_clear();
    vt_tensor column = vt_expand(VECTOR(1), VT_SHAPE(big, 1)), row = vt_expand(VECTOR(1), VT_SHAPE(1, big));
    cr_assert(!vt_failed());
    vt_mul(column, row);
    REFUSED(VT_ERROR_ARGUMENT,
            "mul: the result would have shape [1099511627776, 1099511627776], more elements than memory");
    vt_from_data("", VT_SHAPE(big, big, 0), VT_U8);
    REFUSED(VT_ERROR_ARGUMENT, "from_data: not a shape");
    vt_from_data("", VT_SHAPE(-1), VT_U8);
    REFUSED(VT_ERROR_ARGUMENT, "from_data: not a shape");
    vt_from_data("", (vt_shape){ .rank = VT_MAX_RANK + 1 }, VT_U8);
    REFUSED(VT_ERROR_ARGUMENT, "from_data: not a shape: rank 9 (0 to 8)");
}

/* -- Data in and out ---------------------------------------------------------------------------------------------- */

Test(data, read_converts)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(1.5, -2.7, 3e10, NAN, -5);
    int32_t integers[5];
    uint8_t bytes[5];
    float floats[5];
    cr_assert(vt_read(x, integers, 5, VT_I32) && vt_read(x, bytes, 5, VT_U8) && vt_read(x, floats, 5, VT_F32));
    cr_assert(integers[0] == 1 && integers[1] == -2 && integers[2] == INT32_MAX && integers[3] == 0);
    cr_assert(bytes[0] == 1 && bytes[1] == 0 && bytes[2] == 255 && bytes[3] == 0 && bytes[4] == 0);
    cr_assert(floats[0] == 1.5f && floats[2] == 3e10f && isnan(floats[3]));
    uint8_t truth[5];
    cr_assert(vt_read(x, truth, 5, VT_BOOL) && truth[0] == 1 && truth[3] == 1);
    int64_t odd = ((int64_t)1 << 60) + 1, back = 0;
    vt_tensor exact = vt_from_data(&odd, VT_SCALAR, VT_I64);
    cr_assert(vt_read(exact, &back, 1, VT_DTYPE_DEFAULT) && back == odd);
}

Test(data, read_refuses)
{
    VT_SCOPE;
    double data[4];
    vt_tensor x = VECTOR(1, 2, 3);
    cr_assert(!vt_read(x, data, 2, VT_F64));
    REFUSED(VT_ERROR_ARGUMENT, "read: x of shape [3] has 3 elements, data has room for 2");
    cr_assert(!vt_read(x, NULL, 3, VT_F64));
    REFUSED(VT_ERROR_ARGUMENT, "read: data is NULL");
    cr_assert(isnan(vt_item(x)));
    REFUSED(VT_ERROR_ARGUMENT, "item: x has shape [3], it must have one element");
    vt_from_data(NULL, VT_SHAPE(2), VT_F64);
    REFUSED(VT_ERROR_ARGUMENT, "from_data: data is NULL");
    vt_from_data(data, VT_SHAPE(2), VT_DTYPE_DEFAULT);
    REFUSED(VT_ERROR_ARGUMENT, "from_data: dtype is default");
    cr_assert(vt_read(vt_from_data(NULL, VT_SHAPE(0, 3), VT_F64), NULL, 0, VT_F64));
}

Test(data, dtypes_that_no_tensor_has_are_refused)
{
    VT_SCOPE;
    double data[4] = { 0 };
    vt_tensor x = VECTOR(1, 2, 3);
    const int outside[] = { VT_DTYPE_COUNT, 77, -1 };
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        vt_dtype dtype = (vt_dtype)outside[i];
        char refusal[64];
        snprintf(refusal, sizeof refusal, "read: dtype is %s (%d); ", vt_dtype_name(dtype), outside[i]);
        cr_assert(!vt_read(x, data, 3, dtype));
        REFUSED(VT_ERROR_ARGUMENT, refusal);
        snprintf(refusal, sizeof refusal, "from_data: dtype is %s (%d); ", vt_dtype_name(dtype), outside[i]);
        cr_assert(!vt_from_data(data, VT_SHAPE(2), dtype).id);
        REFUSED(VT_ERROR_ARGUMENT, refusal);
        cr_assert(!vt_cast(x, dtype).id);
        REFUSED(VT_ERROR_ARGUMENT, "cast: dtype is ");
        cr_assert(!vt_zeros(VT_SHAPE(2), .dtype = dtype).id);
        REFUSED(VT_ERROR_ARGUMENT, "zeros: full: dtype is ");
    }
    for (int i = 0; i < 4; i++) cr_assert(data[i] == 0, "a refused read wrote");
}

Test(data, bools_are_0_or_1)
{
    const char *devices[] = { "cpu", "reference" };
    for (int i = 0; i < 2; i++) {
        vt_set_device(devices[i]);
        VT_SCOPE;
        vt_tensor x = vt_from_data(((uint8_t[]){ 255, 2, 0, 1 }), VT_SHAPE(4), VT_BOOL), y = vt_logical_not(x);
        uint8_t bytes[4];
        EXPECT(vt_sum(x), 3);
        EXPECT(y, 0, 0, 1, 0);
        cr_assert(vt_read(x, bytes, 4, VT_BOOL) && bytes[0] == 1 && bytes[1] == 1 && bytes[2] == 0);
        cr_assert(vt_write(x, ((uint8_t[]){ 0, 0, 128, 0 })));
        EXPECT(vt_sum(x), 1);
    }
}

Test(data, write)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(1, 2), y = vt_neg(x);
    cr_assert(!vt_write(y, ((double[]){ 0, 0 })));
    REFUSED(VT_ERROR_ARGUMENT, "write: x is the result of an op; only parameters, buffers");
    cr_assert(!vt_write(x, NULL));
    REFUSED(VT_ERROR_ARGUMENT, "write: data is NULL");
    cr_assert(vt_write(x, ((double[]){ 3, 4 })));
    EXPECT(x, 3, 4);
    EXPECT(y, -1, -2);
}

static const char *printed(vt_tensor x)
{
    static char text[4096];
    FILE *stream = fmemopen(text, sizeof text, "w");
    vt_print_at(VT_HERE, stream, "x", x);
    fclose(stream);
    return text;
}

Test(data, print)
{
    VT_SCOPE;
    cr_expect_str_eq(printed(vt_reshape(VECTOR(1, 2, 3, 4), VT_SHAPE(2, 2))),
                     "x: f64 [2, 2]  mean 2.5 std 1.118 min 1 max 4\n  [[1, 2],\n   [3, 4]]\n");
    cr_expect_str_eq(printed(vt_full(VT_SCALAR, 2.5, .dtype = VT_F32)),
                     "x: f32 []  mean 2.5 std 0 min 2.5 max 2.5\n  2.5\n");
    cr_expect_str_eq(printed(vt_full(VT_SHAPE(0, 3), 1, .dtype = VT_F64)), "x: f64 [0, 3]\n  []\n");
    cr_expect_str_eq(printed(VECTOR(1, 2, 3, 4, 5, 6, 7)),
                     "x: f64 [7]  mean 4 std 2 min 1 max 7\n  [1, 2, 3, 4, 5, 6, 7]\n");
    cr_expect_str_eq(printed(VECTOR(1, 2, 3, 4, 5, 6, 7, 8)),
                     "x: f64 [8]  mean 4.5 std 2.291 min 1 max 8\n  [1, 2, 3, ..., 6, 7, 8]\n");
    cr_expect_str_eq(printed(VECTOR(1, NAN, 3, -INFINITY, INFINITY, NAN)),
                     "x: f64 [6]  mean 2 std 1 min 1 max 3  of 2 finite; 2 NaN, 2 infinite\n"
                     "  [1, nan, 3, -inf, inf, nan]\n");
    cr_expect_str_eq(printed(VECTOR(NAN)), "x: f64 [1]  of 0 finite; 1 NaN, 0 infinite\n  [nan]\n");
    cr_expect_str_eq(printed(VECTOR(1e9 - 1, 1e9 + 1)),
                     "x: f64 [2]  mean 1e+09 std 1 min 1e+09 max 1e+09\n  [1e+09, 1e+09]\n");
    vt_tensor large = vt_from_data(((int64_t[]){ 9007199254740993, -1 }), VT_SHAPE(2), VT_I64);
    cr_expect(strstr(printed(large), "[9007199254740993, -1]"), "%s", printed(large));
    cr_expect(strstr(printed(vt_full(VT_SHAPE(9, 1), 1, .dtype = VT_F64)), "[1],\n   ...,\n   [1],"), "%s",
              printed(vt_full(VT_SHAPE(9, 1), 1, .dtype = VT_F64)));
}

/* -- Call sites --------------------------------------------------------------------------------------------------- */

/* Memory that is gone afterwards, as a plugin's is that has been unloaded. */
static char *text_of_a_plugin(const char *text)
{
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(memory != MAP_FAILED);
    return strcpy(memory, text);
}

Test(data, call_sites_outlive_their_strings)
{
    VT_SCOPE;
    vt_tensor x = VECTOR(1, 2), y[2];
    for (int i = 0; i < 2; i++) {
        char *file = text_of_a_plugin(i ? "other.c" : "plugin.c"), *function = text_of_a_plugin("forward");
        y[i] = vt_neg_at((vt_site){ file, function, 7 + i }, x);
        munmap(file, 4096);
        munmap(function, 4096);
    }
    vt_free(x);
    vt_item(vt_sum(y[0]));
    REFUSED(VT_ERROR_HANDLE, "neg: input 0 ended before this op was computed  at plugin.c:7 in forward()");
    vt_item(vt_sum(y[1]));
    REFUSED(VT_ERROR_HANDLE, "neg: input 0 ended before this op was computed  at other.c:8 in forward()");
}

/* -- Models ------------------------------------------------------------------------------------------------------- */

Test(models, registry)
{
    vt_model *model = vt_model_new();
    vt_path root = vt_root(model), block = vt_subpath(vt_subpath(root, "blocks.%d", 3), "attn");
    vt_tensor w = vt_parameter(block, "weight", VT_SHAPE(2, 3), VT_INIT_UNIFORM, 0.5);
    vt_tensor b = vt_buffer(block, "mean", VT_SHAPE(4), 2, VT_DTYPE_DEFAULT);
    vt_parameter(root, "bias", VT_SCALAR, .value = 7);
    cr_assert(vt_model_size(model) == 3 && vt_model_parameter_count(model) == 7 && vt_model_buffer_count(model) == 4);
    vt_named_tensor entry = vt_model_entry(model, 0);
    cr_assert(strcmp(entry.name, "blocks.3.attn.weight") == 0 && entry.tensor.id == w.id && entry.is_parameter);
    cr_assert(!vt_model_entry(model, 1).is_parameter && !vt_model_entry(model, 3).tensor.id);
    cr_assert(vt_model_find(model, "blocks.3.attn.mean").id == b.id && !vt_model_find(model, "mean").id);
    cr_assert(!vt_failed() && vt_trainable(w) && !vt_trainable(b) && vt_dtype_of(w) == VT_F64);
    double values[6];
    vt_read(w, values, 6, VT_F64);
    for (int i = 0; i < 6; i++) cr_assert(fabs(values[i]) < 0.5 && values[i] != 0);
    cr_assert(vt_model_set_trainable(model, "blocks.*", false) == 1 && !vt_trainable(w));
    cr_assert(vt_model_set_trainable(model, NULL, true) == 2 && vt_trainable(w) && !vt_trainable(b));
    vt_model_free(model);
    vt_model_free(NULL);
    cr_assert(!vt_is_live(w) && !vt_is_live(b));
}

Test(models, refusals)
{
    vt_model *model = vt_model_new();
    vt_path path = vt_root(model);
    vt_parameter(path, "w", VT_SHAPE(2), .value = 1);
    cr_assert(!vt_parameter(path, "w", VT_SHAPE(3), .value = 1).id);
    REFUSED(VT_ERROR_ARGUMENT, "parameter: the name \"w\" is taken  at ");
    cr_assert(!vt_buffer((vt_path){ 0 }, "w", VT_SHAPE(3), 1, VT_DTYPE_DEFAULT).id);
    REFUSED(VT_ERROR_ARGUMENT, "buffer: \"w\" has no model to belong to  at ");
    char name[300] = "";
    memset(name, 'n', sizeof name - 1);
    cr_assert(!vt_parameter(path, name, VT_SHAPE(3), .value = 1).id);
    REFUSED(VT_ERROR_ARGUMENT, "is too long");
    vt_subpath(path, "%s", name);
    REFUSED(VT_ERROR_ARGUMENT, "a name of more than");
    cr_assert(!vt_parameter(path, "u", VT_SHAPE(-3), .value = 1).id);
    REFUSED(VT_ERROR_ARGUMENT, "parameter: full: extent -3 along axis 0");
    cr_assert(vt_model_size(model) == 1 && live() == 1);
    vt_model_free(model);
}

Test(models, parameters_outlive_scopes)
{
    vt_model *model = vt_model_new();
    vt_tensor w;
    {
        VT_SCOPE;
        w = vt_parameter(vt_root(model), "w", VT_SHAPE(2), .value = 3);
        vt_assign(w, vt_scale(w, 2));
    }
    EXPECT(w, 6, 6);
    cr_assert(live() == 1);
    vt_model_free(model);
}

/* -- Gradient checks ----------------------------------------------------------------------------------------------- */

/* x², whose gradient passes through one of the two factors only: x instead of 2 x. */
static vt_tensor half_differentiated(const vt_tensor *inputs, void *user)
{
    (void)user;
    return vt_mul(inputs[0], vt_detach(inputs[0]));
}

static vt_tensor differentiated(const vt_tensor *inputs, void *user)
{
    (void)user;
    return vt_mul(inputs[0], inputs[0]);
}

static vt_tensor rounded_to_f32(const vt_tensor *inputs, void *user)
{
    (void)user;
    return vt_cast(inputs[0], VT_F32);
}

Test(gradcheck, finds_a_wrong_gradient_and_names_input_and_element)
{
    VT_SCOPE;
    vt_tensor x = vt_from_data(((double[]){ 0.01, 3, 0.02 }), VT_SHAPE(3), VT_F64);
    char *report = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&report, &size);
    cr_assert(!vt_gradcheck(half_differentiated, &x, 1, .report = stream));
    fclose(stream);
    cr_assert(vt_error_status() == VT_ERROR_GRADIENT);
    cr_assert(strstr(vt_error_message(), "gradcheck: the gradient of input 0 differs at [1]: analytic"), "%s",
              vt_error_message());
    cr_assert(strstr(report, "gradient of input 0: WRONG"), "%s", report);
    free(report);
    vt_error_clear();
}

Test(gradcheck, leaves_its_inputs_and_the_random_state_as_they_were)
{
    VT_SCOPE;
    vt_tensor x = vt_uniform(VT_SHAPE(3), .dtype = VT_F64);
    double before[3], after[3];
    vt_read(x, before, 3, VT_F64);
    vt_random_state state = vt_random_get();
    cr_assert(vt_gradcheck(differentiated, &x, 1, .second_order = true), "%s", vt_error_message());
    vt_read(x, after, 3, VT_F64);
    cr_assert(memcmp(before, after, sizeof before) == 0 && vt_random_get().stream == state.stream);
}

/* x y, whose gradient is wrong where x and y are one tensor. */
static vt_tensor wrong_of_one(const vt_tensor *in, void *user)
{
    (void)user;
    bool one = in[0].id == in[1].id;
    return one ? vt_mul(in[0], vt_detach(in[1])) : vt_mul(in[0], in[1]);
}

/* (x y)², the same in its second derivative. */
static vt_tensor wrong_of_one_in_second_order(const vt_tensor *in, void *user)
{
    (void)user;
    vt_tensor x = in[0], y = in[1], square = vt_square(vt_mul(x, y));
    if (x.id != y.id) return square;
    /* x⁴: the gradient at x is right, that of the gradient is not. */
    vt_tensor held = vt_detach(x), linear = vt_mul(vt_sub(x, held), vt_scale(vt_pow_scalar(held, 3), 4));
    return vt_add(vt_detach(square), linear);
}

Test(gradcheck, puts_one_tensor_in_several_places)
{
    VT_SCOPE;
    vt_tensor in[] = { VECTOR(0.5, -0.75), VECTOR(1, 2), VECTOR(1) };
    cr_assert(!vt_gradcheck(wrong_of_one, in, 3));
    REFUSED(VT_ERROR_GRADIENT, "gradcheck: the gradient of one tensor as inputs 0 and 1 differs at [");
    in[1] = VECTOR(1, 2, 3);
    in[0] = VECTOR(0.5, -0.75, 1);
    cr_assert(!vt_gradcheck(wrong_of_one_in_second_order, in, 2, .second_order = true));
    REFUSED(VT_ERROR_GRADIENT, "gradcheck: the second-order gradient of one tensor as inputs 0 and 1 differs at [");
}

Test(gradcheck, refuses_f32_in_inputs_and_results)
{
    VT_SCOPE;
    vt_tensor x = vt_from_data(((double[]){ 1, 2 }), VT_SHAPE(2), VT_F64), narrow = vt_cast(x, VT_F32);
    cr_assert(!vt_gradcheck(differentiated, &narrow, 1));
    REFUSED(VT_ERROR_ARGUMENT, "gradcheck: input 0 is f32");
    cr_assert(!vt_gradcheck(rounded_to_f32, &x, 1));
    REFUSED(VT_ERROR_ARGUMENT, "the function's result is f32, it must be f64");
    cr_assert(!vt_gradcheck(differentiated, &x, 0));
    REFUSED(VT_ERROR_ARGUMENT, "it takes a function and 1 to 16 inputs, not 0");
}
