/* jigsaw.c - what a network makes of pictures that are cut into pieces and put together at random. Without positions a
 * transformer sees a set of patches, in no order: while pieces are whole patches, its logits stay the same. */
#include "experiment/experiments.h"
#include "program/objective.h"
#include <math.h>

enum { ACCURACY, CHANGE };

/* -- Measuring ----------------------------------------------------------------------------------------------------- */

/* images [B, C, H, W], each cut into so many pieces a side, which are put together in the order, i64 [pieces^2]. */
static vt_tensor put_together(vt_tensor images, int64_t pieces, vt_tensor order)
{
    vt_tensor cut = vt_rearrange(images, "b c (r h) (s w) -> b (r s) c h w", .r = pieces, .s = pieces);
    return vt_rearrange(vt_index_select(cut, 1, order), "b (r s) c h w -> b c (r h) (s w)", .r = pieces, .s = pieces);
}

typedef struct tally {
    int64_t pictures, correct;
    double largest, change; /* of any logit, and by how much one moved */
} tally;

/* False at the end of the pictures. */
static bool count_batch(tally *t, const classifier *net, vt_loader *test, int64_t pieces)
{
    VT_SCOPE;
    vt_batch batch;
    if (!vt_loader_next_tensors(test, &batch)) return false;
    vt_tensor images = images_of_size(net, vt_cast(batch.images, VT_DTYPE_DEFAULT)),
              order = vt_argsort(vt_uniform(VT_SHAPE(pieces * pieces)), 0);
    vt_tensor whole = classifier_forward(net, images);
    vt_tensor shuffled = pieces == 1 ? whole : classifier_forward(net, put_together(images, pieces, order));
    t->pictures += batch.count;
    t->correct += (int64_t)vt_item(vt_correct_count(shuffled, batch.labels));
    t->largest = fmax(t->largest, vt_item(vt_max(vt_abs(whole))));
    t->change = fmax(t->change, vt_item(vt_max(vt_abs(vt_sub(shuffled, whole)))));
    return !vt_failed();
}

static void count(tally *t, const classifier *net, vt_loader *test, int64_t pieces)
{
    *t = (tally){ 0 };
    vt_seed((uint64_t)pieces); /* every network gets the same puzzles */
    vt_loader_seek(test, 0, 0);
    while (count_batch(t, net, test, pieces)) continue;
}

/* From whole pictures to pieces of single patches. */
static bool measure(measured *m, const classifier *net, vt_loader *test)
{
    token_layout l = { 0 };
    net->family->layout(net->layers, "patch_embed", &l);
    for (int64_t pieces = 1; pieces <= l.rows && !vt_failed(); pieces *= 2) {
        if (l.rows % pieces || l.columns % pieces) break;
        tally t;
        count(&t, net, test, pieces);
        m->along[m->places] = (double)pieces;
        m->values[ACCURACY][m->places] = (double)t.correct / (double)t.pictures;
        m->values[CHANGE][m->places++] = t.change / t.largest;
    }
    return !vt_failed();
}

/* -- Sentences ----------------------------------------------------------------------------------------------------- */

/* Of all seeds, however the picture is cut. */
static double largest_change(const findings *f, int model)
{
    double largest = 0;
    for (int64_t s = 0; s < f->plan->seeds; s++) {
        const measured *m = findings_of(f, model, s);
        for (int i = 0; i < m->places; i++) largest = fmax(largest, m->values[CHANGE][i]);
    }
    return largest;
}

static void say(FILE *out, const findings *f)
{
    const double rounding = 1e-4;
    for (int model = 0; model < f->plan->model_count; model++) {
        const measured *m = findings_of(f, model, 0);
        const double change = largest_change(f, model);
        fprintf(out, "Shuffled pieces move a logit of %s by up to %.2g of the largest: %s.\n",
                f->plan->models[model].name, change,
                change > rounding ? "it sees where a patch is"
                                  : "they are the same but for rounding, and it does not see where a patch is");
        fprintf(out, "From whole pictures to %g by %g shuffled pieces, the accuracy of %s ", m->along[m->places - 1],
                m->along[m->places - 1], f->plan->models[model].name);
        findings_say_change(out, f, model, ACCURACY, 0, m->places - 1);
    }
}

const look jigsaw_look = {
    .name = "jigsaw",
    .along = "pieces a side",
    .measures = { { "accuracy", "Accuracy on shuffled pieces", true },
                  { "change", "Largest change of a logit, of the largest logit", true } },
    .measure_count = 2,
    .batch = 250,
    .measure = measure,
    .say = say,
};
