/* shape.h - attributes of the ops that arrange elements, and what their constructors share. */
#ifndef VITRO_OPS_SHAPE_H
#define VITRO_OPS_SHAPE_H

#include "core/run/apply.h"

/* slice: along each axis `count` elements, from `start`, `step` apart. */
typedef struct slice_attributes {
    int64_t start[VT_MAX_RANK], step[VT_MAX_RANK], count[VT_MAX_RANK];
} slice_attributes;

/* flip: bit i: axis i is reversed. */
typedef struct flip_attributes {
    int64_t axes;
} flip_attributes;

/* chunk, concat */
typedef struct axis_attributes {
    int64_t axis;
} axis_attributes;

/* pad: along each axis, so many new elements before the first, after the last, and between any two. */
typedef struct pad_attributes {
    int64_t before[VT_MAX_RANK], after[VT_MAX_RANK], between[VT_MAX_RANK];
    double value;
} pad_attributes;

/* The spec of x, and the axis counted from the first; false, with an error, where there is no such axis. */
bool axis_of(const char *name, vt_site at, vt_tensor x, int axis, spec *s, int *resolved);

/* As axis_of, for an axis that is to be added. */
bool new_axis_of(const char *name, vt_site at, vt_tensor x, int axis, spec *s, int *resolved);

/* As axis_of, for a list: bit i is set where axis i is named. Naming one twice is an error. */
bool axes_of(const char *name, vt_site at, vt_tensor x, vt_axes axes, spec *s, int64_t *bits);

#endif
