/* decisions.c - a table from names of problems to answers, and its text. */
#include "backends/decisions.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct decision {
    struct decision *next; /* in its bucket */
    char answer[MAX_ANSWER];
    char name[];
} decision;

bool timing_is_off(void)
{
    const char *tune = getenv("VT_TUNE");
    return tune && tune[0] == '0';
}

char *decision_name(const char *kind, const void *key, size_t key_size)
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

static decision **bucket_of(decisions *d, const char *name)
{
    unsigned hash = 2166136261u; /* FNV-1a */
    for (const char *c = name; *c; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
    return &d->buckets[hash % DECISION_BUCKETS];
}

static decision *find(decisions *d, const char *name)
{
    decision *found = *bucket_of(d, name);
    while (found && strcmp(found->name, name) != 0) found = found->next;
    return found;
}

/* Where memory is short it is decided again the next time. */
static decision *find_or_add(decisions *d, const char *name)
{
    decision *found = find(d, name), **bucket = bucket_of(d, name);
    if (found) return found;
    found = malloc(sizeof *found + strlen(name) + 1);
    if (!found) return NULL;
    strcpy(found->name, name);
    found->next = *bucket;
    *bucket = found;
    return found;
}

bool decision_recall(decisions *d, const char *name, char answer[MAX_ANSWER])
{
    if (!name) return false;
    pthread_mutex_lock(&d->mutex);
    const decision *found = find(d, name);
    if (found) strcpy(answer, found->answer);
    pthread_mutex_unlock(&d->mutex);
    return found != NULL;
}

bool decision_keep(decisions *d, const char *name, const char *answer)
{
    if (!name) return false;
    pthread_mutex_lock(&d->mutex);
    decision *kept = find_or_add(d, name);
    if (kept) snprintf(kept->answer, sizeof kept->answer, "%s", answer);
    pthread_mutex_unlock(&d->mutex);
    return kept != NULL;
}

/* -- As text ------------------------------------------------------------------------------------------------------- */

char *decisions_text(decisions *d)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream) return NULL;
    pthread_mutex_lock(&d->mutex);
    for (int i = 0; i < DECISION_BUCKETS; i++)
        for (const decision *each = d->buckets[i]; each; each = each->next)
            fprintf(stream, "%s %s;", each->name, each->answer);
    pthread_mutex_unlock(&d->mutex);
    if (fclose(stream) == 0) return text;
    free(text);
    return NULL;
}

/* Nothing is allocated: a text is refused for what it says alone. */
enum { MAX_NAME = 1024 };

/* The decision that the text begins with, and what comes behind it; NULL where there is none. */
static const char *parse(const char *text, char name[MAX_NAME], char answer[MAX_ANSWER])
{
    const char *end = strchr(text, ';'), *space = end ? memrchr(text, ' ', (size_t)(end - text)) : NULL;
    if (!space || space == text || space - text >= MAX_NAME || end - space > MAX_ANSWER) return NULL;
    snprintf(name, MAX_NAME, "%.*s", (int)(space - text), text);
    snprintf(answer, MAX_ANSWER, "%.*s", (int)(end - space - 1), space + 1);
    return end + 1;
}

bool decisions_restore(decisions *d, const char *text)
{
    char name[MAX_NAME], answer[MAX_ANSWER];
    const char *rest = text;
    while (rest && *rest) rest = parse(rest, name, answer);
    if (!rest) return false;
    for (rest = text; *rest;) {
        rest = parse(rest, name, answer);
        decision_keep(d, name, answer);
    }
    return true;
}
