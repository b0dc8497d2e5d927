/* hostile.h - what a generated call tells of itself, and what becomes of its result. */
#ifndef VITRO_TESTS_HOSTILE_H
#define VITRO_TESTS_HOSTILE_H

#include <stdbool.h>
#include <vitro/vitro.h>

typedef struct function {
    const char *name;
    void (*call)(void); /* draws the arguments, and calls */
    const char *words;  /* what a message may name: the function, its arguments */
} function;

/* The arguments are drawn: the next thing is the call. */
void ready(void);
/* The call has returned. */
void returned(void);

/* Results are looked at: tensors are read, and differentiated; strings are read to their end; objects are ended. One
 * that is not there without an error is a finding where the header does not say so. */
void use_tensor(vt_tensor x, bool may_be_inert);
void use_string(const char *text);
void use_object(void *object, void (*end)(void *));

/* Something that is not as promised. */
void complain(const char *format, ...) VT_PRINTF(1, 2);

#endif
