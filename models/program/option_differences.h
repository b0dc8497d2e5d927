/* option_differences.h - in which of its options a run differs from another, as text. */
#ifndef MODELS_PROGRAM_OPTION_DIFFERENCES_H
#define MODELS_PROGRAM_OPTION_DIFFERENCES_H

#include <stddef.h>

enum { DIFFERENCES_SIZE = 520 }; /* a message has room for it, and it has room for the names of all options */

/* Of two texts of options_list_fixed, a line of "name=value" each: "epochs=10, now 20; lr=0.1, now 0.2". Where that is
 * longer than `size`, it is the names alone: "epochs; lr". Empty where the texts are equal. */
void option_differences(const char *before, const char *now, char *text, size_t size);

/* The line of such a text that is of the same option as a line like "epochs=10"; empty where there is none. */
const char *option_line(const char *lines, const char *like);

#endif
