/* kernel_row.h - how a backend lists its kernels. */
#ifndef VITRO_BACKENDS_KERNEL_ROW_H
#define VITRO_BACKENDS_KERNEL_ROW_H

#include "ops/list.h"

/* One row of a table that ends with a row whose op is NULL: the op, and its kernel. */
typedef struct kernel_row {
    const struct op *op;
    struct kernel kernel;
} kernel_row;

#endif
