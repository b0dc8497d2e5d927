/* clock.h - time that only goes forward. */
#ifndef VITRO_CORE_BASE_CLOCK_H
#define VITRO_CORE_BASE_CLOCK_H

double seconds_now(void);

#endif
