/* tuning_file.h - what a backend found fastest, in a file of the user's for each machine: the next program need not
 * time it again. It is a convenience: a file that is damaged, of another version or not to be written is as none. */
#ifndef VITRO_BACKENDS_TUNING_FILE_H
#define VITRO_BACKENDS_TUNING_FILE_H

#include "backends/tuning_cache.h"

/* Adds what the file of the machine has. The text says all that times depend on: processor, level, libraries. */
void tuning_file_read(tuning_cache *c, const char *machine);
/* Replaces the file by the whole cache. */
void tuning_file_write(tuning_cache *c, const char *machine);

#endif
