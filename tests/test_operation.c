/* test_operation.c - the operations that policies choose from have the bits of torchvision and Pillow.
 * tests/pytorch/make_augmentation_fixtures.py makes the fixtures. */
#include "data/operation.h"
#include "fixture.h"
#include "refused.h"

#include <criterion/criterion.h>
#include <vitro/vitro.h>

enum { MOST_BYTES = 3 * 64 * 64 };

/* Pixels that the fixtures' script computes, too. */
static void draw(const char *kind, int channels, int height, int width, uint8_t *pixels)
{
    for (int c = 0; c < channels; c++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                *pixels++ =
                    (uint8_t)(strncmp(kind, "waves", 5) == 0 ? 40 + (x * 3 + y * 2 + c * 20) % 120
                                                             : x * x * 7 + y * x * 13 + y * 29 + c * 91 + (x ^ y) * 5);
}

/* "rotate/13.5/noise17x23" */
static void expect_the_fixture(const safetensors *file, const safetensors_entry *e)
{
    char operation[32], kind[16];
    double magnitude;
    int height, width;
    uint8_t pixels[MOST_BYTES];
    cr_assert(sscanf(e->name, "%31[^/]/%lf/%15[a-z]%dx%d", operation, &magnitude, kind, &height, &width) == 5);
    const int channels = (int)e->shape.dim[0];
    draw(kind, channels, height, width, pixels);
    cr_assert(vt_image_operate(operation, magnitude, pixels, channels, height, width), "%s", vt_error_message());
    uint8_t *want = load_entry(file, e);
    int worst = 0, differ = 0;
    for (int i = 0; i < channels * height * width; i++) {
        const int difference = abs(pixels[i] - want[i]);
        differ += difference > 0;
        worst = difference > worst ? difference : worst;
    }
    cr_expect(differ == 0, "%s: %d of %d values differ, by %d at most", e->name, differ, channels * height * width,
              worst);
    free(want);
}

Test(operation, has_the_bits_of_torchvision)
{
    safetensors *file = open_fixture("augmentation");
    int seen = 0;
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const safetensors_entry *e = &safetensors_entries(file)[i];
        if (e->dtype != VT_U8 || strncmp(e->name, "cut/", 4) == 0) continue;
        expect_the_fixture(file, e);
        seen++;
    }
    cr_assert(seen > 100, "only %d", seen);
    safetensors_close(file);
}

Test(operation, magnitudes_grow_as_those_of_torchvision)
{
    safetensors *file = open_fixture("augmentation");
    const image of = { 3, 32, 48, NULL, NULL };
    int seen = 0;
    for (const operation *o = operations; o->name; o++)
        for (int wide = 0; wide < 2; wide++) {
            char name[64];
            int64_t bins;
            snprintf(name, sizeof name, "space/%s/%s", wide ? "wide" : "strong", o->name);
            if (!safetensors_find(file, name)) continue;
            double *want = entry_values(file, name, &bins);
            for (int64_t i = 0; i < bins; i++) {
                const double got = operation_magnitude(o, &of, (double)i / (double)(bins - 1), wide);
                cr_assert(fabs(got - want[i]) < 1e-5, "%s: %g of %lld is %g, not %g", name, (double)i, (long long)bins,
                          got, want[i]);
            }
            free(want);
            seen++;
        }
    cr_assert(seen == 22, "%d", seen);
    safetensors_close(file);
}

Test(operation, those_that_there_are_can_be_listed)
{
    int count = 0;
    while (vt_image_operation(count)) count++;
    cr_assert(count == 16 && !vt_image_operation(-1) && !vt_image_operation(INT32_MAX));
    cr_assert(strcmp(vt_image_operation(0), "identity") == 0);
}

Test(operation, magnitudes_at_the_ends_of_all_numbers_do_no_harm)
{
    static const double ends[] = { 1e300, -1e300, 1e9, -1e9, 0 };
    for (int i = 0; vt_image_operation(i); i++)
        for (int k = 0; k < 5; k++)
            for (int size = 1; size <= 3; size++) {
                uint8_t pixels[27];
                draw("noise", 3, size, size, pixels);
                cr_assert(vt_image_operate(vt_image_operation(i), ends[k], pixels, 3, size, size));
            }
}

Test(operation, refuses_what_does_not_fit)
{
    uint8_t pixels[12] = { 0 };
    cr_assert(!vt_image_operate("melt", 1, pixels, 3, 2, 2));
    REFUSED(VT_ERROR_ARGUMENT, "there is no operation \"melt\"");
    cr_assert(!vt_image_operate(NULL, 1, pixels, 3, 2, 2));
    REFUSED(VT_ERROR_ARGUMENT, "there is no operation \"NULL\"");
    cr_assert(!vt_image_operate("rotate", NAN, pixels, 3, 2, 2));
    REFUSED(VT_ERROR_ARGUMENT, "\"rotate\" of magnitude nan");
    cr_assert(!vt_image_operate("rotate", 1, pixels, 2, 2, 2));
    REFUSED(VT_ERROR_ARGUMENT, "a picture of [2, 2, 2]");
    cr_assert(!vt_image_operate("rotate", 1, NULL, 3, 2, 2));
    REFUSED(VT_ERROR_ARGUMENT, "image is NULL");
}
