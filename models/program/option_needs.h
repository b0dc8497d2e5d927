/* option_needs.h - options that change nothing unless others are as they need them. */
#ifndef MODELS_PROGRAM_OPTION_NEEDS_H
#define MODELS_PROGRAM_OPTION_NEEDS_H

#include "program/data_sets.h"
#include "program/options.h"

/* Whether an option changes nothing, whatever its value, as the others are. The options are complete. */
bool option_is_idle(const options *o, const char *name);

/* False with an error where the command line gives an option, such as --distill, that changes nothing without another,
 * such as --teacher, or beside another. A recipe may have such options: those that are given beside it can take what
 * they need away. */
bool option_needs_are_met(const options *o);

/* False with an error where the command line gives an option of other pictures. */
bool option_needs_are_met_by(const options *o, const data_set *set);

#endif
