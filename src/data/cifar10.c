/* cifar10.c - CIFAR-10's files: a record has one label. */
#include "core/graph/refuse.h"
#include "data/cifar.h"

static const char *const names[] = { "airplane", "automobile", "bird",  "cat",  "deer",
                                     "dog",      "frog",       "horse", "ship", "truck" };

static const cifar_form form = {
    .name = "cifar10",
    .archive = "cifar-10-batches-bin",
    .advice = "get the files with tools/get-cifar10",
    .classes = 10,
    .labels = 1,
    .labels_below = { 10 },
    .train_files = (const char *const[]){ "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                          "data_batch_4.bin", "data_batch_5.bin" },
    .test_files = (const char *const[]){ "test_batch.bin" },
    .train_count = 50000,
    .train_file_pictures = 10000,
    .test_count = 10000,
    .names_file = "batches.meta.txt",
    .names = names,
};

vt_dataset *vt_cifar10_open_with(const vt_cifar10_args *a)
{
    NEED_ARGUMENTS("cifar10_open", a, NULL);
    return cifar_open(a->at_, &form, a->dir, a->train, a->limit);
}
