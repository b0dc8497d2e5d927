/* run_page.c - a training run as one page. The page is run_page.html; its data go where the page says @DATA@. */
#include "report/run_page.h"
#include "program/json_text.h"
#include "program/machine.h"
#include "program/page_data.h"
#include "report/epoch_json.h"
#include "report/test_picture.h"

extern const char run_page[];

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

static json_t *pixels_json(const vt_picture *p)
{
    if (!p->pixels) return json_null();
    return json_pack("{sI sI so}", "width", (json_int_t)p->width, "height", (json_int_t)p->height, "pixels",
                     json_of_bytes("", p->pixels, (size_t)(3 * p->height * p->width)));
}

static json_t *picture_json(const vt_dataset *d, int64_t index)
{
    vt_picture p;
    if (!test_picture_copy(d, index, TEST_PICTURE_SIDE, &p)) return json_null();
    json_t *json = pixels_json(&p);
    vt_picture_free(&p);
    return json;
}

static json_t *mistakes_json(const evaluation *e)
{
    json_t *mistakes = json_array();
    for (int i = 0; i < e->mistake_count; i++) {
        const mistake *m = &e->mistakes[i];
        json_array_append_new(mistakes,
                              json_pack("{sI si si sf sf so so}", "index", (json_int_t)m->picture, "right", m->right,
                                        "said", m->said, "confidence", m->confidence, "ofRight", m->of_right, "picture",
                                        picture_json(e->pictures, m->picture), "looked", pixels_json(&e->looked[i])));
    }
    return mistakes;
}

/* -- The page ------------------------------------------------------------------------------------------------------ */

static json_t *data_of(json_t *settings, const vt_training_log *log, const evaluation *e)
{
    return json_pack("{sO so so so so so ss? sI}", "settings", settings, "epochs", epochs_json(log), "classes",
                     json_of_texts(e->pictures->class_names, e->pictures->classes), "confusion", confusion_json(e),
                     "bins", bins_json(e), "mistakes", mistakes_json(e), "lookedBy", e->looked_by, "memory",
                     (json_int_t)machine_peak_memory());
}

bool run_page_write(const char *folder, json_t *settings, const vt_training_log *log, const evaluation *tested)
{
    return !vt_failed() && page_write(folder, "report.html", run_page, data_of(settings, log, tested));
}
