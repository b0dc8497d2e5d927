/* conv_relative_position.c - what tokens at each distance mean to a query. */
#include "layers/conv_relative_position.h"

conv_relative_position conv_relative_position_new(vt_path path, int64_t head_dim,
                                                  const int64_t heads[CONV_RELATIVE_POSITION_WINDOWS])
{
    conv_relative_position m = { .count = 0 };
    for (int i = 0; i < CONV_RELATIVE_POSITION_WINDOWS; i++) {
        const int window = 3 + 2 * i;
        const int64_t channels = heads[i] * head_dim;
        if (channels == 0) continue;
        m.channels[m.count] = channels;
        m.convs[m.count] = conv_new(vt_subpath(path, "conv_list.%d", m.count), channels, channels, window,
                                    .padding = window / 2, .groups = (int)channels);
        m.count++;
    }
    return m;
}

vt_tensor conv_relative_position_forward(const conv_relative_position *m, vt_tensor q, vt_tensor v, int64_t rows)
{
    vt_tensor parts[CONV_RELATIVE_POSITION_WINDOWS];
    vt_tensor map = vt_rearrange(vt_slice(v, 2, 1, VT_END), "b n (h w) d -> b (n d) h w", .h = rows);
    vt_split(map, 1, m->channels, m->count, parts);
    for (int i = 0; i < m->count; i++) parts[i] = conv_forward(&m->convs[i], parts[i]);
    vt_tensor near = vt_rearrange(vt_concat(parts, m->count, 1), "b (n d) h w -> b n (h w) d", .n = vt_dim(q, 1));
    return vt_pad(vt_mul(vt_slice(q, 2, 1, VT_END), near), VT_SHAPE(1, 0), VT_SHAPE(0, 0));
}
