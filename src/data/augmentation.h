/* augmentation.h - what a loader does to pictures at random, from the text that describes it. */
#ifndef VITRO_DATA_AUGMENTATION_H
#define VITRO_DATA_AUGMENTATION_H

#include "data/draws.h"
#include "data/image.h"
#include <vitro/base.h>

enum { AUGMENTATION_STAGES = 8, AUGMENTATION_NUMBERS = 4 };

typedef struct stage_kind stage_kind;

/* The stages in their order. */
typedef struct augmentation {
    int count;
    struct {
        const stage_kind *kind;
        double number[AUGMENTATION_NUMBERS];
    } stage[AUGMENTATION_STAGES];
    uint8_t erased[3]; /* the colour of what is erased */
} augmentation;

/* Reads "crop:4,flip"; NULL and "none" are no augmentation. False with an error for a stage that there is not, or a
 * number that is out of its range. */
bool augmentation_parse(vt_site at, const char *text, augmentation *a);
/* Whether pictures of so many channels may be augmented so: whatever is not cropping and flipping wants 1 or 3. */
bool augmentation_is_for(const augmentation *a, int channels);

/* A part of a picture. */
typedef struct window {
    int64_t top, left, height, width;
} window;

/* Whether the first stage chooses a window of the whole picture, which is then resized. */
bool augmentation_has_window(const augmentation *a);
/* Where it does so, sets the window of a picture [height, width]. */
bool augmentation_window(const augmentation *a, int64_t height, int64_t width, draws *d, window *w);

/* All stages but that. */
void augmentation_apply(const augmentation *a, image *x, draws *d);

/* Where a picture is moved to by the stages "crop" and "flip", and whether no other stages are there. */
typedef struct moved {
    int top, left;
    bool flipped;
} moved;
bool augmentation_only_moves(const augmentation *a);
moved augmentation_moved(const augmentation *a, const draws *d);

#endif
