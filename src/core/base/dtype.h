/* dtype.h - dtypes that tensors have, and data. */
#ifndef VITRO_CORE_BASE_DTYPE_H
#define VITRO_CORE_BASE_DTYPE_H

#include <vitro/base.h>

/* Whether tensors can have it: bf16 is only how a plan stores some of them. */
bool dtype_is_of_tensors(int64_t dtype);
/* For messages, with dtype_advice(dtype). */
#define DTYPES_OF_TENSORS "it must be f32, f64, i32, i64, u8 or bool%s"
/* What to do with one that data has and tensors have not; "" of others. */
const char *dtype_advice(int64_t dtype);

/* The dtype of a tensor that is made of data of a dtype: the same, or one that holds each of its values.
 * VT_DTYPE_DEFAULT where data has no such dtype. */
vt_dtype dtype_of_tensor(vt_dtype of_data);

#endif
