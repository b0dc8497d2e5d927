/* window.h - the tokens of a picture in windows that attention stays within, and windows that lie half a window further
 * (Liu et al., "Swin transformer", 2021). */
#ifndef MODELS_LAYERS_WINDOW_H
#define MODELS_LAYERS_WINDOW_H

#include <vitro/vitro.h>

typedef struct windows {
    int64_t rows, columns;             /* of tokens */
    int64_t height, width;             /* of a window, in tokens */
    int64_t down, across;              /* how many windows; the last may be filled up */
    int64_t shift_rows, shift_columns; /* by how many tokens they lie further down and right */
} windows;

/* Windows of size by size tokens, or along an axis as large as the picture where that is smaller. They are shifted, if
 * they are, by half a window; not along an axis that one window covers. */
windows windows_of(int64_t rows, int64_t columns, int64_t size, bool shifted);

/* x [B, rows * columns, C] -> [B, windows, height * width, C]. What is shifted beyond the first row comes behind the
 * last, and columns alike; what does not fill a window is filled up with zeros. */
vt_tensor windows_split(const windows *w, vt_tensor x);
/* Back: [B, windows, height * width, C] -> [B, rows * columns, C] */
vt_tensor windows_join(const windows *w, vt_tensor x);

/* The mask of attention, bool [windows, 1, N, N] for N = height * width: false where query and key meet in a window
 * only because the shift carried one of them around the edge. Inert where nothing is shifted. The authors add -100 to
 * these logits instead, which makes weights of less than 1e-40 of them. */
vt_tensor windows_mask(const windows *w);

#endif
