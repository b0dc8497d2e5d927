/* epoch_json.h - the log of a training run as JSON. */
#ifndef MODELS_REPORT_EPOCH_JSON_H
#define MODELS_REPORT_EPOCH_JSON_H

#include <jansson.h>
#include <vitro/vitro.h>

/* A row: an object with the names of the log's columns; null is what was not measured, or is infinite. */
json_t *epoch_json(const vt_epoch *e);
/* All rows: an array. */
json_t *epochs_json(const vt_training_log *log);

#endif
