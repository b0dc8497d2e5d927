/* directory.c - the folders and the pictures in a folder. */
#include "data/directory.h"
#include "core/base/error.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

bool is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool ends_in(const char *name, const char *const *endings)
{
    const char *dot = strrchr(name, '.');
    for (; dot && *endings; endings++)
        if (strcasecmp(dot, *endings) == 0) return true;
    return false;
}

static bool is_picture(const char *name)
{
    return ends_in(name, (const char *const[]){ ".jpg", ".jpeg", ".png", NULL });
}

static bool is_picture_of_another_type(const char *name)
{
    return ends_in(name, (const char *const[]){ ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".avif", ".jp2",
                                                ".ppm", ".pgm", NULL });
}

/* Takes over the name, which may be NULL where there was no memory. */
static bool add(vt_site at, name_list *list, char *name)
{
    const bool full = (list->count & (list->count - 1)) == 0; /* the room is the next power of two */
    const size_t room = list->count ? 2 * (size_t)list->count : 1;
    char **names = !name ? NULL : full ? realloc(list->names, room * sizeof *names) : list->names;
    if (names) {
        list->names = names;
        list->names[list->count++] = name;
        return true;
    }
    free(name);
    return raise_error(VT_ERROR_MEMORY, at, "no memory for the names of pictures");
}

/* Whether an entry of the folder is a folder; links are followed. */
static bool entry_is_directory(const char *folder, const struct dirent *entry)
{
    char path[4096];
    if (entry->d_type == DT_DIR) return true;
    if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN) return false;
    return snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path && is_directory(path);
}

typedef enum wanted { FOLDERS, PICTURES, PICTURES_OF_ALL_TYPES } wanted;

static bool take(vt_site at, const char *folder, const struct dirent *entry, wanted what, name_list *list)
{
    const char *name = entry->d_name;
    if (name[0] == '.') return true;
    if (entry_is_directory(folder, entry)) return what != FOLDERS || add(at, list, strdup(name));
    if (what == FOLDERS) return true;
    const bool other = is_picture_of_another_type(name);
    if (is_picture(name) || (other && what == PICTURES_OF_ALL_TYPES)) return add(at, list, strdup(name));
    return !other || raise_error(VT_ERROR_FILE, at, "%s/%s is neither a JPEG nor a PNG file; convert it", folder, name);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool list_entries(vt_site at, const char *folder, wanted what, name_list *list)
{
    *list = (name_list){ 0 };
    DIR *directory = opendir(folder);
    if (!directory) return raise_error(VT_ERROR_FILE, at, "cannot list %s: %s", folder, strerror(errno));
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(directory));) ok = take(at, folder, entry, what, list);
    closedir(directory);
    if (ok && list->count > 1) qsort(list->names, (size_t)list->count, sizeof *list->names, compare);
    if (!ok) name_list_free(list);
    return ok;
}

bool list_folders(vt_site at, const char *folder, name_list *list)
{
    return list_entries(at, folder, FOLDERS, list);
}

bool list_pictures(vt_site at, const char *folder, bool all_types, name_list *list)
{
    return list_entries(at, folder, all_types ? PICTURES_OF_ALL_TYPES : PICTURES, list);
}

void name_list_free(name_list *list)
{
    for (int64_t i = 0; i < list->count; i++) free(list->names[i]);
    free(list->names);
    *list = (name_list){ 0 };
}
