/* caption.h - words in a picture. */
#ifndef MODELS_EXPLAIN_CAPTION_H
#define MODELS_EXPLAIN_CAPTION_H

#include <stdint.h>
#include <vitro/vitro.h>

/* Draws the words dark on light in the box of the picture, in its middle. A build without cairo draws none. */
void caption_draw(vt_picture *picture, int64_t top, int64_t left, int height, int width, const char *words);

#endif
