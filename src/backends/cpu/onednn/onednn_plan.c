/* onednn_plan.c - a primitive of oneDNN with its memory objects, and the reorders between the caller's layouts and its
 * own. */
#include "backends/cpu/onednn/onednn_plan.h"
#include "backends/cpu/onednn/onednn.h"
#include "backends/cpu/machine/level.h"
#include "backends/cpu/machine/threads.h"
#include "core/base/error.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct prepared_argument {
    int id;
    bool output;
    dnnl_memory_t plain, inner; /* as the caller has it, as the primitive wants it; the same where these agree */
    dnnl_primitive_t reorder;   /* between the two; NULL where they agree */
    size_t offset;              /* of `inner` in the scratch memory */
} prepared_argument;

struct onednn_plan {
    int threads; /* that the primitive was made for: it may divide its scratchpad among them */
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    int count;
    prepared_argument arguments[MAX_ARGUMENTS];
    int position[MAX_ARGUMENTS]; /* of each in the caller's `data` */
    dnnl_memory_t scratchpad;
    size_t scratch; /* bytes: the inner layouts, and behind them, at scratchpad_offset, the scratchpad */
    size_t scratchpad_offset;
    char implementation[64];
};

enum { ALIGNMENT = 64 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static dnnl_engine_t engine;

/* -- Descriptors --------------------------------------------------------------------------------------------------- */

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

/* Where memory is short the caller must not compute the result in another way, as where oneDNN has none: it would have
 * other bits. */
static void raise_short_memory(void)
{
    raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory to prepare a kernel of oneDNN");
}

static bool succeeds(dnnl_status_t status)
{
    if (status == dnnl_out_of_memory) raise_short_memory();
    return status == dnnl_success;
}

#if DNNL_VERSION_MAJOR >= 3
static descriptor describe_strides(const layout *l, dnnl_data_type_t type)
{
    descriptor d;
    return succeeds(dnnl_memory_desc_create_with_strides(&d, l->rank, l->dim, type, l->stride)) ? d : NULL;
}

static descriptor describe_any(const layout *l, dnnl_data_type_t type)
{
    descriptor d;
    return succeeds(dnnl_memory_desc_create_with_tag(&d, l->rank, l->dim, type, dnnl_format_tag_any)) ? d : NULL;
}

void descriptor_free(descriptor d)
{
    if (d) dnnl_memory_desc_destroy(d);
}
#else
static descriptor allocated(dnnl_status_t status, const dnnl_memory_desc_t *value)
{
    if (!succeeds(status)) return NULL;
    descriptor d = malloc(sizeof *d);
    if (d)
        *d = *value;
    else
        raise_short_memory();
    return d;
}

static descriptor describe_strides(const layout *l, dnnl_data_type_t type)
{
    dnnl_memory_desc_t value;
    return allocated(dnnl_memory_desc_init_by_strides(&value, l->rank, l->dim, type, l->stride), &value);
}

static descriptor describe_any(const layout *l, dnnl_data_type_t type)
{
    dnnl_memory_desc_t value;
    return allocated(dnnl_memory_desc_init_by_tag(&value, l->rank, l->dim, type, dnnl_format_tag_any), &value);
}

void descriptor_free(descriptor d)
{
    free(d);
}
#endif

static dnnl_data_type_t taken_type(const layout *l)
{
    return l->takes_bf16 ? dnnl_bf16 : dnnl_f32;
}

descriptor descriptor_plain(const layout *l)
{
    return describe_strides(l, taken_type(l));
}

descriptor descriptor_any(const layout *l)
{
    return describe_any(l, taken_type(l));
}

/* -- Preparing ----------------------------------------------------------------------------------------------------- */

/* oneDNN has choices of its own, which are left to it unless a level is asked for. */
static void cap_instructions(void)
{
#ifdef __x86_64__
    static const struct {
        const char *level;
        dnnl_cpu_isa_t instructions;
    } caps[] = { { "baseline", dnnl_cpu_isa_sse41 },
                 { "avx2", dnnl_cpu_isa_avx2 },
                 { "avx512", dnnl_cpu_isa_avx512_core },
                 { "avx512_bf16", dnnl_cpu_isa_avx512_core_bf16 } };
    for (size_t i = 0; level_is_asked_for() && i < sizeof caps / sizeof *caps; i++)
        if (strcmp(level_name(), caps[i].level) == 0) dnnl_set_max_cpu_isa(caps[i].instructions);
#endif
}

static void begin(void)
{
    cap_instructions();
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) engine = NULL;
}

