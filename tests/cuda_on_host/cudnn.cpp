/* cudnn.cpp - see include/cudnn.h. A descriptor holds what it was told; what others hold of it lives on with them. */
#include <map> /* before the toolkit has words of its own */
#include <memory>
#include <stdlib.h>
#include <string.h>
#include <vector>
#include "backends/cuda/cudnn/cudnn_library.h"
#include <cuda_bf16.h>

using namespace on_host;

cudnn_behaviour on_host::cudnn = { .failing = -1 };

namespace
{

struct content;

struct value {
    cudnnBackendAttributeType_t type;
    int64_t count;
    std::vector<char> bytes;
    std::vector<std::shared_ptr<content>> descriptors;
};

struct content {
    cudnnBackendDescriptorType_t type;
    bool finalized;
    std::map<int, value> values;

    template <class T> T number(cudnnBackendAttributeName_t name, size_t place = 0) const
    {
        auto found = values.find(name);
        if (found == values.end() || found->second.bytes.size() < (place + 1) * sizeof(T))
            die("cuDNN: an attribute of descriptor type %d is missing: number %d", (int)type, (int)name);
        T x;
        memcpy(&x, found->second.bytes.data() + place * sizeof x, sizeof x);
        return x;
    }

    const content &descriptor(cudnnBackendAttributeName_t name) const
    {
        auto found = values.find(name);
        if (found == values.end() || found->second.descriptors.size() != 1)
            die("cuDNN: descriptor type %d has no descriptor in its attribute %d", (int)type, (int)name);
        return *found->second.descriptors[0];
    }

    template <class T>
    void keep(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::initializer_list<T> of)
    {
        value v = { type, (int64_t)of.size(), {}, {} };
        v.bytes.assign((const char *)of.begin(), (const char *)of.end());
        values[name] = v;
    }

    void keep(cudnnBackendAttributeName_t name, std::shared_ptr<content> of)
    {
        values[name] = { CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, {}, { std::move(of) } };
    }
};

} // namespace

struct cudnn_handle {
    cudaStream_t stream;
};

struct cudnn_descriptor {
    std::shared_ptr<content> of;
};

static size_t size_of(cudnnBackendAttributeType_t type)
{
    switch (type) {
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_HANDLE: return 8;
    case CUDNN_TYPE_CHAR: return 1;
    default: return 4;
    }
}

/* -- Descriptors --------------------------------------------------------------------------------------------------- */

cudnnStatus_t cudnnCreate(cudnnHandle_t *handle)
{
    if (on_host::cudnn.refuses_to_start) return CUDNN_STATUS_NOT_INITIALIZED;
    *handle = new cudnn_handle{};
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

const char *cudnnGetErrorString(cudnnStatus_t status)
{
    switch (status) {
    case CUDNN_STATUS_SUCCESS: return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_NOT_INITIALIZED: return "CUDNN_STATUS_NOT_INITIALIZED";
    case CUDNN_STATUS_BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED: return "CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED";
    case CUDNN_STATUS_NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
    default: return "CUDNN_STATUS_EXECUTION_FAILED";
    }
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t *descriptor)
{
    if (cudnn.is_old && type == CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR) return CUDNN_STATUS_NOT_SUPPORTED;
    *descriptor = new cudnn_descriptor{ std::make_shared<content>(content{ type, false, {} }) };
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor)
{
    delete descriptor;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count, const void *values)
{
    if (!descriptor || !values || count < 1 || descriptor->of->finalized) return CUDNN_STATUS_BAD_PARAM;
    value v = { type, count, {}, {} };
    if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
        for (int64_t i = 0; i < count; i++) {
            const cudnn_descriptor *held = ((const cudnnBackendDescriptor_t *)values)[i];
            if (!held || !held->of->finalized) return CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED;
            v.descriptors.push_back(held->of);
        }
    } else {
        v.bytes.assign((const char *)values, (const char *)values + (size_t)count * size_of(type));
    }
    descriptor->of->values[name] = v;
    return CUDNN_STATUS_SUCCESS;
}

/* -- Engines ------------------------------------------------------------------------------------------------------- */

static const int64_t WORKSPACE = 1000;

/* An engine and its one knob, for the graph. */
static std::shared_ptr<content> configuration_of(int64_t engine, const std::shared_ptr<content> &graph)
{
    auto made = std::make_shared<content>(content{ CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, true, {} });
    auto of = std::make_shared<content>(content{ CUDNN_BACKEND_ENGINE_DESCRIPTOR, true, {} });
    auto knob = std::make_shared<content>(content{ CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, true, {} });
    of->keep<int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, { engine });
    const auto note =
        engine == CUDNN_NONDETERMINISTIC ? CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC : CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP;
    of->keep<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, { note });
    of->keep(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph);
    knob->keep<int32_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, { CUDNN_KNOB_TYPE_TILE_SIZE });
    knob->keep<int64_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, { 16 });
    made->keep(CUDNN_ATTR_ENGINECFG_ENGINE, of);
    made->keep(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, knob);
    return made;
}

