/* experiment.c - vitro experiment: tries out what is said of vision transformers. */
#include "command/command.h"
#include "compare/program.h"
#include "experiment/experiments.h"
#include "program/failure.h"

static int list(void)
{
    const experiment *e;
    for (int i = 0; (e = experiment_at(i)); i++) printf("%-18s %s\n", e->name, e->summary);
    return 0;
}

static int run(int argc, char **argv)
{
    const options o = options_parse(&experimenting_line, argc, argv);
    if (!o.experiment) return list();
    const experiment *e = experiment_find(o.experiment);
    return e ? experiment_program(e, &o) : failure_report();
}

const command command_experiment = { "experiment", "try out what is said of vision transformers", &experimenting_line,
                                     run };
