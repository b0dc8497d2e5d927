/* Experiments: what they measure of networks, what they say of it, which follows from the numbers alone, and the rows
 * of their table. */
#include "compare/results.h"
#include "compare/sentences.h"
#include "experiment/experiments.h"
#include "left_behind.h"
#include "refused.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(experiments, .fini = expect_nothing_left);
TestSuite(findings, .fini = expect_nothing_left);
TestSuite(measures, .fini = expect_nothing_left);

/* -- The table ----------------------------------------------------------------------------------------------------- */

Test(experiments, are_of_models_of_the_zoo)
{
    const experiment *e;
    for (int i = 0; (e = experiment_at(i)); i++) {
        cr_assert(experiment_find(e->name) == e && e->summary && e->title && e->models[0].name);
        cr_assert(!e->prepared.model || zoo_find(e->prepared.model, NULL), "%s", e->name);
        for (const contestant *m = e->models; m->name; m++) {
            cr_assert(zoo_find(m->model, NULL), "%s: %s", e->name, m->model);
            cr_assert(!m->further || e->prepared.model, "%s: %s begins with nothing", e->name, m->name);
            for (const contestant *other = e->models; other < m; other++)
                cr_assert(strcmp(other->name, m->name) != 0, "%s: %s twice", e->name, m->name);
        }
    }
}

Test(experiments, are_found_by_their_names_or_named)
{
    cr_assert_not(experiment_find("patchsize"));
    REFUSED(VT_ERROR_ARGUMENT, "there is no experiment \"patchsize\"; the nearest names are patch-size, ");
}

Test(experiments, halve_the_classes)
{
    plan p = { 0 };
    plan_halve_classes(&p, 10);
    cr_assert_str_eq(p.prepared_classes, "0:4");
    cr_assert_str_eq(p.classes, "5:9");
    plan_halve_classes(&p, 5);
    cr_assert_str_eq(p.prepared_classes, "0:1");
    cr_assert_str_eq(p.classes, "2:4");
}

/* -- Sentences ----------------------------------------------------------------------------------------------------- */

enum { SEEDS = 3 };

static findings begin(plan *p, const look *look)
{
    findings f;
    *p = (plan){ .models = { { "first", "a" }, { "second", "b" } }, .model_count = 2, .seeds = SEEDS };
    cr_assert(findings_begin(&f, look, p));
    return f;
}

/* A measure of a model at two places: the values, and a little less and more with other seeds. */
static void set(findings *f, int model, int measure, double first, double last)
{
    for (int s = 0; s < SEEDS; s++) {
        measured *m = findings_of(f, model, s);
        *m = (measured){ .places = 2, .along = { 1, 8 }, .values[0] = { m->values[0][0], m->values[0][1] } };
        m->values[measure][0] = first * (1 + 0.01 * (s - 1));
        m->values[measure][1] = last * (1 + 0.01 * (s - 1));
    }
}

static void expect_said(int line, const findings *f, const char *text, bool expected)
{
    char *all = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&all, &size);
    f->look->say(out, f);
    fclose(out);
    cr_assert(!!strstr(all, text) == expected, "line %d: %s\"%s\" in\n%s", line, expected ? "no " : "", text, all);
    free(all);
}
#define SAYS(f, text)     expect_said(__LINE__, f, text, true)
#define SAYS_NOT(f, text) expect_said(__LINE__, f, text, false)

enum { ACCURACY, CHANGE };

Test(findings, of_the_jigsaw_tell_which_network_sees_places)
{
    for (int sees = 0; sees < 2; sees++) {
        plan p;
        findings f = begin(&p, &jigsaw_look);
        set(&f, sees, ACCURACY, 0.6, 0.2);
        set(&f, !sees, ACCURACY, 0.5, 0.5);
        set(&f, sees, CHANGE, 0, 0.75);
        set(&f, !sees, CHANGE, 0, 2e-7);
        SAYS(&f, sees ? "a logit of second by up to 0.76 of the largest: it sees where a patch is."
                      : "a logit of first by up to 0.76 of the largest: it sees where a patch is.");
        SAYS(&f, sees ? "a logit of first by up to 2e-07 of the largest: they are the same but for rounding"
                      : "a logit of second by up to 2e-07 of the largest: they are the same but for rounding");
        SAYS(&f,
             sees ? "From whole pictures to 8 by 8 shuffled pieces, the accuracy of second falls from 60.00% \302\261 "
                    "0.60 to 20.00% \302\261 0.20, more than chance explains"
                  : "From whole pictures to 8 by 8 shuffled pieces, the accuracy of first falls from 60.00%");
        SAYS(&f,
             sees ? "the accuracy of first goes from 50.00% \302\261 0.50 to 50.00% \302\261 0.50: no change was found"
                  : "the accuracy of second goes from 50.00%");
        findings_free(&f);
    }
}

