/* failure.h - how a program ends that could not do what it was asked for. */
#ifndef MODELS_PROGRAM_FAILURE_H
#define MODELS_PROGRAM_FAILURE_H

/* Prints the standing error to standard error, without its place, which is in the program's own sources. Returns the
 * exit code, 1. */
int failure_report(void);
/* The same, with what it is of in front. */
int failure_report_of(const char *what);

/* The exit code of a program that would end with `code`: 1 with a message where what it printed could not be written.
 */
int failure_of_output(int code);

#endif
