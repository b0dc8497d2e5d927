/* matrix_unit.c - asks the processor and the system for the matrix unit. */
#include "backends/cpu/product/matrix_unit.h"
#if defined __linux__ && defined __x86_64__
#include <cpuid.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool granted;

static bool processor_has_it(void)
{
    enum { FEATURES = 7, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24 };
    unsigned a, b, c, d;
    return __get_cpuid_count(FEATURES, 0, &a, &b, &c, &d) && (d & AMX_BF16) && (d & AMX_TILE);
}

/* Linux, arch/x86/include/uapi/asm/prctl.h: the permission is the process's, for threads that are yet to come too. */
static void ask(void)
{
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    granted = processor_has_it() && syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

bool matrix_unit_is_granted(void)
{
    pthread_once(&once, ask);
    return granted;
}
#else
bool matrix_unit_is_granted(void)
{
    return false;
}
#endif
