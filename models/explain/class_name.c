/* class_name.c - what a class is called. */
#include "explain/class_name.h"
#include <stdio.h>

const char *class_name(int64_t class, char text[64])
{
    snprintf(text, 64, "class %lld", (long long)class);
    return text;
}
