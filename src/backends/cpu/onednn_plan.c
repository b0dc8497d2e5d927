/* onednn_plan.c - a cache of primitives, a thread each: a primitive's thread count is fixed when it is made, its memory
 * objects hold the pointers of one execution. */
#include "backends/cpu/onednn_plan.h"
#include "backends/cpu/onednn.h"
#include "backends/cpu/threads.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct prepared_argument {
    int id;
    bool output;
    dnnl_memory_t plain, inner; /* as the caller has it, as the primitive wants it; the same where these agree */
    dnnl_primitive_t reorder;   /* between the two; NULL where they agree */
    size_t offset;              /* of `inner` in the workspace */
} prepared_argument;

typedef struct plan {
    struct plan *next; /* in its bucket */
    uint64_t hash, last_used;
    describe *function;
    void *key;
    size_t key_size;
    int threads;
    dnnl_primitive_t primitive; /* NULL where oneDNN has none */
    int count;
    prepared_argument arguments[MAX_ARGUMENTS];
    dnnl_memory_t scratchpad;
    size_t workspace; /* bytes: the inner layouts, and behind them, at scratchpad_offset, the scratchpad */
    size_t scratchpad_offset;
    char implementation[64];
} plan;

enum { MAX_PLANS = 1024, BUCKETS = 2048, ALIGNMENT = 64 };

typedef struct state {
    dnnl_stream_t stream;
    plan *buckets[BUCKETS];
    int plans;
    uint64_t clock;
    void *workspace;
    size_t workspace_size;
    const char *last;
} state;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key_of_state;
static dnnl_engine_t engine;
static _Thread_local state *current;

/* -- Descriptors ----------------------------------------------------------------------------------------------------
 */

layout layout_contiguous(int rank, const int64_t *dim)
{
    layout l = { .rank = rank };
    int64_t stride = 1;
    for (int i = rank - 1; i >= 0; i--) {
        l.dim[i] = dim[i];
        l.stride[i] = stride;
        stride *= dim[i];
    }
    return l;
}

#if DNNL_VERSION_MAJOR >= 3
descriptor descriptor_plain(const layout *l)
{
    descriptor d;
    return dnnl_memory_desc_create_with_strides(&d, l->rank, l->dim, dnnl_f32, l->stride) == dnnl_success ? d : NULL;
}

descriptor descriptor_any(const layout *l)
{
    descriptor d;
    return dnnl_memory_desc_create_with_tag(&d, l->rank, l->dim, dnnl_f32, dnnl_format_tag_any) == dnnl_success ? d
                                                                                                                : NULL;
}

void descriptor_free(descriptor d)
{
    if (d) dnnl_memory_desc_destroy(d);
}
#else
static descriptor allocated(dnnl_status_t status, const dnnl_memory_desc_t *value)
{
    descriptor d = status == dnnl_success ? malloc(sizeof *d) : NULL;
    if (d) *d = *value;
    return d;
}

descriptor descriptor_plain(const layout *l)
{
    dnnl_memory_desc_t value;
    return allocated(dnnl_memory_desc_init_by_strides(&value, l->rank, l->dim, dnnl_f32, l->stride), &value);
}

descriptor descriptor_any(const layout *l)
{
    dnnl_memory_desc_t value;
    return allocated(dnnl_memory_desc_init_by_tag(&value, l->rank, l->dim, dnnl_f32, dnnl_format_tag_any), &value);
}

void descriptor_free(descriptor d)
{
    free(d);
}
#endif

/* -- Making a plan --------------------------------------------------------------------------------------------------
 */

static dnnl_primitive_attr_t scratchpad_of_caller(void)
{
    dnnl_primitive_attr_t attributes;
    if (dnnl_primitive_attr_create(&attributes) != dnnl_success) return NULL;
    dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    return attributes;
}

/* Takes room in the workspace; returns its offset. */
static size_t reserve(plan *p, size_t bytes)
{
    size_t offset = p->workspace;
    p->workspace += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return offset;
}

static bool make_reorder(prepared_argument *a, descriptor_view plain, descriptor_view inner)
{
    dnnl_primitive_desc_t description;
    descriptor_view from = a->output ? inner : plain, to = a->output ? plain : inner;
    if (dnnl_reorder_primitive_desc_create(&description, from, engine, to, engine, NULL) != dnnl_success) return false;
    bool ok = dnnl_primitive_create(&a->reorder, description) == dnnl_success;
    dnnl_primitive_desc_destroy(description);
    return ok;
}

