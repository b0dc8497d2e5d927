/* whole_file.h - files that are there whole or not at all. */
#ifndef MODELS_PROGRAM_WHOLE_FILE_H
#define MODELS_PROGRAM_WHOLE_FILE_H

#include <stdbool.h>
#include <stdio.h>

/* A new version of a file, written beside the old one, which stays until the new one takes its place. */
typedef struct whole_file {
    FILE *stream;
    char *path, *temporary;
} whole_file;

/* `folder`/`name`. NULL, and an error that names it, where it cannot be made. */
FILE *whole_file_open(whole_file *f, const char *folder, const char *name);
/* Puts the new version in place, synced to the disk. Where an error stands, or something was not written, the new
 * version is forgotten: false, with an error. */
bool whole_file_close(whole_file *f);

#endif
