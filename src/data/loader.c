/* loader.c - batches of a dataset, made ahead of the caller by threads.
 *
 * Batches are numbered through all epochs: ticket = epoch * batches + index. What a batch holds is a function of its
 * ticket alone, so any thread may make any batch. Ticket t goes to slot t % slot_count; a worker takes the next ticket
 * as soon as the caller is done with the slot's last one. The memory of batches is there from the start; but a picture
 * that is read from a file may fail to be, and the slot then has the error for the caller. */
#include "core/context.h"
#include "core/graph/refuse.h"
#include "core/tensor/pinned.h"
#include "data/dataset.h"
#include "data/normalization.h"
#include "data/random.h"
#include "data/resident.h"
#include "data/sample.h"

#include <vitro/error.h>
#include <vitro/shape.h>
#include <vitro/tensor.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORKERS = 256 };

static const float cifar10_mean[3] = { .4914F, .4822F, .4465F };
static const float cifar10_std[3] = { .2470F, .2435F, .2616F };

typedef struct slot {
    float *images; /* normalised; NULL: they are in `pixels` */
    pinned pixels; /* u8, to be normalised on the device */
    int64_t *labels;
    sample_memory memory; /* to make a picture in */
    int64_t ticket;       /* the batch it holds; -1: none */
    vt_status status;     /* of the error that kept the batch from being made */
    char message[1024];
} slot;

struct vt_loader {
    const vt_dataset *dataset;
    int64_t batch, batches;
    uint64_t seed; /* of the order */
    bool shuffle;
    sample_recipe how; /* pictures are made */
    float *mean, *std;
    slot *slots;
    int slot_count;
    bool is_pinned; /* slots have pixels, which the device may read still when the caller asks for the next batch */
    normalization normalization;
    float *normalized; /* of such a slot, for a caller who wants a batch in host memory */
    bool is_resident;  /* then there are no slots and workers, but these */
    resident resident;
    picks picks;

    int64_t epoch, index; /* the batch to give next; index == batches: the end of the epoch */

    pthread_t *workers;
    int worker_count;      /* 0: batches are made by the caller */
    pthread_mutex_t lock;  /* of what follows, and of slot.ticket */
    pthread_cond_t made;   /* a batch is, or a worker has come to rest */
    pthread_cond_t wanted; /* a slot became free, or something below changed */
    int64_t next;          /* the ticket to take next */
    int64_t oldest; /* the first ticket whose slot is not free: that which the caller has or waits for, or the one
                     * before, which the device may still read */
    int busy;       /* workers that are making a batch */
    bool stopping;
};

