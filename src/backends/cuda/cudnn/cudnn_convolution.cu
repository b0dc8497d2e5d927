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
    int count;    /* none is remembered too */
    bool rounded; /* the plans write what they read, bf16, which is widened behind them */
    int chosen;
};

/* What all threads share; a handle serves one at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cudnn_convolution *known;
static cudnnHandle_t handle;

/* -- Problems ------------------------------------------------------------------------------------------------------ */

/* Those whose result is rounded only where there is no other. */
static void make_plans_on(const cudnn_library *library, cudnnBackendDescriptor_t device, cudnn_convolution *c)
{
    convolution p = c->problem;
    int most = timing_is_off() ? 1 : PLANS;
    c->count = cudnn_make_plans(library, &p, device, c->plans, most);
    if (c->count > 0 || p.result_dtype == p.dtype) return;
    p.result_dtype = p.dtype;
    c->count = cudnn_make_plans(library, &p, device, c->plans, most);
    c->rounded = true;
    log_line("tune", "cuDNN: pass %lld of a convolution from bf16 to f32 has %d plans, all of which round to bf16",
             (long long)p.pass, c->count);
}

/* A bias is added by no operation of cuDNN's that every engine has. */
static void make_plans(cudnn_convolution *c)
{
    const convolution *p = &c->problem;
    const cudnn_library *library = p->has_bias || p->batch == 0 ? NULL : cudnn_load();
    if (!library || (!handle && library->Create(&handle))) return;
    cudnnBackendDescriptor_t device = cudnn_describe_device(library, NULL);
    if (!device) return;
    make_plans_on(library, device, c);
    library->BackendDestroyDescriptor(device);
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

static int64_t result_count(const convolution *p)
{
    if (p->pass == CONVOLUTION_FORWARD) return p->batch * p->outputs * p->output[0] * p->output[1];
    if (p->pass == CONVOLUTION_INPUT_GRADIENT) return p->batch * p->channels * p->size[0] * p->size[1];
    return weight_count(p);
}

/* Of the result, as cuDNN writes it before it is widened. */
static size_t narrow_bytes(const cudnn_convolution *c)
{
    return aligned_bytes(c->rounded ? (size_t)result_count(&c->problem) * sizeof(uint16_t) : 0);
}

size_t cudnn_scratch(const cudnn_convolution *c)
{
    int64_t most = 0;
    for (int i = 0; i < c->count; i++)
        if (c->plans[i].workspace > most) most = c->plans[i].workspace;
    return narrow_bytes(c) + (size_t)most;
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

static bool widen(const convolution *p, const void *narrow, void *result)
{
    vt_shape shape = { 1, { result_count(p) } };
    array from = array_contiguous((void *)narrow, VT_BF16, shape), to = array_contiguous(result, VT_F32, shape);
    return cuda_copy(&to, &from);
}

static bool queue(const cudnn_convolution *c, int number, const convolution_operands *o, void *scratch)
{
    const convolution *p = &c->problem;
    convolution_operands narrow = *o;
    if (c->rounded) narrow.result = scratch;
    cudnnStatus_t status = execute(p, &c->plans[number], &narrow, (char *)scratch + narrow_bytes(c));
    if (status) log_line("tune", "cuDNN: %s", cudnn_load()->GetErrorString(status));
    return !status && (!c->rounded || widen(p, narrow.result, o->result));
}

/* -- The choice ---------------------------------------------------------------------------------------------------- */

/* What there is to choose from: the plans, and behind them what others can do. */
typedef struct candidates {
    const cudnn_convolution *c;
    const convolution_operands *o;
    void *scratch;
    queue_convolution *own;
} candidates;

static bool queue_candidate(int number, const void *context)
{
    const candidates *among = (const candidates *)context;
    if (number < among->c->count) return queue(among->c, number, among->o, among->scratch);
    among->own(&among->c->problem, among->o, among->scratch);
    return true;
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
    if (!queue_candidate(c->chosen == UNDECIDED ? 0 : c->chosen, &among)) queue_candidate(c->count, &among);
    pthread_mutex_unlock(&lock);
}
