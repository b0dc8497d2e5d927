/* dtype.h - dtypes that tensors have. */
#ifndef VITRO_CORE_DTYPE_H
#define VITRO_CORE_DTYPE_H

#include <vitro/base.h>

/* Whether tensors can have it: bf16 is only how a plan stores some of them. */
bool dtype_is_of_tensors(int64_t dtype);
#define DTYPES_OF_TENSORS "it must be f32, f64, i32, i64, u8 or bool"

#endif
