/* peak.h - what the machine can do, as measured. */
#ifndef VITRO_BACKENDS_CPU_MACHINE_PEAK_H
#define VITRO_BACKENDS_CPU_MACHINE_PEAK_H

#include "core/backend.h"

device_peak measure_peak(void);

#endif
