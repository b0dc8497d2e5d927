/* pointwise.c - kernels of the ops that pointwise.def lists. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/reduction/rows.h"
#include "backends/cpu/vector/vector_math.h"

/* -- A function of rows for each op and dtype: add_row_f32 and so on ----------------------------------------------- */

#define OPTIONS_0(real)
#define OPTIONS_1(real) real p = (real)((const double *)r->attributes)[0]
#define OPTIONS_2(real)                                                                                                \
    OPTIONS_1(real);                                                                                                   \
    real q = (real)((const double *)r->attributes)[1]
#define ROW_1(name, real, words, kernel) UNARY_ROW_WITH(name, real, real, OPTIONS_##words(real), kernel)
#define ROW_2(name, real, words, kernel) BINARY_ROW(name, real, real, kernel)
#define ROW_3(name, real, words, kernel) TERNARY_ROW(name, real, real, kernel)

#define F(function)                                       function##_f32
#define POINTWISE_OP(name, inputs, words, dtypes, kernel) ROW_##inputs(name##_row_f32, float, words, kernel)
#include "ops/pointwise.def"
#undef F

#define F(function)                                       function##_f64
#define POINTWISE_OP(name, inputs, words, dtypes, kernel) ROW_##inputs(name##_row_f64, double, words, kernel)
#include "ops/pointwise.def"
#undef F

/* Integers wrap around, which C defines for unsigned ones alone; those of 8 bits are computed as int. */
#define INTEGERS_FLOATS(name, inputs, wrapping, plain, kernel)
#define INTEGERS_NUMBERS(name, inputs, wrapping, plain, kernel)        ROW_##inputs(name, wrapping, 0, kernel)
#define INTEGERS_SIGNED_NUMBERS(name, inputs, wrapping, plain, kernel) ROW_##inputs(name, plain, 0, kernel)

#define F(function) function##_i32
#define POINTWISE_OP(name, inputs, words, dtypes, kernel)                                                              \
    INTEGERS_##dtypes(name##_row_i32, inputs, uint32_t, int32_t, kernel)
#define INTEGER_OP(name, dtypes, kernel) ROW_2(name##_row_i32, int32_t, 0, kernel)
#include "ops/pointwise.def"
#undef F

#define F(function) function##_i64
#define POINTWISE_OP(name, inputs, words, dtypes, kernel)                                                              \
    INTEGERS_##dtypes(name##_row_i64, inputs, uint64_t, int64_t, kernel)
#define INTEGER_OP(name, dtypes, kernel) ROW_2(name##_row_i64, int64_t, 0, kernel)
#include "ops/pointwise.def"
#undef F

#define F(function) function##_u8
#define POINTWISE_OP(name, inputs, words, dtypes, kernel)                                                              \
    INTEGERS_##dtypes(name##_row_u8, inputs, uint8_t, uint8_t, kernel)
#define INTEGER_OP(name, dtypes, kernel) ROW_2(name##_row_u8, uint8_t, 0, kernel)
#include "ops/pointwise.def"
#undef F

/* -- Kernels ------------------------------------------------------------------------------------------------------- */

#define ROWS_FLOATS(name)         [VT_F32] = name##_row_f32, [VT_F64] = name##_row_f64
#define ROWS_INTEGERS(name)       [VT_I32] = name##_row_i32, [VT_I64] = name##_row_i64, [VT_U8] = name##_row_u8
#define ROWS_BITS(name)           ROWS_INTEGERS(name), [VT_BOOL] = name##_row_u8
#define ROWS_NUMBERS(name)        ROWS_FLOATS(name), ROWS_INTEGERS(name)
#define ROWS_SIGNED_NUMBERS(name) ROWS_NUMBERS(name)
row_table cpu_pointwise_rows = {
#define POINTWISE_OP(name, inputs, words, dtypes, kernel) [OP_ID_##name] = { ROWS_##dtypes(name) },
#define INTEGER_OP(name, dtypes, kernel)                  [OP_ID_##name] = { ROWS_##dtypes(name) },
#include "ops/pointwise.def"
};

static bool pointwise(const kernel_call *call)
{
    return run_table(call, cpu_pointwise_rows);
}

const kernel_row cpu_pointwise_kernels[] = {
#define POINTWISE_OP(name, inputs, words, dtypes, kernel) { &op_##name, ROW_KERNEL(pointwise) },
#define INTEGER_OP(name, dtypes, kernel)                  { &op_##name, ROW_KERNEL(pointwise) },
#include "ops/pointwise.def"
    { 0 },
};
