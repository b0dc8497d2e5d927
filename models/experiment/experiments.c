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
        .models = { { "patch-2", "vit_nano_patch2_32" },
                    { "patch-4", "vit_nano_patch4_32" },
                    { "patch-8", "vit_nano_patch8_32" } },
    },
    {
        .name = "position-embedding",
        .summary = "no positions, learned ones of tokens, learned ones of rows and columns, fixed sines and cosines",
        .title = "Position embeddings",
        .models = { { "none", "vit_nano_patch4_32_no_position" },
                    { "learned-1d", "vit_nano_patch4_32" },
                    { "learned-2d", "vit_nano_patch4_32_position_2d" },
                    { "sin-cos", "vit_nano_patch4_32_sin_cos" } },
    },
    {
        .name = "pooling",
        .summary = "a class token against the mean of the patches",
        .title = "Class token against mean pooling",
        .models = { { "class-token", "vit_nano_patch4_32" }, { "mean", "vit_nano_patch4_32_gap" } },
    },
    {
        .name = "jigsaw",
        .summary = "what shuffled patches change, with positions and without",
        .title = "The jigsaw: shuffled patches",
        .look = &jigsaw_look,
        .models = { { "with-positions", "vit_nano_patch4_32" },
                    { "without-positions", "vit_nano_patch4_32_no_position" } },
    },
    {
        .name = "attention-depth",
        .summary = "how wide and how far attention looks, layer by layer",
        .title = "Attention over the depth",
        .look = &depth_look,
        .models = { { "vit_nano_patch4_32", "vit_nano_patch4_32" } },
    },
    {
        .name = "pretrain",
        .summary = "training on one half of the classes first, against training on the other alone",
        .title = "Pretraining on other classes",
        .fractions = "0.25,1",
        .prepared = { "pretraining", "vit_nano_patch4_32" },
        .halves = true,
        .models = { { "from-scratch", "vit_nano_patch4_32" }, { "pretrained", "vit_nano_patch4_32", .further = true } },
    },
    {
        .name = "distillation",
        .summary = "learning from a ResNet-18 as well: soft, hard, and by a distillation token (DeiT)",
        .title = "Distillation from a ResNet-18",
        .prepared = { "teacher", "resnet18_cifar" },
        .teaches = true,
        .models = { { "alone", "vit_nano_patch4_32", .distill = "none" },
                    { "soft", "vit_nano_patch4_32", .distill = "soft" },
                    { "hard", "vit_nano_patch4_32", .distill = "hard" },
                    { "token", "deit_nano_distilled_patch4_32", .distill = "hard" } },
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
