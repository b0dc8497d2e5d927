/* batch_size.c - --batch auto: the largest batch that memory has room for. */
#include "program/batch_size.h"
#include "program/machine.h"
#include "program/objective.h"
#include "program/optimizers.h"
#include "program/run_folder.h"
#include <stdio.h>
#include <string.h>

enum { FEW = 8, MORE = 16 };
static const double MARGIN = 0.9;

/* A step on pictures without content. */
static void step(const options *o, const classifier *net, const objective *m, vt_optimizer *optimizer, int64_t batch)
{
    VT_SCOPE;
    const common_config *c = net->config;
    vt_tensor images = vt_zeros(VT_SHAPE(batch, c->channels, c->height, c->width));
    vt_tensor labels = vt_zeros(VT_SHAPE(batch), .dtype = VT_I64);
    vt_backward(objective_loss(m, net, images, classifier_forward(net, images), labels));
    if (o->clip > 0) vt_clip_gradients(optimizer, o->clip);
    vt_optimizer_step(optimizer);
}

/* The most memory that tensors take in steps of so many pictures, and of fewer before. */
static double measure(const options *o, const classifier *net, const objective *m, vt_optimizer *optimizer,
                      int64_t batch)
{
    /* The second makes what it takes the place of the first's. */
    for (int i = 0; i < 2 && !vt_failed(); i++) step(o, net, m, optimizer, batch);
    vt_flush();
    return (double)vt_statistics_get().peak_bytes;
}

/* Weights are not read from a file: those of any values take as much. */
static bool measure_two(const options *o, const pictures *p, double *few, double *more)
{
    objective m = { 0 };
    classifier *net = classifier_new(o->model, .classes = p->train->classes, .channels = p->train->channels,
                                     .image_size = o->image_size, .drop_path = o->drop_path, .dropout = o->dropout);
    vt_optimizer *optimizer = net ? optimizer_make(net, o) : NULL;
    if (optimizer && objective_init(&m, o, net)) {
        vt_set_training(true);
        *few = measure(o, net, &m, optimizer, FEW);
        *more = measure(o, net, &m, optimizer, MORE);
    }
    vt_optimizer_free(optimizer);
    objective_free(&m);
    classifier_free(net);
    return !vt_failed();
}

/* What there is room for, or 0 with an error. */
static double find_room(const options *o)
{
    if (o->memory > 0) return MARGIN * o->memory;
    const bool on_gpu = strcmp(vt_device(), "cuda") == 0;
    const double room = on_gpu ? 0 : (double)machine_free_memory();
    if (room == 0)
        options_contradict("--batch auto: %s does not tell how much memory it has free: give --memory",
                           on_gpu ? "a GPU" : "the system");
    return MARGIN * room;
}

static int64_t largest(const options *o, const pictures *p, double fixed, double of_a_picture, double room)
{
    int64_t batch = LARGEST_FOUND_BATCH;
    while (batch > 1 && (fixed + of_a_picture * (double)batch > room || batch * o->accumulate > p->train->count))
        batch /= 2;
    if (fixed + of_a_picture * (double)batch <= room) return batch;
    vt_error_raise(VT_ERROR_MEMORY, VT_HERE,
                   "--batch auto: a batch of one takes about %.0f MB, and there is room for %.0f MB",
                   1e-6 * (fixed + of_a_picture), 1e-6 * room);
    return batch;
}

static bool find(options *o, const pictures *p)
{
    double few = 0, more = 0;
    const double room = find_room(o);
    const int64_t limit = vt_memory_limit();
    if (vt_failed()) return false;
    if (limit > 0) vt_set_memory_limit(0); /* nothing is to be computed again */
    const bool measured = measure_two(o, p, &few, &more);
    vt_set_memory_limit(limit);
    if (!measured) return false;
    const double of_a_picture = (more - few) / (MORE - FEW);
    o->batch = largest(o, p, few - FEW * of_a_picture, of_a_picture, room);
    if (!vt_failed() && options_tell(o)) printf("a batch of %lld pictures has room\n", (long long)o->batch);
    return !vt_failed();
}

bool batch_size_choose(options *o, const pictures *p)
{
    if (o->batch != VT_AUTO) return true;
    return o->resume ? run_folder_batch(o->out, &o->batch) : find(o, p);
}
