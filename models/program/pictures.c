/* pictures.c - the pictures to train and test on. */
#include "program/pictures.h"
#include <string.h>
#include <unistd.h>

/* The builtin pictures are the same in every run, whatever its seed, so that runs can be compared. */
static const uint64_t BUILTIN_SEED = 0;

static const char *find_folder(void)
{
    bool here =
        access("data/cifar-10-batches-bin/test_batch.bin", R_OK) == 0 || access("data/test_batch.bin", R_OK) == 0;
    return here ? "data" : NULL;
}

bool pictures_open(pictures *p, const options *o)
{
    bool builtin = o->data && strcmp(o->data, "builtin") == 0;
    const char *folder = builtin ? NULL : o->data ? o->data : find_folder();
    p->source = folder ? folder : "drawn by the program";
    p->train = folder ? vt_cifar10_open(folder, true, .limit = o->train_limit)
                      : vt_builtin_open(true, .limit = o->train_limit, .seed = BUILTIN_SEED);
    p->test = folder ? vt_cifar10_open(folder, false, .limit = o->test_limit)
                     : vt_builtin_open(false, .limit = o->test_limit, .seed = BUILTIN_SEED);
    return !vt_failed();
}

void pictures_close(pictures *p)
{
    vt_dataset_close(p->train);
    vt_dataset_close(p->test);
}
