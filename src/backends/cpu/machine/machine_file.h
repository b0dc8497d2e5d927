/* machine_file.h - what was found fastest on this machine, by this program or one before it: see tuning_file.h. */
#ifndef VITRO_BACKENDS_CPU_MACHINE_MACHINE_FILE_H
#define VITRO_BACKENDS_CPU_MACHINE_MACHINE_FILE_H

#include "backends/tuning_cache.h"

/* As tuning_recall and tuning_keep; what is kept is written as the program ends. */
bool machine_file_recall(const char *name, char answer[MAX_ANSWER]);
bool machine_file_keep(const char *name, const char *answer);

#endif
