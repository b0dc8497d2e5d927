/* policy.h - operations on a picture that are drawn at random. */
#ifndef VITRO_DATA_POLICY_H
#define VITRO_DATA_POLICY_H

#include "data/draws.h"
#include "data/image.h"

enum { POLICY_STEPS = 30 }; /* a magnitude of RandAugment and TrivialAugment is 0 to 30 */

/* RandAugment (Cubuk et al. 2020): `count` operations, each any of them, of one magnitude. */
void policy_randaugment(image *x, int count, double magnitude, draws *d);
/* TrivialAugment, of its wide space (Müller & Hutter 2021): one operation of any magnitude. */
void policy_trivial(image *x, draws *d);
/* AutoAugment (Cubuk et al. 2019): one of the 25 pairs that were found for a data set. */
void policy_autoaugment_imagenet(image *x, draws *d);
void policy_autoaugment_cifar10(image *x, draws *d);

#endif
