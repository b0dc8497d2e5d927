/* layer_decay.c - learning rates that fall towards the first layers. */
#include "layer_decay.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 256 };

/* The length of the path of the block that a name lies in; 0: it lies in none. The pattern's last * stands for a
 * number, up to the next dot, so the shortest prefix that matches is tried first. */
static size_t block_length(const family *family, const char *name)
{
    for (const char *dot = strchr(name, '.'); family->blocks && dot; dot = strchr(dot + 1, '.')) {
        size_t length = (size_t)(dot - name);
        char path[NAME_SIZE];
        if (length >= sizeof path) return 0;
        snprintf(path, sizeof path, "%.*s", (int)length, name);
        if (vt_name_matches(path, family->blocks)) return length;
    }
    return 0;
}

/* The entries in order, and the layer of the last one seen. */
typedef struct walk {
    const char *block; /* that the last one of a block was of */
    size_t length;
    int64_t blocks; /* seen so far */
} walk;

static int64_t next_layer(walk *w, const family *family, const char *name)
{
    size_t length = block_length(family, name);
    if (!length) return w->blocks ? w->blocks + 1 : 0;
    if (length != w->length || strncmp(name, w->block, length) != 0) w->blocks++;
    w->block = name;
    w->length = length;
    return w->blocks;
}

int64_t classifier_layers(const classifier *m)
{
    walk w = { 0 };
    int64_t last = 0;
    for (int i = 0; i < vt_model_size(m->model); i++)
        last = next_layer(&w, m->family, vt_model_entry(m->model, i).name);
    return last + 1;
}

int64_t classifier_layer(const classifier *m, const char *name)
{
    walk w = { 0 };
    for (int i = 0; i < vt_model_size(m->model); i++) {
        const char *entry = vt_model_entry(m->model, i).name;
        int64_t layer = next_layer(&w, m->family, entry);
        if (strcmp(entry, name) == 0) return layer;
    }
    return -1;
}

bool classifier_decay_layers(const classifier *m, vt_optimizer *optimizer, double lr, double decay)
{
    const int64_t last = classifier_layers(m) - 1;
    walk w = { 0 };
    if (!(decay > 0 && decay <= 1)) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "layer decay: decay is %g; it is above 0, and 1 or less", decay);
        return false;
    }
    for (int i = 0; i < vt_model_size(m->model) && !vt_failed(); i++) {
        const vt_named_tensor e = vt_model_entry(m->model, i);
        const double rate = lr * pow(decay, (double)(last - next_layer(&w, m->family, e.name)));
        if (e.is_parameter) vt_optimizer_group(optimizer, e.name, .lr = rate);
    }
    return !vt_failed();
}
