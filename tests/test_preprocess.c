/* test_preprocess.c - models see what timm's transform for evaluation shows them, bit for bit.
 * tests/pytorch/make_picture_fixtures.py makes the fixtures. */
#include "fixture.h"
#include "preprocess.h"
#include "refused.h"
#include <criterion/criterion.h>

static const preprocessing imagenet = { IMAGENET_MEAN, .crop = 0.9 };

#ifdef VITRO_HAVE_JPEG

static void expect_seen(const safetensors *file, const safetensors_entry *e, const char *name, int height, int width,
                        const preprocessing *how)
{
    char path[512];
    vt_picture picture, seen;
    snprintf(path, sizeof path, VITRO_FIXTURES "/pictures/%s", name);
    cr_assert(vt_picture_read(path, &picture), "%s", vt_error_message());
    cr_assert(preprocess_cut(&picture, how, height, width, &seen), "%s", vt_error_message());
    cr_assert(seen.height == height && seen.width == width && vt_shape_count(e->shape) == 3 * height * width);
    float *got = malloc((size_t)(3 * height * width) * sizeof *got), *want = load_entry(file, e);
    preprocess_normalize(&seen, how, got);
    for (int i = 0; i < 3 * height * width; i++)
        cr_assert(got[i] == want[i], "%s: element %d is %g, and timm's %g", e->name, i, got[i], want[i]);
    free(got);
    free(want);
    vt_picture_free(&seen);
    vt_picture_free(&picture);
}

Test(preprocess, is_timms_bit_for_bit)
{
    safetensors *file = open_fixture("pictures/pictures");
    int checked = 0;
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const safetensors_entry *e = &safetensors_entries(file)[i];
        preprocessing how = imagenet;
        char name[64], filter[16], mode[16];
        int height, width;
        if (sscanf(e->name, "seen/%63[^/]/%dx%d/%lf/%15[^/]/%15s", name, &height, &width, &how.crop, filter, mode) != 6)
            continue;
        how.crop /= 100;
        how.bilinear = strcmp(filter, "bilinear") == 0;
        how.squash = strcmp(mode, "squash") == 0;
        expect_seen(file, e, name, height, width, &how);
        checked++;
    }
    cr_assert(checked >= 10, "%d", checked);
    safetensors_close(file);
}

#endif

Test(preprocess, of_a_picture_that_would_become_too_large_is_refused)
{
    vt_picture seen, line = { 1, 20000, calloc(20000, 3) };
    cr_assert(line.pixels && !preprocess_cut(&line, &imagenet, 224, 224, &seen) && !seen.pixels);
    REFUSED(VT_ERROR_ARGUMENT, "4960000 by 248 pixels");
    free(line.pixels);
}
