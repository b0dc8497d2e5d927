/* matrix_unit.c - asks the system for the matrix unit. */
#include "backends/cpu/product/matrix_unit.h"
#ifdef MATRIX_UNIT_EXISTS
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool granted;

/* Linux, arch/x86/include/uapi/asm/prctl.h: the permission is the process's, for threads that are yet to come too. */
static void ask(void)
{
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    granted = syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
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
