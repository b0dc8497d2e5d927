/* class_folders.h - whether a folder has pictures in a folder for each class. */
#ifndef MODELS_PROGRAM_CLASS_FOLDERS_H
#define MODELS_PROGRAM_CLASS_FOLDERS_H

#include <stdbool.h>

/* Whether a folder has pictures in its folders, or a folder "train", which is to have them in its own. */
bool class_folders_are_in(const char *folder);
/* Whether the name of a file ends in .jpg, .jpeg or .png, and the file is not hidden. */
bool is_picture_name(const char *name);

#endif
