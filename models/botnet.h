/* botnet.h - bottleneck transformers (Srinivas et al., "Bottleneck transformers for visual recognition", 2021), with
 * timm's names. */
#ifndef MODELS_BOTNET_H
#define MODELS_BOTNET_H

#include "family.h"
#include "layers/conv_norm.h"
#include "layers/drop_path.h"
#include "layers/linear.h"
#include "layers/relative_logits.h"

enum { BOTNET_MOST_STAGES = 4, BOTNET_STEM = 3 };

typedef struct botnet_config {
    common_config common;                   /* dropout: in front of the head */
    int64_t stem;                           /* channels that come out of the stem. 64 */
    bool small_stem;                        /* without strides and pooling, for small pictures */
    int64_t width;                          /* channels that come out of the first stage; doubles with each. 256 */
    const char *blocks[BOTNET_MOST_STAGES]; /* of each stage, a letter each: c has a convolution, a attention; NULL:
                                               there are no more stages */
    int64_t heads;
    bool silu; /* rather than ReLU */
} botnet_config;

/* Self-attention over all places, of queries and keys that know how far apart they are. */
typedef struct botnet_attention {
    vt_path path;
    conv qkv; /* channels q | k | v, the heads of each contiguous */
    relative_logits pos_embed;
    int64_t heads, rows;
    bool pooled; /* squares of four places become one behind it */
    batch_norm post_attn;
} botnet_attention;

typedef struct botnet_block {
    vt_path path;
    conv_norm conv1, conv3, shortcut;
    conv_norm conv2;       /* between the two, */
    botnet_attention attn; /* or this */
    bool attends, projected;
    double drop_path;
} botnet_block;

typedef struct botnet_stage {
    int64_t rows, columns, channels; /* of what comes out */
    botnet_block *blocks;
    int64_t depth;
} botnet_stage;

/* Values by name: "stem", "stages.2.1", "stages.2.1.self_attn.weights" [B, heads, N, N], "feature_map" [B, C, H', W']
 * and "pooled" [B, C]. */
typedef struct botnet {
    botnet_config config;
    vt_path path;
    conv_norm stem[BOTNET_STEM];
    botnet_stage stages[BOTNET_MOST_STAGES];
    int count; /* of stages */
    linear head;
} botnet;

bool botnet_init(void *model, vt_path path, const void *config);
vt_tensor botnet_forward(const void *model, vt_tensor images);
extern const family botnet_family;

#endif
