/* cudnn_library.cu - finding cuDNN. It stays loaded for as long as the process lives. */
#include "backends/cuda/cudnn/cudnn_library.h"

extern "C" {
#include "core/base/log.h"
}
#include <dlfcn.h>
#include <pthread.h>

#define TEXT_(x)  #x
#define TEXT(x)   TEXT_(x)
#define FILE_NAME "libcudnn.so." TEXT(CUDNN_MAJOR)

static cudnn_library library;
static bool ready;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Where the linker looks, and where the toolkit is installed by default. */
static void find_library()
{
    void *file = dlopen(FILE_NAME, RTLD_NOW | RTLD_LOCAL);
    if (!file) file = dlopen("/usr/local/cuda/lib64/" FILE_NAME, RTLD_NOW | RTLD_LOCAL);
    ready = file != NULL;
#define FIND(name)                                                                                                     \
    library.name = ready ? (decltype(library.name))dlsym(file, "cudnn" #name) : NULL;                                  \
    ready = ready && library.name;
    CUDNN_FUNCTIONS(FIND)
#undef FIND
    if (!ready) log_line("tune", FILE_NAME " is not to be had: convolutions are this library's own (%s)", dlerror());
}

const cudnn_library *cudnn_load()
{
    pthread_once(&once, find_library);
    return ready ? &library : NULL;
}
