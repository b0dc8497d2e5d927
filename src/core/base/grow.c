/* grow.c - arrays that grow. */
#include "core/base/grow.h"
#include <stdlib.h>
#include <string.h>

bool grow(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) return true;
    size_t larger = *capacity ? 2 * *capacity : 64;
    void *elements; /* whatever the pointer's type is */
    memcpy(&elements, array, sizeof elements);
    elements = realloc(elements, larger * size);
    if (!elements) return false;
    memcpy(array, &elements, sizeof elements);
    *capacity = larger;
    return true;
}
