/* epoch_json.c - a row of the log as JSON. */
#include "report/epoch_json.h"
#include <math.h>

json_t *json_of_number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *epoch_json(const vt_epoch *e)
{
    return json_pack("{sI so so so so so so so so so}", "epoch", (json_int_t)e->epoch, "train_loss",
                     json_of_number(e->train_loss), "train_accuracy", json_of_number(e->train_accuracy), "test_loss",
                     json_of_number(e->test_loss), "test_accuracy", json_of_number(e->test_accuracy), "seconds",
                     json_of_number(e->seconds), "images_per_second", json_of_number(e->images_per_second), "test_top5",
                     json_of_number(e->test_top5), "test_calibration_error", json_of_number(e->test_calibration_error),
                     "learning_rate", json_of_number(e->learning_rate));
}
