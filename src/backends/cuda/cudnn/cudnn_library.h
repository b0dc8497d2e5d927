/* cudnn_library.h - cuDNN, loaded when the first convolution is prepared: it takes some hundred megabytes of memory. */
#ifndef VITRO_BACKENDS_CUDA_CUDNN_CUDNN_LIBRARY_H
#define VITRO_BACKENDS_CUDA_CUDNN_CUDNN_LIBRARY_H

#include <cudnn.h>

/* What this library calls of it. */
#define CUDNN_FUNCTIONS(DO)                                                                                            \
    DO(Create)                                                                                                         \
    DO(SetStream)                                                                                                      \
    DO(GetErrorString)                                                                                                 \
    DO(BackendCreateDescriptor)                                                                                        \
    DO(BackendDestroyDescriptor)                                                                                       \
    DO(BackendSetAttribute)                                                                                            \
    DO(BackendGetAttribute)                                                                                            \
    DO(BackendFinalize)                                                                                                \
    DO(BackendExecute)

typedef struct cudnn_library {
#define MEMBER(name) decltype(&cudnn##name) name;
    CUDNN_FUNCTIONS(MEMBER)
#undef MEMBER
} cudnn_library;

/* Of the process, and for every thread; NULL, and a line in the log the first time, where it is not to be had. */
const cudnn_library *cudnn_load();

#endif
