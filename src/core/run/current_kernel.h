/* current_kernel.h - which kernel each thread is in: for whoever waits for a thread that does not come back. */
#ifndef VITRO_CORE_RUN_CURRENT_KERNEL_H
#define VITRO_CORE_RUN_CURRENT_KERNEL_H

#include "core/context.h"

/* From here on the context's thread is in this call's kernel, or prepares it; NULL: in none. */
void current_kernel_set(const context *c, const kernel_call *call);

/* Writes a line for each thread that is in a kernel: the op, what it reads and gives, and the call that recorded it.
 * Any thread may ask. Of a thread that goes on meanwhile it may say nonsense. Returns the number of lines that there
 * was room for. */
int current_kernel_describe(char *text, size_t size);

#endif
