/* grow.h - arrays that grow. */
#ifndef VITRO_CORE_BASE_GROW_H
#define VITRO_CORE_BASE_GROW_H

#include <stdbool.h>
#include <stddef.h>

/* Makes room for one element more behind `count` of them, each of `size` bytes: where there is none, the array moves to
 * memory for twice as many. `array` is the address of the pointer to it. False where memory is short, and all is as it
 * was. */
bool grow(void *array, size_t count, size_t *capacity, size_t size);

#endif
