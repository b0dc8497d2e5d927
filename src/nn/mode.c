/* mode.c - parts of a model that are in evaluation while the rest is trained. */
#include "nn/model.h"
#include <vitro/context.h>
#include <string.h>

int vt_model_set_training(vt_model *model, const char *glob, bool training)
{
    int found = 0;
    for (int i = 0; i < vt_model_size(model); i++) {
        vt_named_tensor *e = &model->entries[i];
        if (!vt_name_matches(e->name, glob)) continue;
        model->evaluated += !training - e->evaluated;
        e->evaluated = !training;
        found++;
    }
    return found;
}

/* Whether the path has entries, and all of them were put into evaluation. */
static bool is_evaluated(const vt_model *model, const char *prefix, size_t length)
{
    int below = 0;
    for (int i = 0; i < model->count; i++) {
        if (strncmp(model->entries[i].name, prefix, length) != 0) continue;
        if (!model->entries[i].evaluated) return false;
        below++;
    }
    return below > 0;
}

bool vt_path_training(vt_path path)
{
    if (!vt_training() || !path.model || path.model->evaluated == 0) return vt_training();
    return !is_evaluated(path.model, path.prefix, strnlen(path.prefix, sizeof path.prefix));
}

vt_mode vt_mode_begin(vt_path path)
{
    const vt_mode mode = { vt_training() };
    if (mode.training && !vt_path_training(path)) vt_set_training(false);
    return mode;
}

void vt_mode_end(vt_mode *mode)
{
    if (mode && mode->training) vt_set_training(true);
}
