/* printed.h - what a function prints on standard error. */
#ifndef VITRO_TESTS_PRINTED_H
#define VITRO_TESTS_PRINTED_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static inline void printed(void (*function)(void), char *text, size_t size)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    cr_assert(file && saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    function();
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = 0;
    fclose(file);
}

static inline int count_of(const char *text, const char *word)
{
    int count = 0;
    while ((text = strstr(text, word))) text += strlen(word), count++;
    return count;
}

#endif
