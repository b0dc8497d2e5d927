/* Comparisons of models: the statistics, against SciPy; the sizes of runs; and the sentences, which follow from the
 * numbers alone. */
#include "compare/evaluate.h"
#include "compare/plan.h"
#include "compare/sentences.h"
#include "compare/statistics.h"
#include "left_behind.h"
#include "refused.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(statistics, .fini = expect_nothing_left);
TestSuite(plan, .fini = expect_nothing_left);
TestSuite(sentences, .fini = expect_nothing_left);

static void expect_near(int line, double value, double expected)
{
    cr_assert(fabs(value - expected) <= 1e-8 * fabs(expected), "line %d: %.17g, not %.17g", line, value, expected);
}
#define NEAR(value, expected) expect_near(__LINE__, value, expected)

/* -- Statistics, by SciPy 1.17.1 ----------------------------------------------------------------------------------- */

/* scipy.stats.ttest_ind(a, b, equal_var=False): statistic, df, pvalue; numpy.std(a, ddof=1) */
Test(statistics, welchs_test_agrees_with_scipy)
{
    const double a[] = { 0.61, 0.625, 0.60 }, b[] = { 0.52, 0.54, 0.515, 0.50 };
    const t_test test = welch_test((sample){ a, 3 }, (sample){ b, 4 });
    NEAR(sample_deviation((sample){ a, 3 }), 0.012583057392117925);
    NEAR(test.difference, 0.09291666666666665);
    NEAR(test.t, 8.446727312726049);
    NEAR(test.freedom, 4.972914598069424);
    NEAR(test.p, 0.000392013797710121);
}

Test(statistics, welchs_test_of_swapped_samples_turns_its_sign)
{
    const double a[] = { 0.61, 0.625, 0.60 }, b[] = { 0.52, 0.54, 0.515, 0.50 };
    const t_test one = welch_test((sample){ a, 3 }, (sample){ b, 4 }),
                 other = welch_test((sample){ b, 4 }, (sample){ a, 3 });
    NEAR(other.difference, -one.difference);
    NEAR(other.t, -one.t);
    NEAR(other.p, one.p);
}

/* 2 * scipy.stats.t.sf(abs(t), df) */
Test(statistics, probabilities_of_t_agree_with_scipy)
{
    NEAR(t_probability(1, 1), 0.5000000000000001);
    NEAR(t_probability(-2.5, 3.7), 0.07182202291182678);
    NEAR(t_probability(0, 5), 1);
    NEAR(t_probability(40, 2.2), 0.00034231547656460564);
    NEAR(t_probability(1.96, 1e6), 0.04999606758526985);
    NEAR(t_probability(0.01, 10), 0.9922179749909714);
}

Test(statistics, one_value_tells_nothing_of_chance)
{
    const double a[] = { 0.6 }, b[] = { 0.5 };
    const t_test test = welch_test((sample){ a, 1 }, (sample){ b, 1 });
    NEAR(test.difference, 0.1);
    cr_assert(isnan(test.p) && isnan(test.t) && isnan(sample_deviation((sample){ a, 1 })));
}

Test(statistics, values_that_do_not_vary_tell_something_only_where_they_are_equal)
{
    const double a[] = { 0.1, 0.1, 0.1 }, b[] = { 0.7, 0.7, 0.7 };
    cr_assert(welch_test((sample){ a, 3 }, (sample){ a, 3 }).p == 1);
    cr_assert(isnan(welch_test((sample){ a, 3 }, (sample){ b, 3 }).p));
}

/* By hand: 2 (1 + 12 + 66) / 2^12 of 2 and 10. */
Test(statistics, mcnemars_test_is_that_of_a_coin)
{
    NEAR(mcnemar_test(2, 10), 158 / 4096.0);
    NEAR(mcnemar_test(10, 2), 158 / 4096.0);
    NEAR(mcnemar_test(0, 6), 2 / 64.0);
    NEAR(mcnemar_test(5, 5), 1);
    NEAR(mcnemar_test(0, 0), 1);
    cr_assert(mcnemar_test(4000, 6000) < 1e-80);
}

/* -- Plans --------------------------------------------------------------------------------------------------------- */

static plan plan_of_two(void)
{
    return (plan){
        .models = { { "small", "small", .parameters = 1000000, .macs = 10000000, .pictures_a_second = 300 },
                    { "large", "large", .parameters = 2000000, .macs = 30000000, .pictures_a_second = 100 } },
        .model_count = 2,
        .matchings = { EQUAL_EPOCHS, EQUAL_COMPUTE },
        .matching_count = 2,
        .fractions = { 1 },
        .fraction_count = 1,
        .first_seed = 1,
        .seeds = 3,
        .training_pictures = 1000,
        .test_pictures = 400,
    };
}

