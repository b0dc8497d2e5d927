/* refused.h - that a call was refused, and what was said. */
#ifndef VITRO_TESTS_REFUSED_H
#define VITRO_TESTS_REFUSED_H

#include <vitro/error.h>
#include <criterion/criterion.h>
#include <string.h>

static inline void expect_error(int line, vt_status status, const char *text)
{
    cr_assert(vt_failed(), "line %d: nothing was refused", line);
    cr_assert(strstr(vt_error_message(), text), "line %d: the message is: %s", line, vt_error_message());
    cr_assert(vt_error_status() == status, "line %d: the status is %d: %s", line, vt_error_status(),
              vt_error_message());
    vt_error_clear();
}

/* An error stands that has this status and says this text; it is cleared. */
#define REFUSED(status, text) expect_error(__LINE__, status, text)

#endif
