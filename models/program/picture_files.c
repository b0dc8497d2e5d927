/* picture_files.c - the pictures that a command line names. */
#include "program/picture_files.h"
#include "program/class_folders.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <vitro/vitro.h>

/* Takes over the path, which may be NULL where there was no memory. */
static bool add(picture_files *files, char *path)
{
    char **paths = path ? realloc(files->paths, (size_t)(files->count + 1) * sizeof *paths) : NULL;
    if (paths) {
        files->paths = paths;
        files->paths[files->count++] = path;
        return true;
    }
    free(path);
    vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the names of pictures");
    return false;
}

static int is_picture(const struct dirent *entry)
{
    return is_picture_name(entry->d_name);
}

static bool add_folder(picture_files *files, const char *folder)
{
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, is_picture, alphasort);
    if (count < 0) fprintf(stderr, "vitro: cannot list %s: %s\n", folder, strerror(errno));
    if (count == 0) fprintf(stderr, "vitro: no file in %s ends in .jpg, .jpeg or .png\n", folder);
    if (count <= 0) files->lacking = true;
    const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
    for (int i = 0; i < count; i++) {
        char *path = NULL;
        if (asprintf(&path, "%s%s%s", folder, slash, entries[i]->d_name) < 0) path = NULL;
        if (!vt_failed())
            add(files, path);
        else
            free(path);
        free(entries[i]);
    }
    free(entries);
    return !vt_failed();
}

bool picture_files_list(const argument_list *arguments, picture_files *files)
{
    *files = (picture_files){ 0 };
    for (int i = 0; i < arguments->count; i++) {
        struct stat status;
        const char *path = arguments->texts[i];
        const bool folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
        if (folder ? add_folder(files, path) : add(files, strdup(path))) continue;
        picture_files_free(files);
        return false;
    }
    return true;
}

void picture_files_free(picture_files *files)
{
    for (int i = 0; i < files->count; i++) free(files->paths[i]);
    free(files->paths);
    *files = (picture_files){ 0 };
}
