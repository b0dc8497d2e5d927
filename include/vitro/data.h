/* data.h - labelled pictures in host memory or in files, and the loader that shuffles, augments and batches them. */
#ifndef VITRO_DATA_H
#define VITRO_DATA_H

#include <vitro/base.h>
#include <vitro/picture.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Gives picture i, of any size; it is ended with vt_picture_free. Called by several threads at a time. False with an
 * error, raised in the thread it is called in, where there is no such picture. */
typedef bool (*vt_picture_reader)(void *user, int64_t i, vt_picture *picture);

/* Labelled pictures: all in memory, or read one by one when a loader wants them. Fill one in yourself to load your own;
 * those that an open function returned end with vt_dataset_close. */
typedef struct vt_dataset {
    int64_t count;
    int channels, height, width; /* of every picture that a loader gives */
    const uint8_t *images;       /* [count, channels, height, width], 0 to 255; NULL: `read` gives them */
    const int64_t *labels;       /* [count], each in [0, classes) */
    int classes;
    const char *const *class_names; /* [classes] */
    vt_picture_reader read;         /* where images is NULL; channels is 3 then. The largest window of the shape
                                     * [height, width] in the middle of a picture is cut out, and resized by bicubic
                                     * interpolation */
    void *user;                     /* for read */
    int64_t skipped;                /* pictures that were left out because they cannot be read; loaders ignore it */
} vt_dataset;

typedef struct vt_cifar10_args {
    vt_site at_;
    const char *dir;
    bool train;
    vt_named_only named_only_;
    int64_t limit; /* keeps only the first so many pictures; VT_AUTO: all */
} vt_cifar10_args;
#define VT_CIFAR10_DEFAULTS .limit = VT_AUTO
VT_API vt_cifar10_args vt_cifar10_defaults(void);
/* CIFAR-10 (Krizhevsky 2009): 50,000 training or 10,000 test pictures [3, 32, 32] of ten classes, from its published
 * binary files in dir or dir/cifar-10-batches-bin; tools/get-cifar10 downloads them. Class names come from
 * batches.meta.txt where it is there.
 * NULL with an error: a file that is missing, of the wrong size or damaged; a limit below 1; no memory. */
VT_API vt_dataset *vt_cifar10_open_with(const vt_cifar10_args *a);
#define vt_cifar10_open(...)                                                                                           \
    VT_CALL(vt_cifar10_open_with, vt_cifar10_args, VT_CIFAR10_DEFAULTS, 2, "vt_cifar10_open(dir, train, .limit)",      \
            __VA_ARGS__)

typedef struct vt_cifar100_args {
    vt_site at_;
    const char *dir;
    bool train;
    vt_named_only named_only_;
    int64_t limit; /* keeps only the first so many pictures; VT_AUTO: all */
} vt_cifar100_args;
#define VT_CIFAR100_DEFAULTS .limit = VT_AUTO
VT_API vt_cifar100_args vt_cifar100_defaults(void);
/* CIFAR-100 (Krizhevsky 2009): 50,000 training or 10,000 test pictures [3, 32, 32] of a hundred classes, the fine
 * labels of its published binary files train.bin and test.bin in dir or dir/cifar-100-binary. Class names come from
 * fine_label_names.txt where it is there.
 * NULL with an error: a file that is missing, of the wrong size or damaged; a limit below 1; no memory. */
VT_API vt_dataset *vt_cifar100_open_with(const vt_cifar100_args *a);
#define vt_cifar100_open(...)                                                                                          \
    VT_CALL(vt_cifar100_open_with, vt_cifar100_args, VT_CIFAR100_DEFAULTS, 2, "vt_cifar100_open(dir, train, .limit)",  \
            __VA_ARGS__)

typedef struct vt_idx_args {
    vt_site at_;
    const char *dir;
    bool train;
    vt_named_only named_only_;
    int64_t limit; /* keeps only the first so many pictures; VT_AUTO: all */
} vt_idx_args;
#define VT_IDX_DEFAULTS .limit = VT_AUTO
VT_API vt_idx_args vt_idx_defaults(void);
/* MNIST (LeCun et al. 1998), and others in its form, such as Fashion-MNIST: pictures [1, height, width] of ten classes,
 * which are called "0" to "9". dir has train-images-idx3-ubyte and train-labels-idx1-ubyte, or for testing the two that
 * begin with t10k; those that end in ".gz" are to be unpacked first. Sides are at most 4096 pixels.
 * NULL with an error: a file that is missing, compressed, damaged or of another size than its header says; pictures and
 * labels of different numbers, or none; a label above 9; a limit below 1; no memory. */
VT_API vt_dataset *vt_idx_open_with(const vt_idx_args *a);
#define vt_idx_open(...)                                                                                               \
    VT_CALL(vt_idx_open_with, vt_idx_args, VT_IDX_DEFAULTS, 2, "vt_idx_open(dir, train, .limit)", __VA_ARGS__)