Test(plan, the_cheaper_model_has_more_epochs_at_equal_compute)
{
    plan p = plan_of_two();
    plan_set_epochs(&p, 5);
    cr_assert(p.models[0].epochs[EQUAL_EPOCHS] == 5 && p.models[1].epochs[EQUAL_EPOCHS] == 5);
    cr_assert(p.models[0].epochs[EQUAL_COMPUTE] == 15 && p.models[1].epochs[EQUAL_COMPUTE] == 5);
}

Test(plan, the_faster_model_has_more_epochs_at_equal_time)
{
    plan p = plan_of_two();
    p.matchings[1] = EQUAL_TIME;
    p.models[0].pictures_a_second = 190;
    cr_assert(plan_has_equal_time(&p));
    plan_set_epochs(&p, 5);
    cr_assert(p.models[0].epochs[EQUAL_TIME] == 10 && p.models[1].epochs[EQUAL_TIME] == 5, "%lld",
              (long long)p.models[0].epochs[EQUAL_TIME]);
    cr_assert(plan_is_shared(&p, EQUAL_TIME, 1) && !plan_is_shared(&p, EQUAL_TIME, 0));
}

static plan plan_of_options(const char *fractions, const char *equal)
{
    plan p;
    plan_begin(&p, &(options){ .seeds = 1, .fractions = fractions, .equal = equal });
    return p;
}

Test(plan, what_is_equal_may_be_chosen)
{
    const plan p = plan_of_options("1", "time,epochs");
    cr_assert(!vt_failed() && p.matching_count == 2);
    cr_assert(p.matchings[0] == EQUAL_EPOCHS && p.matchings[1] == EQUAL_TIME);
    static const char *const wrong[] = { "", "time,", "time,time", "epoch", "all" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        plan_of_options("1", wrong[i]);
        REFUSED(VT_ERROR_ARGUMENT, "it must be some of epochs, compute and time, each once");
    }
}

/* An epoch of `small` is trained four times for one of `large`'s: 4 / 300 + 1 / 100 seconds a picture; of three seeds,
 * with tests of a third, 0.0933. */
Test(plan, more_time_is_for_more_pictures_and_then_for_more_epochs)
{
    plan p = plan_of_two();
    cr_assert(plan_fit(&p, 233.4, 16));
    cr_assert(p.epochs == 5 && p.training_pictures == 500 && p.test_pictures == 400, "%lld",
              (long long)p.training_pictures);
    p = plan_of_two();
    cr_assert(plan_fit(&p, 2000, 16));
    cr_assert(p.epochs == 21 && p.training_pictures == 1000);
}

/* Of a seed, 4 / 300 + 1 / 100 seconds a picture and a third of 1 / 50 for the teacher's part; of three, with tests of
 * a third, 0.12; and 4 / 3 of 1 / 50 for the teacher's own training: 0.1467. */
Test(plan, what_is_prepared_and_teaches_takes_its_part_of_the_time)
{
    plan p = plan_of_two();
    p.prepared = (contestant){ "teacher", "resnet", .pictures_a_second = 50 };
    p.models[1].distill = "hard";
    cr_assert(plan_fit(&p, 367, 16));
    cr_assert(p.epochs == 5 && p.training_pictures == 500, "%lld", (long long)p.training_pictures);
    p = plan_of_two();
    p.models[1].distill = "none";
    cr_assert(plan_fit(&p, 233.4, 16));
    cr_assert(p.training_pictures == 500, "%lld", (long long)p.training_pictures);
}

Test(plan, a_time_for_less_than_a_batch_is_refused)
{
    plan p = plan_of_two();
    cr_assert_not(plan_fit(&p, 1, 16));
    REFUSED(VT_ERROR_ARGUMENT, "the time is too short: in 5 epochs there would be 2 training pictures");
}

/* -- Sentences ----------------------------------------------------------------------------------------------------- */

enum { SEEDS = 3 };
static results compared;

static void begin(int64_t seeds)
{
    compared = (results){ .plan = plan_of_two(), .speeds = { 300, 100 } };
    compared.plan.seeds = seeds;
    plan_set_epochs(&compared.plan, 5);
}

