/* cifar.c - reads the binary files of CIFAR-10 and CIFAR-100: records of label bytes and a picture, red plane first. */
#include "data/cifar.h"
#include "core/base/error.h"
#include "data/dataset.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SIDE = 32, PICTURE_BYTES = 3 * SIDE * SIDE, PATH_BYTES = 4096 };

/* Some of the files: those for training, or the one for testing. */
typedef struct part {
    vt_site at;
    const cifar_form *form;
    char root[PATH_BYTES];
    const char *const *files;
    int64_t count, file_pictures, record_bytes;
} part;

static bool join_path(const part *p, char path[PATH_BYTES], const char *dir, const char *name)
{
    return snprintf(path, PATH_BYTES, "%s/%s", dir, name) < PATH_BYTES ||
           raise_error(VT_ERROR_ARGUMENT, p->at, "%s: the path of %s is longer than %d bytes", p->form->name, name,
                       PATH_BYTES - 1);
}

static bool is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Finds the directory of the files: the child that the published archive unpacks to, or dir itself. */
static bool find_root(part *p, const char *dir)
{
    if (!is_directory(dir))
        return raise_error(VT_ERROR_FILE, p->at, "%s: there is no directory %s; %s", p->form->name, dir,
                           p->form->advice);
    if (!join_path(p, p->root, dir, p->form->archive)) return false;
    if (!is_directory(p->root)) snprintf(p->root, sizeof p->root, "%s", dir);
    return true;
}

static FILE *open_file(const part *p, const char *path)
{
    struct stat status;
    const int64_t bytes = p->file_pictures * p->record_bytes;
    if (stat(path, &status) != 0) {
        raise_error(VT_ERROR_FILE, p->at, "%s: cannot open %s: %s; %s", p->form->name, path, strerror(errno),
                    p->form->advice);
        return NULL;
    }
    if (!S_ISREG(status.st_mode) || status.st_size != bytes) {
        raise_error(
            VT_ERROR_FILE, p->at,
            "%s: %s has %jd bytes, but should have %" PRId64 " (%" PRId64 " records of %" PRId64 "); remove it and %s",
            p->form->name, path, (intmax_t)status.st_size, bytes, p->file_pictures, p->record_bytes, p->form->advice);
        return NULL;
    }
    FILE *file = fopen(path, "rb");
    if (!file) raise_error(VT_ERROR_FILE, p->at, "%s: cannot open %s: %s", p->form->name, path, strerror(errno));
    return file;
}

static bool labels_fit(const part *p, const char *path, int64_t record, const uint8_t *labels)
{
    for (int i = 0; i < p->form->labels; i++)
        if (labels[i] >= p->form->labels_below[i])
            return raise_error(VT_ERROR_FILE, p->at,
                               "%s: %s: record %" PRId64 " has label %d, but labels are 0 to %d; remove it and %s",
                               p->form->name, path, record, labels[i], p->form->labels_below[i] - 1, p->form->advice);
    return true;
}

/* Reads the first `count` records of an open file into the dataset, from picture `first` on. */
static bool read_records(const part *p, FILE *file, const char *path, dataset *d, int64_t first, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint8_t record[CIFAR_MOST_LABELS + PICTURE_BYTES];
        if (fread(record, (size_t)p->record_bytes, 1, file) != 1)
            return raise_error(VT_ERROR_FILE, p->at, "%s: %s: reading stopped at record %" PRId64 " of %" PRId64 ": %s",
                               p->form->name, path, i, p->file_pictures,
                               ferror(file) ? strerror(errno) : "the file ends there");
        if (!labels_fit(p, path, i, record)) return false;
        d->labels[first + i] = record[p->form->labels - 1];
        memcpy(d->images + (size_t)(first + i) * PICTURE_BYTES, record + p->form->labels, PICTURE_BYTES);
    }
    return true;
}

static bool read_file(const part *p, const char *name, dataset *d, int64_t first, int64_t count)
{
    char path[PATH_BYTES];
    if (!join_path(p, path, p->root, name)) return false;
    FILE *file = open_file(p, path);
    if (!file) return false;
    const bool complete = read_records(p, file, path, d, first, count);
    fclose(file);
    return complete;
}

/* Takes the class names from a file of one name a line. A file that is not there leaves the default names. */
static bool read_names(const part *p, dataset *d)
{
    char path[PATH_BYTES];
    if (!join_path(p, path, p->root, p->form->names_file)) return false;
    FILE *file = fopen(path, "r");
    if (!file) return true;
    int names = 0;
    size_t capacity = 0;
    char *line = NULL;
    while (getline(&line, &capacity, file) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (!*line) continue;
        if (names < p->form->classes) snprintf(d->names[names], CLASS_NAME_SIZE, "%s", line);
        names++;
    }
    free(line);
    fclose(file);
    return names == p->form->classes ||
           raise_error(VT_ERROR_FILE, p->at, "%s: %s names %d classes, but should name %d; remove it and %s",
                       p->form->name, path, names, p->form->classes, p->form->advice);
}

static bool read_part(const part *p, dataset *d)
{
    if (!read_names(p, d)) return false;
    for (int64_t first = 0; first < p->count; first += p->file_pictures) {
        const int64_t left = p->count - first;
        const int64_t count = left < p->file_pictures ? left : p->file_pictures;
        if (!read_file(p, p->files[first / p->file_pictures], d, first, count)) return false;
    }
    return true;
}

vt_dataset *cifar_open(vt_site at, const cifar_form *form, const char *dir, bool train, int64_t limit)
{
    const int64_t total = train ? form->train_count : form->test_count;
    part p = { .at = at,
               .form = form,
               .files = train ? form->train_files : form->test_files,
               .count = limit == VT_AUTO || limit > total ? total : limit,
               .file_pictures = train ? form->train_file_pictures : form->test_count,
               .record_bytes = form->labels + PICTURE_BYTES };
    if (vt_failed()) return NULL;
    if (!dir || p.count < 1) {
        raise_error(VT_ERROR_ARGUMENT, at,
                    "%s: dir is %s and limit is %" PRId64 "; it wants a directory, and a limit of 1 or more",
                    form->name, dir ? dir : "NULL", p.count);
        return NULL;
    }
    if (!find_root(&p, dir)) return NULL;
    dataset *d = dataset_new(at, form->name, p.count, 3, SIDE, SIDE, form->classes, form->names);
    if (!d || read_part(&p, d)) return (vt_dataset *)d;
    vt_dataset_close(&d->seen);
    return NULL;
}
