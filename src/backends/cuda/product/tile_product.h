/* tile_product.h - tiles of two matrices in shared memory, and their product in registers: of bf16 on tensor cores, of
 * f32 in f32.
 *
 * A block of threads sums a tile of a b, whose lines are loaded a few steps ahead of their use. A tile of a is so many
 * rows, one of b so many columns, and either is DEPTH steps deep along the axis that is summed over. Its lines lie
 * either along that axis, or across it, as they do in global memory; lines are made of chunks of 16 bytes, whose order
 * is such that neither kind of access meets a bank of shared memory twice. */
#ifndef VITRO_BACKENDS_CUDA_PRODUCT_TILE_PRODUCT_H
#define VITRO_BACKENDS_CUDA_PRODUCT_TILE_PRODUCT_H

#include "backends/cuda/element/convert.h"
#include "backends/cuda/product/mma.h"
#include "backends/cuda/element/vector.h"

enum line_direction { ALONG, ACROSS };

static constexpr int CHUNK_BYTES = 16, DEPTH_BYTES = 128, STAGES = 3;

template <class In> static constexpr int CHUNK = CHUNK_BYTES / (int)sizeof(In);
template <class In> static constexpr int DEPTH = DEPTH_BYTES / (int)sizeof(In);

/* Of ROWS_ x COLUMNS_ sums, by warps of which each has as many as fit into its registers: a lane those of some rows and
 * some columns, that lie 8 and 4 or so apart. */
template <int ROWS_, int COLUMNS_> struct block_shape {
    static constexpr int ROWS = ROWS_, COLUMNS = COLUMNS_;
    static constexpr int WARP_ROWS = ROWS < 128 ? 32 : 64, WARP_COLUMNS = 32, WARPS_ACROSS = COLUMNS / WARP_COLUMNS;
    static constexpr int THREADS = ROWS / WARP_ROWS * WARPS_ACROSS * WARP;
    static constexpr int LANE_ROWS = WARP_ROWS / 8, LANE_COLUMNS = WARP_COLUMNS / 4;
    static constexpr int BYTES = (ROWS + COLUMNS) * DEPTH_BYTES; /* of a tile of a and one of b */
    static constexpr int SHARED_BYTES = STAGES * BYTES;
};

/* Blocks that a multiprocessor is to have registers for. */
template <class In, class Block>
static constexpr int BLOCKS_AT_ONCE = (sizeof(In) == 2 && Block::THREADS > 128 ? 512 : 256) / Block::THREADS;

/* The sums of a lane, as mma_16x8x16 has them. */
template <class Block> struct lane_sums {
    float tile[Block::LANE_ROWS / 2][Block::LANE_COLUMNS / 2][4];
};

template <class Block> static __device__ __forceinline__ float &sum_at(lane_sums<Block> &s, int i, int j)
{
    return s.tile[i / 2][j / 2][i % 2 * 2 + j % 2];
}

/* -- Tiles in shared memory ---------------------------------------------------------------------------------------- */

/* A tile of EXTENT rows or columns. All threads of a block load it together, each the same chunk of some lines. */
template <class In, class Block, int EXTENT, line_direction LINES> struct tile_shape {
    static constexpr int CHUNKS = (LINES == ALONG ? DEPTH<In> : EXTENT) / CHUNK<In>; /* of a line */
    static constexpr int COUNT = LINES == ALONG ? EXTENT : DEPTH<In>;                /* of lines */
    static constexpr int LINE_BYTES = CHUNKS * CHUNK_BYTES;
    static constexpr int LINES_AT_ONCE = Block::THREADS / CHUNKS, LINES_OF_THREAD = COUNT / LINES_AT_ONCE;

    static __device__ __forceinline__ int line(int i)
    {
        return threadIdx.x / CHUNKS + i * LINES_AT_ONCE;
    }
};

/* Eight chunks of neighbouring lines at the same place, and eight neighbours in one line, lie in different banks. Lines
 * that are a multiple of TURN apart are turned alike. */
static constexpr int TURN = 8;

template <class Tile> static __device__ __forceinline__ int chunk_offset(int line, int chunk)
{
    return line * Tile::LINE_BYTES + (chunk ^ line % TURN) * CHUNK_BYTES;
}

/* Fills a tile. `locate(i, place)` says where the element at a place in the thread's line number i comes from, and the
 * RUN - 1 behind it with it, NULL for zeros. */
template <class In, class Tile, int RUN, class Locate>
static __device__ __forceinline__ void fill_tile(char *tile, Locate locate)
{
    static_assert(Tile::LINES_AT_ONCE % TURN == 0, "a thread's chunks are turned alike");
    int chunk = threadIdx.x % Tile::CHUNKS, first = chunk_offset<Tile>(Tile::line(0), chunk);
#pragma unroll
    for (int i = 0; i < Tile::LINES_OF_THREAD; i++) {
        char *to = tile + first + i * Tile::LINES_AT_ONCE * Tile::LINE_BYTES;
        if constexpr (RUN == CHUNK<In>) {
            const In *from = locate(i, chunk * CHUNK<In>);
            copy_async(to, from, from != NULL);
        } else {
#pragma unroll
            for (int e = 0; e < CHUNK<In>; e += RUN) {
                const In *from = locate(i, chunk * CHUNK<In> + e);
                vector<In, RUN> elements = {};
                if (from) elements = load<RUN>(from);
                store((In *)to + e, elements);
            }
        }
    }
}

