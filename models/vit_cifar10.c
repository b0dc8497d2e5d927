/* vit_cifar10.c - trains a classifier on CIFAR-10's pictures. See --help. */
#include "program/options.h"
#include "program/training_program.h"

int main(int argc, char **argv)
{
    return training_program(&training_line, argc, argv);
}
