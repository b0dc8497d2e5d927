/* pictures.c - the pictures to train and test on. */
#include "program/pictures.h"
#include <string.h>

/* What is asked for by its name; a folder is that of the first data set. Left out: the first that is there. */
static const data_set *find(const char *asked, const char **folder)
{
    for (const data_set *d = data_sets; d->name; d++) {
        *folder = d->folder;
        if (asked ? strcmp(asked, d->name) == 0 : d->is_in(d->folder)) return d;
    }
    *folder = asked;
    return data_sets;
}

bool pictures_open(pictures *p, const options *o)
{
    const char *folder;
    p->set = find(o->data, &folder);
    p->source = folder ? folder : p->set->about;
    p->train = p->set->open(folder, true, o->train_limit);
    p->test = p->set->open(folder, false, o->test_limit);
    return !vt_failed();
}

void pictures_close(pictures *p)
{
    vt_dataset_close(p->train);
    vt_dataset_close(p->test);
}