static int64_t minimum(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static slot *slot_of(vt_loader *loader, int64_t ticket)
{
    return &loader->slots[ticket % loader->slot_count];
}

static int64_t batch_count(const vt_loader *loader, int64_t index)
{
    return minimum(loader->batch, loader->dataset->count - index * loader->batch);
}

/* The numbers of an epoch's pictures in the order in which it has them. */
static permutation order_of(const vt_loader *loader, int64_t epoch)
{
    return permutation_make(loader->seed, random_stream(RANDOM_SHUFFLE, epoch), loader->dataset->count);
}

/* Repetitions of a picture are next to each other. */
static sample sample_at(const vt_loader *loader, int64_t epoch, const permutation *order, int64_t place)
{
    const int64_t which = place / loader->how.repeats;
    return (sample){ epoch, loader->shuffle ? permutation_at(order, which) : which,
                     (int)(place % loader->how.repeats) };
}

/* False with an error where a picture cannot be read. */
static bool make_batch(const vt_loader *loader, int64_t ticket, slot *to)
{
    const vt_dataset *d = loader->dataset;
    const int64_t epoch = ticket / loader->batches, index = ticket % loader->batches;
    const int64_t first = index * loader->batch, count = batch_count(loader, index);
    const permutation order = order_of(loader, epoch);
    const size_t size = image_size(d);
    for (int64_t i = 0; i < count; i++) {
        const sample which = sample_at(loader, epoch, &order, first + i);
        const uint8_t *image = sample_make(&loader->how, which, &to->memory);
        if (!image) return false;
        if (to->images)
            vt_image_normalize(image, d->channels, d->height, d->width, loader->mean, loader->std,
                               to->images + (size_t)i * size);
        else
            memcpy((uint8_t *)to->pixels.memory.data + (size_t)i * size, image, size);
        to->labels[i] = d->labels[which.number];
    }
    return true;
}

/* Errors belong to the thread they are raised in: the slot takes it to the caller. */
static void keep_error(slot *to)
{
    to->status = vt_error_status();
    snprintf(to->message, sizeof to->message, "%s", vt_error_message());
    vt_error_clear();
}

/* Waits for a ticket to make and takes it; -1 when the loader closes. */
static int64_t take_ticket(vt_loader *loader)
{
    while (!loader->stopping && loader->next >= loader->oldest + loader->slot_count)
        pthread_cond_wait(&loader->wanted, &loader->lock);
    return loader->stopping ? -1 : loader->next++;
}

static void *work(void *argument)
{
    vt_loader *loader = argument;
    pthread_mutex_lock(&loader->lock);
    for (int64_t ticket; (ticket = take_ticket(loader)) >= 0;) {
        slot *to = slot_of(loader, ticket);
        loader->busy++;
        pthread_mutex_unlock(&loader->lock);
        to->status = VT_OK;
        if (!make_batch(loader, ticket, to)) keep_error(to);
        pthread_mutex_lock(&loader->lock);
        loader->busy--;
        to->ticket = ticket;
        pthread_cond_signal(&loader->made);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

/* The device reads the pixels of no slot any more, but for those of the batch before the ticket; of none at all at 0.
 */
static bool await_uploads(vt_loader *loader, int64_t ticket)
{
    bool ok = true;
    for (int i = 0; i < loader->slot_count; i++)
        if (ticket == 0 || &loader->slots[i] != slot_of(loader, ticket - 1))
            ok = pinned_await(&loader->slots[i].pixels) && ok;
    return ok;
}

/* The slot with a batch, made now or waited for; frees the slots of the batches before it that nobody reads. NULL with
 * an error. */
static slot *obtain(vt_loader *loader, int64_t ticket)
{
    slot *from = slot_of(loader, ticket);
    if (!await_uploads(loader, ticket)) return NULL;
    if (loader->worker_count == 0) return make_batch(loader, ticket, from) ? from : NULL;
    pthread_mutex_lock(&loader->lock);
    loader->oldest = ticket - loader->is_pinned;
    pthread_cond_broadcast(&loader->wanted);
    while (from->ticket != ticket) pthread_cond_wait(&loader->made, &loader->lock);
    pthread_mutex_unlock(&loader->lock);
    if (from->status == VT_OK) return from;
    vt_error_raise(from->status, (vt_site){ 0 }, "%s", from->message);
    return NULL;
}

/* Whether there is a next batch in the epoch; at its end the next epoch begins. */
static bool has_next(vt_loader *loader)
{
    if (!loader || vt_failed()) return false;
    if (loader->index < loader->batches) return true;
    loader->epoch++;
    loader->index = 0;
    return false;
}

static bool is_there(const void *batch)
{
    if (!batch) vt_error_raise(VT_ERROR_ARGUMENT, (vt_site){ 0 }, "loader: batch, where the next one is put, is NULL");
    return batch != NULL;
}

/* The slot of the next batch, which the loader moves behind; NULL, with an error or at the end of an epoch, where it
 * stays. */
static slot *next_slot(vt_loader *loader, vt_host_batch *batch)
{
    if (!has_next(loader)) return NULL;
    slot *from = obtain(loader, loader->epoch * loader->batches + loader->index);
    if (!from) return NULL;
    *batch = (vt_host_batch){
        .images = from->images,
        .labels = from->labels,
        .count = batch_count(loader, loader->index),
        .channels = loader->dataset->channels,
        .height = loader->dataset->height,
        .width = loader->dataset->width,
        .epoch = loader->epoch,
        .index = loader->index,
    };
    loader->index++;
    return from;
}

static void normalize_on_host(vt_loader *loader, const slot *from, int64_t count)
{
    const vt_dataset *d = loader->dataset;
    const size_t size = image_size(d);
    for (int64_t i = 0; i < count; i++)
        vt_image_normalize((const uint8_t *)from->pixels.memory.data + (size_t)i * size, d->channels, d->height,
                           d->width, loader->mean, loader->std, loader->normalized + (size_t)i * size);
}

bool vt_loader_next(vt_loader *loader, vt_host_batch *batch)
{
    if (!is_there(batch) || !loader) return false;
    if (loader->is_resident) {
        if (has_next(loader))
            vt_error_raise(
                VT_ERROR_ARGUMENT, (vt_site){ 0 },
                "loader: the pictures are resident on the device; vt_loader_next_tensors gives batches of them");
        return false;
    }
    const slot *from = next_slot(loader, batch);
    if (!from) return false;
    if (!from->images) {
        normalize_on_host(loader, from, batch->count);
        batch->images = loader->normalized;
    }
    return true;
}

/* Which pictures the next batch is of, and what becomes of them. */
static void choose_pictures(vt_loader *loader)
{
    picks *p = &loader->picks;
    const permutation order = order_of(loader, loader->epoch);
    p->count = batch_count(loader, loader->index);
    for (int64_t i = 0; i < p->count; i++) {
        const sample which = sample_at(loader, loader->epoch, &order, loader->index * loader->batch + i);
        p->sample[i] = which.number;
        if (!p->top) continue;
        const moved m = sample_moved(&loader->how, which);
        p->top[i] = m.top;
        p->left[i] = m.left;
        p->flipped[i] = m.flipped;
    }
}

static bool next_resident(vt_loader *loader, vt_batch *batch)
{
    if (!has_next(loader)) return false;
    choose_pictures(loader);
    *batch = (vt_batch){ .count = loader->picks.count, .epoch = loader->epoch, .index = loader->index };
    resident_batch(&loader->resident, &loader->picks, &batch->images, &batch->labels);
    loader->index++;
    return !vt_failed();
}

/* The factors belong to the thread that asks for batches. */
static bool can_normalize(vt_loader *loader)
{
    return vt_is_live(loader->normalization.scale) ||
           normalization_open((vt_site){ 0 }, &loader->normalization, loader->dataset->channels, loader->mean,
                              loader->std);
}

static vt_tensor images_of(vt_loader *loader, slot *from, vt_shape shape)
{
    if (from->images) return vt_from_data(from->images, shape, VT_F32);
    if (!can_normalize(loader)) return VT_INERT;
    const vt_shape flat = VT_SHAPE(shape.dim[0], shape.dim[1], shape.dim[2] * shape.dim[3]);
    vt_tensor pixels = pinned_tensor(context_get(), &from->pixels, (spec){ VT_U8, flat });
    return vt_reshape(normalize(&loader->normalization, pixels), shape);
}

bool vt_loader_next_tensors(vt_loader *loader, vt_batch *batch)
{
    vt_host_batch on_host;
    if (!is_there(batch)) return false;
    if (loader && loader->is_resident) return next_resident(loader, batch);
    slot *from = next_slot(loader, &on_host);
    if (!from) return false;
    vt_shape shape = VT_SHAPE(on_host.count, on_host.channels, on_host.height, on_host.width);
    *batch = (vt_batch){ images_of(loader, from, shape), vt_from_data(on_host.labels, VT_SHAPE(on_host.count), VT_I64),
                         on_host.count, on_host.epoch, on_host.index };
    return !vt_failed();
}

/* Whether the workers are at this ticket already, and what they have made is as good as new. */
static bool is_at(vt_loader *loader, int64_t ticket)
{
    const slot *s = loader->slot_count ? slot_of(loader, ticket) : NULL;
    pthread_mutex_lock(&loader->lock);
    const bool failed = s && s->ticket == ticket && s->status != VT_OK;
    pthread_mutex_unlock(&loader->lock);
    return !failed && ticket == loader->epoch * loader->batches + loader->index;
}

/* Has the workers begin anew at a ticket, once they have filled all slots and rest. */
static void restart(vt_loader *loader, int64_t ticket)
{
    await_uploads(loader, 0);
    pthread_mutex_lock(&loader->lock);
    while (loader->busy > 0) pthread_cond_wait(&loader->made, &loader->lock);
    /* a batch that is there by chance must not be given while a worker makes it again */
    for (int i = 0; i < loader->slot_count; i++) loader->slots[i].ticket = -1;
    loader->next = loader->oldest = ticket;
    pthread_cond_broadcast(&loader->wanted);
    pthread_mutex_unlock(&loader->lock);
}

bool vt_loader_seek_at(vt_site at, vt_loader *loader, int64_t epoch, int64_t index)
{
    if (!loader || vt_failed()) return false;
    if (epoch < 0 || epoch > INT32_MAX || index < 0 || index > loader->batches) {
        vt_error_raise(VT_ERROR_ARGUMENT, at,
                       "loader: cannot seek to batch %" PRId64 " of epoch %" PRId64 ": batches are 0 to %" PRId64
                       " and epochs 0 to %" PRId32,
                       index, epoch, loader->batches, INT32_MAX);
        return false;
    }
    const int64_t ticket = epoch * loader->batches + index;
    if (!is_at(loader, ticket)) restart(loader, ticket);
    loader->epoch = epoch;
    loader->index = index;
    return true;
}

int64_t vt_loader_batches(const vt_loader *loader)
{
    return loader ? loader->batches : 0;
}

static bool check_dataset(vt_site at, const vt_dataset *d)
{
    if (!d) {
        vt_error_raise(VT_ERROR_ARGUMENT, at, "loader: no dataset");
        return false;
    }
    if (!dataset_is_whole(at, "loader", d)) return false;
    for (int64_t i = 0; i < d->count; i++) {
        if (d->labels[i] >= 0 && d->labels[i] < d->classes) continue;
        vt_error_raise(VT_ERROR_ARGUMENT, at,
                       "loader: picture %" PRId64 " of the dataset has label %" PRId64
                       ", but its classes are 0 to %" PRId64,
                       i, d->labels[i], (int64_t)d->classes - 1);
        return false;
    }
    return true;
}

static bool check_options(const vt_loader_args *a)
{
    if (a->batch < 1 || a->workers < 0 || a->workers > MAX_WORKERS) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_,
                       "loader: batch is %" PRId64 " and workers %d, but a batch is 1 or more and workers are 0 to %d",
                       a->batch, a->workers, MAX_WORKERS);
        return false;
    }
    if (a->repeats < 1 || a->repeats > a->dataset->count) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_, "loader: repeats is %d, but %" PRId64 " pictures have 1 to %" PRId64,
                       a->repeats, a->dataset->count, a->dataset->count);
        return false;
    }
    if (a->resident && !a->dataset->images) {
        vt_error_raise(
            VT_ERROR_ARGUMENT, a->at_,
            "loader: only pictures in memory can be resident, and those of this dataset are read one by one");
        return false;
    }
    if (a->drop_last && a->batch > a->dataset->count) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_,
                       "loader: a batch of %" PRId64 " with drop_last leaves nothing of %" PRId64 " pictures", a->batch,
                       a->dataset->count);
        return false;
    }
    if ((!a->mean || !a->std) && a->dataset->channels != 3) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_,
                       "loader: pictures of %d channels want a mean and std of their own; the defaults have 3",
                       a->dataset->channels);
        return false;
    }
    for (int c = 0; a->std && c < a->dataset->channels; c++) {
        if (a->std[c] > 0) continue;
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_, "loader: std[%d] is %g, but it wants a positive number", c,
                       (double)a->std[c]);
        return false;
    }
    return true;
}

