/* normalization.h - pixels to normalised pictures, on the context's device. */
#ifndef VITRO_DATA_NORMALIZATION_H
#define VITRO_DATA_NORMALIZATION_H

#include <vitro/tensor.h>

typedef struct normalization {
    vt_tensor scale, shift; /* f32 [channels, 1], of no scope: normalised is scale * pixel + shift */
} normalization;

/* mean and std [channels], in units of the full scale 255. False with an error where there is no room. */
bool normalization_open(vt_site at, normalization *n, int channels, const float *mean, const float *std);
void normalization_close(normalization *n);

/* u8 [count, channels, pixels] -> f32, with the bits of vt_image_normalize. */
vt_tensor normalize(const normalization *n, vt_tensor pixels);

#endif
