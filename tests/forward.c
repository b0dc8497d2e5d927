/* forward.c - usage: forward MODEL CLASSES WEIGHTS IMAGES.npy LOGITS.npy [f64]
 * What a model of the zoo computes of pictures in evaluation, for tests/pytorch/compare_full_size.py. */
#include "zoo.h"
#include <stdlib.h>
#include <string.h>

static bool run(char **argv, const char *precision)
{
    if (precision) vt_set_precision(strcmp(precision, "f64") == 0 ? VT_F64 : VT_F32);
    classifier *net = classifier_new(argv[1], .classes = strtoll(argv[2], NULL, 10));
    if (net && classifier_load(net, argv[3], .report = stderr)) {
        VT_SCOPE;
        vt_tensor images = vt_cast(vt_npy_load(argv[4]), VT_DTYPE_DEFAULT);
        vt_npy_save(argv[5], vt_cast(classifier_forward(net, images), VT_F64));
    }
    classifier_free(net);
    return !vt_failed();
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 7) {
        fputs("usage: forward MODEL CLASSES WEIGHTS IMAGES.npy LOGITS.npy [f64]\n", stderr);
        return 64;
    }
    return run(argv, argv[6]) ? 0 : vt_error_print(stderr);
}
