/* arena.c - arenas: memory that is given back all at once. */
#include "core/base/error.h"
#include "core/context.h"
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 1 << 18, ALIGNMENT = 16 };

static size_t usual_size(const arena *a)
{
    return a->block_size ? a->block_size : BLOCK_SIZE;
}

static bool grow(arena *a, size_t bytes)
{
    size_t usual = usual_size(a), size = bytes > usual ? bytes : usual;
    arena_block *block = size == usual && a->spare ? a->spare : malloc(sizeof *block + size);
    if (block == a->spare) a->spare = NULL;
    if (!block) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory: %zu bytes", size);
    *block = (arena_block){ .previous = a->block, .size = size };
    a->block = block;
    return true;
}

void *arena_allocate(arena *a, size_t bytes)
{
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if ((!a->block || a->block->size - a->block->used < bytes) && !grow(a, bytes)) return NULL;
    void *memory = (char *)(a->block + 1) + a->block->used;
    a->block->used += bytes;
    return memset(memory, 0, bytes);
}

arena_mark arena_get_mark(const arena *a)
{
    return (arena_mark){ a->block, a->block ? a->block->used : 0 };
}

void arena_reset(arena *a, arena_mark mark)
{
    while (a->block != mark.block) {
        arena_block *block = a->block;
        a->block = block->previous;
        if (!a->spare && block->size == usual_size(a))
            a->spare = block; /* the system would take it back, and clear it anew, in each step */
        else
            free(block);
    }
    if (a->block) a->block->used = mark.used;
}

void arena_free(arena *a)
{
    arena_reset(a, (arena_mark){ 0 });
    free(a->spare);
    a->spare = NULL;
}
