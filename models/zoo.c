/* zoo.c - every model by name. */
#include "zoo.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct zoo_entry {
    const char *name, *summary;
    bool (*build)(classifier *m, const struct zoo_entry *entry, classifier_options options);
    int64_t classes;
    vit_config vit;
    resnet_config resnet;
} zoo_entry;

static vt_tensor forward_vit(const classifier *m, vt_tensor images)
{
    return vit_forward(&m->vit, images, NULL);
}

static void free_vit(classifier *m)
{
    vit_free(&m->vit);
}

static int64_t macs_of_vit(const classifier *m)
{
    return vit_macs(&m->vit.config);
}

static bool build_vit(classifier *m, const zoo_entry *entry, classifier_options options)
{
    vit_config config = entry->vit;
    config.classes = m->classes;
    if (options.image_size) config.image_size = options.image_size;
    if (options.depth) config.depth = options.depth;
    if (options.no_dropout) config.dropout = 0;
    m->image_size = config.image_size;
    m->forward = forward_vit;
    m->macs = macs_of_vit;
    m->free_layers = free_vit;
    return vit_init(&m->vit, vt_root(m->model), &config);
}

static vt_tensor forward_resnet(const classifier *m, vt_tensor images)
{
    return resnet_forward(&m->resnet, images);
}

static int64_t macs_of_resnet(const classifier *m)
{
    return resnet_macs(&m->resnet, m->image_size);
}

static bool build_resnet(classifier *m, const zoo_entry *entry, classifier_options options)
{
    if (options.depth) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "%s: its depth cannot be chosen", entry->name);
        return false;
    }
    resnet_config config = entry->resnet;
    config.classes = m->classes;
    m->image_size = options.image_size ? options.image_size : 32;
    m->forward = forward_resnet;
    m->macs = macs_of_resnet;
    return resnet_init(&m->resnet, vt_root(m->model), &config);
}

/* depth/dim/mlp/heads; the names, and the eps, are timm's. */
#define VIT(size, patch, depth_, dim_, mlp, heads_, dropout_)                                                          \
    .build = build_vit, .vit = { .image_size = size,                                                                   \
                                 .patch_size = patch,                                                                  \
                                 .channels = 3,                                                                        \
                                 .dim = dim_,                                                                          \
                                 .depth = depth_,                                                                      \
                                 .mlp_dim = mlp,                                                                       \
                                 .heads = heads_,                                                                      \
                                 .dropout = dropout_,                                                                  \
                                 .eps = 1e-6 }
static const zoo_entry zoo[] = {
    { "vit_nano_patch4_32", "ViT of 6 layers for 32 px: two CPU minutes train it", .classes = 10,
      VIT(32, 4, 6, 128, 256, 4, 0) },
    { "vit_tiny_patch4_32", "ViT-Tiny for 32 px", .classes = 10, VIT(32, 4, 12, 192, 768, 3, 0.1) },
    { "vit_tiny_patch16_224", "ViT-Ti/16", .classes = 1000, VIT(224, 16, 12, 192, 768, 3, 0.1) },
    { "vit_small_patch16_224", "ViT-S/16", .classes = 1000, VIT(224, 16, 12, 384, 1536, 6, 0.1) },
    { "vit_base_patch16_224", "ViT-B/16", .classes = 1000, VIT(224, 16, 12, 768, 3072, 12, 0.1) },
    { "vit_base_patch32_224", "ViT-B/32", .classes = 1000, VIT(224, 32, 12, 768, 3072, 12, 0.1) },
    { "vit_large_patch16_224", "ViT-L/16", .classes = 1000, VIT(224, 16, 24, 1024, 4096, 16, 0.1) },
    { "vit_huge_patch14_224", "ViT-H/14", .classes = 1000, VIT(224, 14, 32, 1280, 5120, 16, 0.1) },
    { "resnet18_cifar", "ResNet-18 with a 3x3 stem, for 32 px", .classes = 10, .build = build_resnet,
      .resnet = { .channels = 3, .width = 64 } },
};
enum { ZOO = sizeof zoo / sizeof *zoo };

static const zoo_entry *find(const char *name)
{
    char names[512] = "";
    for (int i = 0; i < ZOO; i++) {
        if (strcmp(zoo[i].name, name) == 0) return &zoo[i];
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", zoo[i].name);
    }
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "no model \"%s\"; there are: %s", name, names);
    return NULL;
}

classifier *classifier_new(const char *name, classifier_options options)
{
    const zoo_entry *entry = find(name);
    classifier *m = entry ? calloc(1, sizeof *m) : NULL;
    if (!m) return NULL;
    m->name = entry->name;
    m->classes = options.classes ? options.classes : entry->classes;
    m->model = vt_model_new();
    if (m->model && entry->build(m, entry, options)) return m;
    classifier_free(m);
    return NULL;
}

void classifier_free(classifier *m)
{
    if (!m) return;
    if (m->free_layers) m->free_layers(m);
    vt_model_free(m->model);
    free(m);
}

vt_tensor classifier_forward(const classifier *m, vt_tensor images)
{
    return m->forward(m, images);
}

int64_t classifier_macs(const classifier *m)
{
    return m->macs(m);
}

const char *classifier_name(int index)
{
    return index >= 0 && index < ZOO ? zoo[index].name : NULL;
}

const char *classifier_summary(int index)
{
    return index >= 0 && index < ZOO ? zoo[index].summary : NULL;
}
