/* small_groups.cu - convolutions in groups of few channels, element by element: an output sees so few numbers that
 * nothing is gained by a product of matrices. A thread has an element of the result, or, where each channel has a
 * kernel of its own, neighbouring channels of a pixel. The gradient of weight is summed over parts of the pixels, and
 * these sums are added in order. */
#include "backends/cuda/element/stored.h"
#include "backends/cuda/image/small_groups.h"
#include "backends/cuda/machine/device.h"
#include "backends/cuda/reduction/sum_of_parts.h"

enum { MOST_OF_GROUP = 4, WIDTH = 4, MOST_TAPS = 1 << 12 };

/* An argument of kernels. `a` and `b` as of convolution_operands; pairs are vertical and horizontal. */
typedef struct grouped {
    int channels, outputs;             /* of x, of y */
    int group_channels, group_outputs; /* of a group */
    int size[2], kernel[2], output[2];
    int stride[2], padding[2], dilation[2];
    stored a, b, result;
    const float *bias; /* NULL: none */
} grouped;

typedef struct pixel {
    int64_t image;
    int row, column;
} pixel;

static __device__ inline pixel pixel_of(int64_t number, const int (&extent)[2])
{
    const int64_t line = number / extent[1];
    return { line / extent[0], (int)(line % extent[0]), (int)(number % extent[1]) };
}

static __device__ inline int64_t pixel_at(int64_t image, const int (&extent)[2], int row, int column)
{
    return (image * extent[0] + row) * extent[1] + column;
}

/* Where output `place` sees x through kernel position `tap` of an axis; outside of x: below 0, or the size or more. */
static __device__ inline int seen_at(const grouped &g, int axis, int place, int tap)
{
    return place * g.stride[axis] - g.padding[axis] + tap * g.dilation[axis];
}

/* The output that sees x at `place` through kernel position `tap` of an axis; -1: none. */
static __device__ inline int seeing(const grouped &g, int axis, int place, int tap)
{
    const int from = place + g.padding[axis] - tap * g.dilation[axis];
    if (from < 0 || from % g.stride[axis]) return -1;
    return from / g.stride[axis] < g.output[axis] ? from / g.stride[axis] : -1;
}

static __device__ inline bool is_inside(int place, int extent)
{
    return (unsigned)place < (unsigned)extent;
}

/* -- Images: y, and the gradient of x ------------------------------------------------------------------------------ */

/* sum += W neighbouring outputs from number `output` on, of what a pixel of x has under kernel position `tap`. W is 1,
 * or groups have a channel each. */
template <int W>
static __device__ inline void add_seen(const grouped &g, int64_t pixel, int tap, int output, vector<float, W> &sum)
{
    const int taps = g.kernel[0] * g.kernel[1], first = output / g.group_outputs * g.group_channels;
    for (int i = 0; i < (W == 1 ? g.group_channels : 1); i++) {
        const vector<float, W> x = load_floats<W>(g.a, pixel * g.channels + first + i);
#pragma unroll
        for (int e = 0; e < W; e++) {
            const int64_t at = ((int64_t)(output + e) * taps + tap) * g.group_channels + i;
            sum.at[e] += x.at[e] * element_of<float>(g.b, at);
        }
    }
}

/* The same, of the gradient that a pixel of y has, for channels of x. */
template <int W>
static __device__ inline void add_seeing(const grouped &g, int64_t pixel, int tap, int channel, vector<float, W> &sum)
{
    const int taps = g.kernel[0] * g.kernel[1], group = channel / g.group_channels;
    for (int i = 0; i < (W == 1 ? g.group_outputs : 1); i++) {
        const int output = group * g.group_outputs + i;
        const vector<float, W> x = load_floats<W>(g.a, pixel * g.outputs + output);
#pragma unroll
        for (int e = 0; e < W; e++) {
            const int64_t at = ((int64_t)(output + e) * taps + tap) * g.group_channels + channel % g.group_channels;
            sum.at[e] += x.at[e] * element_of<float>(g.b, at);
        }
    }
}

/* x [batch, size, channels], weight [outputs, kernel, group_channels], bias [outputs] or NULL -> y [batch, output,
 * outputs]. `count` vectors of it. */
