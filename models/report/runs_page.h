/* runs_page.h - runs.html: training runs side by side as one page that loads nothing. */
#ifndef MODELS_REPORT_RUNS_PAGE_H
#define MODELS_REPORT_RUNS_PAGE_H

#include "report/run_list.h"

/* Writes runs.html into the folder `to`; `folder` is where the runs are. False with an error. */
bool runs_page_write(const char *to, const char *folder, const run_list *list);

#endif
