/* settings.h - settings.json: everything that a training run was begun with. */
#ifndef MODELS_REPORT_SETTINGS_H
#define MODELS_REPORT_SETTINGS_H

#include "program/options.h"
#include "program/pictures.h"
#include "zoo.h"
#include <jansson.h>

/* What a run begins with:
 *
 *     program, vitro   which program, and the version
 *     command          one line for a shell that trains the same again
 *     started          when, in UTC; of a run that was resumed: the last time
 *     first_epoch      that is trained then, counted from 1
 *     options          each of the command line by its name, null where it was left out and has no default
 *     data             name, about, folder, training_pictures, test_pictures, channels, height, width, class_names
 *     model            name, parameters
 *     machine          processor, cores, threads (null: the machine's default), instructions, memory_bytes, system,
 *                      onednn, device
 *
 * NULL with an error where memory is short. */
json_t *settings_describe(const options *o, const pictures *p, const classifier *net, int64_t first_epoch);

/* Writes settings.json into the folder. False with an error, and while one stands. */
bool settings_write(const json_t *settings, const char *folder);

#endif
