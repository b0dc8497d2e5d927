/* class_folders.c - whether a folder has pictures in a folder for each class. */
#include "program/class_folders.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

bool is_picture_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && name[0] != '.' &&
           (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0 || strcasecmp(dot, ".png") == 0);
}

static bool has_pictures(const char *folder)
{
    bool found = false;
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && !found && (entry = readdir(directory));)
        found = is_picture_name(entry->d_name);
    if (directory) closedir(directory);
    return found;
}

bool class_folders_are_in(const char *folder)
{
    struct stat status;
    char path[4096];
    bool found = snprintf(path, sizeof path, "%s/train", folder) < (int)sizeof path && stat(path, &status) == 0 &&
                 S_ISDIR(status.st_mode);
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && !found && (entry = readdir(directory));)
        found = entry->d_name[0] != '.' &&
                snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path && has_pictures(path);
    if (directory) closedir(directory);
    return found;
}
