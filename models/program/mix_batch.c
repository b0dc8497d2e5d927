/* mix_batch.c - batches whose pictures are mixed with each other, as the options say. */
#include "program/mix_batch.h"

bool mixes_batches(const options *o, int64_t epoch)
{
    const bool over = o->mix_epochs != VT_AUTO && epoch >= o->mix_epochs;
    const bool by_heart = o->overfit_batches > 0; /* as they are */
    return !over && !by_heart && (o->mixup > 0 || o->cutmix > 0);
}

/* Streams of the batch's own, two of which are drawn from: far from those that ops count up from 0. */
static vt_random_state streams_of(const options *o, const vt_batch *batch)
{
    const uint64_t apart = UINT64_C(1) << 63;
    return (vt_random_state){ (uint64_t)o->seed, apart | (uint64_t)batch->epoch << 32 | (uint64_t)batch->index << 1 };
}

vt_mixed mix_batch(const options *o, const vt_batch *batch, vt_tensor images, int64_t classes)
{
    if (!mixes_batches(o, batch->epoch)) return (vt_mixed){ images, batch->labels };
    const vt_random_state before = vt_random_get();
    vt_random_set(streams_of(o, batch));
    vt_mixed mixed =
        vt_mixup_or_cutmix(images, vt_one_hot(batch->labels, classes, .dtype = vt_dtype_of(images)), .mixup = o->mixup,
                           .cutmix = o->cutmix, .probability = o->mix_probability, .cutmix_odds = o->cutmix_odds);
    vt_random_set(before);
    return mixed;
}
