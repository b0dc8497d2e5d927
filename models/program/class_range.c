/* class_range.c - some of the classes of a data set. */
#include "program/class_range.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct classes_of {
    vt_dataset set;
    const vt_dataset *whole;
    int64_t *places; /* in the whole */
    int64_t *labels;
    uint8_t *images;
};

bool class_range_parse(class_range *range, const char *text, int classes)
{
    char more;
    if (sscanf(text, "%d:%d%c", &range->first, &range->last, &more) == 2 && range->first >= 0 &&
        range->first < range->last && range->last < classes)
        return true;
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "--classes is \"%s\"; it must be a range of two or more of the %d classes, such as 0:%d", text,
                   classes, classes - 1);
    return false;
}

static bool has(class_range range, int64_t label)
{
    return label >= range.first && label <= range.last;
}

static int64_t count_pictures(const vt_dataset *whole, class_range range)
{
    int64_t count = 0;
    for (int64_t i = 0; i < whole->count; i++) count += has(range, whole->labels[i]);
    return count;
}

static bool reserve(classes_of *some, int64_t count, int64_t size)
{
    some->places = malloc((size_t)count * sizeof *some->places);
    some->labels = malloc((size_t)count * sizeof *some->labels);
    if (size > 0) some->images = malloc((size_t)(count * size));
    return some->places && some->labels && (size == 0 || some->images);
}

/* Of `all` pictures of the classes, `count` in their order. */
static void choose(classes_of *some, class_range range, int64_t all, int64_t count)
{
    int64_t chosen = 0, seen = 0;
    for (int64_t i = 0; chosen < count; i++) {
        if (!has(range, some->whole->labels[i])) continue;
        if (some->whole->images || seen * count / all == chosen) {
            some->places[chosen] = i;
            some->labels[chosen++] = some->whole->labels[i] - range.first;
        }
        seen++;
    }
}

static void copy_images(classes_of *some, int64_t count, int64_t size)
{
    for (int64_t i = 0; i < count; i++)
        memcpy(some->images + i * size, some->whole->images + some->places[i] * size, (size_t)size);
}

static bool read_picture(void *user, int64_t i, vt_picture *picture)
{
    const classes_of *some = user;
    return some->whole->read(some->whole->user, some->places[i], picture);
}

static void describe(classes_of *some, class_range range, int64_t count)
{
    some->set = *some->whole;
    some->set.count = count;
    some->set.labels = some->labels;
    some->set.images = some->images;
    some->set.classes = range.last - range.first + 1;
    some->set.class_names = some->whole->class_names + range.first;
    some->set.read = some->whole->read ? read_picture : NULL;
    some->set.user = some;
}

classes_of *classes_of_open(const vt_dataset *whole, class_range range, int64_t limit)
{
    const int64_t all = count_pictures(whole, range), count = limit == VT_AUTO || limit > all ? all : limit;
    const int64_t size = whole->images ? (int64_t)whole->channels * whole->height * whole->width : 0;
    if (count == 0) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "there is no picture of the classes %d to %d", range.first,
                       range.last);
        return NULL;
    }
    classes_of *some = calloc(1, sizeof *some);
    if (!some || !reserve(some, count, size)) {
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for %lld pictures", (long long)count);
        classes_of_close(some);
        return NULL;
    }
    some->whole = whole;
    choose(some, range, all, count);
    if (size > 0) copy_images(some, count, size);
    describe(some, range, count);
    return some;
}

const vt_dataset *classes_of_dataset(const classes_of *some)
{
    return &some->set;
}

void classes_of_close(classes_of *some)
{
    if (!some) return;
    free(some->places);
    free(some->labels);
    free(some->images);
    free(some);
}
