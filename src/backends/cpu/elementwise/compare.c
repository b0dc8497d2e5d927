/* compare.c - comparisons, logic, and choice by their results. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/reduction/rows.h"
#include "ops/elementwise.h"

#define COMPARISON(name, operator)                                                                                     \
    BINARY_ROW(name##_f32, float, uint8_t, a operator b)                                                               \
    BINARY_ROW(name##_f64, double, uint8_t, a operator b)                                                              \
    BINARY_ROW(name##_i32, int32_t, uint8_t, a operator b)                                                             \
    BINARY_ROW(name##_i64, int64_t, uint8_t, a operator b)                                                             \
    BINARY_ROW(name##_u8, uint8_t, uint8_t, a operator b)
COMPARISON(equal, ==)
COMPARISON(not_equal, !=)
COMPARISON(less, <)
COMPARISON(less_equal, <=)
COMPARISON(greater, >)
COMPARISON(greater_equal, >=)

BINARY_ROW(logical_and_u8, uint8_t, uint8_t, a &b)
BINARY_ROW(logical_or_u8, uint8_t, uint8_t, a | b)
UNARY_ROW(logical_not_u8, uint8_t, uint8_t, a ^ 1)

#define EVERY(name)                                                                                                    \
    {                                                                                                                  \
        [VT_F32] = name##_f32, [VT_F64] = name##_f64, [VT_I32] = name##_i32, [VT_I64] = name##_i64,                    \
        [VT_U8] = name##_u8, [VT_BOOL] = name##_u8                                                                     \
    }
static row_table compare_rows = {
    [OP_ID_equal] = EVERY(equal),
    [OP_ID_not_equal] = EVERY(not_equal),
    [OP_ID_less] = EVERY(less),
    [OP_ID_less_equal] = EVERY(less_equal),
    [OP_ID_greater] = EVERY(greater),
    [OP_ID_greater_equal] = EVERY(greater_equal),
    [OP_ID_logical_and] = { [VT_BOOL] = logical_and_u8 },
    [OP_ID_logical_not] = { [VT_BOOL] = logical_not_u8 },
    [OP_ID_logical_or] = { [VT_BOOL] = logical_or_u8 },
};

static bool compare(const kernel_call *call)
{
    return run_table(call, compare_rows);
}

/* Choosing moves bits: elements of one size are alike. */
#define CHOICE(type)                                                                                                   \
    ROW_INLINE void where_##type##_loop(int64_t n, type *out, const uint8_t *choice, int64_t choice_stride,            \
                                        const type *a, int64_t a_stride, const type *b, int64_t b_stride)              \
    {                                                                                                                  \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++)                                                            \
        {                                                                                                              \
            type yes = a[i * a_stride], no = b[i * b_stride];                                                          \
            out[i] = choice[i * choice_stride] ? yes : no;                                                             \
        }                                                                                                              \
    }                                                                                                                  \
    static void where_##type(const row *r)                                                                             \
    {                                                                                                                  \
        const uint8_t *choice = r->in[WHERE_CONDITION];                                                                \
        const type *a = r->in[WHERE_A], *b = r->in[WHERE_B];                                                           \
        int64_t n = r->count, choice_stride = r->stride[WHERE_CONDITION], a_stride = r->stride[WHERE_A],               \
                b_stride = r->stride[WHERE_B];                                                                         \
        if (choice_stride == 1 && a_stride == 1 && b_stride == 1)                                                      \
            where_##type##_loop(n, r->out, choice, 1, a, 1, b, 1);                                                     \
        else if (choice_stride == 1 && a_stride == 1 && b_stride == 0)                                                 \
            where_##type##_loop(n, r->out, choice, 1, a, 1, &(const type){ *b }, 0);                                   \
        else if (choice_stride == 1 && a_stride == 0 && b_stride == 1)                                                 \
            where_##type##_loop(n, r->out, choice, 1, &(const type){ *a }, 0, b, 1);                                   \
        else                                                                                                           \
            where_##type##_loop(n, r->out, choice, choice_stride, a, a_stride, b, b_stride);                           \
    }
CHOICE(uint8_t)
CHOICE(uint32_t)
CHOICE(uint64_t)

static bool where(const kernel_call *call)
{
    size_t size = vt_dtype_size(row_dtype(&call->out[0]));
    return run_rows(call, size == 1 ? where_uint8_t : size == 4 ? where_uint32_t : where_uint64_t);
}

#define KERNEL(name)                                                                                                   \
    {                                                                                                                  \
        &op_##name, ROW_KERNEL(compare)                                                                                \
    }
const kernel_row cpu_compare_kernels[] = {
    KERNEL(equal),
    KERNEL(not_equal),
    KERNEL(less),
    KERNEL(less_equal),
    KERNEL(greater),
    KERNEL(greater_equal),
    KERNEL(logical_and),
    KERNEL(logical_not),
    KERNEL(logical_or),
    { &op_where, ROW_KERNEL(where) },
    { 0 },
};
