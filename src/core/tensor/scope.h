/* scope.h - scopes own values and nodes, and end them together. */
#ifndef VITRO_CORE_TENSOR_SCOPE_H
#define VITRO_CORE_TENSOR_SCOPE_H

#include "core/base/arena.h"
#include "core/tensor/value.h"

/* What a scope owns. */
typedef struct frame {
    struct frame *outer; /* of the outermost: NULL */
    vt_tensor *owned;
    size_t count, capacity;
    node *last_node; /* before the frame began */
    arena_mark memory;
} frame;

enum { MAX_DEPTH = 255 };
/* In the place of a depth. */
enum { OUTLIVES_SCOPES = -1, PASSES_ON_NOTHING = MAX_DEPTH + 1 };

bool frame_own(frame *f, vt_tensor x);
bool frame_push(context *c);
void frame_pop(context *c);   /* forgets nodes and values of the innermost frame, kept ones excepted */
void frames_free(context *c); /* when all have been popped */

#endif
