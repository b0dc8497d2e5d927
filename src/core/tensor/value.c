/* value.c - the table of tensors: handles to values and back. */
#include "core/tensor/value.h"
#include "core/context.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include <stdlib.h>

/* Makes room for one more chunk of values. Values never move, so that pointers to them stay good. */
static bool add_chunk(context *c)
{
    value **chunks = realloc(c->chunks, (c->chunk_count + 1) * sizeof *chunks);
    if (!chunks) return false;
    c->chunks = chunks;
    c->chunks[c->chunk_count] = calloc(VALUE_CHUNK, sizeof(value));
    if (!c->chunks[c->chunk_count]) return false;
    c->chunk_count++;
    return true;
}

static value *slot(const context *c, uint32_t id)
{
    return &c->chunks[(id - 1) / VALUE_CHUNK][(id - 1) % VALUE_CHUNK];
}

/* An unused slot; ids begin at 1, 0 is the inert handle. */
static value *take_slot(context *c)
{
    if (c->free_count) return slot(c, c->free_ids[--c->free_count]);
    if (c->next_id == c->chunk_count * VALUE_CHUNK && !add_chunk(c)) return NULL;
    value *v = slot(c, ++c->next_id);
    v->handle = (vt_tensor){ c->next_id, c->number * GENERATIONS };
    return v;
}

value *value_new_lasting(context *c, spec s)
{
    value *v = take_slot(c);
    if (!v) {
        raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for a tensor handle");
        return NULL;
    }
    *v = (value){ .handle = { v->handle.id, v->handle.generation + 1 }, .spec = s, .live = true };
    v->internal = c->internal > 0;
    v->made = c->sequence;
    v->depth = v->oldest = OUTLIVES_SCOPES;
    c->statistics.live_tensors++;
    return v;
}

value *value_new(context *c, spec s)
{
    value *v = value_new_lasting(c, s);
    if (!v) return NULL;
    v->depth = v->oldest = c->depth;
    if (frame_own(c->frame, v->handle)) return v;
    value_end(c, v);
    return NULL;
}

value *value_of(context *c, vt_tensor x)
{
    if (x.id == 0 || x.id > c->next_id) return NULL;
    value *v = slot(c, x.id);
    return v->live && v->handle.generation == x.generation ? v : NULL;
}

value *value_held(context *c, vt_tensor x)
{
    value *v = value_of(c, x);
    return v && !v->freed ? v : NULL;
}

value *value_overwritten(context *c, const node *n, int i)
{
    return n->op->writes && n->op->writes(i) ? value_of(c, n->in[i]) : NULL;
}

bool is_foreign(const context *c, vt_tensor x)
{
    return x.id && x.generation / GENERATIONS != c->number;
}

const char *how_it_ended(const context *c, vt_tensor x)
{
    const value *v = x.id == 0 || x.id > c->next_id ? NULL : slot(c, x.id);
    if (!v || !is_same_tensor(v->handle, x))
        return "that has ended, by vt_free or with its scope; vt_keep moves one to the enclosing scope";
    if (v->freed) return "that vt_free has ended";
    return "whose scope has ended; vt_keep moves one to the enclosing scope";
}

/* Whether the slot's handles have all been used: another use would bring an old one back to life. */
static bool is_used_up(const value *v)
{
    return v->handle.generation % GENERATIONS == GENERATIONS - 1;
}

void value_end(context *c, value *v)
{
    value_drop_buffer(c, v);
    value_drop_origin(v);
    v->live = false;
    c->statistics.live_tensors -= !v->freed;
    if (is_used_up(v)) return;
    if (!grow(&c->free_ids, c->free_count, &c->free_capacity, sizeof *c->free_ids))
        return; /* the slot stays unused; the handle is stale all the same */
    c->free_ids[c->free_count++] = v->handle.id;
}

void value_free(context *c, value *v)
{
    if (v->producer) {
        value_drop_buffer(c, v);
        v->freed = true;
        v->kept = false;
        c->statistics.live_tensors--;
    } else {
        value_end(c, v);
        v->freed = true;
    }
}

bool value_allocate(context *c, value *v)
{
    v->buffer = buffer_new(c, (size_t)vt_shape_count(v->spec.shape) * vt_dtype_size(v->spec.dtype));
    if (!v->buffer) return false;
    v->array = array_contiguous(v->buffer->data, v->spec.dtype, v->spec.shape);
    return true;
}

void value_drop_buffer(context *c, value *v)
{
    buffer_release(c, v->buffer);
    v->buffer = NULL;
}

void value_drop_origin(value *v)
{
    free(v->origin);
    v->origin = NULL;
}
