/* picture_files.h - the pictures that a command line names. */
#ifndef MODELS_PROGRAM_PICTURE_FILES_H
#define MODELS_PROGRAM_PICTURE_FILES_H

#include "program/command_line.h"

typedef struct picture_files {
    int count;
    char **paths;
    bool lacking; /* a folder could not be listed, or has no pictures: standard error got which */
} picture_files;

/* The files in the order of the arguments. A folder stands for the files in it whose names end in .jpg, .jpeg or .png,
 * in the order of their names. False with an error where there is no memory. */
bool picture_files_list(const argument_list *arguments, picture_files *files);
void picture_files_free(picture_files *files);

#endif