/* What the operation of each pass is told: the names of its attributes, and which of x, weight and y is the result. */
#define NAMES(pass, x, weight, y, result)                                                                              \
    {                                                                                                                  \
        CUDNN_ATTR_OPERATION_CONVOLUTION_##pass##_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_##pass##_##x,            \
            CUDNN_ATTR_OPERATION_CONVOLUTION_##pass##_##weight, CUDNN_ATTR_OPERATION_CONVOLUTION_##pass##_##y,         \
            CUDNN_ATTR_OPERATION_CONVOLUTION_##pass##_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_##pass##_BETA, result    \
    }
static const struct {
    cudnnBackendDescriptorType_t operation;
    struct {
        cudnnBackendAttributeName_t convolution, x, weight, y, alpha, beta;
        int result;
    } of;
} passes[] = {
    { CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR, NAMES(FORWARD, X, W, Y, 2) },
    { CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR, NAMES(BWD_DATA, DX, W, DY, 0) },
    { CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR, NAMES(BWD_FILTER, X, DW, DY, 1) },
};

/* The operands x, weight and y of a graph of one operation. */
struct operation_seen {
    const content *convolution, *operand[3];
    int result;
};

static operation_seen see_operation(const content &graph)
{
    const content &o = graph.descriptor(CUDNN_ATTR_OPERATIONGRAPH_OPS);
    for (const auto &p : passes) {
        if (p.operation != o.type) continue;
        if (o.number<float>(p.of.alpha) != 1 || o.number<float>(p.of.beta) != 0)
            die("cuDNN: alpha is not 1, or beta 0");
        return { &o.descriptor(p.of.convolution),
                 { &o.descriptor(p.of.x), &o.descriptor(p.of.weight), &o.descriptor(p.of.y) },
                 p.of.result };
    }
    die("cuDNN: descriptor type %d is no operation", (int)o.type);
}

/* What cuDNN would also do otherwise. */
static void expect_correlation(const content &convolution)
{
    if (convolution.number<int64_t>(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS) != 2 ||
        convolution.number<cudnnDataType_t>(CUDNN_ATTR_CONVOLUTION_COMP_TYPE) != CUDNN_DATA_FLOAT ||
        convolution.number<cudnnConvolutionMode_t>(CUDNN_ATTR_CONVOLUTION_CONV_MODE) != CUDNN_CROSS_CORRELATION)
        die("cuDNN: the convolution is not in two dimensions, its sums are not f32, or its weight is turned around");
}

static int64_t extent_of(const content &tensor, size_t axis)
{
    return tensor.number<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS, axis);
}

/* The windows of an axis of x. */
static int64_t windows_of(const operation_seen &seen, size_t axis)
{
    auto of = [&](cudnnBackendAttributeName_t name) { return seen.convolution->number<int64_t>(name, axis); };
    const int64_t padded = extent_of(*seen.operand[0], 2 + axis) + of(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS) +
                           of(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS);
    const int64_t room =
        padded - of(CUDNN_ATTR_CONVOLUTION_DILATIONS) * (extent_of(*seen.operand[1], 2 + axis) - 1) - 1;
    return room < 0 ? 0 : room / of(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES) + 1;
}

/* Whether y is what the convolution makes of x and weight. */
static bool extents_agree(const operation_seen &seen)
{
    const content &x = *seen.operand[0], &weight = *seen.operand[1], &y = *seen.operand[2];
    const int64_t channels = extent_of(x, 1), of_group = extent_of(weight, 1), outputs = extent_of(weight, 0);
    return extent_of(y, 0) == extent_of(x, 0) && extent_of(y, 1) == outputs && channels % of_group == 0 &&
           outputs % (channels / of_group) == 0 && extent_of(y, 2) == windows_of(seen, 0) &&
           extent_of(y, 3) == windows_of(seen, 1);
}

static cudnnStatus_t check_graph(const content &graph)
{
    const operation_seen seen = see_operation(graph);
    expect_correlation(*seen.convolution);
    return extents_agree(seen) ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

static cudnnDataType_t type_of(const content &tensor)
{
    return tensor.number<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE);
}

static bool is_widening(const content &graph)
{
    const operation_seen seen = see_operation(graph);
    return type_of(*seen.operand[seen.result]) != type_of(*seen.operand[(seen.result + 1) % 3]);
}