Test(findings, of_the_depth_tell_what_rises_and_what_falls)
{
    for (int falls = 0; falls < 2; falls++) {
        plan p;
        findings f = begin(&p, &depth_look);
        p.model_count = 1;
        set(&f, 0, 0, falls ? 4 : 2, falls ? 2 : 4);
        SAYS(
            &f,
            falls
                ? "the entropy of the class token's attention (in nats) falls from 4 \302\261 0.04 to 2 \302\261 0.02, "
                  "more than chance explains"
                : "the entropy of the class token's attention (in nats) rises from 2 \302\261 0.02 to 4 \302\261 0.04, "
                  "more than chance explains");
        SAYS(&f, falls ? "is largest in layer 1 and smallest in layer 2."
                       : "is largest in layer 2 and smallest in layer 1.");
        findings_free(&f);
    }
}

Test(findings, of_one_seed_say_nothing_about_chance)
{
    plan p;
    findings f = begin(&p, &jigsaw_look);
    set(&f, 0, ACCURACY, 0.6, 0.2);
    set(&f, 1, ACCURACY, 0.6, 0.2);
    p.seeds = 1;
    SAYS(&f, "the accuracy of first goes from 59.40% to 19.80%: one seed: nothing can be said about chance.");
    SAYS_NOT(&f, "falls");
    findings_free(&f);
}

/* What was prepared is told, and what it was prepared on. */
Test(findings, what_was_prepared_is_told)
{
    results r = { .plan = { .models = { { "alone", "a", .macs = 1 }, { "taught", "a", .macs = 1 } },
                            .model_count = 2,
                            .matchings = { EQUAL_EPOCHS },
                            .matching_count = 1,
                            .fraction_count = 1,
                            .fractions = { 1 },
                            .seeds = 1,
                            .epochs = 7,
                            .training_pictures = 90,
                            .test_pictures = 10,
                            .prepared = { "teacher", "resnet" } },
                  .prepared_accuracy = 0.25 };
    char *text = sentences_of(&r);
    cr_assert(
        strstr(text, "teacher (resnet) was trained first, for 7 epochs of 90 pictures; it is right about 25.00% of"),
        "%s", text);
    free(text);
    r.plan.halves = true;
    plan_halve_classes(&r.plan, 10);
    text = sentences_of(&r);
    cr_assert(strstr(text, "90 pictures of the classes 0:4, and all others on the classes 5:9; it is"), "%s", text);
    free(text);
}

/* -- Measures ------------------------------------------------------------------------------------------------------ */

/* Of a network with fresh weights whose positions are as large as what they are added to. */
static measured measure(const look *look, const char *model, int64_t image_size)
{
    measured m = { 0 };
    vt_seed(1);
    classifier *net = classifier_new(model, .depth = 2, .image_size = image_size);
    vt_dataset *pictures = vt_synthetic_open(false, .limit = 20);
    vt_loader *loader = vt_loader_open(pictures, .batch = look->batch);
    vt_model_init(net->model, "pos_embed", VT_INIT_NORMAL, 1);
    vt_set_training(false);
    cr_assert(look->measure(&m, net, loader), "%s", vt_error_message());
    vt_loader_close(loader);
    vt_dataset_close(pictures);
    classifier_free(net);
    return m;
}

Test(measures, of_the_jigsaw_move_no_logit_without_positions)
{
    const measured without = measure(&jigsaw_look, "vit_nano_patch4_32_no_position", 32),
                   with = measure(&jigsaw_look, "vit_nano_patch4_32", 32);
    cr_assert(without.places == 4 && with.places == 4 && with.along[3] == 8);
    cr_assert(with.values[CHANGE][0] == 0 && without.values[CHANGE][0] == 0);
    for (int i = 1; i < 4; i++) {
        cr_assert(without.values[CHANGE][i] < 1e-5, "%g", without.values[CHANGE][i]);
        cr_assert(without.values[ACCURACY][i] == without.values[ACCURACY][0]);
        cr_assert(with.values[CHANGE][i] > 1e-4, "%g", with.values[CHANGE][i]);
    }
}

/* Fresh weights are small: attention is nearly the same to all of the 65 tokens, 1/65. */
Test(measures, of_the_depth_are_those_of_even_attention_at_first)
{
    const measured m = measure(&depth_look, "vit_nano_patch4_32_no_position", 32);
    cr_assert(m.places == 2 && m.along[0] == 1 && m.along[1] == 2);
    for (int layer = 0; layer < 2; layer++) {
        cr_assert(fabs(m.values[0][layer] - log(65)) < 0.05, "%g", m.values[0][layer]);
        cr_assert(fabs(m.values[1][layer] - 16.6) < 0.5, "%g", m.values[1][layer]);
        cr_assert(fabs(m.values[2][layer] - 1 / 65.0) < 1e-3, "%g", m.values[2][layer]);
    }
}

/* The pictures are of 32 by 32, and the networks of 16 by 16: 4 by 4 patches. */
Test(measures, are_of_pictures_of_the_networks_size)
{
    const measured jigsaw = measure(&jigsaw_look, "vit_nano_patch4_32", 16),
                   depth = measure(&depth_look, "vit_nano_patch4_32", 16);
    cr_assert(jigsaw.places == 3 && jigsaw.along[2] == 4);
    cr_assert(depth.places == 2 && fabs(depth.values[0][0] - log(17)) < 0.05, "%g", depth.values[0][0]);
}
