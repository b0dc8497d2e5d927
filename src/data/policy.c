/* policy.c - operations on a picture that are drawn at random. Tables and magnitudes are those of torchvision. */
#include "data/policy.h"
#include "data/operation.h"

/* ---- RandAugment and TrivialAugment ---- */

/* Any of those that are chosen from. */
static const operation *draw_operation(draws *d)
{
    int count = 0;
    for (const operation *o = operations; o->name; o++) count += o->chosen;
    int left = draw_below(d, count);
    for (const operation *o = operations;; o++)
        if (o->chosen && left-- == 0) return o;
}

static void apply(const operation *o, image *x, double strength, bool wide, draws *d)
{
    const double magnitude = operation_magnitude(o, x, strength, wide);
    const bool negated = draw_chance(d, 0.5);
    o->apply(x, o->both_ways && negated ? -magnitude : magnitude);
}

void policy_randaugment(image *x, int count, double magnitude, draws *d)
{
    for (int i = 0; i < count; i++) apply(draw_operation(d), x, magnitude / POLICY_STEPS, false, d);
}

void policy_trivial(image *x, draws *d)
{
    const operation *o = draw_operation(d);
    apply(o, x, (double)draw_below(d, POLICY_STEPS + 1) / POLICY_STEPS, true, d);
}

/* ---- AutoAugment ---- */

enum { PAIRS = 25, STRONGEST = 9 };

typedef struct pair {
    struct {
        const char *operation;
        double probability;
        int strength; /* 0 to STRONGEST */
    } part[2];
} pair;

static const pair imagenet[PAIRS] = {
    { { { "posterize", 0.4, 8 }, { "rotate", 0.6, 9 } } },  { { { "solarize", 0.6, 5 }, { "autocontrast", 0.6, 0 } } },
    { { { "equalize", 0.8, 0 }, { "equalize", 0.6, 0 } } }, { { { "posterize", 0.6, 7 }, { "posterize", 0.6, 6 } } },
    { { { "equalize", 0.4, 0 }, { "solarize", 0.2, 4 } } }, { { { "equalize", 0.4, 0 }, { "rotate", 0.8, 8 } } },
    { { { "solarize", 0.6, 3 }, { "equalize", 0.6, 0 } } }, { { { "posterize", 0.8, 5 }, { "equalize", 1.0, 0 } } },
    { { { "rotate", 0.2, 3 }, { "solarize", 0.6, 8 } } },   { { { "equalize", 0.6, 0 }, { "posterize", 0.4, 6 } } },
    { { { "rotate", 0.8, 8 }, { "color", 0.4, 0 } } },      { { { "rotate", 0.4, 9 }, { "equalize", 0.6, 0 } } },
    { { { "equalize", 0.0, 0 }, { "equalize", 0.8, 0 } } }, { { { "invert", 0.6, 0 }, { "equalize", 1.0, 0 } } },
    { { { "color", 0.6, 4 }, { "contrast", 1.0, 8 } } },    { { { "rotate", 0.8, 8 }, { "color", 1.0, 2 } } },
    { { { "color", 0.8, 8 }, { "solarize", 0.8, 7 } } },    { { { "sharpness", 0.4, 7 }, { "invert", 0.6, 0 } } },
    { { { "shear-x", 0.6, 5 }, { "equalize", 1.0, 0 } } },  { { { "color", 0.4, 0 }, { "equalize", 0.6, 0 } } },
    { { { "equalize", 0.4, 0 }, { "solarize", 0.2, 4 } } }, { { { "solarize", 0.6, 5 }, { "autocontrast", 0.6, 0 } } },
    { { { "invert", 0.6, 0 }, { "equalize", 1.0, 0 } } },   { { { "color", 0.6, 4 }, { "contrast", 1.0, 8 } } },
    { { { "equalize", 0.8, 0 }, { "equalize", 0.6, 0 } } },
};
static const pair cifar10[PAIRS] = {
    { { { "invert", 0.1, 0 }, { "contrast", 0.2, 6 } } },
    { { { "rotate", 0.7, 2 }, { "translate-x", 0.3, 9 } } },
    { { { "sharpness", 0.8, 1 }, { "sharpness", 0.9, 3 } } },
    { { { "shear-y", 0.5, 8 }, { "translate-y", 0.7, 9 } } },
    { { { "autocontrast", 0.5, 0 }, { "equalize", 0.9, 0 } } },
    { { { "shear-y", 0.2, 7 }, { "posterize", 0.3, 7 } } },
    { { { "color", 0.4, 3 }, { "brightness", 0.6, 7 } } },
    { { { "sharpness", 0.3, 9 }, { "brightness", 0.7, 9 } } },
    { { { "equalize", 0.6, 0 }, { "equalize", 0.5, 0 } } },
    { { { "contrast", 0.6, 7 }, { "sharpness", 0.6, 5 } } },
    { { { "color", 0.7, 7 }, { "translate-x", 0.5, 8 } } },
    { { { "equalize", 0.3, 0 }, { "autocontrast", 0.4, 0 } } },
    { { { "translate-y", 0.4, 3 }, { "sharpness", 0.2, 6 } } },
    { { { "brightness", 0.9, 6 }, { "color", 0.2, 8 } } },
    { { { "solarize", 0.5, 2 }, { "invert", 0.0, 0 } } },
    { { { "equalize", 0.2, 0 }, { "autocontrast", 0.6, 0 } } },
    { { { "equalize", 0.2, 0 }, { "equalize", 0.6, 0 } } },
    { { { "color", 0.9, 9 }, { "equalize", 0.6, 0 } } },
    { { { "autocontrast", 0.8, 0 }, { "solarize", 0.2, 8 } } },
    { { { "brightness", 0.1, 3 }, { "color", 0.7, 0 } } },
    { { { "solarize", 0.4, 5 }, { "autocontrast", 0.9, 0 } } },
    { { { "translate-y", 0.9, 9 }, { "translate-y", 0.7, 9 } } },
    { { { "autocontrast", 0.9, 0 }, { "solarize", 0.8, 3 } } },
    { { { "equalize", 0.8, 0 }, { "invert", 0.1, 0 } } },
    { { { "translate-y", 0.7, 9 }, { "autocontrast", 0.9, 0 } } },
};

static void autoaugment(const pair *pairs, image *x, draws *d)
{
    const pair *p = &pairs[draw_below(d, PAIRS)];
    for (int i = 0; i < 2; i++)
        if (draw_chance(d, p->part[i].probability))
            apply(operation_called(p->part[i].operation), x, (double)p->part[i].strength / STRONGEST, false, d);
}

void policy_autoaugment_imagenet(image *x, draws *d)
{
    autoaugment(imagenet, x, d);
}

void policy_autoaugment_cifar10(image *x, draws *d)
{
    autoaugment(cifar10, x, d);
}
