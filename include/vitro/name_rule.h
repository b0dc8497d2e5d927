/* name_rule.h - from the names that a file has for its tensors to those of a model, as data. */
#ifndef VITRO_NAME_RULE_H
#define VITRO_NAME_RULE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of the tensors of a file whose whole name is as `from` describes it, a pattern as model.h has them. The
 * stars of `to` stand for what *, ? and {} stand for in the name, one after the other; a * takes as little as it may.
 * Of a list of rules the first counts that describes a name, and with it those behind it that have the same `from`,
 * which is how one tensor becomes several; a name that none describes stays what it is. A list ends with a rule without
 * `from`:
 *
 *     static const vt_name_rule rules[] = {
 *         { .from = "layer.*.attention.query.*", .to = "blocks.*.attn.qkv.*", .part = 0, .parts = 3 },
 *         { .from = "layer.*.attention.key.*", .to = "blocks.*.attn.qkv.*", .part = 1, .parts = 3 },
 *         { .from = "layer.*.attention.value.*", .to = "blocks.*.attn.qkv.*", .part = 2, .parts = 3 },
 *         { .from = "layer.*.layernorm_before.*", .to = "blocks.*.norm1.*" },
 *         { .from = "pooler.*" },
 *         { 0 },
 *     };
 *
 * Transforms are done in the order in which they stand here. */
typedef struct vt_name_rule {
    const char *from;
    const char *to;    /* NULL: the tensor is left out */
    int slice, slices; /* of it slice number `slice` of so many equal ones along axis; slices 0: all of it */
    vt_axes axes;      /* the order of its axes from there on, as for vt_permute; none: as they are */
    int part, parts;   /* number `part` of so many that stand behind one another along axis; parts 0: it is all */
    int axis;          /* negative ones count from the last */
    bool reshape;      /* to the shape that the model has, of as many elements */
} vt_name_rule;

#ifdef __cplusplus
}
#endif
#endif
