#include "file.h"

#include <vitro/error.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static bool raise_errno(vt_site at, const char *verb, const char *path)
{
    vt_error_raise(errno == ENOMEM ? VT_ERROR_MEMORY : VT_ERROR_FILE, at, "cannot %s %s: %s", verb, path,
                   strerror(errno));
    return false;
}

static bool has_path(vt_site at, const char *path)
{
    if (!path) vt_error_raise(VT_ERROR_ARGUMENT, at, "the path of the file is NULL");
    return path != NULL;
}

/* ---- reading ---- */

static bool input_file_inspect(vt_site at, input_file *file)
{
    struct stat status;
    if (fstat(file->descriptor, &status) != 0) return raise_errno(at, "read", file->path);
    if (!S_ISREG(status.st_mode)) {
        vt_error_raise(VT_ERROR_FILE, at, "cannot read %s: it is %s, not a regular file", file->path,
                       S_ISDIR(status.st_mode) ? "a folder" : "a device or a pipe");
        return false;
    }
    file->size = (uint64_t)status.st_size;
    return true;
}

bool input_file_open(vt_site at, const char *path, input_file *file)
{
    *file = (input_file){ .descriptor = -1 };
    if (!has_path(at, path)) return false;
    /* Without O_NONBLOCK, opening a pipe would wait for its writer before it could be refused. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return raise_errno(at, "open", path);
    *file = (input_file){ .path = strdup(path), .descriptor = descriptor };
    if (file->path && input_file_inspect(at, file)) return true;
    if (!file->path) raise_errno(at, "open", path);
    input_file_close(file);
    return false;
}

/* How a read ended. */
typedef struct reading {
    size_t done;
    int error; /* errno; 0: the file ended, or all was read */
} reading;

static reading read_part(const input_file *file, uint64_t offset, char *data, size_t size)
{
    reading r = { 0 };
    while (r.done < size) {
        ssize_t got = pread(file->descriptor, data + r.done, size - r.done, (off_t)(offset + r.done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) r.error = errno;
        if (got <= 0) break;
        r.done += (size_t)got;
    }
    return r;
}

/* Threads share what is large: to fill memory that is new takes longer than to copy to it. The failure that is told is
 * the first in the file. */
static reading read_shared(const input_file *file, uint64_t offset, char *data, size_t size)
{
    enum { PART = 1 << 20 };
    const int64_t parts = (int64_t)((size + PART - 1) / PART);
    int64_t failed = parts;
    reading r = { .done = size };
#pragma omp parallel for if (parts > 1)
    for (int64_t i = 0; i < parts; i++) {
        const size_t begin = (size_t)i * PART, wanted = size - begin < PART ? size - begin : PART;
        const reading part = read_part(file, offset + begin, data + begin, wanted);
        if (part.done == wanted) continue;
#pragma omp critical
        if (i < failed) {
            failed = i;
            r = (reading){ begin + part.done, part.error };
        }
    }
    return r;
}

bool input_file_read(vt_site at, const input_file *file, uint64_t offset, void *data, size_t size)
{
    const reading r = read_shared(file, offset, data, size);
    errno = r.error;
    if (r.error) return raise_errno(at, "read", file->path);
    if (r.done == size) return true;
    vt_error_raise(VT_ERROR_FILE, at, "%s is truncated: it ends at byte %llu, %zu bytes before it should", file->path,
                   (unsigned long long)(offset + r.done), size - r.done);
    return false;
}

void input_file_close(input_file *file)
{
    if (file->descriptor >= 0) close(file->descriptor);
    free(file->path);
    *file = (input_file){ .descriptor = -1 };
}

static char *read_whole(vt_site at, const input_file *file, size_t limit)
{
    if (file->size > limit) {
        vt_error_raise(VT_ERROR_FILE, at, "%s has %llu bytes, more than the %zu that such a file may have", file->path,
                       (unsigned long long)file->size, limit);
        return NULL;
    }
    size_t size = (size_t)file->size;
    char *data = malloc(size + 1);
    if (!data) {
        raise_errno(at, "read", file->path);
        return NULL;
    }
    if (!input_file_read(at, file, 0, data, size)) {
        free(data);
        return NULL;
    }
    data[size] = 0;
    return data;
}

char *file_read_all(vt_site at, const char *path, size_t limit, size_t *size)
{
    input_file file;
    if (!input_file_open(at, path, &file)) return NULL;
    char *data = read_whole(at, &file, limit);
    *size = data ? (size_t)file.size : 0;
    input_file_close(&file);
    return data;
}

/* ---- writing ---- */

enum { TEMPORARY_NAME_TRIES = 16 };

static bool atomic_file_fail(atomic_file *file, const char *verb)
{
    raise_errno(file->at, verb, file->path);
    file->failed = true;
    return false;
}

/* The file to replace: what a symbolic link points to, else the path itself. */
static char *resolve(const char *path)
{
    char *target = realpath(path, NULL);
    return target || errno != ENOENT ? target : strdup(path);
}

static int folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash - path) + 1 : 0;
}

