/* file.h - files as the loaders and savers need them: read with every size checked, replaced all at once. */
#ifndef VITRO_IO_FILE_H
#define VITRO_IO_FILE_H

#include <vitro/base.h>

/* A regular file opened for reading. It is read rather than mapped, because a mapped file that another process
 * truncates kills the reader with SIGBUS. */
typedef struct input_file {
    char *path;
    int descriptor;
    uint64_t size; /* in bytes, when it was opened */
} input_file;

bool input_file_open(vt_site at, const char *path, input_file *file);
/* Reads exactly `size` bytes from `offset` on; a file that ends before is an error. */
bool input_file_read(vt_site at, const input_file *file, uint64_t offset, void *data, size_t size);
void input_file_close(input_file *file);

/* The whole file and a terminating zero, to be freed by the caller; an error where it has more than `limit` bytes. */
char *file_read_all(vt_site at, const char *path, size_t limit, size_t *size);

/* A new version of a file, written beside the old one and put in its place by atomic_file_commit. Until then the old
 * version stays as it was, whatever happens to the disk or the process. A failure, at the opening too, is kept: a
 * writer may write all it has and ask once, at the commit.
 *
 * Where path is a symbolic link, the file it points to is replaced; the new file keeps the old one's permissions. */
typedef struct atomic_file {
    vt_site at;
    char *path, *temporary;
    int descriptor;
    bool failed;
} atomic_file;

bool atomic_file_open(vt_site at, const char *path, atomic_file *file);
bool atomic_file_write(atomic_file *file, const void *data, size_t size);
/* Makes the new version durable and puts it in place; after a failure it discards it. Ends the atomic_file. */
bool atomic_file_commit(atomic_file *file);
/* Forgets the new version. Ends the atomic_file. */
void atomic_file_discard(atomic_file *file);

/* Replaces the file by `size` bytes. */
bool atomic_file_replace(vt_site at, const char *path, const void *data, size_t size);

#endif
