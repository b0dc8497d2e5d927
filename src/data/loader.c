/* loader.c - batches of a dataset, made ahead of the caller by threads.
 *
 * Batches are numbered through all epochs: ticket = epoch * batches + index. What a batch holds is a function of its
 * ticket alone, so any thread may make any batch. Ticket t goes to slot t % slot_count; a worker takes the next ticket
 * as soon as the caller is done with the slot's last one. All memory is there from the start, so that making a batch
 * cannot fail. */
#include "data/dataset.h"
#include "data/random.h"

#include <vitro/error.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_BATCH = 64,
    MAX_WORKERS = 256,
    CROP_PADDING = 4,
};

static const float cifar10_mean[3] = { .4914F, .4822F, .4465F };
static const float cifar10_std[3] = { .2470F, .2435F, .2616F };

typedef struct slot {
    float *images;
    int64_t *labels;
    uint8_t *augmented; /* one picture */
    int64_t ticket;     /* the batch it holds; -1: none */
} slot;

struct vt_loader {
    const vt_dataset *dataset;
    int64_t batch, batches;
    uint64_t seed;
    bool shuffle, augment;
    float *mean, *std;
    slot *slots;
    int slot_count;

    int64_t epoch, index; /* the batch to give next; index == batches: the end of the epoch */

    pthread_t *workers;
    int worker_count;      /* 0: batches are made by the caller */
    pthread_mutex_t lock;  /* of what follows, and of slot.ticket */
    pthread_cond_t made;   /* a batch is, or a worker has come to rest */
    pthread_cond_t wanted; /* a slot became free, or something below changed */
    int64_t next;          /* the ticket to take next */
    int64_t oldest;        /* the ticket the caller has or waits for: slots of those before are free */
    int busy;              /* workers that are making a batch */
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

/* The picture, cropped and flipped for this epoch, in `augmented`. */
static const uint8_t *augment(const vt_loader *loader, int64_t epoch, int64_t sample, const uint8_t *image,
                              uint8_t *augmented)
{
    const vt_dataset *d = loader->dataset;
    uint32_t word[4];
    philox_block(loader->seed, random_stream(RANDOM_AUGMENT, epoch), (uint64_t)sample, word);
    const int top = random_below(word[0], 2 * CROP_PADDING + 1) - CROP_PADDING;
    const int left = random_below(word[1], 2 * CROP_PADDING + 1) - CROP_PADDING;
    vt_image_crop(image, d->channels, d->height, d->width, top, left, augmented, d->height, d->width);
    if (random_below(word[2], 2)) vt_image_flip(augmented, d->channels, d->height, d->width);
    return augmented;
}

static void make_batch(const vt_loader *loader, int64_t ticket, slot *to)
{
    const vt_dataset *d = loader->dataset;
    const int64_t epoch = ticket / loader->batches, index = ticket % loader->batches;
    const int64_t first = index * loader->batch, count = batch_count(loader, index);
    const permutation order = permutation_make(loader->seed, random_stream(RANDOM_SHUFFLE, epoch), d->count);
    const size_t size = image_size(d);
    for (int64_t i = 0; i < count; i++) {
        const int64_t sample = loader->shuffle ? permutation_at(&order, first + i) : first + i;
        const uint8_t *image = d->images + (size_t)sample * size;
        if (loader->augment) image = augment(loader, epoch, sample, image, to->augmented);
        vt_image_normalize(image, d->channels, d->height, d->width, loader->mean, loader->std,
                           to->images + (size_t)i * size);
        to->labels[i] = d->labels[sample];
    }
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
        make_batch(loader, ticket, to);
        pthread_mutex_lock(&loader->lock);
        loader->busy--;
        to->ticket = ticket;
        pthread_cond_signal(&loader->made);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

/* The slot with a batch, made now or waited for; frees the slots of all batches before it. */
static const slot *obtain(vt_loader *loader, int64_t ticket)
{
    slot *from = slot_of(loader, ticket);
    if (loader->worker_count == 0) {
        make_batch(loader, ticket, from);
        return from;
    }
    pthread_mutex_lock(&loader->lock);
    loader->oldest = ticket;
    pthread_cond_broadcast(&loader->wanted);
    while (from->ticket != ticket) pthread_cond_wait(&loader->made, &loader->lock);
    pthread_mutex_unlock(&loader->lock);
    return from;
}

bool vt_loader_next(vt_loader *loader, vt_host_batch *batch)
{
    if (!loader || vt_failed()) return false;
    if (loader->index == loader->batches) {
        loader->epoch++;
        loader->index = 0;
        return false;
    }
    const slot *from = obtain(loader, loader->epoch * loader->batches + loader->index);
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
    return true;
}

/* Has the workers begin anew at a ticket, once they have filled all slots and rest. */
static void restart(vt_loader *loader, int64_t ticket)
{
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
    loader->epoch = epoch;
    loader->index = index;
    restart(loader, epoch * loader->batches + index);
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
    int64_t total;
    if (d->count < 1 || d->channels < 1 || d->height < 1 || d->width < 1 ||
        __builtin_mul_overflow((int64_t)d->height * d->width, d->channels, &total) ||
        __builtin_mul_overflow(total, d->count, &total)) {
        vt_error_raise(VT_ERROR_ARGUMENT, at,
                       "loader: a dataset of %" PRId64 " pictures [%d, %d, %d] is empty or beyond any memory", d->count,
                       d->channels, d->height, d->width);
        return false;
    }
    if (!d->images || !d->labels) {
        vt_error_raise(VT_ERROR_ARGUMENT, at, "loader: the dataset has no %s", d->images ? "labels" : "images");
        return false;
    }
    for (int64_t i = 0; i < d->count; i++) {
        if (d->labels[i] >= 0 && d->labels[i] < d->classes) continue;
        vt_error_raise(VT_ERROR_ARGUMENT, at,
                       "loader: picture %" PRId64 " of the dataset has label %" PRId64 ", but its classes are 0 to %d",
                       i, d->labels[i], d->classes - 1);
        return false;
    }
    return true;
}

static bool check_options(const vt_loader_args *a)
{
    if (a->batch < 0 || a->workers < 0 || a->workers > MAX_WORKERS) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_,
                       "loader: batch is %" PRId64
                       " and workers %d, but a batch is not negative and workers are 0 to %d",
                       a->batch, a->workers, MAX_WORKERS);
        return false;
    }
    if (a->drop_last && (a->batch ? a->batch : DEFAULT_BATCH) > a->dataset->count) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_,
                       "loader: a batch of %" PRId64 " with drop_last leaves nothing of %" PRId64 " pictures",
                       a->batch ? a->batch : DEFAULT_BATCH, a->dataset->count);
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