/* Some twice, and of both modes. */
static cudnnStatus_t propose(const content &heuristics, int64_t most, int64_t *count, cudnnBackendDescriptor_t *to)
{
    const auto mode = heuristics.number<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE);
    const auto &graph = heuristics.values.at(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH).descriptors[0];
    std::vector<int> engines = { CUDNN_NONDETERMINISTIC, CUDNN_FAST, CUDNN_WITH_WORKSPACE, CUDNN_FAST };
    if (mode == CUDNN_HEUR_MODE_FALLBACK) engines = { CUDNN_WITH_WORKSPACE, CUDNN_LEFT };
    if (is_widening(*graph) && !cudnn.widens) engines = {};
    *count = (int64_t)engines.size();
    for (int64_t i = 0; i < *count && i < most; i++) to[i]->of = configuration_of(engines[(size_t)i], graph);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t most, int64_t *count, void *values)
{
    if (!descriptor || !descriptor->of->finalized) return CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED;
    auto *held = (cudnnBackendDescriptor_t *)values;
    if (name == CUDNN_ATTR_ENGINEHEUR_RESULTS) return propose(*descriptor->of, most, count, held);
    auto found = descriptor->of->values.find(name);
    if (found == descriptor->of->values.end() || found->second.type != type) return CUDNN_STATUS_BAD_PARAM;
    const value &v = found->second;
    *count = v.count;
    for (size_t i = 0; i < v.descriptors.size() && (int64_t)i < most; i++) held[i]->of = v.descriptors[i];
    if (v.descriptors.empty())
        memcpy(values, v.bytes.data(), (size_t)(v.count < most ? v.count : most) * size_of(type));
    return CUDNN_STATUS_SUCCESS;
}

static int64_t engine_of(const content &plan)
{
    return plan.descriptor(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)
        .descriptor(CUDNN_ATTR_ENGINECFG_ENGINE)
        .number<int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor)
{
    if (!descriptor || descriptor->of->finalized) return CUDNN_STATUS_BAD_PARAM;
    content &c = *descriptor->of;
    if (c.type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)
        c.keep<int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64,
                        { engine_of(c) == CUDNN_WITH_WORKSPACE ? WORKSPACE : 0 });
    const cudnnStatus_t status =
        c.type == CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR ? check_graph(c) : CUDNN_STATUS_SUCCESS;
    c.finalized = !status;
    return status;
}

/* -- Execution ----------------------------------------------------------------------------------------------------- */

namespace
{

/* [count, channels, height, width], wherever its elements lie. */
struct tensor {
    int64_t extent[4], stride[4];
    cudnnDataType_t type;
    char *data;

    size_t bytes_each() const
    {
        return type == CUDNN_DATA_BFLOAT16 ? sizeof(uint16_t) : sizeof(float);
    }

    int64_t last() const
    {
        int64_t at = 0;
        for (int i = 0; i < 4; i++) at += (extent[i] - 1) * stride[i];
        return at;
    }

    int64_t at(int64_t n, int64_t c, int64_t row, int64_t column) const
    {
        return n * stride[0] + c * stride[1] + row * stride[2] + column * stride[3];
    }

    double get(int64_t at) const
    {
        return type == CUDNN_DATA_BFLOAT16 ? (double)__bfloat162float(((const __nv_bfloat16 *)data)[at])
                                           : (double)((const float *)data)[at];
    }

    void set(int64_t at, double x) const
    {
        if (type == CUDNN_DATA_BFLOAT16)
            ((__nv_bfloat16 *)data)[at] = __float2bfloat16((float)x);
        else
            ((float *)data)[at] = (float)x;
    }
};

struct execution {
    tensor operand[3]; /* x, weight, y */
    int result;
    int64_t stride[2], padding[2], dilation[2];
    char *workspace;
    int64_t workspace_bytes;
};

} // namespace

/* The address that the pack has for the tensor's number. */
static char *address_of(const content &pack, const content &tensor)
{
    const value &ids = pack.values.at(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
    const auto wanted = tensor.number<int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID);
    for (size_t i = 0; i < (size_t)ids.count; i++)
        if (pack.number<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, i) == wanted)
            return pack.number<char *>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, i);
    die("cuDNN: the variant pack has no tensor %d", (int)wanted);
}

static tensor see_tensor(const content &pack, const content &described)
{
    tensor t = { {}, {}, type_of(described), address_of(pack, described) };
    for (size_t i = 0; i < 4; i++) {
        t.extent[i] = described.number<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS, i);
        t.stride[i] = described.number<int64_t>(CUDNN_ATTR_TENSOR_STRIDES, i);
    }
    const auto alignment = described.number<int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
    if ((uintptr_t)t.data % (uintptr_t)alignment) die("cuDNN: a tensor at %p is not aligned as promised", t.data);
    if (!is_on_device(t.data, (size_t)(t.last() + 1) * t.bytes_each())) die("cuDNN: a tensor is not on the device");
    return t;
}

