/* cifar10.c - reads CIFAR-10's binary files: records of one label byte and 3072 bytes of picture, red plane first. */
#include "core/graph/refuse.h"
#include "data/dataset.h"

#include <vitro/error.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    CLASSES = 10,
    SIDE = 32,
    PICTURE_BYTES = 3 * SIDE * SIDE,
    RECORD_BYTES = 1 + PICTURE_BYTES,
    FILE_RECORDS = 10000,
    FILE_BYTES = FILE_RECORDS * RECORD_BYTES,
    PATH_BYTES = 4096,
};

static const char *const train_files[] = { "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                           "data_batch_4.bin", "data_batch_5.bin" };
static const char *const test_files[] = { "test_batch.bin" };
static const char *const default_names[CLASSES] = { "airplane", "automobile", "bird",  "cat",  "deer",
                                                    "dog",      "frog",       "horse", "ship", "truck" };

/* What a message tells the user to do about a damaged file. */
#define GET_AGAIN "; remove it and get it again with tools/get-cifar10"

static bool join_path(vt_site at, char path[PATH_BYTES], const char *dir, const char *name)
{
    if (snprintf(path, PATH_BYTES, "%s/%s", dir, name) < PATH_BYTES) return true;
    vt_error_raise(VT_ERROR_ARGUMENT, at, "cifar10: the path of %s is longer than %d bytes", name, PATH_BYTES - 1);
    return false;
}

static bool is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Finds the directory of the files: the child that the published archive unpacks to, or dir itself. */
static bool find_root(vt_site at, char root[PATH_BYTES], const char *dir)
{
    if (!is_directory(dir)) {
        vt_error_raise(VT_ERROR_FILE, at,
                       "cifar10: there is no directory %s; get the files with `tools/get-cifar10 %s`", dir, dir);
        return false;
    }
    if (!join_path(at, root, dir, "cifar-10-batches-bin")) return false;
    if (!is_directory(root)) snprintf(root, PATH_BYTES, "%s", dir);
    return true;
}

static FILE *open_batch_file(vt_site at, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        vt_error_raise(VT_ERROR_FILE, at, "cifar10: cannot open %s: %s; get the files with tools/get-cifar10", path,
                       strerror(errno));
        return NULL;
    }
    if (!S_ISREG(status.st_mode) || status.st_size != FILE_BYTES) {
        vt_error_raise(
            VT_ERROR_FILE, at,
            "cifar10: %s has %jd bytes, but a batch of CIFAR-10's binary version has %d (%d records of %d)" GET_AGAIN,
            path, (intmax_t)status.st_size, FILE_BYTES, FILE_RECORDS, RECORD_BYTES);
        return NULL;
    }
    FILE *file = fopen(path, "rb");
    if (!file) vt_error_raise(VT_ERROR_FILE, at, "cifar10: cannot open %s: %s", path, strerror(errno));
    return file;
}

/* Reads the first `count` records of an open file into the dataset, from picture `first` on. */
static bool read_records(vt_site at, FILE *file, const char *path, dataset *d, int64_t first, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint8_t record[RECORD_BYTES];
        if (fread(record, sizeof record, 1, file) != 1) {
            vt_error_raise(VT_ERROR_FILE, at, "cifar10: %s: reading stopped at record %" PRId64 " of %d: %s", path, i,
                           FILE_RECORDS, ferror(file) ? strerror(errno) : "the file ends there");
            return false;
        }
        if (record[0] >= CLASSES) {
            vt_error_raise(VT_ERROR_FILE, at,
                           "cifar10: %s: record %" PRId64 " has label %d, but labels are 0 to %d" GET_AGAIN, path, i,
                           record[0], CLASSES - 1);
            return false;
        }
        d->labels[first + i] = record[0];
        memcpy(d->images + (size_t)(first + i) * PICTURE_BYTES, record + 1, PICTURE_BYTES);
    }
    return true;
}

static bool read_batch_file(vt_site at, const char *root, const char *name, dataset *d, int64_t first, int64_t count)
{
    char path[PATH_BYTES];
    if (!join_path(at, path, root, name)) return false;
    FILE *file = open_batch_file(at, path);
    if (!file) return false;
    const bool complete = read_records(at, file, path, d, first, count);
    fclose(file);
    return complete;
}

/* Takes the class names from a file of one name a line. A file that is not there leaves the default names. */
static bool read_names(vt_site at, const char *root, dataset *d)
{
    char path[PATH_BYTES], text[CLASSES * CLASS_NAME_SIZE];
    if (!join_path(at, path, root, "batches.meta.txt")) return false;
    FILE *file = fopen(path, "r");
    if (!file) return true;
    const size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';

    int names = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest), names++) {
        if (names < CLASSES) snprintf(d->names[names], CLASS_NAME_SIZE, "%s", line);
    }
    if (names == CLASSES) return true;
    vt_error_raise(VT_ERROR_FILE, at, "cifar10: %s names %d classes, but CIFAR-10 has %d" GET_AGAIN, path, names,
                   CLASSES);
    return false;
}

static bool read_dataset(vt_site at, const char *root, const char *const *files, dataset *d)
{
    if (!read_names(at, root, d)) return false;
    for (int64_t first = 0; first < d->seen.count; first += FILE_RECORDS) {
        const int64_t left = d->seen.count - first;
        const int64_t count = left < FILE_RECORDS ? left : FILE_RECORDS;
        if (!read_batch_file(at, root, files[first / FILE_RECORDS], d, first, count)) return false;
    }
    return true;
}

vt_dataset *vt_cifar10_open_with(const vt_cifar10_args *a)
{
    NEED_ARGUMENTS("cifar10_open", a, NULL);
    const int64_t total = a->train ? INT64_C(5) * FILE_RECORDS : FILE_RECORDS;
    const int64_t count = a->limit == VT_AUTO || a->limit > total ? total : a->limit;
    if (vt_failed()) return NULL;
    if (!a->dir || count < 1) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_,
                       "cifar10: dir is %s and limit is %" PRId64 "; it wants a directory, and a limit of 1 or more",
                       a->dir ? a->dir : "NULL", count);
        return NULL;
    }
    char root[PATH_BYTES];
    if (!find_root(a->at_, root, a->dir)) return NULL;
    dataset *d = dataset_new(a->at_, "cifar10", count, 3, SIDE, SIDE, CLASSES, default_names);
    if (!d) return NULL;
    if (!read_dataset(a->at_, root, a->train ? train_files : test_files, d)) {
        vt_dataset_close(&d->seen);
        return NULL;
    }
    return &d->seen;
}
