/* number_list.h - "1,3,6" on a command line. */
#ifndef MODELS_PROGRAM_NUMBER_LIST_H
#define MODELS_PROGRAM_NUMBER_LIST_H

#include <stdbool.h>
#include <stdint.h>

enum { MOST_NUMBERS = 256 };
typedef struct number_list {
    int count;
    int64_t number[MOST_NUMBERS];
} number_list;

/* Whole numbers with commas between them. An error names the option, what is no such list, and what it might be
 * besides: "all or ". */
bool number_list_parse(number_list *list, const char *option, const char *text, const char *besides);

#endif
