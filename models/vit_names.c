/* vit_names.c - the names that others publish vision transformers by. */
#include "vit.h"

/* Whose q, k and v are one projection here. */
#define THIRD(from, which) PART(from, "blocks.*.attn.qkv.*", which, 3)

/* What Hugging Face's ViT and DeiT have in common, whose names begin with the model's. */
#define AROUND(model)                                                                                                  \
    TO(model ".embeddings.cls_token", "cls_token"), TO(model ".embeddings.distillation_token", "dist_token"),          \
        TO(model ".embeddings.position_embeddings", "pos_embed"),                                                      \
        TO(model ".embeddings.patch_embeddings.projection.*", "patch_embed.proj.*"),                                   \
        TO(model ".layernorm.*", "norm.*"), DROP(model ".pooler.*")
#define PUBLISHED(model)                                                                                               \
    AROUND(model), THIRD(model ".encoder.layer.*.attention.attention.query.*", 0),                                     \
        THIRD(model ".encoder.layer.*.attention.attention.key.*", 1),                                                  \
        THIRD(model ".encoder.layer.*.attention.attention.value.*", 2),                                                \
        TO(model ".encoder.layer.*.attention.output.dense.*", "blocks.*.attn.proj.*"),                                 \
        TO(model ".encoder.layer.*.layernorm_before.*", "blocks.*.norm1.*"),                                           \
        TO(model ".encoder.layer.*.layernorm_after.*", "blocks.*.norm2.*"),                                            \
        TO(model ".encoder.layer.*.intermediate.dense.*", "blocks.*.mlp.fc1.*"),                                       \
        TO(model ".encoder.layer.*.output.dense.*", "blocks.*.mlp.fc2.*")
#define TRANSFORMERS_5(model)                                                                                          \
    AROUND(model), THIRD(model ".layers.*.attention.q_proj.*", 0), THIRD(model ".layers.*.attention.k_proj.*", 1),     \
        THIRD(model ".layers.*.attention.v_proj.*", 2),                                                                \
        TO(model ".layers.*.attention.o_proj.*", "blocks.*.attn.proj.*"),                                              \
        TO(model ".layers.*.layernorm_before.*", "blocks.*.norm1.*"),                                                  \
        TO(model ".layers.*.layernorm_after.*", "blocks.*.norm2.*"), TO(model ".layers.*.mlp.*", "blocks.*.mlp.*")
#define HEADS                                                                                                          \
    TO("classifier.*", "head.*"), TO("cls_classifier.*", "head.*"), TO("distillation_classifier.*", "head_dist.*")

static const vt_name_rule published_vit[] = { PUBLISHED("vit"), HEADS, { 0 } };
static const vt_name_rule published_deit[] = { PUBLISHED("deit"), HEADS, { 0 } };
static const vt_name_rule transformers5_vit[] = { TRANSFORMERS_5("vit"), HEADS, { 0 } };
static const vt_name_rule transformers5_deit[] = { TRANSFORMERS_5("deit"), HEADS, { 0 } };

#define LAYER "encoder.layers.encoder_layer_*."
static const vt_name_rule torchvision[] = {
    TO("class_token", "cls_token"),
    TO("encoder.pos_embedding", "pos_embed"),
    TO("conv_proj.*", "patch_embed.proj.*"),
    TO(LAYER "self_attention.in_proj_*", "blocks.*.attn.qkv.*"),
    TO(LAYER "self_attention.out_proj.*", "blocks.*.attn.proj.*"),
    TO(LAYER "ln_*.*", "blocks.*.norm*.*"),
    TO(LAYER "mlp.0.*", "blocks.*.mlp.fc1.*"),
    TO(LAYER "mlp.3.*", "blocks.*.mlp.fc2.*"),
    TO(LAYER "mlp.linear_*.*", "blocks.*.mlp.fc*.*"), /* before torchvision 0.13 */
    TO("encoder.ln.*", "norm.*"),
    TO("heads.head.*", "head.*"),
    { 0 },
};

const naming vit_namings[] = {
    { "Hugging Face", "vit.encoder.layer.0.attention.attention.query.weight", published_vit },
    { "Hugging Face", "deit.encoder.layer.0.attention.attention.query.weight", published_deit },
    { "transformers 5", "vit.layers.0.attention.q_proj.weight", transformers5_vit },
    { "transformers 5", "deit.layers.0.attention.q_proj.weight", transformers5_deit },
    { "torchvision", "encoder.layers.encoder_layer_0.self_attention.in_proj_weight", torchvision },
    { 0 },
};
