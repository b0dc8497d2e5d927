/* settings.c - what a thread computes on, and how. */
#include "core/settings.h"
#include "core/context.h"
#include "core/base/error.h"
#include "core/run/run.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The backend's name, without the number behind a colon; -1: there is none. False where it is no number. */
static bool split_name(const char *name, char (*text)[BACKEND_NAMES], int *number)
{
    const char *colon = name ? strchr(name, ':') : NULL;
    snprintf(*text, sizeof *text, "%.*s", colon ? (int)(colon - name) : BACKEND_NAMES - 1, name ? name : "");
    *number = -1;
    if (!colon) return true;
    char *end;
    const long parsed = strtol(colon + 1, &end, 10);
    *number = (int)parsed;
    return colon[1] >= '0' && colon[1] <= '9' && *end == '\0' && parsed <= INT16_MAX;
}

void vt_set_device(const char *name)
{
    context *c = context_get();
    char text[BACKEND_NAMES];
    int number;
    const backend *found = split_name(name, &text, &number) ? backend_find(text) : NULL;
    if (!found || (number >= 0 && !found->queue)) {
        char names[BACKEND_NAMES];
        raise_error(VT_ERROR_UNSUPPORTED, (vt_site){ 0 }, "no device \"%s\" in this build; there are: %s",
                    name ? name : "NULL", backend_names(names));
        return;
    }
    if (number >= 0 && !found->queue->select(number)) return;
    if ((found->queue && !found->queue->start()) || !computes_in(found, c->precision)) return;
    c->device = found;
    found->set_threads(c->threads);
}

const char *vt_device(void)
{
    return context_get()->device->name;
}

const char *vt_device_level(void)
{
    const backend *device = context_get()->device;
    return device->level ? device->level() : "";
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

void vt_set_memory_limit(int64_t bytes)
{
    if (bytes < 0 && bytes != VT_AUTO)
        raise_error(VT_ERROR_ARGUMENT, (vt_site){ 0 },
                    "a memory limit of %lld bytes: it is 0 (any), VT_AUTO (as little as can be), or more",
                    (long long)bytes);
    else
        context_get()->memory_limit = bytes;
}

int64_t vt_memory_limit(void)
{
    return context_get()->memory_limit;
}

void vt_synchronize(void)
{
    context *c = context_get();
    vt_flush();
    if (!vt_failed() && c->device->queue) c->device->queue->finish();
}

void vt_flush(void)
{
    context *c = context_get();
    if (!vt_failed() && c->pending_effects) run(c, NULL, 0, RUN_EVERYTHING);
}

vt_statistics vt_statistics_get(void)
{
    return context_get()->statistics;
}

void vt_statistics_reset_peak(void)
{
    vt_statistics *s = &context_get()->statistics;
    s->peak_bytes = s->live_bytes;
}
