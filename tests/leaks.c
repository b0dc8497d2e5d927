/* leaks.c - where leaks are looked for: in the processes that Criterion runs tests in. Its own runner leaks now and
 * then. */
#include <errno.h>
#include <string.h>

int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return strcmp(program_invocation_short_name, "boxfort-worker") != 0;
}
