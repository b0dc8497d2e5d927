/* cifar100.c - CIFAR-100's files: a record has the label of one of 20 groups of classes, then that of the class. */
#include "core/graph/refuse.h"
#include "data/cifar.h"

static const char *const names[] = {
    "apple",      "aquarium_fish", "baby",         "bear",       "beaver",      "bed",         "bee",
    "beetle",     "bicycle",       "bottle",       "bowl",       "boy",         "bridge",      "bus",
    "butterfly",  "camel",         "can",          "castle",     "caterpillar", "cattle",      "chair",
    "chimpanzee", "clock",         "cloud",        "cockroach",  "couch",       "crab",        "crocodile",
    "cup",        "dinosaur",      "dolphin",      "elephant",   "flatfish",    "forest",      "fox",
    "girl",       "hamster",       "house",        "kangaroo",   "keyboard",    "lamp",        "lawn_mower",
    "leopard",    "lion",          "lizard",       "lobster",    "man",         "maple_tree",  "motorcycle",
    "mountain",   "mouse",         "mushroom",     "oak_tree",   "orange",      "orchid",      "otter",
    "palm_tree",  "pear",          "pickup_truck", "pine_tree",  "plain",       "plate",       "poppy",
    "porcupine",  "possum",        "rabbit",       "raccoon",    "ray",         "road",        "rocket",
    "rose",       "sea",           "seal",         "shark",      "shrew",       "skunk",       "skyscraper",
    "snail",      "snake",         "spider",       "squirrel",   "streetcar",   "sunflower",   "sweet_pepper",
    "table",      "tank",          "telephone",    "television", "tiger",       "tractor",     "train",
    "trout",      "tulip",         "turtle",       "wardrobe",   "whale",       "willow_tree", "wolf",
    "woman",      "worm",
};

static const cifar_form form = {
    .name = "cifar100",
    .archive = "cifar-100-binary",
    .advice = "get the files by unpacking cifar-100-binary.tar.gz",
    .classes = 100,
    .labels = 2,
    .labels_below = { 20, 100 },
    .train_files = (const char *const[]){ "train.bin" },
    .test_files = (const char *const[]){ "test.bin" },
    .train_count = 50000,
    .train_file_pictures = 50000,
    .test_count = 10000,
    .names_file = "fine_label_names.txt",
    .names = names,
};
_Static_assert(sizeof names / sizeof *names == 100, "a name for each class");

vt_dataset *vt_cifar100_open_with(const vt_cifar100_args *a)
{
    NEED_ARGUMENTS("cifar100_open", a, NULL);
    return cifar_open(a->at_, &form, a->dir, a->train, a->limit);
}
