/* test_integers.c - integers are exact on every device, to the last of their bits, and wrap around where they do not
 * fit: double, which holds 53 bits, is nowhere on their way. */
#include "left_behind.h"
#include "tested_device.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdint.h>
#include <vitro/vitro.h>

TestSuite(integers, .fini = expect_nothing_left, .timeout = 60);

enum { ROWS = 3, COLUMNS = 4, COUNT = ROWS * COLUMNS };

/* Neighbours beyond 2^53, both ends of the range, and equal ones. */
static const int64_t A[COUNT] = { 9007199254740993,
                                  9007199254740992,
                                  -9007199254740993,
                                  INT64_MAX,
                                  INT64_MIN,
                                  3,
                                  0,
                                  4611686018427387905,
                                  1152921504606846977,
                                  -1,
                                  9007199254740995,
                                  INT64_MAX - 1 };
static const int64_t B[COUNT] = {
    9007199254740992,    9007199254740993, -9007199254740993, 1,        -1, 9007199254740993, 7, 4611686018427387904,
    1152921504606846976, INT64_MIN,        -9007199254740993, INT64_MAX
};

static vt_tensor tensor_of(const int64_t *data)
{
    return vt_from_data(data, VT_SHAPE(ROWS, COLUMNS), VT_I64);
}

static void expect_exactly(const char *what, vt_tensor x, const int64_t *want, int64_t count)
{
    int64_t got[4 * COUNT];
    cr_assert(vt_read(x, got, 4 * COUNT, VT_I64), "%s on %s: %s", what, vt_device(), vt_error_message());
    cr_assert(vt_count(x) == count, "%s on %s: %lld elements", what, vt_device(), (long long)vt_count(x));
    for (int64_t i = 0; i < count; i++)
        cr_assert(got[i] == want[i], "%s on %s: element %lld is %" PRId64 ", not %" PRId64, what, vt_device(),
                  (long long)i, got[i], want[i]);
}

typedef void test_body(vt_tensor a, vt_tensor b);

static void on_every_device(test_body *body)
{
    const char *const devices[] = { "reference", tested_device() };
    for (int run = 0; run < 4; run++) {
        vt_set_device(devices[run / 2]);
        vt_set_eager(run % 2);
        VT_SCOPE;
        body(tensor_of(A), tensor_of(B));
    }
    vt_set_eager(false);
}

