/* data_sets.c - the data sets that programs train on, a row each. */
#include "program/data_sets.h"
#include "program/class_folders.h"
#include "program/path.h"
#include <stdio.h>
#include <string.h>

#define CIFAR10_MEAN                                                                                                   \
    {                                                                                                                  \
        .4914F, .4822F, .4465F                                                                                         \
    }
#define CIFAR10_STD                                                                                                    \
    {                                                                                                                  \
        .2470F, .2435F, .2616F                                                                                         \
    }

#define CIFAR100_MEAN                                                                                                  \
    {                                                                                                                  \
        .5071F, .4865F, .4409F                                                                                         \
    }
#define CIFAR100_STD                                                                                                   \
    {                                                                                                                  \
        .2673F, .2564F, .2762F                                                                                         \
    }

/* Of the one channel, three times: what a network normalises by has three. */
#define MNIST_MEAN                                                                                                     \
    {                                                                                                                  \
        .1307F, .1307F, .1307F                                                                                         \
    }
#define MNIST_STD                                                                                                      \
    {                                                                                                                  \
        .3081F, .3081F, .3081F                                                                                         \
    }

/* Whether any of the files is in the folder; the list ends with NULL. A set that lacks some is to be named, not passed
 * over. */
static bool has_any(const char *folder, const char *const *files)
{
    while (*files && !path_exists(folder, *files)) files++;
    return *files != NULL;
}

static bool has_cifar10(const char *folder)
{
    return has_any(folder, (const char *const[]){ "cifar-10-batches-bin/data_batch_1.bin",
                                                  "cifar-10-batches-bin/test_batch.bin", "data_batch_1.bin",
                                                  "test_batch.bin", NULL });
}

static vt_dataset *open_cifar10(const char *folder, bool train, const picture_choice *which)
{
    return vt_cifar10_open(folder, train, .limit = which->limit);
}

static bool has_cifar100(const char *folder)
{
    return has_any(folder, (const char *const[]){ "cifar-100-binary/train.bin", "cifar-100-binary/test.bin",
                                                  "train.bin", "test.bin", NULL });
}

static vt_dataset *open_cifar100(const char *folder, bool train, const picture_choice *which)
{
    return vt_cifar100_open(folder, train, .limit = which->limit);
}

static bool has_mnist(const char *folder)
{
    return has_any(folder, (const char *const[]){ "train-images-idx3-ubyte", "t10k-images-idx3-ubyte",
                                                  "train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz", NULL });
}

static vt_dataset *open_mnist(const char *folder, bool train, const picture_choice *which)
{
    return vt_idx_open(folder, train, .limit = which->limit);
}

static vt_dataset *open_folder(const char *folder, bool train, const picture_choice *which)
{
    return vt_image_folder_open(folder, train, .limit = which->limit, .height = (int)which->height,
                                .width = (int)which->width, .validation_fraction = which->validation_fraction,
                                .seed = which->seed, .skip_bad = which->skip_bad, .report = stderr);
}

/* The same pictures in every run, whatever its seed, so that runs can be compared. */
static vt_dataset *open_builtin(const char *folder, bool train, const picture_choice *which)
{
    (void)folder;
    return vt_synthetic_open(train, .limit = which->limit, .seed = 0);
}

const data_set data_sets[] = {
    { "cifar10", "data", "CIFAR-10", has_cifar10, open_cifar10, CIFAR10_MEAN, CIFAR10_STD, "crop,flip" },
    { "cifar100", "data", "CIFAR-100", has_cifar100, open_cifar100, CIFAR100_MEAN, CIFAR100_STD, "crop,flip" },
    { "mnist", "data", "MNIST's form", has_mnist, open_mnist, MNIST_MEAN, MNIST_STD, "none" },
    { "folder",
      "data",
      "pictures in a folder for each class",
      class_folders_are_in,
      open_folder,
      { .485F, .456F, .406F },
      { .229F, .224F, .225F },
      "resized-crop,flip" }, /* mean and deviation of ImageNet's photographs */
    { "synthetic", NULL, "drawn by the program", NULL, open_builtin, CIFAR10_MEAN, CIFAR10_STD, "crop,flip" },
    { .name = NULL },
};

bool data_set_ignores(const data_set *set, const char *option)
{
    static const char *const of_folders[] = { "validation-fraction", "split-seed", "skip-bad", NULL };
    const char *const *name = of_folders;
    while (*name && strcmp(*name, option) != 0) name++;
    return set->open != open_folder && *name;
}