typedef struct vt_image_folder_args {
    vt_site at_;
    const char *dir;
    bool train;
    vt_named_only named_only_;
    int height, width;          /* what loaders make of the pictures */
    double validation_fraction; /* in (0, 1): of each class, where dir is one folder of classes */
    uint64_t seed;              /* of which pictures these are */
    int64_t limit;              /* keeps only so many pictures, evenly spread over all; VT_AUTO: all */
    bool skip_bad;              /* reads all pictures now, and leaves out those that cannot be read */
    FILE *report;               /* is told why each of them was left out; NULL: nobody is */
} vt_image_folder_args;
#define VT_IMAGE_FOLDER_DEFAULTS .height = 224, .width = 224, .validation_fraction = 0.1, .seed = 0, .limit = VT_AUTO
VT_API vt_image_folder_args vt_image_folder_defaults(void);
/* JPEG and PNG files of any size, in a folder for each class, whose name the class has. Either dir has the folders
 * train and val (or validation, valid or test: the first of these that is there), each with the folders of all classes;
 * or dir has the folders of the classes, and the validation fraction of each class is for testing, 1 picture at least.
 * Classes and the pictures of a class are in the order of the bytes of their names. Pictures are files that end in
 * .jpg, .jpeg or .png, in lower or upper case; hidden files, and files that are no pictures, are passed over.
 *
 * Without skip_bad only names are read here: a picture that cannot be read is an error of the loader that meets it.
 * NULL with an error: there is no such directory, or fewer than two classes; a class without pictures; a class that is
 * in one of train and val alone; a class of one picture that is to be split; a picture of another type, such as .webp;
 * a side outside [1, 16384]; an option out of range; no memory. */
VT_API vt_dataset *vt_image_folder_open_with(const vt_image_folder_args *a);
#define vt_image_folder_open(...)                                                                                      \
    VT_CALL(vt_image_folder_open_with, vt_image_folder_args, VT_IMAGE_FOLDER_DEFAULTS, 2,                              \
            "vt_image_folder_open(dir, train, .height .width .validation_fraction .seed .limit .skip_bad .report)",    \
            __VA_ARGS__)

typedef struct vt_synthetic_args {
    vt_site at_;
    bool train;
    vt_named_only named_only_;
    int64_t limit; /* how many to draw; VT_AUTO: 10,000 for training, 2,000 for testing */
    uint64_t seed;
} vt_synthetic_args;
#define VT_SYNTHETIC_DEFAULTS .limit = VT_AUTO, .seed = 0
VT_API vt_synthetic_args vt_synthetic_defaults(void);
/* Pictures [3, 32, 32] drawn by a program, for when no files are at hand: ten shapes and textures in random colours,
 * places, sizes and rotations, among noise and distractors. Picture i is a pure function of (seed, train, i), the same
 * bits on every machine, and every ten pictures hold each class once.
 * NULL with an error: a limit below 1; no memory. */
VT_API vt_dataset *vt_synthetic_open_with(const vt_synthetic_args *a);
#define vt_synthetic_open(...)                                                                                         \
    VT_CALL(vt_synthetic_open_with, vt_synthetic_args, VT_SYNTHETIC_DEFAULTS, 1,                                       \
            "vt_synthetic_open(train, .limit .seed)", __VA_ARGS__)

/* Picture i as loaders give it, u8 [channels, height, width], before it is augmented and normalised. False with an
 * error where there is none, or it cannot be read. */
VT_API bool vt_dataset_image_at(vt_site at, const vt_dataset *dataset, int64_t i, uint8_t *image);
#define vt_dataset_image(dataset, i, image) vt_dataset_image_at(VT_HERE, dataset, i, image)

/* Frees a dataset that an open function returned; NULL is ignored. Its loaders are closed first. */
VT_API void vt_dataset_close(vt_dataset *dataset);

/* Makes batches of a dataset, in background threads that work ahead of the caller. One thread uses a loader: where its
 * device has memory of its own, only that thread knows when a batch has been read. */
typedef struct vt_loader vt_loader;

/* A batch in host memory, valid until the loader's next call. */
typedef struct vt_host_batch {
    const float *images;   /* [count, channels, height, width], normalised */
    const int64_t *labels; /* [count] */
    int64_t count;         /* the loader's batch size, or less in the last batch of an epoch */
    int channels, height, width;
    int64_t epoch, index; /* which epoch, and which batch of it; both from 0 */
} vt_host_batch;

typedef struct vt_loader_args {
    vt_site at_;
    const vt_dataset *dataset; /* read, never copied: it outlives the loader */
    vt_named_only named_only_;
    int64_t batch;       /* pictures a batch */
    bool shuffle;        /* a new order each epoch, a function of (seed, epoch) alone */
    const char *augment; /* what is done to pictures at random: see below; NULL: nothing */
    int repeats;         /* an epoch has so many places for each of its pictures, next to each other and augmented each
                          * in its own way, and so many times fewer pictures (Hoffer et al. 2020) */
    uint64_t seed;       /* of order and augmentation */
    bool drop_last;      /* leaves out a last batch that would be short */
    const float *mean;   /* [channels], in units of the full scale 255; NULL: CIFAR-10's .4914 .4822 .4465 */
    const float *std;    /* [channels], likewise; NULL: CIFAR-10's .2470 .2435 .2616 */
    int workers;         /* background threads; at 0 the caller's thread makes the batches. Their number never changes
                          * a bit of a batch */
    bool resident;       /* for vt_loader_next_tensors: the pictures, as bytes, lie on the context's device whole, and
                          * are cropped, flipped and normalised there. They are in memory, not read one by one */
} vt_loader_args;
#define VT_LOADER_DEFAULTS .batch = 64, .repeats = 1, .seed = 0, .workers = 1
VT_API vt_loader_args vt_loader_defaults(void);

