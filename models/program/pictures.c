/* pictures.c - the pictures to train and test on. */
#include "program/pictures.h"
#include "zoo.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* What the network wants; the options' size of pictures goes before that of the model. */
static picture_choice choose(const options *o)
{
    picture_choice which = { .height = o->image_size,
                             .width = o->image_size,
                             .validation_fraction = o->validation_fraction,
                             .seed = (uint64_t)o->split_seed,
                             .skip_bad = o->skip_bad };
    const variant *v = o->model && o->image_size == VT_AUTO ? zoo_find(o->model, NULL) : NULL;
    if (v) {
        which.height = ((const common_config *)v->config)->height;
        which.width = ((const common_config *)v->config)->width;
    }
    return which;
}

/* Those for training or for testing, of the classes that are asked for. */
static const vt_dataset *open_for(pictures *p, const options *o, bool train, picture_choice which)
{
    const int64_t limit = train ? o->train_limit : o->test_limit;
    class_range range;
    which.limit = o->classes ? VT_AUTO : limit;
    vt_dataset *opened = p->opened[train] = p->set->open(p->folder, train, &which);
    if (!opened || !o->classes) return opened;
    if (!class_range_parse(&range, o->classes, opened->classes)) return NULL;
    classes_of *some = p->some[train] = classes_of_open(opened, range, limit);
    return some ? classes_of_dataset(some) : NULL;
}

bool pictures_open(pictures *p, const options *o)
{
    picture_choice which = choose(o);
    const data_set *held = o->data ? held_by(o->data) : NULL;
    p->set = held ? held : o->data ? called(o->data) : at_hand();
    if (!p->set) {
        refuse(o->data);
        return false;
    }
    p->folder = held ? o->data : p->set->folder;
    p->train = open_for(p, o, true, which);
    p->test = open_for(p, o, false, which);
    return !vt_failed();
}

void pictures_choose_options(const pictures *p, options *o)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (!o->augment) o->augment = p->set->augment;
    if (o->workers == VT_AUTO) o->workers = p->train->images || processors < 1 ? 1 : processors > 8 ? 8 : processors;
}

/* "12 of cat to 5003 of dog", "5000 of each" */
static void print_balance(const vt_dataset *d, const int64_t *counts)
{
    int least = 0, most = 0;
    for (int i = 1; i < d->classes; i++) {
        if (counts[i] < counts[least]) least = i;
        if (counts[i] > counts[most]) most = i;
    }
    if (counts[least] == counts[most])
        printf("training pictures a class: %lld of each\n", (long long)counts[least]);
    else
        printf("training pictures a class: from %lld (%s) to %lld (%s)\n", (long long)counts[least],
               d->class_names[least], (long long)counts[most], d->class_names[most]);
}

void pictures_describe(const pictures *p)
{
    const vt_dataset *d = p->train;
    const long long skipped = (long long)(d->skipped + p->test->skipped);
    int64_t *counts = calloc((size_t)d->classes, sizeof *counts);
    printf("%d classes, %s to %s: %s%s%s\n", d->classes, d->class_names[0], d->class_names[d->classes - 1],
           p->set->about, p->folder ? " in " : "", p->folder ? p->folder : "");
    for (int64_t i = 0; counts && i < d->count; i++) counts[d->labels[i]]++;
    if (counts) print_balance(d, counts);
    if (skipped) printf("pictures left out, for they cannot be read: %lld\n", skipped);
    free(counts);
}

/* -- Which they are ------------------------------------------------------------------------------------------------ */

/* FNV-1a (Fowler, Noll & Vo). */
static void hash(uint64_t *fingerprint, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) *fingerprint = (*fingerprint ^ bytes[i]) * UINT64_C(1099511628211);
}

/* Some that are evenly spread. */
static void hash_pictures(uint64_t *fingerprint, const vt_dataset *d)
{
    enum { SOME = 8 };
    const size_t size = (size_t)d->channels * (size_t)d->height * (size_t)d->width;
    uint8_t *image = malloc(size);
    if (!image) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a picture of %zu bytes", size);
    for (int64_t i = 0; i < SOME && !vt_failed(); i++)
        if (vt_dataset_image(d, i * d->count / SOME, image)) hash(fingerprint, image, size);
    free(image);
}

uint64_t pictures_fingerprint(const pictures *p)
{
    uint64_t fingerprint = UINT64_C(14695981039346656037);
    for (int i = 0; i < 2; i++) {
        const vt_dataset *d = i ? p->test : p->train;
        for (int c = 0; c < d->classes; c++) hash(&fingerprint, d->class_names[c], strlen(d->class_names[c]) + 1);
        hash(&fingerprint, d->labels, (size_t)d->count * sizeof *d->labels);
        hash_pictures(&fingerprint, d);
    }
    return fingerprint;
}

void pictures_close(pictures *p)
{
    for (int i = 0; i < 2; i++) {
        classes_of_close(p->some[i]);
        vt_dataset_close(p->opened[i]);
    }
}
