/* vit_vs_resnet.c - compares a vision transformer with a ResNet-18. See --help. */
#include "compare/program.h"
#include "program/options.h"

int main(int argc, char **argv)
{
    static char vit[] = "vit_tiny_patch4_32", resnet[] = "resnet18_cifar";
    static char *models[] = { vit, resnet };
    return comparison_program(&vit_vs_resnet_line, (argument_list){ 2, models }, argc, argv);
}
