/* explanation.c - what a model says to one picture, and where it looked. */
#include "explain/explanation.h"
#include <math.h>
#include <stdlib.h>

static bool rank_classes(explanation *e, const classifier *net, vt_tensor logits)
{
    const int64_t classes = vt_dim(logits, 1);
    double probabilities[MOST_RANKED];
    int64_t indices[MOST_RANKED];
    vt_tensor order;
    e->ranked_count = (int)(classes < MOST_RANKED ? classes : MOST_RANKED);
    vt_tensor largest = vt_topk(vt_softmax(logits, 1), e->ranked_count, 1, .indices = &order);
    if (!vt_read(largest, probabilities, MOST_RANKED, VT_F64) || !vt_read(order, indices, MOST_RANKED, VT_I64))
        return false;
    for (int i = 0; i < e->ranked_count; i++) e->ranked[i] = (ranked_class){ indices[i], probabilities[i] };
    if (!isfinite(probabilities[0]))
        vt_error_raise(VT_ERROR_NUMERIC, VT_HERE, "%s gives no numbers for the picture", net->name);
    return !vt_failed();
}

/* Maps of attention between tokens that have no place in the picture are left out. */
static void read_each(explanation *e, const classifier *net, const vt_named_tensor *found, int count)
{
    for (int i = 0; !vt_failed() && i < count; i++) vt_keep(found[i].tensor); /* all are computed at once */
    for (int i = 0; i < count; i++) {
        token_layout layout = { 0 };
        if (!vt_failed() && net->family->layout(net->layers, found[i].name, &layout) &&
            attention_map_read(&e->maps[e->layers], found[i].name, found[i].tensor, &layout))
            e->layers++;
        vt_free(found[i].tensor);
    }
}

static bool read_maps(explanation *e, const classifier *net)
{
    const family *f = net->family;
    const int count = f->attention && f->layout ? vt_model_values(net->model, f->attention, NULL, 0) : 0;
    vt_named_tensor *found = calloc((size_t)count + 1, sizeof *found);
    e->maps = calloc((size_t)count + 1, sizeof *e->maps);
    if (!found || !e->maps) {
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for %d maps of attention", count);
    } else {
        if (count > 0) vt_model_values(net->model, f->attention, found, count);
        read_each(e, net, found, count);
    }
    free(found);
    return !vt_failed();
}

/* A class that does not depend on the feature map has no Grad-CAM, which is no reason to do without maps of attention.
 */
static bool find_evidence(explanation *e, const classifier *net, vt_tensor logits, int64_t class)
{
    e->class = class == VT_AUTO ? e->ranked[0].class : class;
    if (grad_cam(net, logits, e->class, &e->grad_cam, &e->feature_map)) return true;
    if (vt_error_status() != VT_ERROR_GRADIENT || !net->family->attention) return false;
    vt_error_clear();
    return true;
}

static bool look(explanation *e, const classifier *net, vt_tensor image, int64_t class)
{
    VT_SCOPE;
    vt_tensor logits = classifier_forward(net, image);
    return rank_classes(e, net, logits) && find_evidence(e, net, logits, class) && read_maps(e, net) &&
           token_weights(net, &e->token_weights, &e->weighing);
}

bool explain(explanation *e, const classifier *net, vt_tensor image, int64_t class, double discard)
{
    *e = (explanation){ 0 };
    if (look(e, net, image, class) && rollout_of(e->maps, e->layers, discard, &e->rollout)) return true;
    explanation_free(e);
    return false;
}

void explanation_free(explanation *e)
{
    for (int i = 0; i < e->layers; i++) attention_map_free(&e->maps[i]);
    free(e->maps);
    rollout_free(&e->rollout);
    heat_map_free(&e->token_weights);
    heat_map_free(&e->grad_cam);
    *e = (explanation){ 0 };
}
