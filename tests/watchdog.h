/* watchdog.h - what watches the test that runs: see watchdog.c. */
#ifndef VITRO_TESTS_WATCHDOG_H
#define VITRO_TESTS_WATCHDOG_H

/* Every test program starts it by itself; a child that a test forks has to. */
void watchdog_start(void);

#endif
