/* imagenet_names.h - the classes of ImageNet's challenge (Russakovsky et al. 2015), in the order in which models have
 * them. */
#ifndef MODELS_PROGRAM_IMAGENET_NAMES_H
#define MODELS_PROGRAM_IMAGENET_NAMES_H

enum { IMAGENET_CLASSES = 1000 };
extern const char *const imagenet_names[IMAGENET_CLASSES];

#endif
