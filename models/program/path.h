/* path.h - names of files in folders. */
#ifndef MODELS_PROGRAM_PATH_H
#define MODELS_PROGRAM_PATH_H

#include <stdbool.h>

enum { PATH_SIZE = 4096 };

/* "folder/name", in `path`, which is returned. NULL, with an error, where it is too long. */
const char *path_join(char path[PATH_SIZE], const char *folder, const char *name);

/* Whether the folder has a file of this name. */
bool path_exists(const char *folder, const char *name);

#endif
