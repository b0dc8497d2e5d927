/* whole_file.c - files that are there whole or not at all. */
#include "program/whole_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vitro/vitro.h>

static void cannot_write(const char *path)
{
    /* Where a write before this failed, its reason is no longer known. */
    vt_error_raise(VT_ERROR_FILE, VT_HERE, "cannot write %s: %s", path,
                   errno ? strerror(errno) : "not all of it could be written; the disk may be full");
}

static void forget(whole_file *f)
{
    free(f->path);
    free(f->temporary);
    *f = (whole_file){ 0 };
}

FILE *whole_file_open(whole_file *f, const char *folder, const char *name)
{
    *f = (whole_file){ 0 };
    if (vt_failed()) return NULL;
    if (asprintf(&f->path, "%s/%s", folder, name) < 0) f->path = NULL;
    /* As the library names its own: output_folder_claim removes what a process that was killed has left of either. */
    if (asprintf(&f->temporary, "%s/.%s.%08lx.tmp", folder, name, (long)getpid()) < 0) f->temporary = NULL;
    if (f->path && f->temporary) f->stream = fopen(f->temporary, "w");
    if (f->stream) return f->stream;
    cannot_write(f->path ? f->path : name);
    forget(f);
    return NULL;
}

/* The new name stays once its folder is on the disk, where a file system knows of such a thing. */
static void sync_folder(const whole_file *f)
{
    char *folder = strndup(f->path, (size_t)(strrchr(f->path, '/') - f->path) + 1);
    const int file = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(folder);
    if (file < 0) return;
    if (fsync(file) != 0 && errno != EINVAL) cannot_write(f->path);
    close(file);
}

bool whole_file_close(whole_file *f)
{
    if (!f->stream) return false;
    errno = 0;
    bool written = fflush(f->stream) == 0 && !ferror(f->stream) && fsync(fileno(f->stream)) == 0;
    if (!written) cannot_write(f->path);
    if (fclose(f->stream) != 0) cannot_write(f->path);
    if (!vt_failed() && rename(f->temporary, f->path) != 0) cannot_write(f->path);
    if (vt_failed())
        unlink(f->temporary);
    else
        sync_folder(f);
    forget(f);
    return !vt_failed();
}