/* -- Products of bf16 ---------------------------------------------------------------------------------------------- */

/* 16 lines of the matrix from `first` on, 16 steps deep: four tiles of eight, of which those that follow along the
 * lines of the matrix come first in a tile of a, those that follow in depth in a tile of b. */
template <class Tile, line_direction LINES>
static __device__ __forceinline__ void load_16x16(uint32_t (&result)[4], const char *tile, int first, int depth,
                                                  bool of_a)
{
    int lane = threadIdx.x % WARP, which = lane / 8;
    int further = (of_a ? which % 2 : which / 2) * 8, deeper = (of_a ? which / 2 : which % 2) * 8;
    if (LINES == ALONG) {
        int chunk = (depth + deeper) / CHUNK<bf16>;
        ldmatrix_x4(result, tile + first * Tile::LINE_BYTES + chunk_offset<Tile>(further + lane % 8, chunk));
    } else {
        /* What is turned is a chunk's place among TURN: the same as to turn `further`, and then move it. */
        constexpr int TURNED_BYTES = TURN * CHUNK_BYTES;
        int bytes = first * (int)sizeof(bf16), turned = chunk_offset<Tile>(deeper + lane % 8, further / CHUNK<bf16>);
        int there = (turned ^ bytes % TURNED_BYTES) + bytes / TURNED_BYTES * TURNED_BYTES;
        ldmatrix_x4_transposed(result, tile + depth * Tile::LINE_BYTES + there);
    }
}

template <class Block, line_direction A, line_direction B>
static __device__ __forceinline__ void multiply_tiles(lane_sums<Block> &sums, const char *a, const char *b, bf16)
{
    typedef tile_shape<bf16, Block, Block::ROWS, A> tile_a;
    typedef tile_shape<bf16, Block, Block::COLUMNS, B> tile_b;
    int warp = threadIdx.x / WARP, row = warp / Block::WARPS_ACROSS * Block::WARP_ROWS;
    int column = warp % Block::WARPS_ACROSS * Block::WARP_COLUMNS;
#pragma unroll
    for (int depth = 0; depth < DEPTH<bf16>; depth += 16) {
        uint32_t of_a[Block::WARP_ROWS / 16][4], of_b[Block::WARP_COLUMNS / 16][4];
#pragma unroll
        for (int i = 0; i < Block::WARP_ROWS / 16; i++) load_16x16<tile_a, A>(of_a[i], a, row + i * 16, depth, true);
#pragma unroll
        for (int j = 0; j < Block::WARP_COLUMNS / 16; j++)
            load_16x16<tile_b, B>(of_b[j], b, column + j * 16, depth, false);
#pragma unroll
        for (int i = 0; i < Block::WARP_ROWS / 16; i++)
#pragma unroll
            for (int j = 0; j < Block::WARP_COLUMNS / 8; j++)
                mma_16x8x16(sums.tile[i][j], of_a[i], of_b[j / 2][j % 2 * 2], of_b[j / 2][j % 2 * 2 + 1]);
    }
}

/* Where a lane's sums belong in the block. */
template <class In, class Block, line_direction A, line_direction B> struct sum_places {
    static constexpr bool IN_PAIRS = true; /* neighbours among the columns of a lane are neighbours */
    static __device__ __forceinline__ int row(int i)
    {
        return threadIdx.x % WARP / 4 + i * 8;
    }
    static __device__ __forceinline__ int column(int j)
    {
        return threadIdx.x % 4 * 2 + j / 2 * 8 + j % 2;
    }
};

/* -- Products of f32 ----------------------------------------------------------------------------------------------- */

/* A lane's rows are those of its 16-byte loads: side by side where lines lie across the depth, apart where they lie
 * along it, so that the lanes' chunks are in different banks. */
template <class Block, line_direction A, line_direction B> struct sum_places<float, Block, A, B> {
    static constexpr bool IN_PAIRS = B == ACROSS;
    static __device__ __forceinline__ int row(int i)
    {
        int lane = threadIdx.x % WARP / 4;
        return A == ALONG ? lane + i * 8 : lane * 4 + i / 4 * 32 + i % 4;
    }
    static __device__ __forceinline__ int column(int j)
    {
        int lane = threadIdx.x % 4;
        return B == ALONG ? lane + j * 4 : lane * 4 + j / 4 * 16 + j % 4;
    }
};