static bool check_augmentation(const vt_loader_args *a, augmentation *parsed)
{
    const vt_dataset *d = a->dataset;
    if (!augmentation_parse(a->at_, a->augment, parsed)) return false;
    for (int c = 0; c < 3 && c < d->channels; c++)
        parsed->erased[c] = (uint8_t)lrintf(255 * fminf(fmaxf((a->mean ? a->mean : cifar10_mean)[c], 0), 1));
    if (!augmentation_is_for(parsed, d->channels)) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_, "loader: augmentation is of pictures of 1 channel or 3, not %d",
                       d->channels);
        return false;
    }
    if (a->resident && parsed->count > 0 && !augmentation_only_moves(parsed)) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_,
                       "loader: resident pictures can be augmented by \"crop,flip\" alone, not by \"%s\"", a->augment);
        return false;
    }
    return true;
}

/* Of a batch, normalised; NULL where memory is short. */
static float *allocate_images(int64_t batch, size_t picture)
{
    size_t elements, bytes;
    if (__builtin_mul_overflow((size_t)batch, picture, &elements)) return NULL;
    if (__builtin_mul_overflow(elements, sizeof(float), &bytes)) return NULL;
    return malloc(bytes);
}

static bool allocate_slot(slot *s, int64_t batch, size_t picture, bool is_pinned)
{
    size_t pixels;
    bool has_pixels = is_pinned && !__builtin_mul_overflow((size_t)batch, picture, &pixels) &&
                      pinned_allocate(context_get(), pixels, &s->pixels);
    if (!has_pixels) s->images = allocate_images(batch, picture);
    s->labels = calloc((size_t)batch, sizeof *s->labels);
    s->ticket = -1;
    return (has_pixels || s->images) && s->labels && sample_memory_new(&s->memory, picture);
}

