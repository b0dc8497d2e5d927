/* site.c - call sites whose strings outlive the caller's: who recorded may be a plugin that is unloaded while the
 * graph, or a plan made of it, is still there. Each string is kept once, until the context ends. */
#include "core/base/site.h"
#include "core/base/error.h"
#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return hash;
}

static char **find(char **texts, size_t capacity, const char *text)
{
    size_t i = hash_of(text) & (capacity - 1);
    while (texts[i] && strcmp(texts[i], text) != 0) i = (i + 1) & (capacity - 1);
    return &texts[i];
}

static bool grow(site_texts *s)
{
    size_t capacity = s->capacity ? 2 * s->capacity : 256;
    char **texts = calloc(capacity, sizeof *texts);
    if (!texts) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for the names of call sites");
    for (size_t i = 0; i < s->capacity; i++)
        if (s->texts[i]) *find(texts, capacity, s->texts[i]) = s->texts[i];
    free(s->texts);
    s->texts = texts;
    s->capacity = capacity;
    return true;
}

static const char *find_or_add(site_texts *s, const char *text)
{
    if (2 * s->count >= s->capacity && !grow(s)) return NULL;
    char **at = find(s->texts, s->capacity, text);
    if (!*at) {
        *at = arena_allocate(&s->memory, strlen(text) + 1);
        if (!*at) return NULL;
        strcpy(*at, text);
        s->count++;
    }
    return *at;
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* NULL stays NULL; so does a string that memory is short for. Where one string was, another may be now. */
static const char *keep(site_texts *s, const char *text)
{
    if (!text) return NULL;
    uintptr_t address = (uintptr_t)text;
    kept_text *recent = &s->recent[(address ^ address >> 6) % RECENT_TEXTS];
    if (recent->given != text || !is_same(recent->kept, text)) *recent = (kept_text){ text, find_or_add(s, text) };
    return recent->kept;
}

/* One call mostly stands beside the one before. */
vt_site site_keep(site_texts *s, vt_site at)
{
    vt_site *last = &s->last;
    if (!is_same(at.file, last->file)) last->file = keep(s, at.file);
    if (!is_same(at.function, last->function)) last->function = keep(s, at.function);
    return (vt_site){ last->file, last->function, at.line };
}

void sites_free(site_texts *s)
{
    free(s->texts);
    arena_free(&s->memory);
    *s = (site_texts){ .last = { 0 } };
}