template <int W> static __global__ void __launch_bounds__(BLOCK) see_x(int64_t count, grouped g)
{
    const int64_t index = thread_in_grid();
    if (index >= count) return;
    const int vectors = g.outputs / W, output = (int)(index % vectors) * W;
    const pixel at = pixel_of(index / vectors, g.output);
    vector<float, W> sum = {};
    for (int e = 0; g.bias && e < W; e++) sum.at[e] = g.bias[output + e];
    for (int i = 0; i < g.kernel[0]; i++) {
        const int row = seen_at(g, 0, at.row, i);
        if (!is_inside(row, g.size[0])) continue;
        for (int j = 0; j < g.kernel[1]; j++) {
            const int column = seen_at(g, 1, at.column, j);
            if (!is_inside(column, g.size[1])) continue;
            add_seen<W>(g, pixel_at(at.image, g.size, row, column), i * g.kernel[1] + j, output, sum);
        }
    }
    store_floats(g.result, index * W, sum);
}

/* The gradient of y [batch, output, outputs], weight -> the gradient of x [batch, size, channels]. */
template <int W> static __global__ void __launch_bounds__(BLOCK) see_gradient(int64_t count, grouped g)
{
    const int64_t index = thread_in_grid();
    if (index >= count) return;
    const int vectors = g.channels / W, channel = (int)(index % vectors) * W;
    const pixel at = pixel_of(index / vectors, g.size);
    vector<float, W> sum = {};
    for (int i = 0; i < g.kernel[0]; i++) {
        const int row = seeing(g, 0, at.row, i);
        if (row < 0) continue;
        for (int j = 0; j < g.kernel[1]; j++) {
            const int column = seeing(g, 1, at.column, j);
            if (column < 0) continue;
            add_seeing<W>(g, pixel_at(at.image, g.output, row, column), i * g.kernel[1] + j, channel, sum);
        }
    }
    store_floats(g.result, index * W, sum);
}

/* -- The gradient of weight ---------------------------------------------------------------------------------------- */

enum { LINES = BLOCK / WARP };

/* The pixels of y that a part has, and how many there are of all images. */
typedef struct share {
    int64_t pixels, of_part;
} share;

/* The gradient of y, x -> sums [parts, outputs, kernel, group_channels]. Blocks along x have WARP pairs of an output
 * and a channel that it sees, along y a kernel position, along z a part. */
static __global__ void __launch_bounds__(BLOCK) add_pixels(grouped g, share s, float *sums)
{
    SHARED(float, partial, [LINES][WARP]);
    const int lane = (int)threadIdx.x % WARP, line = (int)threadIdx.x / WARP, taps = g.kernel[0] * g.kernel[1];
    const int pair = (int)blockIdx.x * WARP + lane, pairs = g.outputs * g.group_channels, tap = (int)blockIdx.y;
    const int output = pair / g.group_channels, i = pair % g.group_channels;
    const int channel = output / g.group_outputs * g.group_channels + i;
    const int64_t first = blockIdx.z * s.of_part, end = first + s.of_part < s.pixels ? first + s.of_part : s.pixels;
    float sum = 0;
    for (int64_t number = first + line; pair < pairs && number < end; number += LINES) {
        const pixel at = pixel_of(number, g.output);
        const int row = seen_at(g, 0, at.row, tap / g.kernel[1]), column = seen_at(g, 1, at.column, tap % g.kernel[1]);
        if (!is_inside(row, g.size[0]) || !is_inside(column, g.size[1])) continue;
        sum += element_of<float>(g.a, number * g.outputs + output) *
               element_of<float>(g.b, pixel_at(at.image, g.size, row, column) * g.channels + channel);
    }
    partial[line][lane] = sum;
    __syncthreads();
    if (line || pair >= pairs) return;
    for (int l = 1; l < LINES; l++) sum += partial[l][lane];
    sums[(int64_t)blockIdx.z * pairs * taps + ((int64_t)output * taps + tap) * g.group_channels + i] = sum;
}

/* -- Problems ------------------------------------------------------------------------------------------------------ */

bool small_groups_take(const convolution *p)
{
    const int64_t channels = p->channels / p->groups, outputs = p->outputs / p->groups, most = 1 << 28;
    if (p->groups < 2 || channels > MOST_OF_GROUP || outputs > MOST_OF_GROUP) return false;
    for (int i = 0; i < 2; i++)
        if (p->size[i] > most || p->padding[i] > most || p->stride[i] > most || p->output[i] * p->stride[i] > most ||
            p->kernel[i] * p->dilation[i] > most || p->kernel[i] > MOST_TAPS)
            return false;
    const int64_t x = p->batch * p->size[0] * p->size[1], y = p->batch * p->output[0] * p->output[1];
    return p->channels < most && p->outputs < most && x * p->channels / BLOCK < INT32_MAX &&
           y * p->outputs / BLOCK < INT32_MAX && p->kernel[0] * p->kernel[1] <= MOST_TAPS;
}

