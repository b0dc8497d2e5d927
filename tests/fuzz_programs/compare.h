/* compare.h - whether a mode shows what the oracle shows, as far as rounding lets one say. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_COMPARE_H
#define VITRO_TESTS_FUZZ_PROGRAMS_COMPARE_H

#include "run.h"

/* What is wrong with a program, in one mode. */
typedef struct finding {
    enum finding_kind { NOTHING, WRONG_VALUE, REFUSED, WRONG_GRADIENT, CRASHED } kind;
    mode mode;
    int statement; /* that shows it */
    char text[1400];
} finding;

/* What the oracle shows, and what it shows with noise. */
typedef struct truth {
    const program *program;
    outcome plain;
    enum { NOISY_RUNS = 3 } count;
    bool studied[2]; /* with noise as of f32; as of bf16 */
    outcome noisy[2][NOISY_RUNS];
} truth;

/* False where the oracle refuses the program. */
bool find_truth(const program *p, truth *t);
void truth_free(truth *t);

/* Runs the program in the mode. A difference that noise explains is none. */
finding compare(truth *t, const mode *m);

/* Differences that were held against noise; and those among them that it explains however large they are, since it
 * moves a choice, or the program is refused with it. Where these are many, nothing is compared. */
typedef struct judged {
    int64_t differences, unbounded;
} judged;
extern judged judged_so_far;

/* Messages that are promised where memory has ended or was overwritten, which depends on the mode. */
bool is_documented_refusal(const char *message);

#endif
