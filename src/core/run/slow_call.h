/* slow_call.h - how a kernel says that it has to go a slow way, for the profile to count it. */
#ifndef VITRO_CORE_RUN_SLOW_CALL_H
#define VITRO_CORE_RUN_SLOW_CALL_H

/* Of the kernel that this thread runs. `why` is a literal that completes "of these calls ...". */
void slow_call(const char *why);

#endif
