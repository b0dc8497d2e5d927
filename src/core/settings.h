/* settings.h - what a thread computes on, and how. */
#ifndef VITRO_CORE_SETTINGS_H
#define VITRO_CORE_SETTINGS_H

#include <vitro/base.h>

/* The dtype of tensors where none is given. */
vt_dtype dtype_default(void);

#endif
