/* cudnn_plan.cu - a convolution as a graph of one operation, and the plans that cuDNN's heuristics find for it. */
#include "backends/cuda/cudnn/cudnn_plan.h"
#include <vitro/base.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef cudnnBackendDescriptor_t descriptor;

/* -- Descriptors --------------------------------------------------------------------------------------------------- */

/* Makes descriptors, and ends them all together. After the first failure nothing more is done. */
typedef struct builder {
    const cudnn_library *library;
    descriptor made[CUDNN_KNOB_TYPE_COUNTS + 16];
    int count;
    bool ok;
} builder;

static descriptor make(builder *b, cudnnBackendDescriptorType_t type)
{
    descriptor d = NULL;
    b->ok = b->ok && !b->library->BackendCreateDescriptor(type, &d);
    if (d) b->made[b->count++] = d;
    return d;
}

static void set(builder *b, descriptor d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                int64_t count, const void *values)
{
    b->ok = b->ok && !b->library->BackendSetAttribute(d, name, type, count, values);
}

static void set_descriptor(builder *b, descriptor d, cudnnBackendAttributeName_t name, descriptor value)
{
    set(b, d, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

static void finalize(builder *b, descriptor d)
{
    b->ok = b->ok && !b->library->BackendFinalize(d);
}

static void discard(builder *b)
{
    for (int i = 0; i < b->count; i++) b->library->BackendDestroyDescriptor(b->made[i]);
}

descriptor cudnn_describe_device(const cudnn_library *library, const char *json)
{
    builder b = { .library = library, .ok = true };
    descriptor d = make(&b, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
    int32_t number = 0;
    if (json) {
        set(&b, d, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, (int64_t)strlen(json), json);
    } else {
        b.ok = b.ok && cudaGetDevice(&number) == cudaSuccess;
        set(&b, d, CUDNN_ATTR_DEVICEPROP_DEVICE_ID, CUDNN_TYPE_INT32, 1, &number);
    }
    finalize(&b, d);
    if (b.ok) return d;
    discard(&b);
    return NULL;
}

/* -- The graph ----------------------------------------------------------------------------------------------------- */

/* [count, channels, height, width], with the channels last in memory. */
static descriptor make_tensor(builder *b, int64_t number, int64_t dtype, int64_t count, int64_t channels,
                              const int64_t (&size)[2])
{
    cudnnDataType_t type = dtype == VT_BF16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
    int64_t extents[] = { count, channels, size[0], size[1] }, alignment = 16;
    int64_t strides[] = { size[0] * size[1] * channels, 1, size[1] * channels, channels };
    descriptor d = make(b, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    set(b, d, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &number);
    set(b, d, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
    set(b, d, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, extents);
    set(b, d, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides);
    set(b, d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment);
    finalize(b, d);
    return d;
}

/* Sums are f32. */
static descriptor make_convolution(builder *b, const convolution *p)
{
    cudnnDataType_t sums = CUDNN_DATA_FLOAT;
    cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    int64_t axes = 2, behind[] = { padding_behind(p, 0), padding_behind(p, 1) };
    descriptor d = make(b, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    set(b, d, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &axes);
    set(b, d, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &sums);
    set(b, d, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
    set(b, d, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, axes, p->padding);
    set(b, d, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, axes, behind);
    set(b, d, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, axes, p->stride);
    set(b, d, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, axes, p->dilation);
    finalize(b, d);
    return d;
}

/* What cuDNN calls the operation of each pass, and its attributes. */
static const struct {
    cudnnBackendDescriptorType_t operation;
    cudnnBackendAttributeName_t convolution, x, weight, y, alpha, beta;
} names[] = {
#define PASS(name) CUDNN_BACKEND_OPERATION_CONVOLUTION_##name##_DESCRIPTOR
#define NAME(name) CUDNN_ATTR_OPERATION_CONVOLUTION_##name
    { PASS(FORWARD), NAME(FORWARD_CONV_DESC), NAME(FORWARD_X), NAME(FORWARD_W), NAME(FORWARD_Y), NAME(FORWARD_ALPHA),
      NAME(FORWARD_BETA) },
    { PASS(BACKWARD_DATA), NAME(BWD_DATA_CONV_DESC), NAME(BWD_DATA_DX), NAME(BWD_DATA_W), NAME(BWD_DATA_DY),
      NAME(BWD_DATA_ALPHA), NAME(BWD_DATA_BETA) },
    { PASS(BACKWARD_FILTER), NAME(BWD_FILTER_CONV_DESC), NAME(BWD_FILTER_X), NAME(BWD_FILTER_DW), NAME(BWD_FILTER_DY),
      NAME(BWD_FILTER_ALPHA), NAME(BWD_FILTER_BETA) },
#undef PASS
#undef NAME
};

static descriptor make_operand(builder *b, const convolution *p, int64_t number, int64_t count, int64_t channels,
                               const int64_t (&size)[2])
{
    static const int64_t results[] = { CUDNN_Y, CUDNN_X, CUDNN_WEIGHT };
    return make_tensor(b, number, number == results[p->pass] ? p->result_dtype : p->dtype, count, channels, size);
}

static descriptor make_graph(builder *b, const convolution *p)
{
    const float one = 1, zero = 0;
    const auto &name = names[p->pass];
    int64_t channels = p->channels / p->groups;
    descriptor d = make(b, name.operation), graph;
    set_descriptor(b, d, name.convolution, make_convolution(b, p));
    set_descriptor(b, d, name.x, make_operand(b, p, CUDNN_X, p->batch, p->channels, p->size));
    set_descriptor(b, d, name.weight, make_operand(b, p, CUDNN_WEIGHT, p->outputs, channels, p->kernel));
    set_descriptor(b, d, name.y, make_operand(b, p, CUDNN_Y, p->batch, p->outputs, p->output));
    set(b, d, name.alpha, CUDNN_TYPE_FLOAT, 1, &one);
    set(b, d, name.beta, CUDNN_TYPE_FLOAT, 1, &zero);
    finalize(b, d);
    graph = make(b, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    set_descriptor(b, graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, d);
    finalize(b, graph);
    return graph;
}

/* -- Plans --------------------------------------------------------------------------------------------------------- */

static const int64_t MOST_WORKSPACE = (int64_t)256 << 20;

/* What an engine may do with numbers: a bit each. None may add in another order each time. */
static uint32_t allowed_notes(const convolution *p)
{
    const char *tf32 = getenv("VT_TF32");
    uint32_t allowed = 1u << CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP;
    if (p->dtype == VT_BF16) return allowed | 1u << CUDNN_NUMERICAL_NOTE_TENSOR_CORE;
    if (!tf32 || tf32[0] != '1') return allowed;
    return allowed | 1u << CUDNN_NUMERICAL_NOTE_TENSOR_CORE | 1u << CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS;
}

/* Reads an attribute of at most `most` elements; returns how many there are. */
static int64_t get(builder *b, descriptor d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                   int64_t most, void *values)
{
    int64_t count = 0;
    b->ok = b->ok && !b->library->BackendGetAttribute(d, name, type, most, &count, values) && count <= most;
    return b->ok ? count : 0;
}

static bool is_allowed(const cudnn_library *library, descriptor configuration, uint32_t allowed)
{
    builder b = { .library = library, .ok = true };
    cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT + 8];
    descriptor engine = make(&b, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    get(&b, configuration, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &engine);
    int64_t count = get(&b, engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                        sizeof notes / sizeof *notes, notes);
    bool ok = b.ok;
    for (int64_t i = 0; ok && i < count; i++) ok = notes[i] < 32 && allowed >> notes[i] & 1;
    discard(&b);
    return ok;
}

static bool set_name(const cudnn_library *library, cudnn_plan *plan)
{
    builder b = { .library = library, .ok = true };
    descriptor knobs[CUDNN_KNOB_TYPE_COUNTS];
    int64_t engine_number, setting;
    cudnnBackendKnobType_t knob;
    descriptor engine = make(&b, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    get(&b, plan->configuration, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &engine);
    get(&b, engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &engine_number);
    for (descriptor &d : knobs) d = make(&b, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
    int64_t count = get(&b, plan->configuration, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                        CUDNN_KNOB_TYPE_COUNTS, knobs);
    size_t length = b.ok ? (size_t)snprintf(plan->name, sizeof plan->name, "%lld", (long long)engine_number) : 0;
    for (int64_t i = 0; i < count && length < sizeof plan->name; i++) {
        get(&b, knobs[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &knob);
        get(&b, knobs[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1, &setting);
        if (b.ok)
            length += (size_t)snprintf(plan->name + length, sizeof plan->name - length, "-%d_%lld", (int)knob,
                                       (long long)setting);
    }
    discard(&b);
    return b.ok;
}

/* Whether none before is the same: heuristics of different modes propose some engines both. */
static bool is_new(const cudnn_plan *plans, int number)
{
    for (int i = 0; i < number; i++)
        if (strcmp(plans[i].name, plans[number].name) == 0) return false;
    return true;
}

/* Plan number `number` of those that the configuration is to join. */
static bool make_plan(const cudnn_library *library, descriptor configuration, descriptor device, cudnn_plan *plans,
                      int number)
{
    builder b = { .library = library, .ok = true };
    cudnn_plan *plan = &plans[number];
    plan->configuration = configuration;
    if (!set_name(library, plan) || !is_new(plans, number)) return false;
    plan->plan = make(&b, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    set_descriptor(&b, plan->plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
    set_descriptor(&b, plan->plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device);
    finalize(&b, plan->plan);
    get(&b, plan->plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &plan->workspace);
    if (b.ok && plan->workspace <= MOST_WORKSPACE) return true;
    discard(&b);
    return false;
}

enum { MOST_CONFIGURATIONS = 64 };

/* Engines with their settings, the most promising first. The caller ends them. */
static int64_t ask_heuristics(const cudnn_library *library, descriptor graph, descriptor device,
                              cudnnBackendHeurMode_t mode, descriptor (&configurations)[MOST_CONFIGURATIONS])
{
    builder b = { .library = library, .ok = true };
    int64_t made = 0, count = 0;
    descriptor heuristics = make(&b, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    set_descriptor(&b, heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    set(&b, heuristics, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    set_descriptor(&b, heuristics, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, device);
    finalize(&b, heuristics);
    while (b.ok && made < MOST_CONFIGURATIONS &&
           !library->BackendCreateDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &configurations[made]))
        made++;
    if (!b.ok || library->BackendGetAttribute(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                              made, &count, configurations))
        count = 0;
    if (count > made) count = made;
    while (made > count) library->BackendDestroyDescriptor(configurations[--made]);
    discard(&b);
    return count;
}

int cudnn_make_plans(const cudnn_library *library, const convolution *p, descriptor device, cudnn_plan *plans, int most)
{
    const cudnnBackendHeurMode_t modes[] = { CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK };
    builder b = { .library = library, .ok = true };
    descriptor graph = make_graph(&b, p), configurations[MOST_CONFIGURATIONS];
    int made = 0;
    for (cudnnBackendHeurMode_t mode : modes) {
        int64_t count = b.ok && made < most ? ask_heuristics(library, graph, device, mode, configurations) : 0;
        for (int64_t i = 0; i < count; i++) {
            if (made < most && is_allowed(library, configurations[i], allowed_notes(p)) &&
                make_plan(library, configurations[i], device, plans, made))
                made++;
            else
                library->BackendDestroyDescriptor(configurations[i]);
        }
    }
    discard(&b);
    return made;
}
