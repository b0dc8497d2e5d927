/* epoch_json.h - a row of the log as JSON. */
#ifndef MODELS_REPORT_EPOCH_JSON_H
#define MODELS_REPORT_EPOCH_JSON_H

#include <jansson.h>
#include <vitro/vitro.h>

/* An object with the names of the log's columns; null is what was not measured, or is infinite. */
json_t *epoch_json(const vt_epoch *e);

/* A number, or null where JSON has none for it. */
json_t *json_of_number(double x);

#endif
