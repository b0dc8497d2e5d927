/* output_folder.h - the folder that a program's results go to. */
#ifndef MODELS_PROGRAM_OUTPUT_FOLDER_H
#define MODELS_PROGRAM_OUTPUT_FOLDER_H

#include <stdbool.h>

/* Makes the folder, and its parents, where they are not there; finds out at once whether it can be written. */
bool output_folder_prepare(const char *folder);

/* Claims the folder for this process until it ends, however that happens. False with an error, which names the process
 * that has it where the system says so. A file system without locks lets everybody have it. What a process that was
 * killed there has left of files that it had not finished is removed. */
bool output_folder_claim(const char *folder);

/* Removes that from a folder that no other process writes into. */
void output_folder_tidy(const char *folder);

#endif