static dnnl_primitive_attr_t scratchpad_of_caller(void)
{
    dnnl_primitive_attr_t attributes;
    if (!succeeds(dnnl_primitive_attr_create(&attributes))) return NULL;
    dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    return attributes;
}

/* Takes room in the scratch memory; returns its offset. */
static size_t reserve(onednn_plan *p, size_t bytes)
{
    size_t offset = p->scratch;
    p->scratch += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return offset;
}

static bool make_reorder(prepared_argument *a, descriptor_view plain, descriptor_view inner)
{
    dnnl_primitive_desc_t description;
    descriptor_view from = a->output ? inner : plain, to = a->output ? plain : inner;
    if (!succeeds(dnnl_reorder_primitive_desc_create(&description, from, engine, to, engine, NULL))) return false;
    bool ok = succeeds(dnnl_primitive_create(&a->reorder, description));
    dnnl_primitive_desc_destroy(description);
    return ok;
}

/* The caller's memory, as it is. */
static descriptor descriptor_of_memory(const layout *l)
{
    return describe_strides(l, l->bf16 ? dnnl_bf16 : dnnl_f32);
}

static bool prepare_argument(onednn_plan *p, const_dnnl_primitive_desc_t description, const argument *from)
{
    prepared_argument *a = &p->arguments[p->count++];
    *a = (prepared_argument){ .id = from->id, .output = from->output };
    descriptor_view inner = dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md, from->id);
    descriptor plain = descriptor_of_memory(&from->layout);
    bool ok = inner && plain && succeeds(dnnl_memory_create(&a->plain, plain, engine, DNNL_MEMORY_NONE));
    if (ok && dnnl_memory_desc_equal(plain, inner)) {
        a->inner = a->plain;
    } else if (ok) {
        a->offset = reserve(p, dnnl_memory_desc_get_size(inner));
        ok = succeeds(dnnl_memory_create(&a->inner, inner, engine, DNNL_MEMORY_NONE)) && make_reorder(a, plain, inner);
    }
    descriptor_free(plain);
    return ok;
}

static bool prepare_scratchpad(onednn_plan *p, const_dnnl_primitive_desc_t description)
{
    descriptor_view scratchpad = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    p->scratchpad_offset = reserve(p, scratchpad ? dnnl_memory_desc_get_size(scratchpad) : 0);
    return scratchpad && succeeds(dnnl_memory_create(&p->scratchpad, scratchpad, engine, DNNL_MEMORY_NONE));
}

/* The first implementation that oneDNN offers is its best. Where that is its plain `ref` loops, ours are faster. */
static bool prepare_primitive(onednn_plan *p, const_dnnl_primitive_desc_t description, const argument *arguments,
                              int count)
{
    const char *name = "";
    dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name);
    strncpy(p->implementation, name, sizeof p->implementation - 1);
    if (strncmp(name, "ref", 3) == 0) return false;
    for (int i = 0; i < count; i++) {
        if (arguments[i].layout.rank == 0) continue;
        p->position[p->count] = i;
        if (!prepare_argument(p, description, &arguments[i])) return false;
    }
    return prepare_scratchpad(p, description) && succeeds(dnnl_primitive_create(&p->primitive, description)) &&
           succeeds(dnnl_stream_create(&p->stream, engine, dnnl_stream_default_flags));
}

