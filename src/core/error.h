/* error.h - raising the error that sticks. */
#ifndef VITRO_CORE_ERROR_H
#define VITRO_CORE_ERROR_H

#include <vitro/error.h>

/* Keeps the first error of a thread. Returns false. */
bool raise_error(vt_status status, vt_site at, const char *format, ...) VT_PRINTF(3, 4);

#endif
