/* context.c - the thread's context: made at first use, freed with the thread. */
#include "core/pass.h"
#include "core/plan.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local context *current;
/* Stands in where memory for a context cannot be had: every op on it fails, and the error is there in the one that
 * comes after it, too. */
static context without_memory;
static _Thread_local bool had_no_memory;

static void clear(context *c)
{
    while (c->depth > 0) frame_pop(c);
    for (uint32_t id = 1; id <= c->next_id; id++) {
        value *v = &c->chunks[(id - 1) / VALUE_CHUNK][(id - 1) % VALUE_CHUNK];
        if (v->live) value_end(c, v);
    }
    plans_free(c);
    buffer_destroy(c, c->workspace);
    c->workspace = NULL;
    c->first = c->last = NULL;
    c->pending_effects = 0;
    c->frames[0].count = 0;
    arena_reset(&c->nodes_memory, (arena_mark){ 0 });
    buffer_pool_clear(c);
}

static void stop_devices(void)
{
    for (int i = 0; backend_number(i); i++)
        if (backend_number(i)->queue) backend_number(i)->queue->stop();
}

static void destroy(void *memory)
{
    context *c = memory;
    clear(c);
    stop_devices();
    for (uint32_t i = 0; i < c->chunk_count; i++) free(c->chunks[i]);
    for (int i = 0; i < MAX_FRAMES; i++) free(c->frames[i].owned);
    free(c->run.nodes);
    free(c->run.node_key);
    free(c->run.leaves);
    free(c->run.key);
    free(c->chunks);
    free(c->free_ids);
    free(c);
    current = NULL;
}

static void make_thread_key(void)
{
    pthread_key_create(&key, destroy);
}

/* Contexts are numbered as they are made, so that a handle tells whose it is. */
static uint32_t next_number(void)
{
    static atomic_uint made;
    return atomic_fetch_add(&made, 1) % CONTEXTS;
}

static bool is_eager_asked_for(void)
{
    const char *mode = getenv("VT_MODE");
    if (!mode || !*mode || strcmp(mode, "planned") == 0) return false;
    if (strcmp(mode, "eager") == 0) return true;
    raise_error(VT_ERROR_ARGUMENT, (vt_site){ 0 }, "VT_MODE is \"%s\"; it may be eager or planned", mode);
    return false;
}

static context *create(void)
{
    context *c = calloc(1, sizeof *c);
    if (!c || had_no_memory) {
        context *failed = c ? c : &without_memory;
        failed->error.status = VT_ERROR_MEMORY;
        strcpy(failed->error.message, "out of memory for a context");
        had_no_memory = !c;
    }
    if (!c) {
        without_memory.device = backend_number(0);
        return &without_memory;
    }
    c->device = backend_number(0);
    c->precision = VT_F32;
    c->number = next_number();
    current = c;
    pthread_once(&once, make_thread_key);
    pthread_setspecific(key, c);
    c->eager = is_eager_asked_for();
    c->passes_off = passes_turned_off();
    return c;
}

context *context_get(void)
{
    return current ? current : create();
}

void vt_shutdown(void)
{
    if (current) clear(current);
}

static bool is_emulation_asked_for(void)
{
    const char *asked = getenv("VT_BF16");
    return asked && strcmp(asked, "emulate") == 0;
}

/* Error: the device does not compute in this precision. */
static bool computes_in(const backend *device, vt_dtype precision)
{
    if (precision != VT_BF16 || (device->has_bf16 && device->has_bf16()) || is_emulation_asked_for()) return true;
    return raise_error(VT_ERROR_UNSUPPORTED, (vt_site){ 0 },
                       "precision bf16: device %s has no arithmetic for it here; with VT_BF16=emulate in the "
                       "environment it is computed all the same, by other means",
                       device->name);
}

void vt_set_device(const char *name)
{
    context *c = context_get();
    const backend *found = backend_find(name);
    if (!found) {
        char names[BACKEND_NAMES];
        raise_error(VT_ERROR_UNSUPPORTED, (vt_site){ 0 }, "no device \"%s\" in this build; there are: %s",
                    name ? name : "NULL", backend_names(names));
        return;
    }
    if ((found->queue && !found->queue->start()) || !computes_in(found, c->precision)) return;
    c->device = found;
    found->set_threads(c->threads);
}

const char *vt_device(void)
{
    return context_get()->device->name;
}

void vt_set_precision(vt_dtype dtype)
{
    context *c = context_get();
    if (dtype != VT_F32 && dtype != VT_F64 && dtype != VT_BF16)
        raise_error(VT_ERROR_UNSUPPORTED, (vt_site){ 0 }, "precision %s: it is f32, f64 or bf16", vt_dtype_name(dtype));
    else if (computes_in(c->device, dtype))
        c->precision = dtype;
}

vt_dtype vt_precision(void)
{
    return context_get()->precision;
}

vt_dtype dtype_default(void)
{
    vt_dtype precision = context_get()->precision;
    return precision == VT_BF16 ? VT_F32 : precision;
}

void vt_set_training(bool training)
{
    context_get()->training = training;
}

bool vt_training(void)
{
    return context_get()->training;
}

void vt_set_eager(bool eager)
{
    vt_flush();
    context_get()->eager = eager;
}

bool vt_eager(void)
{
    return context_get()->eager;
}

void vt_seed(uint64_t seed)
{
    context_get()->random = (vt_random_state){ .seed = seed };
}

vt_random_state vt_random_get(void)
{
    return context_get()->random;
}

void vt_random_set(vt_random_state state)
{
    context_get()->random = state;
}

/* More than any machine has: the threads are made as soon as they are asked for. */
enum { MAX_THREADS = 1024 };

void vt_set_threads(int threads)
{
    context *c = context_get();
    if (threads < 0 || threads > MAX_THREADS) {
        raise_error(VT_ERROR_ARGUMENT, (vt_site){ 0 }, "%d threads: it is 0 (the default) to %d", threads, MAX_THREADS);
        return;
    }
    c->threads = threads;
    c->device->set_threads(threads);
}

int vt_threads(void)
{
    return context_get()->threads;
}

void vt_synchronize(void)
{
    context *c = context_get();
    vt_flush();
    if (c->error.status == VT_OK && c->device->queue) c->device->queue->finish();
}

void vt_flush(void)
{
    context *c = context_get();
    if (c->error.status == VT_OK && c->pending_effects) run(c, NULL, 0, RUN_EVERYTHING);
}

vt_statistics vt_statistics_get(void)
{
    return context_get()->statistics;
}
