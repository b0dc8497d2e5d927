/* newton_schulz.h - the nearest matrix whose singular values are alike, roughly, by products of matrices alone. */
#ifndef VITRO_OPS_NEWTON_SCHULZ_H
#define VITRO_OPS_NEWTON_SCHULZ_H

#include <vitro/base.h>

/* Of a matrix, one of its shape with the same singular vectors, whose singular values are about 0.7 to 1.2 after five
 * iterations, those of the least far below the others apart. Keller Jordan's Muon has the coefficients, which make
 * small values grow fast rather than the others converge: https://kellerjordan.github.io/posts/muon */
vt_tensor newton_schulz(vt_tensor x, int64_t iterations, double eps);

#endif
