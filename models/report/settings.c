/* settings.c - settings.json: everything that a training run was begun with. */
#include "report/settings.h"
#include "program/json_file.h"
#include "program/json_text.h"
#include "program/machine.h"
#include "program/option_needs.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static json_t *value_of(const command_option *o, const options *options)
{
    const void *field = (const char *)options + o->offset;
    if (o->kind == OPTION_FLAG) return json_boolean(*(const bool *)field);
    if (!command_option_has_value(o, options)) return json_null();
    if (o->kind == OPTION_INTEGER) return json_integer(*(const int64_t *)field);
    if (o->kind == OPTION_NUMBER || o->kind == OPTION_DURATION || o->kind == OPTION_BYTES)
        return json_real(*(const double *)field);
    if (o->kind == OPTION_DTYPE) return json_string(vt_dtype_name(*(const vt_dtype *)field));
    return json_of_text(*(const char *const *)field);
}

static json_t *options_json(const options *options)
{
    json_t *json = json_object();
    const command_option *o;
    for (int i = 0; (o = command_line_row(options->line, i)); i++)
        if (o->kind != OPTION_HEADING) json_object_set_new(json, o->name, value_of(o, options));
    return json;
}

typedef struct run {
    const options *options;
    const pictures *pictures;
} run;

/* Not where to, nor what is printed; a recipe is replaced by its values; and of these, what changes nothing may not be
 * given. */
static bool is_of_the_command(const char *name, const void *user)
{
    static const char *const without[] = { "out", "recipe", "resume", "quiet", "json", NULL };
    const run *r = user;
    const char *const *other = without;
    while (*other && strcmp(*other, name) != 0) other++;
    return !*other && !option_is_idle(r->options, name) && !data_set_ignores(r->pictures->set, name);
}

/* As it was given, since options that follow from others may not be given beside them; with a recipe's values in the
 * place of its name, which may become that of others. The pictures that were found are named, so that the same are
 * found again. */
static json_t *command_json(const options *o, const pictures *p)
{
    const run r = { o, p };
    options found = *o->given;
    if (!found.data) found.data = p->set->name;
    if (found.batch == VT_AUTO) found.batch = o->batch;
    char *text = command_line_text(o->line, &found, is_of_the_command, &r);
    json_t *json = text ? json_of_text(text) : NULL;
    free(text);
    return json;
}

static json_t *data_json(const pictures *p)
{
    const vt_dataset *d = p->train;
    return json_pack("{ss ss so sI sI si si si so}", "name", p->set->name, "about", p->set->about, "folder",
                     p->folder ? json_of_text(p->folder) : json_null(), "training_pictures", (json_int_t)d->count,
                     "test_pictures", (json_int_t)p->test->count, "channels", d->channels, "height", d->height, "width",
                     d->width, "class_names", json_of_texts(d->class_names, d->classes));
}

static json_t *machine_json(void)
{
    machine m;
    machine_describe(&m);
    return json_pack("{so sI so so sI so so ss}", "processor", json_of_text(m.processor), "cores", (json_int_t)m.cores,
                     "threads", vt_threads() ? json_integer(vt_threads()) : json_null(), "instructions",
                     json_of_text(m.instructions), "memory_bytes", (json_int_t)m.memory_bytes, "system",
                     json_of_text(m.system), "onednn", *m.onednn ? json_string(m.onednn) : json_null(), "device",
                     vt_device());
}

static json_t *now_json(void)
{
    char text[32];
    struct tm utc;
    time_t now = time(NULL);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    return json_string(text);
}

json_t *settings_describe(const options *o, const pictures *p, const classifier *net, int64_t first_epoch)
{
    json_t *model =
        json_pack("{ss sI}", "name", net->name, "parameters", (json_int_t)vt_model_parameter_count(net->model));
    json_t *json =
        json_pack("{ss ss so so sI so so so so}", "program", o->line->version, "vitro", VITRO_VERSION, "command",
                  command_json(o, p), "started", now_json(), "first_epoch", (json_int_t)first_epoch, "options",
                  options_json(o), "data", data_json(p), "model", model, "machine", machine_json());
    if (!json) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the settings of the run");
    return json;
}

bool settings_write(const json_t *settings, const char *folder)
{
    return json_file_write(settings, folder, "settings.json", 15);
}
