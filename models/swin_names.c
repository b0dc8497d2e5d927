/* swin_names.c - the names that others publish Swin transformers by. */
#include "swin.h"

/* Whose q, k and v are one projection here. */
#define THIRD(from, which) PART(from, "layers.*.blocks.*.attn.qkv.*", which, 3)

/* Patches are merged behind a stage there, in front of the next here. */
#define MERGING(prefix)                                                                                                \
    TO(prefix "layers.0.downsample.*", "layers.1.downsample.*"),                                                       \
        TO(prefix "layers.1.downsample.*", "layers.2.downsample.*"),                                                   \
        TO(prefix "layers.2.downsample.*", "layers.3.downsample.*")
/* What is computed anew here. */
#define COMPUTED DROP("*.relative_position_index"), DROP("*.attn_mask")

static const vt_name_rule microsoft[] = {
    MERGING(""),
    COMPUTED,
    TO("head.*", "head.fc.*"),
    { 0 },
};

#define BLOCK "swin.encoder.layers.*.blocks.*."
#define AROUND                                                                                                         \
    MERGING("swin.encoder."), COMPUTED, TO("swin.embeddings.patch_embeddings.projection.*", "patch_embed.proj.*"),     \
        TO("swin.embeddings.norm.*", "patch_embed.norm.*"),                                                            \
        TO(BLOCK "layernorm_before.*", "layers.*.blocks.*.norm1.*"),                                                   \
        TO(BLOCK "layernorm_after.*", "layers.*.blocks.*.norm2.*"), TO("swin.layernorm.*", "norm.*"),                  \
        TO("classifier.*", "head.fc.*")

static const vt_name_rule published[] = {
    AROUND,
    THIRD(BLOCK "attention.self.query.*", 0),
    THIRD(BLOCK "attention.self.key.*", 1),
    THIRD(BLOCK "attention.self.value.*", 2),
    TO(BLOCK "attention.self.relative_position_bias_table", "layers.*.blocks.*.attn.relative_position_bias_table"),
    TO(BLOCK "attention.output.dense.*", "layers.*.blocks.*.attn.proj.*"),
    TO(BLOCK "intermediate.dense.*", "layers.*.blocks.*.mlp.fc1.*"),
    TO(BLOCK "output.dense.*", "layers.*.blocks.*.mlp.fc2.*"),
    { 0 },
};

static const vt_name_rule transformers5[] = {
    AROUND,
    THIRD(BLOCK "attention.q_proj.*", 0),
    THIRD(BLOCK "attention.k_proj.*", 1),
    THIRD(BLOCK "attention.v_proj.*", 2),
    TO(BLOCK "attention.relative_position_bias.relative_position_bias_table",
       "layers.*.blocks.*.attn.relative_position_bias_table"),
    TO(BLOCK "attention.o_proj.*", "layers.*.blocks.*.attn.proj.*"),
    TO(BLOCK "mlp.*", "layers.*.blocks.*.mlp.*"),
    { 0 },
};

const naming swin_namings[] = {
    { "Microsoft", "layers.0.downsample.reduction.weight", microsoft },
    { "Hugging Face", "swin.encoder.layers.0.blocks.0.attention.self.query.weight", published },
    { "transformers 5", "swin.encoder.layers.0.blocks.0.attention.q_proj.weight", transformers5 },
    { 0 },
};