/* Augmentation is a list of stages, with numbers behind colons that may be left out: "crop:4,flip,randaugment:2:9".
 * What becomes of a picture is a function of (seed, epoch, picture) alone.
 *
 *     crop:P            a window of the size of the picture, in the picture padded by P = 4 black pixels
 *     resized-crop:A:B  a window of A = 0.08 to B = 1 of the area of the whole picture, of 3:4 to 4:3, resized by
 *                       bicubic interpolation (Szegedy et al. 2015): the first stage, or none
 *     flip:P            left to right, with the probability P = 0.5
 *     jitter:B:C:S:H    brightness, contrast and saturation by 1 ± 0.4, hue by ± 0.1 of a turn, in any order
 *     randaugment:N:M   N = 2 operations of magnitude M = 9, of 30 (Cubuk et al. 2020)
 *     trivial           one operation of any magnitude: TrivialAugmentWide (Müller & Hutter 2021)
 *     autoaugment       the policy that was found for ImageNet (Cubuk et al. 2019)
 *     autoaugment-cifar the one that was found for CIFAR-10
 *     erase:P:A:B       with the probability P = 0.25, a window of A = 0.02 to B = 0.33 of the area becomes the mean
 *                       colour (Zhong et al. 2020)
 *
 * The operations are those of vt_image_operate, with torchvision's magnitudes. */

/* vt_loader_open(dataset, .batch = 64, .shuffle = true, ...): a loader at the first batch of epoch 0.
 * NULL with an error: a dataset or option that does not fit; no memory or threads. */
VT_API vt_loader *vt_loader_open_with(const vt_loader_args *args);

/* Gives the next batch. Returns false once at the end of each epoch, and the call after that begins the next one:
 *
 *     for (int epoch = 0; epoch < epochs; epoch++)
 *         for (vt_host_batch batch; vt_loader_next(loader, &batch);)
 *             ...
 *
 * Also false while an error stands, for a NULL loader, and with an error where a picture of the batch cannot be read;
 * none of these moves the loader. A resident loader has no batches in host memory: an error. */
VT_API bool vt_loader_next(vt_loader *loader, vt_host_batch *batch);

/* A batch as tensors of the scope that it was asked for in. */
typedef struct vt_batch {
    vt_tensor images; /* f32 [count, channels, height, width], normalised */
    vt_tensor labels; /* i64 [count] */
    int64_t count, epoch, index;
} vt_batch;

/* vt_loader_next, with the batch on its way to the context's device; resident or not, with the same bits. */
VT_API bool vt_loader_next_tensors(vt_loader *loader, vt_batch *batch);

/* Continues at a batch of an epoch as if every batch before it had been given: vt_loader_seek(loader, batch.epoch,
 * batch.index + 1) restores the loader as it was after `batch`. An index of vt_loader_batches is the end of the epoch.
 * Returns false with an error for an epoch outside [0, 2^31) or an index outside [0, batches]. */
VT_API bool vt_loader_seek_at(vt_site at, vt_loader *loader, int64_t epoch, int64_t index);
#define vt_loader_seek(loader, epoch, index) vt_loader_seek_at(VT_HERE, loader, epoch, index)

/* Batches in an epoch; 0 for a NULL loader. */
VT_API int64_t vt_loader_batches(const vt_loader *loader);

/* Ends the workers and frees the loader; NULL is ignored. */
VT_API void vt_loader_close(vt_loader *loader);

/* The loader's augmentations, for single pictures u8 [channels, height, width]. Errors: a pointer that is NULL, a
 * negative extent; nothing is written then. */

/* Copies the window [out_height, out_width] at (top, left) of a picture into out, which does not overlap it. What lies
 * outside of the picture is black; top and left may be negative. */
VT_API void vt_image_crop(const uint8_t *image, int channels, int height, int width, int top, int left, uint8_t *out,
                          int out_height, int out_width);

/* Mirrors a picture left to right, in place. */
VT_API void vt_image_flip(uint8_t *image, int channels, int height, int width);

/* out = (image / 255 - mean[channel]) / std[channel], f32 [channels, height, width]. */
VT_API void vt_image_normalize(const uint8_t *image, int channels, int height, int width, const float *mean,
                               const float *std, float *out);

#ifdef __cplusplus
}
#else

#define vt_loader_open(...)                                                                                            \
    VT_CALL(vt_loader_open_with, vt_loader_args, VT_LOADER_DEFAULTS, 1, "vt_loader_open(dataset, ...)", __VA_ARGS__)

#endif
#endif
