/* key.c - all that a plan depends on, as a row of words: two runs with the same words run the same plan. What changes
 * from step to step is no part of it: what leaves hold, and what is bound to nodes. */
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/plan/key.h"
#include "core/plan/demand.h"
#include "core/graph/refuse.h"
#include <stdlib.h>
#include <string.h>

static bool add_words(run_state *r, const void *words, size_t count)
{
    if (r->key_count + count > r->key_capacity) {
        size_t capacity = 2 * (r->key_count + count) + 4096;
        int64_t *key = realloc(r->key, capacity * sizeof *key);
        if (!key) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory to look a plan up");
        r->key = key;
        r->key_capacity = capacity;
    }
    if (count) memcpy(r->key + r->key_count, words, count * sizeof *r->key);
    r->key_count += count;
    return true;
}

static bool add_word(run_state *r, int64_t word)
{
    return add_words(r, &word, 1);
}

static bool add_settings(context *c)
{
    int64_t settings[] = { (intptr_t)c->device, c->device->threads(),
                           c->precision,        (int64_t)c->passes_off,
                           c->force_decompose,  c->eager,
                           c->training,         c->memory_limit };
    return add_words(&c->run, settings, sizeof settings / sizeof *settings);
}

static bool add_array(run_state *r, const array *a)
{
    int rank = a->shape.rank;
    return add_word(r, (int64_t)a->dtype << 32 | rank) && add_words(r, a->shape.dim, (size_t)rank) &&
           add_words(r, a->stride, (size_t)rank);
}

static bool list_leaf(run_state *r, value *v)
{
    if (!grow(&r->leaves, r->leaf_count, &r->leaf_capacity, sizeof *r->leaves))
        return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory to list more than %zu leaves",
                           r->leaf_count);
    v->run = r->epoch;
    v->leaf = (int)r->leaf_count;
    v->writes = 0;
    r->leaves[r->leaf_count++] = v;
    return true;
}

/* The number of what a node reads; a leaf that is met for the first time is described behind it. */
enum { ABSENT = -1, FIRST_LEAF = -2 };

static bool add_leaf(run_state *r, value *v)
{
    if (v->run == r->epoch) return add_word(r, FIRST_LEAF - v->leaf);
    bool is_parameter = v->depth == OUTLIVES_SCOPES;
    return list_leaf(r, v) && add_word(r, FIRST_LEAF - v->leaf) && add_word(r, is_parameter) && add_array(r, &v->array);
}

static bool is_current(const run_state *r, const node *n, int i, const value *v)
{
    if (!v || !v->buffer) {
        refuse_call(n->op->name, n->at, VT_ERROR_HANDLE, "input %d ended before this op was computed", i);
        return false;
    }
    uint32_t writes = v->run == r->epoch ? v->writes : 0;
    if (v->producer || v->executed_version + writes == n->in_version[i]) return true;
    refuse_call(n->op->name, n->at, VT_ERROR_HANDLE,
                "a result was read after input %d, which it depends on, was updated; read or vt_keep it before the "
                "update",
                i);
    return false;
}

static bool add_input(context *c, const node *n, int i)
{
    run_state *r = &c->run;
    if (!n->in[i].id) return add_word(r, ABSENT);
    value *v = value_of(c, n->in[i]);
    if (v && !v->buffer && v->producer && v->producer->run == r->epoch)
        return add_word(r, (int64_t)v->producer->number << 32 | v->output);
    return is_current(r, n, i, v) && add_leaf(r, v);
}

static bool add_node(context *c, const node *n)
{
    run_state *r = &c->run;
    size_t words = n->attributes_size / sizeof(int64_t);
    bool ok = add_word(r, (intptr_t)n->op) && add_word(r, (int64_t)n->inputs << 32 | n->outputs) &&
              add_words(r, n->attributes, words);
    for (int i = 0; ok && i < n->inputs; i++) ok = add_input(c, n, i);
    for (int i = 0; ok && i < n->outputs; i++) {
        ok = add_word(r, is_result(c, value_of(c, n->out[i])));
    }
    for (int i = 0; ok && i < n->inputs; i++) {
        value *v = value_overwritten(c, n, i);
        if (v) v->writes++;
    }
    return ok;
}

bool make_key(context *c)
{
    run_state *r = &c->run;
    /* A second key for the same run lists them anew. */
    for (size_t i = 0; r->keyed == r->epoch && i < r->leaf_count; i++) r->leaves[i]->run = 0;
    r->keyed = r->epoch;
    r->leaf_count = r->key_count = 0;
    bool ok = add_settings(c);
    for (size_t i = 0; ok && i < r->node_count; i++) {
        r->node_key[i] = r->key_count;
        ok = add_node(c, r->nodes[i]);
    }
    return ok;
}
