/* copy.cu - from any dtype and layout to any other. */
#include "backends/cuda/kernels.h"
#include "backends/cuda/element/stored.h"
#include "backends/cuda/element/walk.h"

/* The arrays of a walk. */
enum { TO, FROM };

/* -- Element by element, or several as one ------------------------------------------------------------------------- */

/* to and from are the arrays of the walk. */
template <class To, class From> static __global__ void copy_elements(walk<2> w, To *to, const From *from)
{
    int64_t index = thread_in_grid(), offset[2];
    if (index >= w.count) return;
    find_offsets(w, index, offset);
    to[offset[TO]] = converter<To, From>::of(from[offset[FROM]]);
}

template <class To, class From> static void copy_one_by_one(const walk<2> &w, const array *to, const array *from)
{
    LAUNCH((copy_elements<To, From>), blocks_for(w.count, BLOCK), BLOCK, 0, compute_stream(), w, (To *)to->data,
           (const From *)from->data);
}

static bool has_units_of(const walk<2> &w, int width, const array *to, const array *from)
{
    int last = innermost(w);
    return w.stride[TO][last] == 1 && w.stride[FROM][last] == 1 && w.extent[last] % width == 0 &&
           has_runs_of(w, TO, width) && has_runs_of(w, FROM, width) && is_aligned(to, width) && is_aligned(from, width);
}

/* Where both arrays consist of units of WIDTH elements. */
template <int WIDTH, class T> static bool copy_units(const walk<2> &w, const array *to, const array *from)
{
    if (!has_units_of(w, WIDTH, to, from)) return false;
    copy_one_by_one<vector<T, WIDTH>, vector<T, WIDTH>>(in_units_of(w, WIDTH), to, from);
    return true;
}

enum { ROUNDED = 8 }; /* elements at a time between f32 and bf16 */

/* The same, of a walk through units of ROUNDED elements. */
static __global__ void copy_floats(walk<2> w, stored to, stored from)
{
    int64_t index = thread_in_grid(), offset[2];
    if (index >= w.count) return;
    find_offsets(w, index, offset);
    store_floats(to, offset[TO] * ROUNDED, load_floats<ROUNDED>(from, offset[FROM] * ROUNDED));
}

static bool copy_rounded_units(const walk<2> &w, const array *to, const array *from)
{
    if (!has_units_of(w, ROUNDED, to, from)) return false;
    walk<2> units = in_units_of(w, ROUNDED);
    LAUNCH(copy_floats, blocks_for(units.count, BLOCK), BLOCK, 0, compute_stream(), units, stored_of(to),
           stored_of(from));
    return true;
}

/* -- Transposed: neighbours in one array are far apart in the other ------------------------------------------------ */

enum { LANES = 32, LANE_ROWS = BLOCK / LANES, LEAST_EXTENT = 8 };

/* Matrices whose rows have no gaps in `from`, and whose columns have none in `to`. An argument of kernels. */
struct transposition {
    walk<2> matrices;
    int64_t rows, columns;
    int64_t row_stride, column_stride; /* from one row to the next in `from`; from one column to the next in `to` */
    uint32_t tiles_down, tiles_across; /* of a matrix */
    divisor by_tiles, by_tiles_across;
};

/* A tile's rows are a few sectors of memory long. */
template <class T> constexpr int tile_extent = sizeof(T) < 4 ? 64 : 32;

/* from [matrices, rows, columns] -> to, the same elements. A block has a tile of a matrix. */
template <class To, class From> static __global__ void transpose_tiles(transposition t, To *to, const From *from)
{
    constexpr int TILE = tile_extent<To>;
    SHARED(To, tile, [TILE][TILE + 1]);
    const int lane = (int)threadIdx.x % LANES, lane_row = (int)threadIdx.x / LANES;
    uint32_t matrix = quotient(blockIdx.x, t.by_tiles), number = blockIdx.x - matrix * t.tiles_down * t.tiles_across;
    uint32_t down = quotient(number, t.by_tiles_across), across = number - down * t.tiles_across;
    int64_t row = (int64_t)down * TILE, column = (int64_t)across * TILE, offset[2];
    find_offsets(t.matrices, matrix, offset);
#pragma unroll
    for (int r = lane_row; r < TILE; r += LANE_ROWS)
#pragma unroll
        for (int c = lane; c < TILE; c += LANES)
            if (row + r < t.rows && column + c < t.columns)
                tile[r][c] = converter<To, From>::of(from[offset[FROM] + (row + r) * t.row_stride + column + c]);
    __syncthreads();
#pragma unroll
    for (int c = lane_row; c < TILE; c += LANE_ROWS)
#pragma unroll
        for (int r = lane; r < TILE; r += LANES)
            if (row + r < t.rows && column + c < t.columns)
                to[offset[TO] + (column + c) * t.column_stride + row + r] = tile[r][c];
}

