/* strict.h - whether what would run, but slowly, is an error instead: VT_STRICT=1, which tests set. */
#ifndef VITRO_BACKENDS_STRICT_H
#define VITRO_BACKENDS_STRICT_H

#include <stdbool.h>
#include <stdlib.h>

static inline bool is_strict(void)
{
    const char *strict = getenv("VT_STRICT");
    return strict && strict[0] == '1';
}

#endif
