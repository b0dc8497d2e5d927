/* epoch_json.c - the log of a training run as JSON. */
#include "report/epoch_json.h"
#include "program/json_text.h"

json_t *epoch_json(const vt_epoch *e)
{
    return json_pack("{sI so so so so so so so so so so so}", "epoch", (json_int_t)e->epoch, "train_loss",
                     json_of_number(e->train_loss), "train_accuracy", json_of_number(e->train_accuracy), "test_loss",
                     json_of_number(e->test_loss), "test_accuracy", json_of_number(e->test_accuracy), "seconds",
                     json_of_number(e->seconds), "images_per_second", json_of_number(e->images_per_second), "test_top5",
                     json_of_number(e->test_top5), "test_calibration_error", json_of_number(e->test_calibration_error),
                     "learning_rate", json_of_number(e->learning_rate), "test_flip_accuracy",
                     json_of_number(e->test_flip_accuracy), "peak_bytes", json_of_number(e->peak_bytes));
}

json_t *epochs_json(const vt_training_log *log)
{
    json_t *epochs = json_array();
    for (size_t i = 0; i < log->count; i++) json_array_append_new(epochs, epoch_json(&log->epochs[i]));
    return epochs;
}
