/* cudnn_convolution.cu - problems and their plans, running one, and the choice among them. */
#include "backends/cuda/machine/choose.h"
#include "backends/cuda/cudnn/cudnn_convolution.h"
#include "backends/cuda/cudnn/cudnn_plan.h"
#include "backends/cuda/kernels.h"

extern "C" {
#include "core/base/log.h"
}
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLANS = 6, ALIGNMENT = 16 };

struct cudnn_convolution {
    cudnn_convolution *next;
    convolution problem;
    cudnn_plan plans[PLANS];
    int count; /* none is remembered too */
    int chosen;
};

/* What all threads share; a handle serves one at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cudnn_convolution *known;
static cudnnHandle_t handle;
static cudnnBackendDescriptor_t device;

/* -- Its start ----------------------------------------------------------------------------------------------------- */

static void start(const cudnn_library *library)
{
    cudnnStatus_t status = library->Create(&handle);
    if (!status) device = cudnn_describe_device(library, NULL);
    if (!device)
        log_line("tune", "cuDNN %s: convolutions are this library's own",
                 status ? library->GetErrorString(status) : "does not describe the device, as 9.8 and newer do");
}

/* NULL where it is not to be had, or did not start when it was first asked for. */
static const cudnn_library *started_library()
{
    static bool tried;
    const cudnn_library *library = cudnn_load();
    if (library && !tried) start(library);
    tried = true;
    return device ? library : NULL;
}

/* -- Problems ------------------------------------------------------------------------------------------------------ */

/* A bias is added by no operation of cuDNN's that every engine has. */
static void make_plans(cudnn_convolution *c)
{
    const convolution *p = &c->problem;
    const cudnn_library *library = p->has_bias || p->batch == 0 ? NULL : started_library();
    if (!library) return;
    c->count = cudnn_make_plans(library, p, device, c->plans, timing_is_off() ? 1 : PLANS);
    if (c->count == 0)
        log_line("tune", "cuDNN: pass %lld of a convolution from %s to %s has no plan, and is this library's own",
                 (long long)p->pass, vt_dtype_name((vt_dtype)p->dtype), vt_dtype_name((vt_dtype)p->result_dtype));
}

static cudnn_convolution *find_known(const convolution *p)
{
    cudnn_convolution *c = known;
    while (c && memcmp(&c->problem, p, sizeof *p) != 0) c = c->next;
    if (c) return c;
    c = (cudnn_convolution *)calloc(1, sizeof *c);
    if (!c) return NULL;
    c->problem = *p;
    make_plans(c);
    c->chosen = UNDECIDED;
    c->next = known;
    known = c;
    return c;
}

cudnn_convolution *cudnn_find(const convolution *p)
{
    pthread_mutex_lock(&lock);
    cudnn_convolution *c = find_known(p);
    pthread_mutex_unlock(&lock);
    return c && c->count > 0 ? c : NULL;
}

size_t cudnn_scratch(const cudnn_convolution *c)
{
    int64_t most = 0;
    for (int i = 0; i < c->count; i++)
        if (c->plans[i].workspace > most) most = c->plans[i].workspace;
    return (size_t)most;
}

bool cudnn_takes(const convolution_operands *o)
{
    return ((uintptr_t)o->a | (uintptr_t)o->b | (uintptr_t)o->result) % ALIGNMENT == 0;
}

/* -- Running ------------------------------------------------------------------------------------------------------- */

static cudnnStatus_t set_pack(const cudnn_library *library, cudnnBackendDescriptor_t pack, const convolution *p,
                              const convolution_operands *o, void *workspace)
{
    static const int64_t numbers[][3] = { { CUDNN_X, CUDNN_WEIGHT, CUDNN_Y },
                                          { CUDNN_Y, CUDNN_WEIGHT, CUDNN_X },
                                          { CUDNN_Y, CUDNN_X, CUDNN_WEIGHT } };
    const void *const pointers[] = { o->a, o->b, o->result };
    cudnnStatus_t status =
        library->BackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, 3, numbers[p->pass]);
    if (!status)
        status =
            library->BackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, 3, pointers);
    if (!status)
        status =
            library->BackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace);
    return status ? status : library->BackendFinalize(pack);
}

static cudnnStatus_t execute(const convolution *p, const cudnn_plan *plan, const convolution_operands *o,
                             void *workspace)
{
    const cudnn_library *library = cudnn_load();
    cudnnBackendDescriptor_t pack = NULL;
    cudnnStatus_t status = library->BackendCreateDescriptor(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, &pack);
    if (!status) status = set_pack(library, pack, p, o, workspace);
    if (!status) status = library->SetStream(handle, compute_stream());
    if (!status) status = library->BackendExecute(handle, plan->plan, pack);
    if (pack) library->BackendDestroyDescriptor(pack);
    return status;
}

/* -- The choice ---------------------------------------------------------------------------------------------------- */

/* What there is to choose from: the plans, and behind them what others can do. */
typedef struct candidates {
    const cudnn_convolution *c;
    const convolution_operands *o;
    void *scratch;
    queue_convolution *own;
} candidates;

static void queue_own(const candidates *among)
{
    among->own(&among->c->problem, among->o, among->scratch);
}

static const char *queue_candidate(int number, const void *context)
{
    const candidates *among = (const candidates *)context;
    if (number == among->c->count) {
        queue_own(among);
        return NULL;
    }
    cudnnStatus_t status = execute(&among->c->problem, &among->c->plans[number], among->o, among->scratch);
    return status ? cudnn_load()->GetErrorString(status) : NULL;
}

static void describe_candidate(int number, const void *context, char (&text)[MAX_ANSWER])
{
    const cudnn_convolution *c = ((const candidates *)context)->c;
    snprintf(text, sizeof text, "%s", number < c->count ? c->plans[number].name : "own");
}

static int choose_among(const candidates *among)
{
    const choice c = { .problem = "convolution",
                       .key = &among->c->problem,
                       .key_size = sizeof among->c->problem,
                       .candidates = among->c->count + 1,
                       .describe = describe_candidate,
                       .queue = queue_candidate,
                       .context = among };
    return is_capturing() ? recall_choice(&c) : choose(&c);
}

void cudnn_run(cudnn_convolution *c, const convolution_operands *o, void *scratch, queue_convolution *own)
{
    const candidates among = { c, o, scratch, own };
    pthread_mutex_lock(&lock);
    if (c->chosen == UNDECIDED) c->chosen = choose_among(&among);
    const char *failure = queue_candidate(c->chosen == UNDECIDED ? 0 : c->chosen, &among);
    if (failure) {
        log_line("tune", "cuDNN: %s: this convolution is this library's own", failure);
        queue_own(&among);
    }
    pthread_mutex_unlock(&lock);
}