static bool prepare_argument(plan *p, const_dnnl_primitive_desc_t description, const argument *from)
{
    prepared_argument *a = &p->arguments[p->count++];
    *a = (prepared_argument){ .id = from->id, .output = from->output };
    descriptor_view inner = dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md, from->id);
    descriptor plain = descriptor_plain(&from->layout);
    bool ok = inner && plain && dnnl_memory_create(&a->plain, plain, engine, DNNL_MEMORY_NONE) == dnnl_success;
    if (ok && dnnl_memory_desc_equal(plain, inner)) {
        a->inner = a->plain;
    } else if (ok) {
        a->offset = reserve(p, dnnl_memory_desc_get_size(inner));
        ok = dnnl_memory_create(&a->inner, inner, engine, DNNL_MEMORY_NONE) == dnnl_success &&
             make_reorder(a, plain, inner);
    }
    descriptor_free(plain);
    return ok;
}

static bool prepare_scratchpad(plan *p, const_dnnl_primitive_desc_t description)
{
    descriptor_view scratchpad = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    p->scratchpad_offset = reserve(p, scratchpad ? dnnl_memory_desc_get_size(scratchpad) : 0);
    return scratchpad && dnnl_memory_create(&p->scratchpad, scratchpad, engine, DNNL_MEMORY_NONE) == dnnl_success;
}

static void discard_primitive(plan *p)
{
    for (int i = 0; i < p->count; i++) {
        prepared_argument *a = &p->arguments[i];
        if (a->reorder) dnnl_primitive_destroy(a->reorder);
        if (a->inner && a->inner != a->plain) dnnl_memory_destroy(a->inner);
        if (a->plain) dnnl_memory_destroy(a->plain);
    }
    if (p->scratchpad) dnnl_memory_destroy(p->scratchpad);
    if (p->primitive) dnnl_primitive_destroy(p->primitive);
    p->count = 0;
    p->scratchpad = NULL;
    p->primitive = NULL;
}

/* The first implementation that oneDNN offers is its best. Where that is its plain `ref` loops, ours are faster. */
static bool prepare(plan *p, const_dnnl_primitive_desc_t description, const argument *arguments, int count)
{
    const char *name = "";
    dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name);
    strncpy(p->implementation, name, sizeof p->implementation - 1);
    if (strncmp(name, "ref", 3) == 0) return false;
    for (int i = 0; i < count; i++)
        if (arguments[i].layout.rank && !prepare_argument(p, description, &arguments[i])) return false;
    return prepare_scratchpad(p, description) && dnnl_primitive_create(&p->primitive, description) == dnnl_success;
}

static void make_primitive(plan *p, const argument *arguments, int count)
{
    dnnl_primitive_attr_t attributes = scratchpad_of_caller();
    dnnl_primitive_desc_t description = NULL;
    if (!attributes) return;
    if (p->function(p->key, arguments, engine, attributes, &description) == dnnl_success) {
        if (!prepare(p, description, arguments, count)) discard_primitive(p);
        dnnl_primitive_desc_destroy(description);
    }
    dnnl_primitive_attr_destroy(attributes);
}

/* -- The cache ------------------------------------------------------------------------------------------------------
 */

static void plan_free(plan *p)
{
    discard_primitive(p);
    free(p->key);
    free(p);
}

static void state_free(void *memory)
{
    state *s = memory;
    for (int i = 0; i < BUCKETS; i++) {
        for (plan *p = s->buckets[i], *next; p; p = next) {
            next = p->next;
            plan_free(p);
        }
    }
    if (s->stream) dnnl_stream_destroy(s->stream);
    free(s->workspace);
    free(s);
    current = NULL;
}

static void begin(void)
{
    pthread_key_create(&key_of_state, state_free);
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) engine = NULL;
}

/* This thread's cache; NULL where oneDNN does not start. */
static state *state_get(void)
{
    pthread_once(&once, begin);
    if (current || !engine) return current;
    state *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    if (dnnl_stream_create(&s->stream, engine, dnnl_stream_default_flags) != dnnl_success) {
        state_free(s);
        return NULL;
    }
    pthread_setspecific(key_of_state, s);
    return current = s;
}

static void drop_least_recently_used(state *s)
{
    plan **oldest = NULL;
    for (int i = 0; i < BUCKETS; i++)
        for (plan **link = &s->buckets[i]; *link; link = &(*link)->next)
            if (!oldest || (*link)->last_used < (*oldest)->last_used) oldest = link;
    if (!oldest) return;
    plan *p = *oldest;
    *oldest = p->next;
    plan_free(p);
    s->plans--;
}

