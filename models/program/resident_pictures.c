/* resident_pictures.c - whether a device may hold all pictures, and make the batches of them. */
#include "program/resident_pictures.h"
#include <string.h>

/* What follows a stage of this name and its numbers, "crop:4"; NULL where the text does not begin with it. */
static const char *behind(const char *text, const char *stage)
{
    const size_t length = strlen(stage);
    if (strncmp(text, stage, length) != 0) return NULL;
    text += length;
    return *text == ':' ? text + strcspn(text, ",") : text;
}

/* "crop:4,flip" */
static bool is_crop_and_flip(const char *augment)
{
    const char *rest = behind(augment, "crop");
    rest = rest && *rest == ',' ? behind(rest + 1, "flip") : NULL;
    return rest && !*rest;
}

bool pictures_may_be_resident(const vt_dataset *train, const vt_dataset *test, const options *o)
{
    return train->images && test->images && (strcmp(o->augment, "none") == 0 || is_crop_and_flip(o->augment));
}