/* `result`, of a and b, is `value`, of x and y, at each place. */
#define EACH(result, value)                                                                                            \
    do {                                                                                                               \
        int64_t want[COUNT];                                                                                           \
        for (int i = 0; i < COUNT; i++) {                                                                              \
            uint64_t x = (uint64_t)A[i], y = (uint64_t)B[i];                                                           \
            (void)x, (void)y;                                                                                          \
            want[i] = (int64_t)(value);                                                                                \
        }                                                                                                              \
        expect_exactly(#result, result, want, COUNT);                                                                  \
    } while (0)

static void arithmetic(vt_tensor a, vt_tensor b)
{
    EACH(vt_add(a, b), x + y);
    EACH(vt_sub(a, b), x - y);
    EACH(vt_mul(a, b), x * y);
    EACH(vt_neg(a), -x);
    EACH(vt_abs(a), (int64_t)x < 0 ? -x : x);
    EACH(vt_minimum(a, b), A[i] < B[i] ? x : y);
    EACH(vt_maximum(a, b), A[i] > B[i] ? x : y);
}

Test(integers, arithmetic)
{
    on_every_device(arithmetic);
}

static void comparisons(vt_tensor a, vt_tensor b)
{
    EACH(vt_equal(a, b), A[i] == B[i]);
    EACH(vt_not_equal(a, b), A[i] != B[i]);
    EACH(vt_less(a, b), A[i] < B[i]);
    EACH(vt_less_equal(a, b), A[i] <= B[i]);
    EACH(vt_greater(a, b), A[i] > B[i]);
    EACH(vt_greater_equal(a, b), A[i] >= B[i]);
    EACH(vt_where(vt_less(a, b), a, b), A[i] < B[i] ? x : y);
}

Test(integers, comparisons_and_choice)
{
    on_every_device(comparisons);
}

/* What does not fit a smaller dtype becomes the nearest that does; arithmetic in it wraps around. */
static void smaller(vt_tensor a, vt_tensor b)
{
    EACH(vt_cast(a, VT_I32), A[i] > INT32_MAX ? INT32_MAX : A[i] < INT32_MIN ? INT32_MIN : A[i]);
    EACH(vt_cast(a, VT_U8), A[i] > UINT8_MAX ? UINT8_MAX : A[i] < 0 ? 0 : A[i]);
    EACH(vt_cast(a, VT_BOOL), A[i] != 0);
    EACH(vt_cast(vt_cast(vt_sub(a, b), VT_F64), VT_BOOL), A[i] != B[i]);
    EACH(vt_cast(vt_full(VT_SHAPE(ROWS, COLUMNS), 0.5), VT_BOOL), 1);
    vt_tensor c = vt_cast(a, VT_I32), d = vt_cast(a, VT_U8);
#define AS_I32 (A[i] > INT32_MAX ? INT32_MAX : A[i] < INT32_MIN ? INT32_MIN : A[i])
#define AS_U8  (A[i] > UINT8_MAX ? UINT8_MAX : A[i] < 0 ? 0 : A[i])
    EACH(vt_add(c, c), (int32_t)(uint32_t)((uint64_t)AS_I32 * 2));
    EACH(vt_mul(d, d), (uint8_t)((uint64_t)AS_U8 * (uint64_t)AS_U8));
}

Test(integers, smaller_dtypes)
{
    on_every_device(smaller);
}

static void moves(vt_tensor a, vt_tensor b)
{
    int64_t want[4 * COUNT];
    for (int i = 0; i < 2 * COUNT; i++) want[i] = i < COUNT ? A[i] : B[i - COUNT];
    expect_exactly("concat", vt_concat(((vt_tensor[]){ a, b }), 2, 0), want, 2 * COUNT);
    for (int i = 0; i < COUNT; i++) want[i] = A[i % ROWS * COLUMNS + i / ROWS];
    vt_tensor turned = vt_transpose(a, 0, 1);
    expect_exactly("transpose", turned, want, COUNT);
    expect_exactly("reshape", vt_reshape(turned, VT_SHAPE(COUNT)), want, COUNT);
    for (int i = 0; i < ROWS * 2; i++) want[i] = A[i / 2 * COLUMNS + i % 2 * 2 + 1];
    expect_exactly("slice", vt_slice(a, 1, 1, COLUMNS, .step = 2), want, ROWS * 2);
    for (int i = 0; i < ROWS * (COLUMNS + 2); i++) {
        int j = i % (COLUMNS + 2) - 1;
        want[i] = j < 0 || j >= COLUMNS ? -1 : A[i / (COLUMNS + 2) * COLUMNS + j];
    }
    expect_exactly("pad", vt_pad(a, VT_SHAPE(1), VT_SHAPE(1), .value = -1), want, ROWS * (COLUMNS + 2));
    vt_assign(a, b);
    expect_exactly("assign", a, B, COUNT);
}

Test(integers, moved)
{
    on_every_device(moves);
}

static void picks(vt_tensor a, vt_tensor b)
{
    int64_t index[COUNT], want[COUNT];
    for (int i = 0; i < COUNT; i++) index[i] = (i * 7 + 1) % COLUMNS;
    vt_tensor places = tensor_of(index), rows = vt_from_data(((int64_t[]){ 2, 0, 2 }), VT_SHAPE(ROWS), VT_I64);
    for (int i = 0; i < COUNT; i++) want[i] = A[i / COLUMNS * COLUMNS + index[i]];
    expect_exactly("gather", vt_gather(a, 1, places), want, COUNT);
    for (int i = 0; i < COUNT; i++) want[i] = A[(i / COLUMNS == 1 ? 0 : 2) * COLUMNS + i % COLUMNS];
    expect_exactly("index_select", vt_index_select(a, 0, rows), want, COUNT);
    for (int i = 0; i < COUNT; i++) want[i] = A[i];
    for (int i = 0; i < COUNT; i++) {
        int64_t *to = &want[i / COLUMNS * COLUMNS + index[i]];
        *to = (int64_t)((uint64_t)*to + (uint64_t)B[i]);
    }
    expect_exactly("scatter_add", vt_scatter_add(a, 1, places, b), want, COUNT);
    for (int i = 0; i < COUNT; i++) want[i] = A[i];
    for (int i = 0; i < COUNT; i++) {
        int64_t *to = &want[(i / COLUMNS == 1 ? 0 : 2) * COLUMNS + i % COLUMNS];
        *to = (int64_t)((uint64_t)*to + (uint64_t)B[i]);
    }
    expect_exactly("index_add", vt_index_add(a, 0, rows, b), want, COUNT);
}

Test(integers, picked_and_placed)
{
    on_every_device(picks);
}

static void reductions(vt_tensor a, vt_tensor b)
{
    uint64_t sum = 0, product = 1;
    int64_t most = INT64_MIN, least = INT64_MAX, running[COUNT], backwards[COUNT];
    for (int i = 0; i < COUNT; i++) {
        running[i] = (int64_t)(sum += (uint64_t)A[i]);
        product *= (uint64_t)A[i] | 1;
        most = B[i] > most ? B[i] : most;
        least = A[i] < least ? A[i] : least;
    }
    sum = 0;
    for (int i = COUNT - 1; i >= 0; i--) backwards[i] = (int64_t)(sum += (uint64_t)A[i]);
    int64_t odd[COUNT];
    for (int i = 0; i < COUNT; i++) odd[i] = A[i] | 1;
    vt_tensor flat = vt_reshape(a, VT_SHAPE(COUNT));
    expect_exactly("sum", vt_sum(a), backwards, 1);
    expect_exactly("prod", vt_prod(tensor_of(odd)), &(int64_t){ (int64_t)product }, 1);
    expect_exactly("max", vt_max(b), &most, 1);
    expect_exactly("min", vt_min(a), &least, 1);
    expect_exactly("max of rows", vt_max(a, .axes = VT_AXES(1)),
                   ((int64_t[]){ INT64_MAX, 4611686018427387905, INT64_MAX - 1 }), ROWS);
    expect_exactly("argmax", vt_argmax(a, 0), ((int64_t[]){ 2, 0, 2, 0 }), COLUMNS);
    expect_exactly("argmin", vt_argmin(vt_slice(a, 0, 0, 1), 1), ((int64_t[]){ 2 }), 1);
    expect_exactly("argmin of neighbours", vt_argmin(vt_slice(vt_slice(a, 0, 0, 1), 1, 0, 2), 1), ((int64_t[]){ 1 }),
                   1);
    expect_exactly("cumsum", vt_cumsum(flat, 0), running, COUNT);
    expect_exactly("reverse cumsum", vt_cumsum(flat, 0, .reverse = true), backwards, COUNT);
    vt_tensor where;
    vt_tensor largest = vt_topk(a, 2, 1, .indices = &where);
    expect_exactly(
        "topk", largest,
        ((int64_t[]){ INT64_MAX, 9007199254740993, 4611686018427387905, 3, INT64_MAX - 1, 1152921504606846977 }),
        2 * ROWS);
    expect_exactly("topk's indices", where, ((int64_t[]){ 3, 0, 3, 1, 3, 0 }), 2 * ROWS);
}

Test(integers, reduced)
{
    on_every_device(reductions);
}
