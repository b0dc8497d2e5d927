/* normal_quantile.h - the inverse of the normal distribution function. */
#ifndef VITRO_CORE_NORMAL_QUANTILE_H
#define VITRO_CORE_NORMAL_QUANTILE_H

/* Φ⁻¹(p) for 0 < p < 1, relative error about 1e-16: Wichura, algorithm AS 241 (PPND16), Applied Statistics 37 (1988).
 */
double normal_quantile(double p);

#endif
