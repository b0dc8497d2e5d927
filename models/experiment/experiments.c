/* experiments.c - the experiments, a row each. */
#include "experiment/experiments.h"
#include "nearest.h"
#include <string.h>

static const experiment experiments[] = {
    {
        .name = "patch-size",
        .summary = "patches of 1/16, 1/8 and 1/4 of the picture's side: 256, 64 and 16 tokens",
        .title = "Patch sizes",
        .equal = "epochs,compute",
        .models = { { .name = "patch-2", .model = "vit_nano_patch2_32" },
                    { .name = "patch-4", .model = "vit_nano_patch4_32" },
                    { .name = "patch-8", .model = "vit_nano_patch8_32" } },
    },
    {
        .name = "position-embedding",
        .summary = "no positions, learned ones of tokens, learned ones of rows and columns, fixed sines and cosines",
        .title = "Position embeddings",
        .models = { { .name = "none", .model = "vit_nano_patch4_32_no_position" },
                    { .name = "learned-1d", .model = "vit_nano_patch4_32" },
                    { .name = "learned-2d", .model = "vit_nano_patch4_32_position_2d" },
                    { .name = "sin-cos", .model = "vit_nano_patch4_32_sin_cos" } },
    },
    {
        .name = "pooling",
        .summary = "a class token against the mean of the patches",
        .title = "Class token against mean pooling",
        .models = { { .name = "class-token", .model = "vit_nano_patch4_32" },
                    { .name = "mean", .model = "vit_nano_patch4_32_gap" } },
    },
    {
        .name = "jigsaw",
        .summary = "what shuffled patches change, with positions and without",
        .title = "The jigsaw: shuffled patches",
        .look = &jigsaw_look,
        .models = { { .name = "with-positions", .model = "vit_nano_patch4_32" },
                    { .name = "without-positions", .model = "vit_nano_patch4_32_no_position" } },
    },
    {
        .name = "attention-depth",
        .summary = "how wide and how far attention looks, layer by layer",
        .title = "Attention over the depth",
        .look = &depth_look,
        .models = { { .name = "vit_nano_patch4_32", .model = "vit_nano_patch4_32" } },
    },
    {
        .name = "pretrain",
        .summary = "training on one half of the classes first, against training on the other alone",
        .title = "Pretraining on other classes",
        .fractions = "0.25,1",
        .prepared = { .name = "pretraining", .model = "vit_nano_patch4_32" },
        .halves = true,
        .models = { { .name = "from-scratch", .model = "vit_nano_patch4_32" },
                    { .name = "pretrained", .model = "vit_nano_patch4_32", .further = true } },
    },
    {
        .name = "distillation",
        .summary = "learning from a ResNet-18 as well: soft, hard, and by a distillation token (DeiT)",
        .title = "Distillation from a ResNet-18",
        .prepared = { .name = "teacher", .model = "resnet18_cifar" },
        .teaches = true,
        .models = { { .name = "alone", .model = "vit_nano_patch4_32", .distill = "none" },
                    { .name = "soft", .model = "vit_nano_patch4_32", .distill = "soft" },
                    { .name = "hard", .model = "vit_nano_patch4_32", .distill = "hard" },
                    { .name = "token", .model = "deit_nano_distilled_patch4_32", .distill = "hard" } },
    },
};
enum { EXPERIMENTS = sizeof experiments / sizeof *experiments };

const experiment *experiment_at(int number)
{
    return number < EXPERIMENTS ? &experiments[number] : NULL;
}

static const char *name_at(int number)
{
    return number < EXPERIMENTS ? experiments[number].name : NULL;
}

const experiment *experiment_find(const char *name)
{
    for (int i = 0; i < EXPERIMENTS; i++)
        if (strcmp(name, experiments[i].name) == 0) return &experiments[i];
    char nearest[256] = "";
    list_nearest(name, name_at, nearest, sizeof nearest);
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "there is no experiment \"%s\"; the nearest names are %s", name,
                   nearest);
    return NULL;
}
