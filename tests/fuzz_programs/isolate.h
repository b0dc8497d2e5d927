/* isolate.h - checks in a process of their own, so that a crash is a finding too. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_ISOLATE_H
#define VITRO_TESTS_FUZZ_PROGRAMS_ISOLATE_H

#include "compare.h"

/* What a child leaves for its parent. */
typedef struct report {
    uint64_t seed;     /* of the program under way */
    finding under_way; /* the mode that it ran in */
    finding found;
    judged judged; /* of all seeds so far */
} report;

/* Memory that children share. */
report *shared_report(void);

/* Ends this process after so many more seconds of the processor's time, which others do not take from it, or ten times
 * as many by the clock. */
void end_after(int seconds);

/* Calls work in a child, for so many seconds. What it found is in the report; a child that ends otherwise than by
 * returning is a finding too. */
void in_a_child(void (*work)(report *r, void *user), void *user, report *r, int seconds);

/* check_again in a child. */
finding check_in_a_child(const program *p, const finding *found);

#endif
