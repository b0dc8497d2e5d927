/* nvToolsExt.h - NVTX with a profiler that counts: names of ranges, as a test reads them. */
#ifndef CUDA_ON_HOST_NVTOOLSEXT_H
#define CUDA_ON_HOST_NVTOOLSEXT_H

#include <string>
#include <vector>

namespace on_host
{

/* Of this thread: those that have begun, in order, and how many of them have not ended. */
struct named_ranges {
    std::vector<std::string> names;
    int open = 0;
};

inline thread_local named_ranges ranges;

} // namespace on_host

inline int nvtxRangePushA(const char *name)
{
    on_host::ranges.names.push_back(name);
    return on_host::ranges.open++;
}

inline int nvtxRangePop()
{
    return --on_host::ranges.open;
}

#endif
