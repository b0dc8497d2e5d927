/* idx.c - reads MNIST's files, and those of others in its form: a header of big-endian numbers, then bytes. */
#include "core/base/error.h"
#include "core/graph/refuse.h"
#include "data/dataset.h"
#include "io/file.h"
#include "io/unreadable.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { CLASSES = 10, MOST_DIMENSIONS = 3, MOST_SIDE = 4096, HEADER_BYTES = 4 + 4 * MOST_DIMENSIONS, PATH_BYTES = 4096 };

static const char *const names[CLASSES] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };

/* An array of bytes in a file. */
typedef struct idx_file {
    input_file file;
    int64_t extents[MOST_DIMENSIONS];
    uint64_t begin; /* of the bytes behind the header */
} idx_file;

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* The magic number is two zeros, 8 for unsigned bytes, and the number of dimensions. */
static bool magic_fits(vt_site at, const char *path, const uint8_t *bytes, int dimensions)
{
    const uint32_t magic = big_endian(bytes), wanted = 0x800 + (uint32_t)dimensions;
    if (bytes[0] == 0x1f && bytes[1] == 0x8b)
        return unreadable(at, path, "it is compressed; unpack it with gunzip, and leave \".gz\" out of its name");
    return magic == wanted || unreadable(at, path,
                                         "it begins with 0x%08" PRIx32 ", not with 0x%08" PRIx32
                                         ", the magic number of an idx file of bytes of %d dimensions",
                                         magic, wanted, dimensions);
}

/* The size is held to the header before there is memory for what the header says. */
static bool size_fits(vt_site at, const idx_file *f, int dimensions)
{
    uint64_t bytes = f->begin;
    int64_t each = 1;
    for (int i = 1; i < dimensions; i++) each *= f->extents[i];
    bytes += (uint64_t)f->extents[0] * (uint64_t)each;
    return f->file.size == bytes ||
           unreadable(at, f->file.path,
                      "it has %" PRIu64 " bytes, but %" PRIu64 " by its header: %" PRId64 " of %" PRId64, f->file.size,
                      bytes, f->extents[0], each);
}

static bool read_header(vt_site at, idx_file *f, int dimensions)
{
    uint8_t header[HEADER_BYTES];
    f->begin = 4 + 4 * (uint64_t)dimensions;
    if (!input_file_read(at, &f->file, 0, header, 4) || !magic_fits(at, f->file.path, header, dimensions) ||
        !input_file_read(at, &f->file, 0, header, f->begin))
        return false;
    for (int i = 0; i < dimensions; i++) f->extents[i] = big_endian(header + 4 + 4 * i);
    for (int i = 1; i < dimensions; i++)
        if (f->extents[i] < 1 || f->extents[i] > MOST_SIDE)
            return unreadable(at, f->file.path, "a side of its pictures is %" PRId64 ", which should be 1 to %d",
                              f->extents[i], MOST_SIDE);
    return size_fits(at, f, dimensions);
}

/* Opens DIR/PREFIX-KIND-idxN-ubyte. */
static bool open_file(vt_site at, const vt_idx_args *a, const char *kind, int dimensions, idx_file *f)
{
    char path[PATH_BYTES], compressed[PATH_BYTES + 3];
    const char *prefix = a->train ? "train" : "t10k";
    if (snprintf(path, sizeof path, "%s/%s-%s-idx%d-ubyte", a->dir, prefix, kind, dimensions) >= (int)sizeof path)
        return raise_error(VT_ERROR_ARGUMENT, at, "idx: the path of %s-%s is longer than %d bytes", prefix, kind,
                           PATH_BYTES - 1);
    snprintf(compressed, sizeof compressed, "%s.gz", path);
    if (access(path, F_OK) != 0 && access(compressed, F_OK) == 0)
        return unreadable(at, compressed, "it is compressed; unpack it with gunzip");
    if (!input_file_open(at, path, &f->file)) return false;
    if (read_header(at, f, dimensions)) return true;
    input_file_close(&f->file);
    return false;
}

static bool labels_fit(vt_site at, const idx_file *f, const uint8_t *labels, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (labels[i] >= CLASSES)
            return unreadable(at, f->file.path, "label %" PRId64 " is %d, but labels are 0 to %d", i, labels[i],
                              CLASSES - 1);
    return true;
}

/* The labels are read to where the pictures will be, which takes as many bytes at least. */
static bool read_labels(vt_site at, const idx_file *f, dataset *d)
{
    const int64_t count = d->seen.count;
    if (!input_file_read(at, &f->file, f->begin, d->images, (size_t)count) || !labels_fit(at, f, d->images, count))
        return false;
    for (int64_t i = 0; i < count; i++) d->labels[i] = d->images[i];
    return true;
}

static vt_dataset *read_dataset(const vt_idx_args *a, const idx_file *images, const idx_file *labels)
{
    const int64_t *extents = images->extents, total = extents[0];
    if (total != labels->extents[0]) {
        unreadable(a->at_, images->file.path, "it has %" PRId64 " pictures, but %s has %" PRId64 " labels", total,
                   labels->file.path, labels->extents[0]);
        return NULL;
    }
    if (total < 1) {
        unreadable(a->at_, images->file.path, "it has no pictures");
        return NULL;
    }
    const int64_t count = a->limit == VT_AUTO || a->limit > total ? total : a->limit;
    dataset *d = dataset_new(a->at_, "idx", count, 1, (int)extents[1], (int)extents[2], CLASSES, names);
    if (!d) return NULL;
    if (read_labels(a->at_, labels, d) &&
        input_file_read(a->at_, &images->file, images->begin, d->images, (size_t)count * image_size(&d->seen)))
        return &d->seen;
    vt_dataset_close(&d->seen);
    return NULL;
}

vt_dataset *vt_idx_open_with(const vt_idx_args *a)
{
    NEED_ARGUMENTS("idx_open", a, NULL);
    idx_file images, labels;
    vt_dataset *d = NULL;
    if (vt_failed()) return NULL;
    if (!a->dir || (a->limit != VT_AUTO && a->limit < 1)) {
        raise_error(VT_ERROR_ARGUMENT, a->at_,
                    "idx: dir is %s and limit is %" PRId64 "; it wants a directory, and a limit of 1 or more",
                    a->dir ? a->dir : "NULL", a->limit);
        return NULL;
    }
    if (!open_file(a->at_, a, "images", 3, &images)) return NULL;
    if (open_file(a->at_, a, "labels", 1, &labels)) {
        d = read_dataset(a, &images, &labels);
        input_file_close(&labels.file);
    }
    input_file_close(&images.file);
    return d;
}
