/* name_rule.h - from the names that a file has for its tensors to those of a model, as data. */
#ifndef VITRO_NAME_RULE_H
#define VITRO_NAME_RULE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of the tensors of a file whose name matches. In `match` a * stands for one or more characters but dots,
 * ** for one or more of any; the first of them takes as few as it may. The stars of `replace` stand for what those of
 * `match` stood for, one after the other. Of a list of rules the first that matches a name counts, and with it those
 * behind it that have the same match, which is how one tensor becomes several; a name that none matches stays what it
 * is. A list ends with a rule without a match:
 *
 *     static const vt_name_rule hugging_face_vit[] = {
 *         { "vit.encoder.layer.*.attention.attention.query.*", "blocks.*.attn.qkv.*", .part = 0, .parts = 3 },
 *         { "vit.encoder.layer.*.attention.attention.key.*", "blocks.*.attn.qkv.*", .part = 1, .parts = 3 },
 *         { "vit.encoder.layer.*.attention.attention.value.*", "blocks.*.attn.qkv.*", .part = 2, .parts = 3 },
 *         { "vit.encoder.layer.*.layernorm_before.*", "blocks.*.norm1.*" },
 *         { "classifier.*", "head.*" },
 *         { "vit.pooler.**", NULL },
 *         { 0 },
 *     };
 *
 * Transforms are done in the order in which they stand here. */
typedef struct vt_name_rule {
    const char *match;
    const char *replace; /* NULL: the tensor is left out */
    int slice, slices;   /* of it slice number `slice` of so many equal ones along axis; slices 0: all of it */
    vt_axes axes;        /* the order of its axes from there on, as for vt_permute; none: as they are */
    int part, parts;     /* number `part` of so many that stand behind one another along axis; parts 0: it is all */
    int axis;            /* negative ones count from the last */
    bool reshape;        /* to the shape that the model has, of as many elements */
} vt_name_rule;

#ifdef __cplusplus
}
#endif
#endif