/* So many parts that every multiprocessor has work, of some length. */
static int parts_of(const convolution *p)
{
    const int64_t BLOCKS_EACH = 4, LEAST_PIXELS = 32 * LINES, MOST_PARTS = 65535;
    const int64_t pixels = p->batch * p->output[0] * p->output[1], pairs = p->outputs * (p->channels / p->groups);
    const int64_t blocks = divided_up(pairs, WARP) * p->kernel[0] * p->kernel[1];
    const int64_t wanted = divided_up(BLOCKS_EACH * multiprocessors(), blocks);
    const int64_t possible = divided_up(pixels, LEAST_PIXELS), parts = wanted < possible ? wanted : possible;
    return (int)(parts < 1 ? 1 : parts < MOST_PARTS ? parts : MOST_PARTS);
}

size_t small_groups_scratch(const convolution *p)
{
    if (p->pass != CONVOLUTION_WEIGHT_GRADIENT) return 0;
    const int parts = parts_of(p);
    return parts > 1 ? (size_t)parts * (size_t)weight_count(p) * sizeof(float) : 0;
}

/* -- Launches ------------------------------------------------------------------------------------------------------ */

static grouped grouped_of(const convolution *p, const convolution_operands *o)
{
    const bool is_bf16 = p->dtype == VT_BF16;
    grouped g = { .channels = (int)p->channels,
                  .outputs = (int)p->outputs,
                  .group_channels = (int)(p->channels / p->groups),
                  .group_outputs = (int)(p->outputs / p->groups) };
    for (int i = 0; i < 2; i++) {
        g.size[i] = (int)p->size[i];
        g.kernel[i] = (int)p->kernel[i];
        g.output[i] = (int)p->output[i];
        g.stride[i] = (int)p->stride[i];
        g.padding[i] = (int)p->padding[i];
        g.dilation[i] = (int)p->dilation[i];
    }
    g.a = { (void *)o->a, is_bf16 };
    g.b = { (void *)o->b, is_bf16 };
    g.result = { o->result, p->result_dtype == VT_BF16 };
    g.bias = o->bias;
    return g;
}

/* Where each channel has a kernel of its own, and vectors of them are aligned. */
static bool in_vectors(const grouped &g)
{
    const uintptr_t addresses = (uintptr_t)g.a.data | (uintptr_t)g.result.data;
    return g.group_channels == 1 && g.group_outputs == 1 && g.channels % WIDTH == 0 &&
           addresses % (WIDTH * sizeof(float)) == 0;
}

template <int W> static void queue_image(const convolution *p, const grouped &g)
{
    const bool forward = p->pass == CONVOLUTION_FORWARD;
    const int64_t pixels = forward ? p->output[0] * p->output[1] : p->size[0] * p->size[1];
    const int64_t count = p->batch * pixels * (forward ? g.outputs : g.channels) / W;
    if (forward)
        LAUNCH(see_x<W>, blocks_for(count, BLOCK), BLOCK, 0, compute_stream(), count, g);
    else
        LAUNCH(see_gradient<W>, blocks_for(count, BLOCK), BLOCK, 0, compute_stream(), count, g);
}

static void queue_weight(const convolution *p, const grouped &g, float *scratch)
{
    const int parts = parts_of(p);
    const int64_t pixels = p->batch * p->output[0] * p->output[1];
    const share s = { pixels, divided_up(pixels, parts) };
    const dim3 grid(blocks_for((int64_t)g.outputs * g.group_channels, WARP), (unsigned)(g.kernel[0] * g.kernel[1]),
                    (unsigned)parts);
    float *sums = parts > 1 ? scratch : (float *)g.result.data;
    LAUNCH(add_pixels, grid, BLOCK, 0, compute_stream(), g, s, sums);
    if (parts == 1) return;
    queue_sum_of_parts(weight_count(p), parts, sums, (float *)g.result.data);
}

void small_groups_queue(const convolution *p, const convolution_operands *o, void *scratch)
{
    const grouped g = grouped_of(p, o);
    if (p->pass == CONVOLUTION_WEIGHT_GRADIENT)
        queue_weight(p, g, (float *)scratch);
    else if (in_vectors(g))
        queue_image<WIDTH>(p, g);
    else
        queue_image<1>(p, g);
}
