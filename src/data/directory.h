/* directory.h - the folders and the pictures in a folder. */
#ifndef VITRO_DATA_DIRECTORY_H
#define VITRO_DATA_DIRECTORY_H

#include <vitro/base.h>

/* Names in the order of their bytes, which no locale changes. */
typedef struct name_list {
    int64_t count;
    char **names;
} name_list;

bool is_directory(const char *path);

/* The folders in a folder. Hidden ones are passed over. False with an error where it cannot be listed. */
bool list_folders(vt_site at, const char *folder, name_list *list);
/* The pictures in a folder: files that end in .jpg, .jpeg or .png. Those that end as pictures of another type do,
 * such as .webp, are in the list with `all_types`, and otherwise an error. */
bool list_pictures(vt_site at, const char *folder, bool all_types, name_list *list);
void name_list_free(name_list *list);

#endif
