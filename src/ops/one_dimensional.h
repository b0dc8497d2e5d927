/* one_dimensional.h - signals [N, C, L] as images of height 1. */
#ifndef VITRO_OPS_ONE_DIMENSIONAL_H
#define VITRO_OPS_ONE_DIMENSIONAL_H

#include <vitro/base.h>

/* x where the axes are 2, an image already; of a signal the image, and back. An inert x stays inert. */
vt_tensor as_image(int axes, vt_tensor x);
vt_tensor from_image(int axes, vt_tensor x);

#endif
