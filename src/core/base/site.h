/* site.h - call sites whose strings outlive the caller's. */
#ifndef VITRO_CORE_BASE_SITE_H
#define VITRO_CORE_BASE_SITE_H

#include "core/base/arena.h"
#include <vitro/base.h>

enum { RECENT_TEXTS = 64 };

/* A string that was asked for, and the one that is kept for it. */
typedef struct kept_text {
    const char *given, *kept;
} kept_text;

/* The strings of call sites, each once. */
typedef struct site_texts {
    arena memory;
    char **texts; /* open addressing, doubled when half full */
    size_t capacity, count;
    kept_text recent[RECENT_TEXTS]; /* by address, where few are looked for again */
    vt_site last;
} site_texts;

/* The site with strings that last as long as the texts; NULL in their place, with an error, where memory is short. */
vt_site site_keep(site_texts *s, vt_site at);
void sites_free(site_texts *s);

#endif
