/* cast.c - conversion between dtypes. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/reduction/rows.h"

/* Out-of-range values saturate and NaN becomes 0; in C the plain conversion would be undefined. `below` and `above` are
 * the limits as values of the type converted from, `above` the first that does not fit. */
#define SATURATED(a, below, above, lowest, highest, to)                                                                \
    ((a) != (a) ? 0 : ((a) <= (below) ? (lowest) : ((a) >= (above) ? (highest) : (to)(a))))

#define FROM_FLOAT(from, name)                                                                                         \
    UNARY_ROW(name##_to_i32, from, int32_t, SATURATED(a, -0x1p31, 0x1p31, INT32_MIN, INT32_MAX, int32_t))              \
    UNARY_ROW(name##_to_i64, from, int64_t, SATURATED(a, -0x1p63, 0x1p63, INT64_MIN, INT64_MAX, int64_t))              \
    UNARY_ROW(name##_to_u8, from, uint8_t, SATURATED(a, 0, 255, 0, 255, uint8_t))                                      \
    UNARY_ROW(name##_to_bool, from, uint8_t, a != 0)
FROM_FLOAT(float, f32)
FROM_FLOAT(double, f64)
UNARY_ROW(f32_to_f64, float, double, a)
UNARY_ROW(f64_to_f32, double, float, a)

#define FROM_INTEGER(from, name)                                                                                       \
    UNARY_ROW(name##_to_f32, from, float, a)                                                                           \
    UNARY_ROW(name##_to_f64, from, double, a)                                                                          \
    UNARY_ROW(name##_to_bool, from, uint8_t, a != 0)
FROM_INTEGER(int32_t, i32)
FROM_INTEGER(int64_t, i64)
FROM_INTEGER(uint8_t, u8)
UNARY_ROW(i32_to_i64, int32_t, int64_t, a)
UNARY_ROW(i32_to_u8, int32_t, uint8_t, a < 0 ? 0 : (a > 255 ? 255 : a))
UNARY_ROW(i64_to_i32, int64_t, int32_t, a < INT32_MIN ? INT32_MIN : (a > INT32_MAX ? INT32_MAX : a))
UNARY_ROW(i64_to_u8, int64_t, uint8_t, a < 0 ? 0 : (a > 255 ? 255 : a))
UNARY_ROW(u8_to_i32, uint8_t, int32_t, a)
UNARY_ROW(u8_to_i64, uint8_t, int64_t, a)
UNARY_ROW(bool_to_u8, uint8_t, uint8_t, a)

/* By the dtype converted from, and to. */
static row_function *const rows[VT_DTYPE_COUNT][VT_DTYPE_COUNT] = {
    [VT_F32] = { [VT_F64] = f32_to_f64,
                 [VT_I32] = f32_to_i32,
                 [VT_I64] = f32_to_i64,
                 [VT_U8] = f32_to_u8,
                 [VT_BOOL] = f32_to_bool },
    [VT_F64] = { [VT_F32] = f64_to_f32,
                 [VT_I32] = f64_to_i32,
                 [VT_I64] = f64_to_i64,
                 [VT_U8] = f64_to_u8,
                 [VT_BOOL] = f64_to_bool },
    [VT_I32] = { [VT_F32] = i32_to_f32,
                 [VT_F64] = i32_to_f64,
                 [VT_I64] = i32_to_i64,
                 [VT_U8] = i32_to_u8,
                 [VT_BOOL] = i32_to_bool },
    [VT_I64] = { [VT_F32] = i64_to_f32,
                 [VT_F64] = i64_to_f64,
                 [VT_I32] = i64_to_i32,
                 [VT_U8] = i64_to_u8,
                 [VT_BOOL] = i64_to_bool },
    [VT_U8] = { [VT_F32] = u8_to_f32,
                [VT_F64] = u8_to_f64,
                [VT_I32] = u8_to_i32,
                [VT_I64] = u8_to_i64,
                [VT_BOOL] = u8_to_bool },
    [VT_BOOL] = { [VT_F32] = u8_to_f32,
                  [VT_F64] = u8_to_f64,
                  [VT_I32] = u8_to_i32,
                  [VT_I64] = u8_to_i64,
                  [VT_U8] = bool_to_u8 },
};

static bool cast(const kernel_call *call)
{
    return run_rows(call, rows[row_dtype(&call->in[0])][row_dtype(&call->out[0])]);
}

const kernel_row cpu_cast_kernels[] = {
    { &op_cast, ROW_KERNEL(cast) },
    { 0 },
};
