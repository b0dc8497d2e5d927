/* resample.cu - linear resampling of images. The bands of both matrices are made on the host, once for a plan. */
#include "backends/cuda/machine/device_internal.h"
#include "backends/cuda/image/images.h"
#include "backends/cuda/kernels.h"

extern "C" {
#include "ops/resample.h"
}
#include <stdlib.h>

/* A row of a matrix: weights for the input elements first to first + count - 1. */
struct band_row {
    int first, count, weight; /* the number of its first weight */
};

/* In device memory: the rows of the vertical matrix, those of the horizontal one, and the weights of both. */
struct resample_tables {
    band_row *rows;
    float *weights;
    void *memory;
};

/* -- Tables -------------------------------------------------------------------------------------------------------- */

static void discard_tables(void *state)
{
    resample_tables *t = (resample_tables *)state;
    if (!t) return;
    cudaFree(t->memory);
    free(t);
}

static int64_t count_weights(const band *bands, int64_t rows)
{
    int64_t count = 0;
    for (int64_t i = 0; i < rows; i++) count += bands[i].count;
    return count;
}

/* Appends rows, and their weights from number `next` on; returns the number behind. */
static int64_t flatten(const band *bands, int64_t count, band_row *rows, float *weights, int64_t next)
{
    for (int64_t i = 0; i < count; i++) {
        rows[i] = { (int)bands[i].first, (int)bands[i].count, (int)next };
        for (int64_t k = 0; k < bands[i].count; k++) weights[next++] = (float)bands[i].weight[k];
    }
    return next;
}

static bool upload_tables(const band *vertical, const band *horizontal, const int64_t (&to)[2], resample_tables *t)
{
    int64_t rows = to[0] + to[1], weights = count_weights(vertical, to[0]) + count_weights(horizontal, to[1]);
    size_t row_bytes = (size_t)rows * sizeof *t->rows, bytes = row_bytes + (size_t)weights * sizeof *t->weights;
    band_row *on_host = (band_row *)malloc(bytes);
    if (!on_host) return false;
    float *values = (float *)(on_host + rows);
    flatten(horizontal, to[1], on_host + to[0], values, flatten(vertical, to[0], on_host, values, 0));
    bool ok = cuda_ok(cudaMalloc(&t->memory, bytes), "cudaMalloc") && cuda_queue.push(t->memory, on_host, bytes);
    t->rows = (band_row *)t->memory;
    t->weights = (float *)((char *)t->memory + row_bytes);
    free(on_host);
    return ok;
}

static bool prepare(const kernel_call *call, preparation *p)
{
    const resample_attributes *a = (const resample_attributes *)call->attributes;
    const int64_t to[2] = { call->out[0].shape.dim[2], call->out[0].shape.dim[3] };
    band *vertical = resample_bands(a, 0), *horizontal = resample_bands(a, 1);
    resample_tables *tables = (resample_tables *)calloc(1, sizeof *tables);
    bool ok = vertical && horizontal && tables && upload_tables(vertical, horizontal, to, tables);
    free(vertical);
    free(horizontal);
    p->state = tables;
    p->discard = discard_tables;
    if (!ok && !vt_failed()) raise_error(VT_ERROR_MEMORY, call->at, "resample: out of memory for its matrices");
    return ok;
}

/* -- The kernel ---------------------------------------------------------------------------------------------------- */

/* x [images, from, channels], rows [to[0] + to[1]], whose weights are one behind another -> y [images, to, channels] */
template <int N>
static __global__ void resample_rows(image_rows r, const band_row *rows, const float *weights, const float *x, float *y)
{
    for (unsigned i = threadIdx.x; i < row_items(r, N); i += blockDim.x) {
        image_place p = place_of<N>(r, i);
        band_row vertical = rows[p.line], horizontal = rows[r.to[0] + p.column];
        vector<float, N> sum = {};
        for (int k = 0; k < vertical.count; k++) {
            vector<float, N> line = {};
            const float *from = x + pixel_offset(r, r.from, p, vertical.first + k, horizontal.first);
#pragma unroll 4
            for (int l = 0; l < horizontal.count; l++) {
                vector<float, N> v = load<N>(from + (int64_t)l * r.channels);
                float weight = weights[horizontal.weight + l];
#pragma unroll
                for (int c = 0; c < N; c++) line.at[c] += weight * v.at[c];
            }
            float weight = weights[vertical.weight + k];
#pragma unroll
            for (int c = 0; c < N; c++) sum.at[c] += weight * line.at[c];
        }
        store(y + pixel_offset(r, r.to, p, p.line, p.column), sum);
    }
}

static bool takes(const kernel_call *call)
{
    return call->in[0].dtype == VT_F32;
}

static bool run(const kernel_call *call)
{
    const array &x = call->in[0], &y = call->out[0];
    const resample_tables *t = (const resample_tables *)call->state;
    if (vt_shape_count(y.shape) == 0) return true;
    image_rows r = image_rows_of(x, y);
    auto function = r.width == 1 ? resample_rows<1> : resample_rows<CHANNELS_AT_ONCE>;
    LAUNCH(function, row_blocks(r), row_threads(r), 0, compute_stream(), r, (const band_row *)t->rows,
           (const float *)t->weights, (const float *)x.data, (float *)y.data);
    return launched(call);
}

extern "C" const kernel_row cuda_resample_kernels[] = {
    { &op_resample,
      { .run = run, .supports = takes, .prepare = prepare, .channels_last_in = 1, .channels_last_out = 1 } },
    {},
};
