/* labels.c - the names of the classes that a model tells apart. */
#include "program/labels.h"
#include "program/imagenet_names.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

/* The whole of a file; NULL with an error. */
static char *read_text(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r"), *copy = open_memstream(&text, &size);
    for (int c; file && copy && (c = getc(file)) != EOF;) putc(c, copy);
    const bool done = file && copy && !ferror(file);
    if (!done)
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "cannot read the names of classes in %s: %s", path, strerror(errno));
    if (file) fclose(file);
    if (copy) fclose(copy);
    if (done) return text;
    free(text);
    return NULL;
}

/* Ends each line by a 0, where its name ends, and gives their number. */
static int64_t split(char *text, const char **names, int64_t most)
{
    int64_t lines = 0, count = 0;
    for (char *line = text; *line; lines++) {
        char *end = line + strcspn(line, "\n"), *next = end + (*end != 0);
        while (end > line && (end[-1] == '\r' || end[-1] == ' ')) end--;
        if (lines < most) names[lines] = line;
        if (end > line) count = lines + 1;
        *end = 0;
        line = next;
    }
    return count;
}

static bool read_names(const char *path, int64_t classes, labels *l)
{
    l->text = read_text(path);
    const int64_t count = l->text ? split(l->text, l->names, classes) : 0;
    if (l->text && count != classes)
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "%s has %lld names, and the model tells %lld classes apart", path,
                       (long long)count, (long long)classes);
    return !vt_failed();
}

bool labels_open(const char *path, const model_card *card, int64_t classes, labels *l)
{
    const bool said = (int64_t)json_array_size(card->class_names) == classes;
    *l = (labels){ 0 };
    if (!path && !said && classes != IMAGENET_CLASSES) return true;
    l->names = calloc((size_t)classes, sizeof *l->names);
    if (!l->names) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the names of classes");
    for (int64_t i = 0; l->names && !path && i < classes; i++)
        l->names[i] = said ? json_string_value(json_array_get(card->class_names, (size_t)i)) : imagenet_names[i];
    if (l->names && (!path || read_names(path, classes, l))) return true;
    labels_close(l);
    return false;
}

void labels_close(labels *l)
{
    free(l->names);
    free(l->text);
    *l = (labels){ 0 };
}