/* What a model reaches: this, and a little less and more with other seeds. */
static void reach(matching which, int fraction, int model, double accuracy)
{
    for (int s = 0; s < SEEDS; s++) compared.outcomes[which][fraction][model].accuracies[s] = accuracy + 0.01 * (s - 1);
}

static void expect_sentence(int line, const char *text, bool expected)
{
    char *all = sentences_of(&compared);
    cr_assert(all && !!strstr(all, text) == expected, "line %d: %s\"%s\" in\n%s", line, expected ? "no " : "", text,
              all);
    free(all);
}
#define SAYS(text)     expect_sentence(__LINE__, text, true)
#define SAYS_NOT(text) expect_sentence(__LINE__, text, false)

Test(sentences, the_better_model_is_named_whichever_it_is)
{
    for (int better = 0; better < 2; better++) {
        begin(SEEDS);
        for (int which = 0; which < MATCHINGS; which++) {
            reach(which, 0, better, 0.7);
            reach(which, 0, !better, 0.5);
        }
        SAYS(better ? "At equal epochs (5), large is right about 70.00% \302\261 1.00 of the test pictures, and small "
                      "is right about 50.00% \302\261 1.00: large is ahead by 20.00 points, more than chance explains"
                    : "At equal epochs (5), small is right about 70.00% \302\261 1.00 of the test pictures, and large "
                      "is right about 50.00% \302\261 1.00: small is ahead by 20.00 points, more than chance explains");
        SAYS(better ? "large is ahead of small either way." : "small is ahead of large either way.");
        SAYS_NOT(better ? "small is ahead" : "large is ahead");
        SAYS_NOT("no difference");
    }
}

Test(sentences, equal_numbers_are_no_difference)
{
    begin(SEEDS);
    for (int which = 0; which < MATCHINGS; which++)
        for (int model = 0; model < 2; model++) reach(which, 0, model, 0.5);
    SAYS("no difference was found that chance would not explain (0.00 points, Welch's t-test of 3 seeds: p = 1)");
    SAYS_NOT("ahead");
}

Test(sentences, a_difference_within_the_spread_is_none)
{
    begin(SEEDS);
    for (int which = 0; which < MATCHINGS; which++) {
        reach(which, 0, 0, 0.505);
        reach(which, 0, 1, 0.5);
    }
    SAYS("no difference was found that chance would not explain (0.50 points");
    SAYS_NOT("ahead");
}

Test(sentences, which_is_ahead_may_depend_on_what_is_equal)
{
    begin(SEEDS);
    reach(EQUAL_EPOCHS, 0, 0, 0.5);
    reach(EQUAL_EPOCHS, 0, 1, 0.7);
    reach(EQUAL_COMPUTE, 0, 0, 0.9);
    reach(EQUAL_COMPUTE, 0, 1, 0.7);
    SAYS("Which is ahead depends on what is equal: large at equal epochs, small at equal compute.");
    SAYS("At equal compute (15 epochs of small: 0.15 tera multiply-accumulates; 5 epochs of large: 0.15 tera "
         "multiply-accumulates), small is right");
    SAYS_NOT("either way");
}

Test(sentences, what_is_equal_in_two_ways_is_told_once)
{
    begin(SEEDS);
    compared.plan.models[0].macs = compared.plan.models[1].macs;
    plan_set_epochs(&compared.plan, 5);
    reach(EQUAL_EPOCHS, 0, 0, 0.5);
    reach(EQUAL_EPOCHS, 0, 1, 0.7);
    SAYS("At equal epochs (5), which is equal compute as well, large is right about 70.00%");
    SAYS_NOT("At equal compute");
    SAYS_NOT("either way");
}

Test(sentences, what_is_equal_in_two_of_three_ways_is_told_with_the_first_of_them)
{
    begin(SEEDS);
    compared.plan.matchings[compared.plan.matching_count++] = EQUAL_TIME;
    plan_set_epochs(&compared.plan, 5);
    for (int which = 0; which < MATCHINGS; which++)
        for (int model = 0; model < 2; model++) reach(which, 0, model, model ? 0.7 : which == EQUAL_EPOCHS ? 0.5 : 0.9);
    SAYS("At equal compute (15 epochs of small: 0.15 tera multiply-accumulates; 5 epochs of large: 0.15 tera "
         "multiply-accumulates), which is equal time as well, small is right");
    SAYS_NOT("At equal epochs (5), which");
    SAYS_NOT("At equal time");
    SAYS("Which is ahead depends on what is equal: large at equal epochs, small at equal compute.");
}

