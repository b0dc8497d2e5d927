/* range.cu - which op a kernel in a profiler's timeline is of: ranges of NVTX, which is a header alone and does nothing
 * where no profiler listens. VT_NVTX=1 asks for them; a toolkit without the header has none. */
#include "backends/cuda/machine/device_internal.h"
#include <stdio.h>
#include <stdlib.h>

#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>
static const bool have_nvtx = true;
#else
static const bool have_nvtx = false;
static void nvtxRangePushA(const char *)
{
}
static void nvtxRangePop()
{
}
#endif

bool names_ranges()
{
    static const char *asked = getenv("VT_NVTX");
    return have_nvtx && asked && asked[0] == '1';
}

/* "conv2d resnet.c:42" */
void range_begin(const char *op, vt_site at)
{
    char name[128];
    snprintf(name, sizeof name, "%s %s:%d", op, at.file ? at.file : "", at.line);
    nvtxRangePushA(name);
}

void range_end()
{
    nvtxRangePop();
}
