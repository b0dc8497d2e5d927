/* fit.h - a tensor of a file, made to fit a model for pictures of another size or of other channels. */
#ifndef VITRO_TRAIN_FIT_H
#define VITRO_TRAIN_FIT_H

#include <vitro/model.h>

typedef enum fit_kind {
    FIT_NONE,    /* it does not */
    FIT_GRID,    /* what is laid out over a grid is resampled to another grid */
    FIT_CHANNELS /* a convolution's weights [out, in, h, w] become those of other input channels */
} fit_kind;

/* How the elements of a tensor of shape `from` can become those of one of shape `to`, of which the grid is told where
 * `grid` is not NULL. A grid in a file is square, or a line where the model's is. */
fit_kind fit_find(const vt_grid *grid, bool channels, vt_shape from, vt_shape to);

/* Both are of the floating-point dtype given. FIT_GRID: bicubic, antialiased; the prefix is copied. FIT_CHANNELS: one
 * input channel gets the sum of all; more of them get what there is, over and over, times old / new channels, so that a
 * grey picture gives what it gave. (timm's resample_abs_pos_embed and adapt_input_conv.) False with an error where
 * memory is short. */
bool fit_elements(vt_site at, fit_kind kind, const vt_grid *grid, vt_dtype dtype, vt_shape from, const void *elements,
                  vt_shape to, void *fitted);

#endif
