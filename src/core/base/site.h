/* site.h - call sites whose strings outlive the caller's. */
#ifndef VITRO_CORE_BASE_SITE_H
#define VITRO_CORE_BASE_SITE_H

#include "core/base/arena.h"
#include <vitro/base.h>

/* The strings of call sites, each once. */
typedef struct site_texts {
    arena memory;
    char **texts; /* open addressing, doubled when half full */
    size_t capacity, count;
    vt_site last;
} site_texts;

/* The site with strings that last as long as the texts; NULL in their place, with an error, where memory is short. */
vt_site site_keep(site_texts *s, vt_site at);
void sites_free(site_texts *s);

#endif
