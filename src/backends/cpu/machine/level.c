/* level.c - which level of processors this one has, and which is asked for. */
#include "backends/cpu/machine/level.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/product/matrix_unit.h"
#include "core/base/error.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct level {
    const char *name;
    const cpu_kernels *kernels;
    bool pairs, matrices; /* whether it includes these units */
    bool (*is_had)(void); /* by this processor */
} level;

static bool every_processor_has(void)
{
    return true;
}

#ifdef __x86_64__
static bool has_pairs(void)
{
    return __builtin_cpu_supports("avx512bf16");
}
#else
static bool has_pairs(void)
{
    return false;
}
#endif

#ifdef CPU_HAS_LEVELS
extern const cpu_kernels cpu_kernels_baseline, cpu_kernels_avx2, cpu_kernels_avx512;

/* These ask for what src/backends/cpu/meson.build lets the compiler use. */
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

static bool has_avx512_bf16(void)
{
    return has_avx512() && has_pairs();
}

static bool has_amx(void)
{
    return has_avx512_bf16() && matrix_unit_is_granted();
}

/* The lowest first; each includes those before it. The units have functions of their own in the kernels for AVX-512. */
static const level levels[] = {
    { "baseline", &cpu_kernels_baseline, false, false, every_processor_has },
    { "avx2", &cpu_kernels_avx2, false, false, has_avx2 },
    { "avx512", &cpu_kernels_avx512, false, false, has_avx512 },
    { "avx512_bf16", &cpu_kernels_avx512, true, false, has_avx512_bf16 },
    { "amx", &cpu_kernels_avx512, true, true, has_amx },
};
#else
extern const cpu_kernels cpu_kernels_only;

/* What the compiler was told of; CPU_LEVEL is its name. */
static const level levels[] = { { CPU_LEVEL, &cpu_kernels_only, true, true, every_processor_has } };
#endif

enum { LEVELS = sizeof levels / sizeof *levels };

static const char *asked_for(void)
{
    const char *name = getenv("VT_CPU");
    return name && *name ? name : NULL;
}

static const level *highest(void)
{
    const level *found = levels;
    while (found + 1 < levels + LEVELS && found[1].is_had()) found++;
    return found;
}

/* NULL where there is none of the name. */
static const level *level_of(const char *name)
{
    for (int i = 0; i < LEVELS; i++)
        if (strcmp(levels[i].name, name) == 0) return &levels[i];
    return NULL;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const level *chosen;
static bool pairs, matrices;

static void choose_level(void)
{
    const level *best = highest(), *asked = asked_for() ? level_of(asked_for()) : NULL;
    chosen = asked && asked < best ? asked : best;
    pairs = chosen->pairs && chosen->kernels->have_pairs && has_pairs();
    matrices = chosen->matrices && chosen->kernels->have_matrices && matrix_unit_is_granted();
}

const cpu_kernels *level_kernels(void)
{
    pthread_once(&once, choose_level);
    return chosen->kernels;
}

const char *level_name(void)
{
    pthread_once(&once, choose_level);
    return chosen->name;
}

bool level_has_pairs(void)
{
    pthread_once(&once, choose_level);
    return pairs;
}

bool level_has_matrices(void)
{
    pthread_once(&once, choose_level);
    return matrices;
}

bool level_is_asked_for(void)
{
    return asked_for() != NULL;
}

/* "baseline, avx2": the levels up to `last`. */
static const char *names_up_to(const level *last, char *text, size_t size)
{
    size_t length = 0;
    text[0] = 0;
    for (const level *l = levels; l <= last && length < size; l++)
        length += (size_t)snprintf(text + length, size - length, "%s%s", l == levels ? "" : ", ", l->name);
    return text;
}

void level_check(void)
{
    char names[128];
    const level *best = highest(), *asked = asked_for() ? level_of(asked_for()) : best;
    if (!asked)
        raise_error(VT_ERROR_ARGUMENT, (vt_site){ 0 },
                    "VT_CPU is \"%s\"; the levels of processors in this build are: %s", asked_for(),
                    names_up_to(levels + LEVELS - 1, names, sizeof names));
    else if (asked > best)
        raise_error(VT_ERROR_UNSUPPORTED, (vt_site){ 0 }, "VT_CPU is \"%s\"; this processor has: %s", asked_for(),
                    names_up_to(best, names, sizeof names));
}
