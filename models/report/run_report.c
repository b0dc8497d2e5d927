/* run_report.c - what a training run leaves for people to look at. */
#include "report/run_report.h"
#include "report/class_tables.h"
#include "report/test_drawings.h"

bool run_report_begin(run_report *r, const options *o, const pictures *p, const classifier *net, int64_t first_epoch)
{
    *r = (run_report){ .folder = o->out, .pictures = p, .settings = settings_describe(o, p, net, first_epoch) };
    return r->settings && settings_write(r->settings, r->folder);
}

bool run_report_epoch(const run_report *r, const evaluation *tested)
{
    return class_tables_write(tested, r->folder) && test_drawings_write(tested, r->folder);
}

void run_report_free(run_report *r)
{
    json_decref(r->settings);
    *r = (run_report){ 0 };
}
