/* context.c - the thread's context: begun at first use, ended with the thread. */
#include "core/context.h"
#include "core/base/error.h"
#include "core/plan/pass.h"
#include "core/plan/plan.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local context current; /* without a device: not begun */

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
    c->outermost.count = 0;
    arena_free(&c->nodes_memory);
    sites_free(&c->sites);
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
    frames_free(c);
    free(c->run.nodes);
    free(c->run.node_key);
    free(c->run.leaves);
    free(c->run.key);
    free(c->chunks);
    free(c->free_ids);
    *c = (context){ .device = NULL };
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

static context *begin(context *c)
{
    c->device = backend_number(0);
    c->precision = VT_F32;
    c->number = next_number();
    c->frame = &c->outermost;
    pthread_once(&once, make_thread_key);
    pthread_setspecific(key, c);
    c->eager = is_eager_asked_for();
    c->passes_off = passes_turned_off();
    if (c->device->check_settings) c->device->check_settings();
    return c;
}

context *context_get(void)
{
    return current.device ? &current : begin(&current);
}

void vt_shutdown(void)
{
    if (current.device) clear(&current);
}