/* oneDNN counts in int in places: with longer axes it divides by 0. */
static bool are_countable(const argument *arguments, int count)
{
    for (int i = 0; i < count; i++)
        for (int k = 0; k < arguments[i].layout.rank; k++)
            if (arguments[i].layout.dim[k] > INT32_MAX) return false;
    return true;
}

onednn_plan *onednn_prepare(describe *function, const void *problem, const argument *arguments, int count)
{
    pthread_once(&once, begin);
    dnnl_primitive_attr_t attributes = engine ? scratchpad_of_caller() : NULL;
    onednn_plan *p = attributes ? calloc(1, sizeof *p) : NULL;
    dnnl_primitive_desc_t description = NULL;
    bool ok = false;
    if (attributes && !p) raise_short_memory();
    if (p && are_countable(arguments, count) &&
        succeeds(function(problem, arguments, engine, attributes, &description))) {
        p->threads = thread_count();
        ok = prepare_primitive(p, description, arguments, count);
        dnnl_primitive_desc_destroy(description);
    }
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    if (ok) return p;
    onednn_discard(p);
    return NULL;
}

void onednn_discard(onednn_plan *p)
{
    if (!p) return;
    for (int i = 0; i < p->count; i++) {
        prepared_argument *a = &p->arguments[i];
        if (a->reorder) dnnl_primitive_destroy(a->reorder);
        if (a->inner && a->inner != a->plain) dnnl_memory_destroy(a->inner);
        if (a->plain) dnnl_memory_destroy(a->plain);
    }
    if (p->scratchpad) dnnl_memory_destroy(p->scratchpad);
    if (p->primitive) dnnl_primitive_destroy(p->primitive);
    if (p->stream) dnnl_stream_destroy(p->stream);
    free(p);
}

size_t onednn_scratch(const onednn_plan *p)
{
    return p->scratch;
}

void onednn_version(char text[32])
{
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, 32, "%d.%d.%d", v->major, v->minor, v->patch);
}

const char *onednn_implementation(const onednn_plan *p)
{
    return p->implementation;
}

/* -- Executing ----------------------------------------------------------------------------------------------------- */

static bool reorder(const onednn_plan *p, const prepared_argument *a)
{
    dnnl_exec_arg_t pair[] = { { DNNL_ARG_FROM, a->output ? a->inner : a->plain },
                               { DNNL_ARG_TO, a->output ? a->plain : a->inner } };
    return dnnl_primitive_execute(a->reorder, p->stream, 2, pair) == dnnl_success;
}

static bool execute(const onednn_plan *p, void *const *data, char *scratch)
{
    dnnl_exec_arg_t arguments[MAX_ARGUMENTS + 1];
    bool ok = true;
    for (int i = 0; i < p->count; i++) {
        const prepared_argument *a = &p->arguments[i];
        dnnl_memory_set_data_handle(a->plain, data[p->position[i]]);
        if (a->reorder) dnnl_memory_set_data_handle(a->inner, scratch + a->offset);
        if (a->reorder && !a->output) ok = ok && reorder(p, a);
        arguments[i] = (dnnl_exec_arg_t){ a->id, a->inner };
    }
    dnnl_memory_set_data_handle(p->scratchpad, scratch + p->scratchpad_offset);
    arguments[p->count] = (dnnl_exec_arg_t){ DNNL_ARG_SCRATCHPAD, p->scratchpad };
    ok = ok && dnnl_primitive_execute(p->primitive, p->stream, p->count + 1, arguments) == dnnl_success;
    for (int i = 0; i < p->count; i++)
        if (p->arguments[i].reorder && p->arguments[i].output) ok = ok && reorder(p, &p->arguments[i]);
    return dnnl_stream_wait(p->stream) == dnnl_success && ok;
}

bool onednn_execute(const onednn_plan *p, void *const *data, void *scratch)
{
    int threads = thread_count();
    if (threads != p->threads) set_thread_count(p->threads);
    bool ok = execute(p, data, scratch);
    if (threads != p->threads) set_thread_count(threads);
    return ok;
}
