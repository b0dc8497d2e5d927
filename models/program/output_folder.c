/* output_folder.c - the folder that a program's results go to. */
#include "program/output_folder.h"
#include "program/path.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vitro/vitro.h>

static bool make_folder(const char *path)
{
    struct stat status;
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode))) return true;
    vt_error_raise(VT_ERROR_FILE, VT_HERE, "cannot make the folder %s: %s", path,
                   errno == EEXIST ? "a file is in its place" : strerror(errno));
    return false;
}

bool output_folder_prepare(const char *folder)
{
    char path[PATH_SIZE];
    if (!path_join(path, folder, "")) return false; /* a slash: the last folder is made like its parents */
    for (char *slash = strchr(path + 1, '/'); slash && !vt_failed(); slash = strchr(slash + 1, '/')) {
        *slash = 0;
        make_folder(path);
        *slash = '/';
    }
    if (!vt_failed() && access(folder, W_OK | X_OK) != 0)
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "cannot write into the folder %s: %s", folder, strerror(errno));
    return !vt_failed();
}

/* As src/io/file.c and whole_file.c name what is to become "model.safetensors": ".model.safetensors.0123abcd.tmp". */
static bool is_temporary(const char *name)
{
    static const char form[] = ".?*.[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f].tmp";
    return fnmatch(form, name, 0) == 0;
}

void output_folder_tidy(const char *folder)
{
    DIR *directory = opendir(folder);
    for (const struct dirent *e; directory && (e = readdir(directory));)
        if (is_temporary(e->d_name)) unlinkat(dirfd(directory), e->d_name, 0);
    if (directory) closedir(directory);
}

/* The process that has locked the file, as Linux tells; 0: it does not. */
static long holder_of(int file)
{
    struct stat status;
    FILE *locks = fopen("/proc/locks", "r");
    char line[256];
    long pid, found = 0;
    unsigned long inode;
    if (!locks || fstat(file, &status) != 0) status.st_ino = 0;
    while (locks && !found && fgets(line, sizeof line, locks))
        if (sscanf(line, "%*s FLOCK %*s %*s %ld %*x:%*x:%lu", &pid, &inode) == 2 && inode == status.st_ino) found = pid;
    if (locks) fclose(locks);
    return found;
}

bool output_folder_claim(const char *folder)
{
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0) {
        output_folder_tidy(folder);
        return true;
    }
    if (file < 0 || errno != EWOULDBLOCK) return true;
    const long holder = holder_of(file);
    char process[32] = "another process";
    if (holder > 0) snprintf(process, sizeof process, "process %ld", holder);
    vt_error_raise(VT_ERROR_FILE, VT_HERE, "%s writes into the folder %s; --out names another", process, folder);
    close(file);
    return false;
}
