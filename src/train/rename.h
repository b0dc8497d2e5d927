/* rename.h - the tensors of a file under the names of a model: which of them each is made of, before any is read. */
#ifndef VITRO_TRAIN_RENAME_H
#define VITRO_TRAIN_RENAME_H

#include "core/base/arena.h"
#include <vitro/name_rule.h>
#include <vitro/tensor_file.h>

/* The longest name that rules are tried on, and that they make; models have no longer ones. */
enum { RENAME_LONGEST = 255 };

/* Whether the name matches; then the new name, "" where the rule leaves it out. False, too, where that is too long. */
bool rename_apply(const vt_name_rule *rule, const char *name, char renamed[RENAME_LONGEST + 1]);

/* A tensor of the file, or a part of it, on its way. */
typedef struct rename_piece {
    vt_stored_tensor source;
    const vt_name_rule *rule; /* NULL: it stays what it is */
} rename_piece;

typedef struct renamed_tensor {
    const char *name;
    int count; /* of pieces, which stand behind one another along an axis */
    rename_piece *pieces;
    vt_shape shape; /* that they make together */
} renamed_tensor;

typedef struct renamed_tensors {
    size_t count;
    renamed_tensor *tensors; /* sorted by name */
} renamed_tensors;

/* Everything lives in the arena, but for the names of sources. False with an error, which names the file, where two
 * tensors get one name, a part is missing or there twice, or a shape cannot be sliced, reordered or joined so. */
bool rename_tensors(vt_site at, const char *path, const vt_tensor_file *file, const vt_name_rule *rules, arena *memory,
                    renamed_tensors *all);

/* NULL where there is none. */
const renamed_tensor *renamed_find(const renamed_tensors *all, const char *name);

/* The shape of a piece; false where it cannot be sliced or reordered as its rule says. */
bool rename_piece_shape(const rename_piece *piece, vt_shape *shape);
/* An axis of a shape as a rule has it, which may be negative; -1 where there is no such axis. */
int rename_axis(const vt_name_rule *rule, vt_shape shape);
/* The order of `rank` axes that the rule asks for; false where that is none of so many. */
bool rename_order(const vt_name_rule *rule, int rank, int order[VT_MAX_RANK]);

#endif