/* A hidden name in the same folder, because rename works within one file system only. */
static char *temporary_name(const char *path)
{
    unsigned number;
    if (getrandom(&number, sizeof number, 0) != sizeof number) return NULL;
    int folder = folder_length(path);
    char *name;
    return asprintf(&name, "%.*s.%.200s.%08x.tmp", folder, path, path + folder, number) < 0 ? NULL : name;
}

/* open rather than mkstemp, so that the umask decides the permissions of a new file as it does for any other. */
static bool create_temporary(atomic_file *file)
{
    for (int tries = 0; tries < TEMPORARY_NAME_TRIES; tries++) {
        file->temporary = temporary_name(file->path);
        if (!file->temporary) return false;
        file->descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file->descriptor >= 0) return true;
        int reason = errno;
        free(file->temporary);
        file->temporary = NULL;
        errno = reason;
        if (reason != EEXIST) return false;
    }
    return false;
}

/* Refuses to replace what is no file (a folder, /dev/null), and takes over the permissions of what is. */
static bool check_replaced(const atomic_file *file, mode_t *mode)
{
    struct stat status;
    *mode = 0;
    if (stat(file->path, &status) != 0) return true;
    *mode = status.st_mode & 07777;
    if (S_ISREG(status.st_mode)) return true;
    vt_error_raise(VT_ERROR_FILE, file->at, "cannot replace %s: it is %s, not a regular file", file->path,
                   S_ISDIR(status.st_mode) ? "a folder" : "a device or a pipe");
    return false;
}

static bool prepare(atomic_file *file)
{
    mode_t mode;
    if (!check_replaced(file, &mode)) return false;
    if (!create_temporary(file)) return atomic_file_fail(file, "write");
    return mode == 0 || fchmod(file->descriptor, mode) == 0 || atomic_file_fail(file, "write");
}

bool atomic_file_open(vt_site at, const char *path, atomic_file *file)
{
    *file = (atomic_file){ .descriptor = -1, .failed = true };
    if (!has_path(at, path)) return false;
    *file = (atomic_file){ .at = at, .path = resolve(path), .descriptor = -1 };
    if (file->path && prepare(file)) return true;
    if (!file->path) raise_errno(at, "write", path);
    atomic_file_discard(file);
    return false;
}

bool atomic_file_write(atomic_file *file, const void *data, size_t size)
{
    size_t done = 0;
    while (!file->failed && done < size) {
        ssize_t put = write(file->descriptor, (const char *)data + done, size - done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return atomic_file_fail(file, "write");
        done += (size_t)put;
    }
    return !file->failed;
}

/* A full disk or a lost network volume may be reported as late as here. */
static bool sync_and_close(atomic_file *file)
{
    bool synced = fsync(file->descriptor) == 0 || errno == EINVAL;
    int reason = errno;
    bool closed = close(file->descriptor) == 0;
    file->descriptor = -1;
    if (synced && closed) return true;
    if (!synced) errno = reason;
    return atomic_file_fail(file, "write");
}

/* The new name is durable once its folder is. Where the folder cannot be opened or synced, the file system knows no
 * such thing, and the file is in place all the same. */
static bool sync_folder(atomic_file *file)
{
    char *folder = strndup(file->path, (size_t)folder_length(file->path));
    if (!folder) return atomic_file_fail(file, "write");
    int descriptor = open(*folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (descriptor < 0) return true;
    bool synced = fsync(descriptor) == 0 || errno == EINVAL;
    int reason = errno;
    close(descriptor);
    errno = reason;
    return synced || atomic_file_fail(file, "write");
}

static bool rename_into_place(atomic_file *file)
{
    if (rename(file->temporary, file->path) != 0) return atomic_file_fail(file, "replace");
    free(file->temporary);
    file->temporary = NULL;
    return true;
}

bool atomic_file_commit(atomic_file *file)
{
    bool done = !file->failed && sync_and_close(file) && rename_into_place(file) && sync_folder(file);
    atomic_file_discard(file);
    return done;
}

void atomic_file_discard(atomic_file *file)
{
    if (file->descriptor >= 0) close(file->descriptor);
    if (file->temporary) unlink(file->temporary);
    free(file->temporary);
    free(file->path);
    *file = (atomic_file){ .descriptor = -1, .failed = true };
}

bool atomic_file_replace(vt_site at, const char *path, const void *data, size_t size)
{
    atomic_file file;
    atomic_file_open(at, path, &file);
    atomic_file_write(&file, data, size);
    return atomic_file_commit(&file);
}
