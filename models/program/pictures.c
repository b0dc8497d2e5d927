/* pictures.c - the pictures to train and test on. */
#include "program/pictures.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const data_set *held_by(const char *folder)
{
    for (const data_set *d = data_sets; d->name; d++)
        if (d->is_in && d->is_in(folder)) return d;
    return NULL;
}

static const data_set *called(const char *name)
{
    for (const data_set *d = data_sets; d->name; d++)
        if (strcmp(name, d->name) == 0) return d;
    return NULL;
}

/* The first that is where its files are looked for. */
static const data_set *at_hand(void)
{
    const data_set *d = data_sets;
    while (d->is_in && !d->is_in(d->folder)) d++;
    return d;
}

/* Says what a folder could hold. */
static void refuse(const char *asked)
{
    struct stat status;
    if (stat(asked, &status) != 0 || !S_ISDIR(status.st_mode)) {
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "there is no directory %s, and no data set of that name", asked);
        return;
    }
    char known[512] = "";
    for (const data_set *d = data_sets; d->name; d++) {
        const size_t used = strlen(known);
        if (d->is_in) snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", d->about);
    }
    vt_error_raise(VT_ERROR_FILE, VT_HERE,
                   "%s has no files of a known data set: %s; tools/get-cifar10 downloads CIFAR-10", asked, known);
}

bool pictures_open(pictures *p, const options *o)
{
    const data_set *held = o->data ? held_by(o->data) : NULL;
    p->set = held ? held : o->data ? called(o->data) : at_hand();
    if (!p->set) {
        refuse(o->data);
        return false;
    }
    p->folder = held ? o->data : p->set->folder;
    p->train = p->set->open(p->folder, true, o->train_limit);
    p->test = p->set->open(p->folder, false, o->test_limit);
    return !vt_failed();
}

void pictures_close(pictures *p)
{
    vt_dataset_close(p->train);
    vt_dataset_close(p->test);
}