static float *copy_floats(const float *from, int count)
{
    float *copy = calloc((size_t)count, sizeof *copy);
    if (copy) memcpy(copy, from, (size_t)count * sizeof *copy);
    return copy;
}

static bool allocate_picks(picks *p, size_t batch, bool augment)
{
    p->sample = calloc(batch, sizeof *p->sample);
    if (!augment) return p->sample != NULL;
    p->top = calloc(batch, sizeof *p->top);
    p->left = calloc(batch, sizeof *p->left);
    p->flipped = calloc(batch, sizeof *p->flipped);
    return p->sample && p->top && p->left && p->flipped;
}

static bool allocate(vt_loader *loader, const vt_loader_args *a)
{
    const int channels = loader->dataset->channels;
    loader->mean = copy_floats(a->mean ? a->mean : cifar10_mean, channels);
    loader->std = copy_floats(a->std ? a->std : cifar10_std, channels);
    if (loader->is_resident)
        return loader->mean && loader->std &&
               allocate_picks(&loader->picks, (size_t)loader->batch, loader->how.augmentation.count > 0);
    loader->slots = calloc((size_t)loader->slot_count, sizeof *loader->slots);
    loader->workers = calloc((size_t)loader->slot_count, sizeof *loader->workers); /* there are more slots */
    if (!loader->mean || !loader->std || !loader->slots || !loader->workers) return false;
    const size_t picture = image_size(loader->dataset);
    for (int i = 0; i < loader->slot_count; i++)
        if (!allocate_slot(&loader->slots[i], loader->batch, picture, loader->is_pinned)) return false;
    if (loader->is_pinned) loader->normalized = allocate_images(loader->batch, picture);
    return !loader->is_pinned || loader->normalized;
}

