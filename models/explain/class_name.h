/* class_name.h - what a class is called. */
#ifndef MODELS_EXPLAIN_CLASS_NAME_H
#define MODELS_EXPLAIN_CLASS_NAME_H

#include <stdint.h>

const char *class_name(int64_t class, char text[64]);

#endif
