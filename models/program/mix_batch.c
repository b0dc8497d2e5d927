/* mix_batch.c - batches whose pictures are mixed with each other, as the options say. */
#include "program/mix_batch.h"

vt_mixed mix_batch(const options *o, int64_t epoch, vt_tensor images, vt_tensor labels, int64_t classes)
{
    const bool over = o->mix_epochs != VT_AUTO && epoch >= o->mix_epochs;
    const bool by_heart = o->overfit_batches > 0; /* as they are */
    if (over || by_heart || (o->mixup == 0 && o->cutmix == 0)) return (vt_mixed){ images, labels };
    return vt_mixup_or_cutmix(images, vt_one_hot(labels, classes, .dtype = vt_dtype_of(images)), .mixup = o->mixup,
                              .cutmix = o->cutmix, .probability = o->mix_probability, .cutmix_odds = o->cutmix_odds);
}
