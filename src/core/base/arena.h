/* arena.h - memory that is given back all at once. */
#ifndef VITRO_CORE_BASE_ARENA_H
#define VITRO_CORE_BASE_ARENA_H

#include <stddef.h>

/* Bump allocator that is reset to a mark: nodes live as long as their scope. */
typedef struct arena_block {
    _Alignas(16) struct arena_block *previous;
    size_t used, size;
} arena_block;
typedef struct arena {
    arena_block *block;
    arena_block *spare; /* one that a reset has left, for the next step */
    size_t block_size;  /* 0: the default */
} arena;
typedef struct arena_mark {
    arena_block *block;
    size_t used;
} arena_mark;

void *arena_allocate(arena *a, size_t bytes); /* zeroed; NULL and an error where memory is short */
arena_mark arena_get_mark(const arena *a);
void arena_reset(arena *a, arena_mark mark);
void arena_free(arena *a); /* all of it; it may be used again */

#endif
