/* vitro.h - the whole public interface. */
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
#include <vitro/gradcheck.h>
#include <vitro/effect.h>
#include <vitro/model.h>
#include <vitro/optimizer.h>
#include <vitro/checkpoint.h>
#include <vitro/schedule.h>
#include <vitro/data.h>
#include <vitro/npy.h>
#include <vitro/progress.h>
#include <vitro/stop.h>
#include <vitro/training_log.h>
#include <vitro/unfold.h>

#endif
