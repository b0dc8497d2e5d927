/* each_float.h - includes the header TEMPLATE for each type of floating-point numbers: with REAL, the type, and
 * NAMED(x), its name for x. To be included once for each template. */
#define REAL     float
#define NAMED(x) x##_f32
#include TEMPLATE
#undef REAL
#undef NAMED
#define REAL     double
#define NAMED(x) x##_f64
#include TEMPLATE
#undef REAL
#undef NAMED
#undef TEMPLATE
