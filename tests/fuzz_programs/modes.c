/* modes.c - devices, precisions, settings, each pass off. */
#include "modes.h"
#include <stdio.h>
#include <string.h>

static const mode on_every_machine[] = {
    { "reference f64", "reference", VT_F64, .disturbances = LIFETIMES },
    { "reference f64 eager", "reference", VT_F64, .eager = true, .disturbances = LIFETIMES },
    { "reference f64 as drawn", "reference", VT_F64, .disturbances = AS_DRAWN },
    { "cpu f32", "cpu", VT_F32, .disturbances = LIFETIMES },
    { "cpu f64", "cpu", VT_F64, .disturbances = LIFETIMES },
    { "cpu f32 as drawn", "cpu", VT_F32, .disturbances = AS_DRAWN },
    { "cpu f64 as drawn", "cpu", VT_F64, .disturbances = AS_DRAWN },
    { "cpu f32 eager", "cpu", VT_F32, .eager = true, .disturbances = LIFETIMES },
    { "cpu f64 eager", "cpu", VT_F64, .eager = true, .disturbances = LIFETIMES },
    { "cpu f32 decomposed", "cpu", VT_F32, .decomposed = true, .disturbances = LIFETIMES },
    { "cpu f64 decomposed", "cpu", VT_F64, .decomposed = true, .disturbances = LIFETIMES },
    { "cpu f32 without passes", "cpu", VT_F32, .pass_off = "all", .disturbances = LIFETIMES },
    { "cpu f32 in 2 threads", "cpu", VT_F32, .threads = 2, .disturbances = LIFETIMES },
    { "cpu f32 in 3 threads", "cpu", VT_F32, .threads = 3, .disturbances = LIFETIMES },
    { "cpu f64 in 3 threads", "cpu", VT_F64, .threads = 3, .disturbances = LIFETIMES },
    { "cpu bf16", "cpu", VT_BF16, .disturbances = LIFETIMES },
    { "cpu bf16 as drawn", "cpu", VT_BF16, .disturbances = AS_DRAWN },
};
static const mode on_a_gpu[] = {
    { "cuda f32", "cuda", VT_F32, .disturbances = LIFETIMES },
    { "cuda f32 as drawn", "cuda", VT_F32, .disturbances = AS_DRAWN },
    { "cuda f32 eager", "cuda", VT_F32, .eager = true, .disturbances = LIFETIMES },
    { "cuda f32 decomposed", "cuda", VT_F32, .decomposed = true, .disturbances = LIFETIMES },
    { "cuda f32 without passes", "cuda", VT_F32, .pass_off = "all", .disturbances = LIFETIMES },
    { "cuda bf16", "cuda", VT_BF16, .disturbances = LIFETIMES },
};

static bool has_cuda(void)
{
    vt_set_device("cuda");
    bool there = !vt_failed();
    vt_error_clear();
    vt_set_device("cpu");
    return there;
}

static int without_each_pass(mode *modes, int count)
{
    static char names[MAX_MODES][48];
    for (int i = 0; vt_pass_name(i) && count < MAX_MODES; i++) {
        snprintf(names[count], sizeof *names, "cpu f64 without %s", vt_pass_name(i));
        modes[count] = (mode){ names[count], "cpu", VT_F64, .pass_off = vt_pass_name(i), .disturbances = LIFETIMES };
        count++;
    }
    return count;
}

int list_modes(mode *modes)
{
    int count = sizeof on_every_machine / sizeof *on_every_machine, more = sizeof on_a_gpu / sizeof *on_a_gpu;
    memcpy(modes, on_every_machine, sizeof on_every_machine);
    if (has_cuda()) {
        memcpy(modes + count, on_a_gpu, sizeof on_a_gpu);
        count += more;
    }
    return without_each_pass(modes, count);
}
