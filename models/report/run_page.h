/* run_page.h - report.html: a training run as one page that loads nothing. */
#ifndef MODELS_REPORT_RUN_PAGE_H
#define MODELS_REPORT_RUN_PAGE_H

#include "report/evaluation.h"
#include <jansson.h>

/* Writes report.html into the folder: the epochs so far, the last test with its worst mistakes as pictures, and the
 * settings (see settings_describe). False with an error, and while one stands. */
bool run_page_write(const char *folder, json_t *settings, const vt_training_log *log, const evaluation *tested);

#endif