static execution see_execution(const content &plan, const content &pack)
{
    const content &configuration = plan.descriptor(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
    const content &engine = configuration.descriptor(CUDNN_ATTR_ENGINECFG_ENGINE);
    const operation_seen seen = see_operation(engine.descriptor(CUDNN_ATTR_ENGINE_OPERATION_GRAPH));
    execution e = {};
    e.result = seen.result;
    for (int i = 0; i < 3; i++) e.operand[i] = see_tensor(pack, *seen.operand[i]);
    for (size_t i = 0; i < 2; i++) {
        e.stride[i] = seen.convolution->number<int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, i);
        e.padding[i] = seen.convolution->number<int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, i);
        e.dilation[i] = seen.convolution->number<int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS, i);
    }
    e.workspace_bytes = plan.number<int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE);
    e.workspace = pack.number<char *>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
    if (!e.workspace_bytes) return e;
    if ((uintptr_t)e.workspace % 256) die("cuDNN: working memory at %p is not aligned to 256 bytes", e.workspace);
    if (!is_on_device(e.workspace, (size_t)e.workspace_bytes)) die("cuDNN: working memory is not on the device");
    return e;
}

/* Calls function(x, weight, y) with the places of each three elements that meet. */
template <class Function> static void visit(const execution &e, Function function)
{
    const tensor &x = e.operand[0], &weight = e.operand[1], &y = e.operand[2];
    const int64_t channels = weight.extent[1], of_group = y.extent[1] / (x.extent[1] / channels);
    for (int64_t n = 0; n < y.extent[0]; n++)
        for (int64_t k = 0; k < y.extent[1]; k++)
            for (int64_t i = 0; i < y.extent[2] * y.extent[3]; i++)
                for (int64_t j = 0; j < channels * weight.extent[2] * weight.extent[3]; j++) {
                    const int64_t p = i / y.extent[3], q = i % y.extent[3], s = j % weight.extent[3];
                    const int64_t r = j / weight.extent[3] % weight.extent[2];
                    const int64_t c = j / weight.extent[3] / weight.extent[2];
                    const int64_t row = p * e.stride[0] - e.padding[0] + r * e.dilation[0];
                    const int64_t column = q * e.stride[1] - e.padding[1] + s * e.dilation[1];
                    if (row < 0 || row >= x.extent[2] || column < 0 || column >= x.extent[3]) continue;
                    function(x.at(n, k / of_group * channels + c, row, column), weight.at(k, c, r, s),
                             y.at(n, k, p, q));
                }
}

/* What the working memory held is lost; so is what the result held. */
static void compute(const execution &e)
{
    const tensor &x = e.operand[0], &weight = e.operand[1], &y = e.operand[2];
    const tensor &result = e.operand[e.result];
    std::vector<double> sums((size_t)result.last() + 1);
    if (e.workspace_bytes) memset(e.workspace, 0xff, (size_t)e.workspace_bytes);
    visit(e, [&](int64_t of_x, int64_t of_weight, int64_t of_y) {
        if (e.result == 0) sums[(size_t)of_x] += weight.get(of_weight) * y.get(of_y);
        if (e.result == 1) sums[(size_t)of_weight] += x.get(of_x) * y.get(of_y);
        if (e.result == 2) sums[(size_t)of_y] += x.get(of_x) * weight.get(of_weight);
    });
    for (size_t i = 0; i < sums.size(); i++) result.set((int64_t)i, sums[i]);
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t pack)
{
    if (!handle || !plan || !pack) return CUDNN_STATUS_BAD_PARAM;
    if (!plan->of->finalized || !pack->of->finalized) return CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED;
    const int64_t engine = engine_of(*plan->of);
    if (engine == cudnn.failing) return CUDNN_STATUS_EXECUTION_FAILED;
    cudnn.executed[engine]++;
    const execution e = see_execution(*plan->of, *pack->of);
    return submit(handle->stream, [e] { compute(e); }) ? CUDNN_STATUS_EXECUTION_FAILED : CUDNN_STATUS_SUCCESS;
}

/* -- In the library's place ---------------------------------------------------------------------------------------- */

const cudnn_library *cudnn_load()
{
    static const cudnn_library library = {
#define FUNCTION(name) .name = cudnn##name,
        CUDNN_FUNCTIONS(FUNCTION)
#undef FUNCTION
    };
    return &library;
}
