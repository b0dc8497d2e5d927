/* epoch_line.c - what a training program prints of an epoch. */
#include "program/epoch_line.h"
#include "report/epoch_json.h"
#include <math.h>

enum { WIDTH = 79 };

static void print_for_people(FILE *stream, const vt_epoch *e)
{
    char line[512];
    int length = snprintf(line, sizeof line, "epoch %lld: train loss %.4g acc %.2f%%, test ", (long long)e->epoch,
                          e->train_loss, 100 * e->train_accuracy);
    char *rest = line + length, speed[64];
    const size_t room = sizeof line - (size_t)length;
    if (isnan(e->test_flip_accuracy))
        length += snprintf(rest, room, "loss %.4g acc %.2f%%", e->test_loss, 100 * e->test_accuracy);
    else /* there is no room for all three */
        length += snprintf(rest, room, "acc %.2f%%, flips %.2f%%", 100 * e->test_accuracy, 100 * e->test_flip_accuracy);
    const int more = snprintf(speed, sizeof speed, ", %.0f img/s", e->images_per_second);
    /* The progress has said how fast it was; what is measured last may be said shortly. */
    fprintf(stream, "%.*s%s\n", WIDTH, line, length + more <= WIDTH ? speed : "");
}

static void print_json(FILE *stream, const options *o, const vt_epoch *e)
{
    json_t *json = epoch_json(e);
    json_object_set_new(json, "epochs", o->time > 0 ? json_null() : json_integer(o->epochs));
    json_dumpf(json, stream, JSON_COMPACT | JSON_REAL_PRECISION(9));
    fputc('\n', stream);
    json_decref(json);
}

void epoch_line_print(FILE *stream, const options *o, const vt_epoch *e)
{
    if (o->json)
        print_json(stream, o, e);
    else if (!o->quiet)
        print_for_people(stream, e);
}
