/* test_plain_criterion.c - what is wrong in a test ends its child, and is not taken for a success. Each of these passes
 * where it ends as it says. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

static char *volatile memory;

Test(children, a_leak_aborts, .signal = SIGABRT)
{
    memory = malloc(8);
    memory = NULL;
}

Test(children, a_write_behind_memory_aborts, .signal = SIGABRT)
{
    memory = malloc(8);
    memory[8] = 1;
    free(memory);
}

Test(children, an_expectation_that_fails_fails_the_test, .exit_code = 1)
{
    cr_expect(!memory, "nothing was wrong");
    cr_expect(memory, "what is wrong");
    memory = NULL;
}

Test(children, an_assertion_that_fails_ends_the_test, .exit_code = 1)
{
    cr_assert(memory, "what is wrong");
    exit(EXIT_SUCCESS);
}

Test(children, a_test_that_failed_is_not_skipped, .exit_code = 1)
{
    cr_expect(memory, "what is wrong");
    cr_skip_test("too late");
}

Test(children, know_nothing_of_each_other)
{
    cr_assert(!memory);
}
