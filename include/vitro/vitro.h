/* vitro.h - the whole public interface: tensors, gradients, training.
 *
 * STEP BY STEP
 *
 * 1. Include this header and link the library: cc model.c $(pkg-config --cflags --libs vitro). Nothing is set up first,
 *    and each thread has tensors, settings and an error of its own.
 *
 * 2. Make tensors, and call ops on them. A vt_tensor is a handle that is passed by value. Options are named:
 *
 *        vt_tensor x = vt_from_data(points, VT_SHAPE(64, 2), VT_F32);
 *        vt_tensor y = vt_gelu(vt_linear(x, weight, .bias = bias));
 *
 *    This only records. vt_item, vt_read and vt_print compute what they are asked for.
 *
 * 3. Parameters belong to a model, by name: vt_parameter (model.h). vt_backward(loss) differentiates, vt_grad(weight)
 * is the gradient, and an optimiser (optimizer.h) makes a step of it.
 *
 * 4. Put each step into a VT_SCOPE. What is made there ends with it, so nothing is freed by hand; vt_keep moves a
 * tensor out, and parameters belong to no scope:
 *
 *        for (int step = 0; step < steps && !vt_failed(); step++) {
 *            VT_SCOPE;
 *            vt_tensor loss = vt_cross_entropy(forward(&model, images), labels);
 *            vt_backward(loss);
 *            vt_optimizer_step(optimizer);
 *        }
 *        if (vt_failed()) return vt_error_print(stderr);
 *
 *    The first error is kept, and all that follows does nothing: one check a step is enough.
 *
 * 5. Data comes from a loader (data.h), weights go to safetensors files and come from these or from PyTorch's
 *    (checkpoint.h). The examples folder has whole programs, and models/ has a vision transformer and a ResNet.
 *
 * WHAT IT DOES NOT DO
 *
 * - No views that can be written through: ops make new tensors. vt_assign and optimisers overwrite what a user holds.
 * - No shapes that are known only when a step runs. What depends on values (vt_nonzero, vt_unique, vt_masked_select) is
 *   computed where it is called.
 * - One device a thread. No training over several machines or GPUs.
 * - No sparse, complex or quantised tensors, no 3-D convolution, no strings.
 * - It never prints, exits or aborts, but for what VT_LOG and VT_PROFILE in the environment ask for. */
#ifndef VITRO_VITRO_H
#define VITRO_VITRO_H

#include <vitro/base.h>
#include <vitro/error.h>
#include <vitro/context.h>
#include <vitro/tensor.h>
#include <vitro/create.h>
#include <vitro/elementwise.h>
#include <vitro/reduce.h>
#include <vitro/linear.h>
#include <vitro/convolution.h>
#include <vitro/pooling.h>
#include <vitro/interpolate.h>
#include <vitro/attention.h>
#include <vitro/augment.h>
#include <vitro/normalization.h>
#include <vitro/loss.h>
#include <vitro/shape.h>
#include <vitro/einops.h>
#include <vitro/index.h>
#include <vitro/autograd.h>
#include <vitro/cost.h>
#include <vitro/gradcheck.h>
#include <vitro/effect.h>
#include <vitro/model.h>
#include <vitro/named.h>
#include <vitro/optimizer.h>
#include <vitro/checkpoint.h>
#include <vitro/schedule.h>
#include <vitro/data.h>
#include <vitro/name_rule.h>
#include <vitro/npy.h>
#include <vitro/picture.h>
#include <vitro/tensor_file.h>
#include <vitro/progress.h>
#include <vitro/stop.h>
#include <vitro/training_log.h>
#include <vitro/unfold.h>

#endif
