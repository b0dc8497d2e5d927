/* tuning_cache.c - a table from names of problems to answers, and its text. */
#include "backends/tuning_cache.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct tuned {
    struct tuned *next; /* in its bucket */
    char answer[MAX_ANSWER];
    char name[];
} tuned;

bool timing_is_off(void)
{
    const char *tune = getenv("VT_TUNE");
    return tune && tune[0] == '0';
}

char *tuning_name(const char *kind, const void *key, size_t key_size)
{
    char *name = NULL;
    size_t size;
    FILE *stream = open_memstream(&name, &size);
    if (!stream) return NULL;
    fprintf(stream, "%s/", kind);
    for (size_t i = 0; i < key_size / sizeof(int64_t); i++)
        fprintf(stream, i ? ",%" PRId64 : "%" PRId64, ((const int64_t *)key)[i]);
    if (fclose(stream) == 0) return name;
    free(name);
    return NULL;
}

/* -- The table ----------------------------------------------------------------------------------------------------- */

static tuned **bucket_of(tuning_cache *c, const char *name)
{
    unsigned hash = 2166136261u; /* FNV-1a */
    for (const char *at = name; *at; at++) hash = (hash ^ (unsigned char)*at) * 16777619u;
    return &c->buckets[hash % TUNING_BUCKETS];
}

static tuned *find(tuning_cache *c, const char *name)
{
    tuned *found = *bucket_of(c, name);
    while (found && strcmp(found->name, name) != 0) found = found->next;
    return found;
}

/* Where memory is short it is decided again the next time. */
static tuned *find_or_add(tuning_cache *c, const char *name)
{
    tuned *found = find(c, name), **bucket = bucket_of(c, name);
    if (found) return found;
    found = malloc(sizeof *found + strlen(name) + 1);
    if (!found) return NULL;
    strcpy(found->name, name);
    found->next = *bucket;
    *bucket = found;
    return found;
}

bool tuning_recall(tuning_cache *c, const char *name, char answer[MAX_ANSWER])
{
    if (!name) return false;
    pthread_mutex_lock(&c->mutex);
    const tuned *found = find(c, name);
    if (found) strcpy(answer, found->answer);
    pthread_mutex_unlock(&c->mutex);
    return found != NULL;
}

bool tuning_keep(tuning_cache *c, const char *name, const char *answer)
{
    if (!name) return false;
    pthread_mutex_lock(&c->mutex);
    tuned *kept = find_or_add(c, name);
    if (kept) snprintf(kept->answer, sizeof kept->answer, "%s", answer);
    pthread_mutex_unlock(&c->mutex);
    return kept != NULL;
}

/* -- As text ------------------------------------------------------------------------------------------------------- */

char *tuning_cache_text(tuning_cache *c)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream) return NULL;
    pthread_mutex_lock(&c->mutex);
    for (int i = 0; i < TUNING_BUCKETS; i++)
        for (const tuned *each = c->buckets[i]; each; each = each->next)
            fprintf(stream, "%s %s;", each->name, each->answer);
    pthread_mutex_unlock(&c->mutex);
    if (fclose(stream) == 0) return text;
    free(text);
    return NULL;
}

/* Nothing is allocated: a text is refused for what it says alone. */
enum { MAX_NAME = 1024 };

/* The entry that the text begins with, and what comes behind it; NULL where there is none. */
static const char *parse(const char *text, char name[MAX_NAME], char answer[MAX_ANSWER])
{
    const char *end = strchr(text, ';'), *space = end ? memrchr(text, ' ', (size_t)(end - text)) : NULL;
    if (!space || space == text || space - text >= MAX_NAME || end - space > MAX_ANSWER) return NULL;
    snprintf(name, MAX_NAME, "%.*s", (int)(space - text), text);
    snprintf(answer, MAX_ANSWER, "%.*s", (int)(end - space - 1), space + 1);
    return end + 1;
}

bool tuning_cache_restore(tuning_cache *c, const char *text)
{
    char name[MAX_NAME], answer[MAX_ANSWER];
    const char *rest = text;
    while (rest && *rest) rest = parse(rest, name, answer);
    if (!rest) return false;
    for (rest = text; *rest;) {
        rest = parse(rest, name, answer);
        tuning_keep(c, name, answer);
    }
    return true;
}

void tuning_cache_clear(tuning_cache *c)
{
    pthread_mutex_lock(&c->mutex);
    for (int b = 0; b < TUNING_BUCKETS; b++)
        for (tuned *next; c->buckets[b]; c->buckets[b] = next) {
            next = c->buckets[b]->next;
            free(c->buckets[b]);
        }
    pthread_mutex_unlock(&c->mutex);
}