Test(sentences, equal_time_is_told_in_seconds)
{
    begin(SEEDS);
    compared.plan.matchings[1] = EQUAL_TIME;
    plan_set_epochs(&compared.plan, 5);
    for (int model = 0; model < 2; model++) {
        reach(EQUAL_EPOCHS, 0, model, model ? 0.7 : 0.5);
        reach(EQUAL_TIME, 0, model, model ? 0.7 : 0.9);
        compared.outcomes[EQUAL_TIME][0][model].seconds = model ? 40 : 42;
    }
    SAYS("At equal time (15 epochs of small: 42 s of training; 5 epochs of large: 40 s of training), small is right");
    SAYS("Which is ahead depends on what is equal: large at equal epochs, small at equal time.");
}

Test(sentences, one_seed_says_nothing_about_chance)
{
    begin(1);
    for (int which = 0; which < MATCHINGS; which++)
        for (int model = 0; model < 2; model++) reach(which, 0, model, 0.5 + 0.2 * model);
    SAYS("large is right about 69.00% of the test pictures, and small is right about 49.00%: one seed: nothing can be "
         "said about chance.");
    SAYS_NOT("ahead");
}

/* Gaps of each fraction vary from seed to seed. */
static void reach_on_fractions(double gap_of_few, double gap_of_all)
{
    begin(SEEDS);
    compared.plan.fraction_count = 2;
    compared.plan.fractions[0] = 0.1;
    compared.plan.fractions[1] = 1;
    for (int which = 0; which < MATCHINGS; which++)
        for (int fraction = 0; fraction < 2; fraction++) {
            reach(which, fraction, 0, 0.4);
            reach(which, fraction, 1, 0.4 + (fraction ? gap_of_all : gap_of_few));
            compared.outcomes[which][fraction][1].accuracies[0] += 0.005;
        }
}

Test(sentences, the_gap_closes_widens_or_stays_as_data_grow)
{
    reach_on_fractions(0.3, 0.1);
    SAYS("the lead of large over small is 30.17 points on 100 training pictures and 10.17 on 1000: the gap closes as "
         "data grow");
    reach_on_fractions(0.1, 0.3);
    SAYS("the gap widens as data grow");
    reach_on_fractions(-0.2, 0.2);
    SAYS("the order turns round as data grow");
    reach_on_fractions(0.2, 0.2);
    SAYS("no change of the gap was found that chance would not explain");
}

Test(sentences, of_three_models_each_pair_is_held_to_more)
{
    begin(SEEDS);
    compared.plan.model_count = 3;
    compared.plan.models[2] = compared.plan.models[1];
    compared.plan.models[2].name = "third";
    for (int which = 0; which < MATCHINGS; which++)
        for (int model = 0; model < 3; model++) reach(which, 0, model, 0.5);
    SAYS("There are 3 pairs of models: a difference counts where p is below 0.017.");
}

/* -- Weights that are tested as they are --------------------------------------------------------------------------- */

static void expect_evaluated(int line, const evaluated *e, const char *wanted)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    evaluated_say(out, e);
    fclose(out);
    cr_assert(strstr(text, wanted), "line %d: no \"%s\" in\n%s", line, wanted, text);
    free(text);
}
#define EVALUATED_SAYS(e, text) expect_evaluated(__LINE__, e, text)

/* Of 20 pictures, one is right about the first 15, and the other about the last of those and the two behind it. */
Test(sentences, of_weights_name_the_better_whichever_it_is)
{
    for (int better = 0; better < 2; better++) {
        const plan p = plan_of_two();
        uint8_t right[2][20] = { { 0 } };
        for (int i = 0; i < 15; i++) right[better][i] = 1;
        for (int i = 14; i < 17; i++) right[!better][i] = 1;
        const evaluated e = { &p, 20, { right[0], right[1] } };
        EVALUATED_SAYS(&e, better
                               ? "large is right about 75.00% of the 20 test pictures, with a standard error of 9.68."
                               : "small is right about 75.00% of the 20 test pictures, with a standard error of 9.68.");
        EVALUATED_SAYS(&e,
                       better ? "large alone is right about 14, and small alone about 2: large is ahead, by more than "
                                "chance explains (McNemar's exact test: p = 0.0042)."
                              : "small alone is right about 14, and large alone about 2: small is ahead, by more than");
        for (int i = 3; i < 15; i++) right[better][i] = 0;
        EVALUATED_SAYS(&e, "no difference was found that chance would not explain (McNemar's exact test: p = 1)");
    }
}