/* Four steps, from `depth` on, of the COUNT lines of the matrix that `line` names. */
template <class Tile, line_direction LINES, int COUNT, class Line>
static __device__ __forceinline__ void load_four_steps(float (&to)[COUNT][4], const char *tile, int depth, Line line)
{
    if (LINES == ALONG) {
#pragma unroll
        for (int i = 0; i < COUNT; i++) {
            float4 four = *(const float4 *)(tile + chunk_offset<Tile>(line(i), depth / 4));
            to[i][0] = four.x, to[i][1] = four.y, to[i][2] = four.z, to[i][3] = four.w;
        }
    } else {
#pragma unroll
        for (int i = 0; i < COUNT; i += 4)
#pragma unroll
            for (int k = 0; k < 4; k++) {
                float4 four = *(const float4 *)(tile + chunk_offset<Tile>(depth + k, line(i) / 4));
                to[i][k] = four.x, to[i + 1][k] = four.y, to[i + 2][k] = four.z, to[i + 3][k] = four.w;
            }
    }
}

template <class Block, line_direction A, line_direction B>
static __device__ __forceinline__ void multiply_tiles(lane_sums<Block> &sums, const char *a, const char *b, float)
{
    typedef sum_places<float, Block, A, B> places;
    int warp = threadIdx.x / WARP, first_row = warp / Block::WARPS_ACROSS * Block::WARP_ROWS;
    int first_column = warp % Block::WARPS_ACROSS * Block::WARP_COLUMNS;
#pragma unroll
    for (int depth = 0; depth < DEPTH<float>; depth += 4) {
        float of_a[Block::LANE_ROWS][4], of_b[Block::LANE_COLUMNS][4];
        load_four_steps<tile_shape<float, Block, Block::ROWS, A>, A>(of_a, a, depth,
                                                                     [&](int i) { return first_row + places::row(i); });
        load_four_steps<tile_shape<float, Block, Block::COLUMNS, B>, B>(
            of_b, b, depth, [&](int j) { return first_column + places::column(j); });
#pragma unroll
        for (int k = 0; k < 4; k++)
#pragma unroll
            for (int i = 0; i < Block::LANE_ROWS; i++)
#pragma unroll
                for (int j = 0; j < Block::LANE_COLUMNS; j++) sum_at(sums, i, j) += of_a[i][k] * of_b[j][k];
    }
}

/* -- The whole depth ----------------------------------------------------------------------------------------------- */

/* Adds up `steps` tiles. `fill_a(tile, step)` and `fill_b` load one. */
template <class In, class Block, line_direction A, line_direction B, class FillA, class FillB>
static __device__ __forceinline__ void sum_products(lane_sums<Block> &sums, int steps, FillA fill_a, FillB fill_b)
{
    DYNAMIC_SHARED(char, tiles); /* Block::SHARED_BYTES */
    auto tile_of = [&](int step) { return tiles + step % STAGES * Block::BYTES; };
    auto fill = [&](int step) {
        if (step < steps) {
            fill_a(tile_of(step), step);
            fill_b(tile_of(step) + Block::ROWS * DEPTH_BYTES, step);
        }
        commit_copies(); /* an empty group too: waiting counts groups */
    };
    sums = {};
    for (int step = 0; step < STAGES - 1; step++) fill(step);
    for (int step = 0; step < steps; step++) {
        wait_for_copies<STAGES - 2>();
        __syncthreads(); /* the tile is there, and the one before it is free */
        fill(step + STAGES - 1);
        multiply_tiles<Block, A, B>(sums, tile_of(step), tile_of(step) + Block::ROWS * DEPTH_BYTES, In{});
    }
}

/* Hands out the lane's sums: `begin(row)` is where a row goes, negative for nowhere; then `store_pair(there, column,
 * sum, next)` takes two neighbours, or `store(there, column, sum)` one. */
template <class In, class Block, line_direction A, line_direction B, class Begin, class Store, class StorePair>
static __device__ __forceinline__ void visit_sums(lane_sums<Block> &sums, Begin begin, Store store,
                                                  StorePair store_pair)
{
    typedef sum_places<In, Block, A, B> places;
    int warp = threadIdx.x / WARP, first_row = warp / Block::WARPS_ACROSS * Block::WARP_ROWS;
    int first_column = warp % Block::WARPS_ACROSS * Block::WARP_COLUMNS;
#pragma unroll
    for (int i = 0; i < Block::LANE_ROWS; i++) {
        int64_t there = begin(first_row + places::row(i));
        if (there < 0) continue;
#pragma unroll
        for (int j = 0; j < Block::LANE_COLUMNS; j += 2) {
            float sum = sum_at(sums, i, j), next = sum_at(sums, i, j + 1);
            int column = first_column + places::column(j);
            if constexpr (places::IN_PAIRS) {
                store_pair(there, column, sum, next);
            } else {
                store(there, column, sum);
                store(there, first_column + places::column(j + 1), next);
            }
        }
    }
}

#endif