/* Starts workers with all signals blocked: a program's handlers run in its own threads. */
static bool start_workers(vt_loader *loader, int count)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (loader->worker_count < count &&
           pthread_create(&loader->workers[loader->worker_count], NULL, work, loader) == 0)
        loader->worker_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return loader->worker_count == count;
}

vt_loader *vt_loader_open_with(const vt_loader_args *a)
{
    NEED_ARGUMENTS("loader_open", a, NULL);
    augmentation parsed;
    if (vt_failed() || !check_dataset(a->at_, a->dataset) || !check_options(a) || !check_augmentation(a, &parsed))
        return NULL;
    vt_loader *loader = calloc(1, sizeof *loader);
    if (!loader) {
        vt_error_raise(VT_ERROR_MEMORY, a->at_, "loader: no memory");
        return NULL;
    }
    const int64_t count = a->dataset->count;
    const int workers = a->resident ? 0 : a->workers;
    loader->dataset = a->dataset;
    loader->batch = minimum(a->batch, count); /* more would be memory never used */
    loader->batches = a->drop_last ? count / loader->batch : (count - 1) / loader->batch + 1;
    loader->seed = a->seed;
    loader->shuffle = a->shuffle;
    loader->how =
        (sample_recipe){ .dataset = a->dataset, .augmentation = parsed, .seed = a->seed, .repeats = a->repeats };
    loader->is_resident = a->resident;
    loader->is_pinned = !a->resident && context_get()->device->queue;
    /* the caller's batch, one in the making by each worker, and one ready; the caller alone needs only its own; and one
     * that is on its way to the device */
    loader->slot_count = a->resident ? 0 : (workers ? workers + 2 : 1) + loader->is_pinned;
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->made, NULL);
    pthread_cond_init(&loader->wanted, NULL);
    if (!allocate(loader, a)) {
        vt_error_raise(VT_ERROR_MEMORY, a->at_, "loader: no memory for %d batches of %" PRId64, loader->slot_count,
                       loader->batch);
    } else if (!start_workers(loader, workers)) {
        vt_error_raise(VT_ERROR_MEMORY, a->at_, "loader: the system gave %d threads of %d workers",
                       loader->worker_count, workers);
    } else if (!a->resident || resident_open(a->at_, &loader->resident, a->dataset, loader->mean, loader->std)) {
        return loader;
    }
    vt_loader_close(loader);
    return NULL;
}

static void stop_workers(vt_loader *loader)
{
    pthread_mutex_lock(&loader->lock);
    loader->stopping = true;
    pthread_cond_broadcast(&loader->wanted);
    pthread_mutex_unlock(&loader->lock);
    for (int i = 0; i < loader->worker_count; i++) pthread_join(loader->workers[i], NULL);
}

void vt_loader_close(vt_loader *loader)
{
    if (!loader) return;
    stop_workers(loader);
    pthread_cond_destroy(&loader->wanted);
    pthread_cond_destroy(&loader->made);
    pthread_mutex_destroy(&loader->lock);
    for (int i = 0; loader->slots && i < loader->slot_count; i++) {
        free(loader->slots[i].images);
        pinned_free(&loader->slots[i].pixels);
        free(loader->slots[i].labels);
        sample_memory_free(&loader->slots[i].memory);
    }
    resident_close(&loader->resident);
    normalization_close(&loader->normalization);
    free(loader->normalized);
    free(loader->picks.sample);
    free(loader->picks.top);
    free(loader->picks.left);
    free(loader->picks.flipped);
    free(loader->slots);
    free(loader->workers);
    free(loader->mean);
    free(loader->std);
    free(loader);
}
