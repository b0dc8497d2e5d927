/* dtype.c - names, sizes and kinds of dtypes. */
#include "core/base/dtype.h"

static const struct {
    const char *name;
    size_t size;
    bool is_float;
    vt_dtype of_tensor; /* what a tensor of such data has: the same, or one that holds each of its values */
} dtypes[VT_DTYPE_COUNT] = {
    [VT_DTYPE_DEFAULT] = { "default", 0, false, VT_DTYPE_DEFAULT },
    [VT_F32] = { "f32", 4, true, VT_F32 },
    [VT_F64] = { "f64", 8, true, VT_F64 },
    [VT_I32] = { "i32", 4, false, VT_I32 },
    [VT_I64] = { "i64", 8, false, VT_I64 },
    [VT_U8] = { "u8", 1, false, VT_U8 },
    [VT_BOOL] = { "bool", 1, false, VT_BOOL },
    [VT_BF16] = { "bf16", 2, true, VT_F32 },
    [VT_F16] = { "f16", 2, true, VT_F32 },
    [VT_I8] = { "i8", 1, false, VT_I32 },
    [VT_I16] = { "i16", 2, false, VT_I32 },
    [VT_U16] = { "u16", 2, false, VT_I32 },
    [VT_U32] = { "u32", 4, false, VT_I64 },
};

static bool in_range(vt_dtype dtype)
{
    return (unsigned)dtype < VT_DTYPE_COUNT;
}

bool dtype_is_of_tensors(int64_t dtype)
{
    return dtype > VT_DTYPE_DEFAULT && dtype < VT_DTYPE_COUNT && dtypes[dtype].of_tensor == (vt_dtype)dtype;
}

const char *dtype_advice(int64_t dtype)
{
    if (dtype <= VT_DTYPE_DEFAULT || dtype >= VT_DTYPE_COUNT || dtype_is_of_tensors(dtype)) return "";
    return dtype == VT_BF16
               ? ". Data alone has it: vt_read gives it, vt_from_data takes it; vt_set_precision computes with it"
               : ". Data alone has it: vt_read gives it, vt_from_data takes it";
}

vt_dtype dtype_of_tensor(vt_dtype of_data)
{
    return in_range(of_data) ? dtypes[of_data].of_tensor : VT_DTYPE_DEFAULT;
}

const char *vt_dtype_name(vt_dtype dtype)
{
    return in_range(dtype) ? dtypes[dtype].name : "?";
}

size_t vt_dtype_size(vt_dtype dtype)
{
    return in_range(dtype) ? dtypes[dtype].size : 0;
}

bool vt_dtype_is_float(vt_dtype dtype)
{
    return in_range(dtype) && dtypes[dtype].is_float;
}
