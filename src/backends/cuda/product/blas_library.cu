/* blas_library.cu - finding cuBLASLt. It stays loaded for as long as the process lives. */
#include "backends/cuda/product/blas_library.h"
#include <dlfcn.h>
#include <pthread.h>

#define TEXT_(x)  #x
#define TEXT(x)   TEXT_(x)
#define FILE_NAME "libcublasLt.so." TEXT(CUBLAS_VER_MAJOR)

static blas_library library;
static bool ready;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#ifdef __CUDACC__
/* Where the linker looks, and where the toolkit is installed by default. */
static void *open_library()
{
    void *file = dlopen(FILE_NAME, RTLD_NOW | RTLD_LOCAL);
    return file ? file : dlopen("/usr/local/cuda/lib64/" FILE_NAME, RTLD_NOW | RTLD_LOCAL);
}

static bool find_functions_in(void *file)
{
#define FIND(name)                                                                                                     \
    library.name = (decltype(library.name))dlsym(file, "cublasLt" #name);                                              \
    if (!library.name)                                                                                                 \
        return raise_error(VT_ERROR_UNSUPPORTED, vt_site{}, "device cuda: " FILE_NAME " has no cublasLt" #name);
    BLAS_FUNCTIONS(FIND)
#undef FIND
    return true;
}

static bool find_functions()
{
    void *file = open_library();
    if (!file)
        return raise_error(VT_ERROR_UNSUPPORTED, vt_site{},
                           "device cuda: matrix products need cuBLAS %d, whose " FILE_NAME " was not found: install it "
                           "(it is part of the CUDA toolkit) and have LD_LIBRARY_PATH name its folder (%s)",
                           CUBLAS_VER_MAJOR, dlerror());
    if (find_functions_in(file)) return true;
    dlclose(file);
    return false;
}
#else
/* On the host the header has the functions' bodies. */
static bool find_functions()
{
#define FIND(name) library.name = cublasLt##name;
    BLAS_FUNCTIONS(FIND)
#undef FIND
    return true;
}
#endif

static bool start()
{
    if (!find_functions()) return false;
    cublasStatus_t status = library.Create(&library.handle);
    if (status == CUBLAS_STATUS_SUCCESS) return true;
    return raise_error(VT_ERROR_UNSUPPORTED, vt_site{}, "device cuda: cublasLtCreate: %s",
                       library.GetStatusString(status));
}

const blas_library *blas_load()
{
    pthread_mutex_lock(&lock);
    if (!ready) ready = start();
    bool loaded = ready;
    pthread_mutex_unlock(&lock);
    return loaded ? &library : NULL;
}
