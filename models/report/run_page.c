/* run_page.c - a training run as one page. The page is run_page.html; its data go where the page says @DATA@. */
#include "report/run_page.h"
#include "program/json_text.h"
#include "program/machine.h"
#include "program/page_data.h"
#include "program/whole_file.h"
#include "report/epoch_json.h"
#include <stdlib.h>

extern const char run_page[];

/* Pictures are shown no larger than this; those that are, are resized. */
enum { MOST_SIDE = 96 };

static json_t *epochs_json(const vt_training_log *log)
{
    json_t *epochs = json_array();
    for (size_t i = 0; i < log->count; i++) json_array_append_new(epochs, epoch_json(&log->epochs[i]));
    return epochs;
}

/* [right, said, pictures] where there are any. */
static json_t *confusion_json(const evaluation *e)
{
    const int64_t classes = e->pictures->classes;
    json_t *cells = json_array();
    for (int64_t i = 0; i < classes * classes; i++)
        if (e->confusion[i] > 0)
            json_array_append_new(cells, json_pack("[III]", (json_int_t)(i / classes), (json_int_t)(i % classes),
                                                   (json_int_t)e->confusion[i]));
    return cells;
}

static json_t *bins_json(const evaluation *e)
{
    json_t *bins = json_array();
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        const calibration_bin *b = &e->bins[i];
        json_array_append_new(bins, json_pack("{sI sI sf}", "count", (json_int_t)b->count, "correct",
                                              (json_int_t)b->correct, "confidence", b->confidence));
    }
    return bins;
}

/* -- Mistakes ------------------------------------------------------------------------------------------------------ */

/* Of a picture of one channel or three; others have no colours to show. */
static bool copy_picture(const vt_dataset *d, int64_t index, vt_picture *picture)
{
    const int64_t plane = (int64_t)d->height * d->width;
    if (!d->images || (d->channels != 1 && d->channels != 3)) return false;
    *picture = (vt_picture){ d->height, d->width, malloc((size_t)(3 * plane)) };
    if (!picture->pixels) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a picture of the test");
    for (int64_t i = 0; picture->pixels && i < 3 * plane; i++)
        picture->pixels[i] = d->images[(index * d->channels + (d->channels == 3 ? i % 3 : 0)) * plane + i / 3];
    return picture->pixels != NULL;
}

/* No larger than MOST_SIDE; takes the picture. */
static bool shrink(vt_picture *picture)
{
    const int64_t side = picture->height > picture->width ? picture->height : picture->width;
    if (side <= MOST_SIDE) return true;
    vt_picture small;
    const int64_t height = picture->height * MOST_SIDE / side, width = picture->width * MOST_SIDE / side;
    bool ok = vt_picture_resize(picture, height > 0 ? height : 1, width > 0 ? width : 1, VT_FILTER_BILINEAR, &small);
    free(picture->pixels);
    *picture = small;
    return ok;
}

static json_t *picture_json(const vt_dataset *d, int64_t index)
{
    vt_picture p;
    json_t *json = NULL;
    if (!copy_picture(d, index, &p)) return json_null();
    if (shrink(&p))
        json = json_pack("{sI sI so}", "width", (json_int_t)p.width, "height", (json_int_t)p.height, "pixels",
                         json_of_bytes("", p.pixels, (size_t)(3 * p.height * p.width)));
    free(p.pixels);
    return json;
}

static json_t *mistakes_json(const evaluation *e)
{
    json_t *mistakes = json_array();
    for (int i = 0; i < e->mistake_count; i++) {
        const mistake *m = &e->mistakes[i];
        json_array_append_new(mistakes, json_pack("{sI si si sf sf so}", "index", (json_int_t)m->picture, "right",
                                                  m->right, "said", m->said, "confidence", m->confidence, "ofRight",
                                                  m->of_right, "picture", picture_json(e->pictures, m->picture)));
    }
    return mistakes;
}

/* -- The page ------------------------------------------------------------------------------------------------------ */

static json_t *names_json(const vt_dataset *d)
{
    json_t *names = json_array();
    for (int i = 0; i < d->classes; i++) json_array_append_new(names, json_of_text(d->class_names[i]));
    return names;
}

static json_t *data_of(json_t *settings, const vt_training_log *log, const evaluation *e)
{
    return json_pack("{sO so so so so so sI}", "settings", settings, "epochs", epochs_json(log), "classes",
                     names_json(e->pictures), "confusion", confusion_json(e), "bins", bins_json(e), "mistakes",
                     mistakes_json(e), "memory", (json_int_t)machine_peak_memory());
}

bool run_page_write(const char *folder, json_t *settings, const vt_training_log *log, const evaluation *tested)
{
    whole_file f;
    FILE *stream = whole_file_open(&f, folder, "report.html");
    if (!stream) return false;
    page_fill(stream, run_page, data_of(settings, log, tested));
    return whole_file_close(&f);
}
