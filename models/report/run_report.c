/* run_report.c - what a training run leaves for people to look at. */
#include "report/run_report.h"
#include "report/class_tables.h"
#include "report/event_file.h"
#include "report/run_page.h"
#include "report/test_drawings.h"

bool run_report_begin(run_report *r, const options *o, const pictures *p, const classifier *net, int64_t first_epoch)
{
    *r = (run_report){ .folder = o->out, .pictures = p, .settings = settings_describe(o, p, net, first_epoch) };
    return r->settings && settings_write(r->settings, r->folder) && event_file_begin(r->folder, first_epoch - 1);
}

static bool add_event(const run_report *r, const vt_epoch *row)
{
    const event_scalar scalars[] = {
        { "loss/train", row->train_loss },
        { "loss/test", row->test_loss },
        { "accuracy/train", row->train_accuracy },
        { "accuracy/test", row->test_accuracy },
        { "accuracy/test_top5", row->test_top5 },
        { "calibration_error/test", row->test_calibration_error },
        { "learning_rate", row->learning_rate },
        { "images_per_second", row->images_per_second },
        { "accuracy/test_flip", row->test_flip_accuracy },
    };
    return event_file_add(r->folder, row->epoch, scalars, (int)(sizeof scalars / sizeof *scalars));
}

bool run_report_epoch(const run_report *r, const vt_training_log *log, const evaluation *tested)
{
    return add_event(r, &log->epochs[log->count - 1]) && class_tables_write(tested, r->folder) &&
           test_drawings_write(tested, r->folder) && run_page_write(r->folder, r->settings, log, tested);
}

void run_report_free(run_report *r)
{
    json_decref(r->settings);
    *r = (run_report){ 0 };
}