/* FNV-1a, a word at a time: keys are made of int64_t. It only finds the bucket; the bytes decide. */
static uint64_t hash_of(const int64_t *words, size_t count)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < count; i++) hash = (hash ^ (uint64_t)words[i]) * 0x100000001b3;
    return hash ^ hash >> 32;
}

static plan *find(const state *s, uint64_t hash, describe *function, const void *key, size_t key_size, int threads)
{
    plan *p = s->buckets[hash % BUCKETS];
    while (p && !(p->hash == hash && p->function == function && p->threads == threads && p->key_size == key_size &&
                  memcmp(p->key, key, key_size) == 0))
        p = p->next;
    return p;
}

static plan *plan_new(state *s, uint64_t hash, describe *function, const void *key, size_t key_size, int threads)
{
    plan *p = calloc(1, sizeof *p);
    void *copy = p ? malloc(key_size) : NULL;
    if (!copy) {
        free(p);
        return NULL;
    }
    if (s->plans == MAX_PLANS) drop_least_recently_used(s);
    memcpy(copy, key, key_size);
    *p = (plan){ .next = s->buckets[hash % BUCKETS],
                 .hash = hash,
                 .function = function,
                 .key = copy,
                 .key_size = key_size,
                 .threads = threads };
    s->buckets[hash % BUCKETS] = p;
    s->plans++;
    return p;
}

/* -- Running a plan -------------------------------------------------------------------------------------------------
 */

static bool ensure_workspace(state *s, size_t bytes)
{
    if (bytes <= s->workspace_size) return true;
    free(s->workspace);
    s->workspace = aligned_alloc(ALIGNMENT, bytes);
    s->workspace_size = s->workspace ? bytes : 0;
    return s->workspace != NULL;
}

static bool reorder(const state *s, const prepared_argument *a)
{
    dnnl_exec_arg_t pair[] = { { DNNL_ARG_FROM, a->output ? a->inner : a->plain },
                               { DNNL_ARG_TO, a->output ? a->plain : a->inner } };
    return dnnl_primitive_execute(a->reorder, s->stream, 2, pair) == dnnl_success;
}

static bool execute(state *s, plan *p, void *const *data)
{
    dnnl_exec_arg_t arguments[MAX_ARGUMENTS + 1];
    char *workspace = s->workspace;
    bool ok = true;
    for (int i = 0; i < p->count; i++) {
        prepared_argument *a = &p->arguments[i];
        dnnl_memory_set_data_handle(a->plain, data[i]);
        if (a->reorder) dnnl_memory_set_data_handle(a->inner, workspace + a->offset);
        if (a->reorder && !a->output) ok = ok && reorder(s, a);
        arguments[i] = (dnnl_exec_arg_t){ a->id, a->inner };
    }
    dnnl_memory_set_data_handle(p->scratchpad, workspace + p->scratchpad_offset);
    arguments[p->count] = (dnnl_exec_arg_t){ DNNL_ARG_SCRATCHPAD, p->scratchpad };
    ok = ok && dnnl_primitive_execute(p->primitive, s->stream, p->count + 1, arguments) == dnnl_success;
    for (int i = 0; i < p->count; i++)
        if (p->arguments[i].reorder && p->arguments[i].output) ok = ok && reorder(s, &p->arguments[i]);
    return dnnl_stream_wait(s->stream) == dnnl_success && ok;
}

bool onednn_run(describe *function, const void *key, size_t key_size, const argument *arguments, int count)
{
    state *s = state_get();
    if (!s) return false;
    uint64_t hash = hash_of(key, key_size / sizeof(int64_t));
    int threads = thread_count();
    plan *p = find(s, hash, function, key, key_size, threads);
    if (!p) {
        p = plan_new(s, hash, function, key, key_size, threads);
        if (!p) return false;
        make_primitive(p, arguments, count);
    }
    p->last_used = ++s->clock;
    s->last = p->implementation;
    if (!p->primitive || !ensure_workspace(s, p->workspace)) return false;
    void *data[MAX_ARGUMENTS];
    for (int i = 0, k = 0; i < count; i++)
        if (arguments[i].layout.rank) data[k++] = arguments[i].data;
    return execute(s, p, data);
}

const char *onednn_last_implementation(void)
{
    return current && current->last ? current->last : "";
}