/* The axis along which neighbours in `from` lie, if that is another than for `to` and tiles are worth it; -1: none. */
static int axis_across(const walk<2> &w)
{
    int last = innermost(w);
    if (w.stride[TO][last] != 1 || w.stride[FROM][last] == 1 || w.extent[last] < LEAST_EXTENT) return -1;
    for (int axis = 0; axis < last; axis++)
        if (w.stride[FROM][axis] == 1 && w.extent[axis] >= LEAST_EXTENT) return axis;
    return -1;
}

static uint32_t tiles_of(int64_t extent, int tile)
{
    return (uint32_t)((extent + tile - 1) / tile);
}

template <class To, class From> static bool transpose(const walk<2> &w, const array *to, const array *from)
{
    const int down = innermost(w), across = axis_across(w), tile = tile_extent<To>;
    if (across < 0 || !w.narrow) return false;
    transposition t = { .matrices = without_axes(w, across, down) };
    t.rows = w.extent[down];
    t.columns = w.extent[across];
    t.row_stride = w.stride[FROM][down];
    t.column_stride = w.stride[TO][across];
    t.tiles_down = tiles_of(t.rows, tile);
    t.tiles_across = tiles_of(t.columns, tile);
    t.by_tiles = make_divisor((int64_t)t.tiles_down * t.tiles_across);
    t.by_tiles_across = make_divisor(t.tiles_across);
    unsigned blocks = (unsigned)t.matrices.count * t.tiles_down * t.tiles_across;
    LAUNCH((transpose_tiles<To, From>), blocks, BLOCK, 0, compute_stream(), t, (To *)to->data,
           (const From *)from->data);
    return true;
}

/* -- By dtypes ----------------------------------------------------------------------------------------------------- */

template <class T> static void copy_alike(const walk<2> &w, const array *to, const array *from)
{
    constexpr int MOST = (int)(WIDEST_ACCESS / sizeof(T));
    if (!transpose<T, T>(w, to, from) && !copy_units<MOST, T>(w, to, from) && !copy_units<MOST / 2, T>(w, to, from))
        copy_one_by_one<T, T>(w, to, from);
}

/* Between f32 and bf16. */
template <class To, class From> static void copy_rounded(const walk<2> &w, const array *to, const array *from)
{
    if (!transpose<To, From>(w, to, from) && !copy_rounded_units(w, to, from)) copy_one_by_one<To, From>(w, to, from);
}

static void copy_converted(const walk<2> &w, const array *to, const array *from)
{
    with_type(to->dtype, [&](auto to_type) {
        with_type(from->dtype,
                  [&](auto from_type) { copy_one_by_one<decltype(to_type), decltype(from_type)>(w, to, from); });
    });
}

static void copy_walk(const walk<2> &w, const array *to, const array *from)
{
    if (to->dtype == from->dtype) {
        with_bits(vt_dtype_size(to->dtype), [&](auto bits) { copy_alike<decltype(bits)>(w, to, from); });
    } else if (to->dtype == VT_BF16 && from->dtype == VT_F32) {
        copy_rounded<bf16, float>(w, to, from);
    } else if (to->dtype == VT_F32 && from->dtype == VT_BF16) {
        copy_rounded<float, bf16>(w, to, from);
    } else {
        copy_converted(w, to, from);
    }
}

/* Orders the axes of both as they lie in memory that is copied to. */
static void sort_axes(array *to, array *from)
{
    int order[VT_MAX_RANK];
    for (int i = 0; i < to->shape.rank; i++) {
        int k = i;
        for (; k > 0 && llabs(to->stride[order[k - 1]]) < llabs(to->stride[i]); k--) order[k] = order[k - 1];
        order[k] = i;
    }
    *to = array_permute(*to, order);
    *from = array_permute(*from, order);
}

bool cuda_copy(array *to, const array *from)
{
    array target = *to, source = *from;
    sort_axes(&target, &source);
    walk<2> w = make_walk<2>(target.shape, { &target, &source });
    bool alike = to->dtype == from->dtype;
    if (w.count == 0 || (alike && is_one_run(w) && to->data == from->data)) return true;
    if (alike && is_one_run(w))
        return cuda_ok(cudaMemcpyAsync(to->data, from->data, (size_t)w.count * vt_dtype_size(to->dtype),
                                       cudaMemcpyDeviceToDevice, compute_stream()),
                       "cudaMemcpyAsync");
    copy_walk(w, &target, &source);
    return cuda_ok(cudaGetLastError(), "copy");
}