static bool allocate_slot(slot *s, int64_t batch, size_t picture)
{
    size_t elements, bytes;
    if (__builtin_mul_overflow((size_t)batch, picture, &elements)) return false;
    if (__builtin_mul_overflow(elements, sizeof *s->images, &bytes)) return false;
    s->images = malloc(bytes);
    s->labels = calloc((size_t)batch, sizeof *s->labels);
    s->augmented = malloc(picture);
    s->ticket = -1;
    return s->images && s->labels && s->augmented;
}

static float *copy_floats(const float *from, int count)
{
    float *copy = calloc((size_t)count, sizeof *copy);
    if (copy) memcpy(copy, from, (size_t)count * sizeof *copy);
    return copy;
}

static bool allocate(vt_loader *loader, const vt_loader_args *a)
{
    const int channels = loader->dataset->channels;
    loader->mean = copy_floats(a->mean ? a->mean : cifar10_mean, channels);
    loader->std = copy_floats(a->std ? a->std : cifar10_std, channels);
    loader->slots = calloc((size_t)loader->slot_count, sizeof *loader->slots);
    loader->workers = calloc((size_t)loader->slot_count, sizeof *loader->workers); /* there are more slots */
    if (!loader->mean || !loader->std || !loader->slots || !loader->workers) return false;
    for (int i = 0; i < loader->slot_count; i++)
        if (!allocate_slot(&loader->slots[i], loader->batch, image_size(loader->dataset))) return false;
    return true;
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
    if (vt_failed() || !check_dataset(a->at_, a->dataset) || !check_options(a)) return NULL;
    vt_loader *loader = calloc(1, sizeof *loader);
    if (!loader) {
        vt_error_raise(VT_ERROR_MEMORY, a->at_, "loader: no memory");
        return NULL;
    }
    const int64_t count = a->dataset->count;
    const int workers = a->synchronous ? 0 : a->workers ? a->workers : 1;
    loader->dataset = a->dataset;
    loader->batch = minimum(a->batch ? a->batch : DEFAULT_BATCH, count); /* more would be memory never used */
    loader->batches = a->drop_last ? count / loader->batch : (count - 1) / loader->batch + 1;
    loader->seed = a->seed;
    loader->shuffle = a->shuffle;
    loader->augment = a->augment;
    /* the caller's batch, one in the making by each worker, and one ready; the caller alone needs only its own */
    loader->slot_count = workers ? workers + 2 : 1;
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->made, NULL);
    pthread_cond_init(&loader->wanted, NULL);
    if (!allocate(loader, a)) {
        vt_error_raise(VT_ERROR_MEMORY, a->at_, "loader: no memory for %d batches of %" PRId64, loader->slot_count,
                       loader->batch);
    } else if (!start_workers(loader, workers)) {
        vt_error_raise(VT_ERROR_MEMORY, a->at_, "loader: the system gave %d threads of %d workers",
                       loader->worker_count, workers);
    } else {
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
        free(loader->slots[i].labels);
        free(loader->slots[i].augmented);
    }
    free(loader->slots);
    free(loader->workers);
    free(loader->mean);
    free(loader->std);
    free(loader);
}
