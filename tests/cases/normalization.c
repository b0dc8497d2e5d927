/* normalization.c - samples; to be written. */
#include "cases/case.h"
