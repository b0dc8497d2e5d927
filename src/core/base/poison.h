/* poison.h - under AddressSanitizer, memory that nothing lies in may not be touched. Elsewhere this does nothing. */
#ifndef VITRO_CORE_BASE_POISON_H
#define VITRO_CORE_BASE_POISON_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VITRO_POISONS
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define VITRO_POISONS
#endif

#ifdef VITRO_POISONS
#include <sanitizer/asan_interface.h>

enum { POISONS = 1 };

static inline void poison(void *memory, size_t bytes)
{
    ASAN_POISON_MEMORY_REGION(memory, bytes);
}

static inline void unpoison(void *memory, size_t bytes)
{
    ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
}
#else
enum { POISONS = 0 };

static inline void poison(void *memory, size_t bytes)
{
    (void)memory;
    (void)bytes;
}

static inline void unpoison(void *memory, size_t bytes)
{
    (void)memory;
    (void)bytes;
}
#endif

#endif
