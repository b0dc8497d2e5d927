#!/usr/bin/env python3
"""Write tests/fixtures/augmentation.safetensors: what torchvision and Pillow make of small pictures.

usage: make_augmentation_fixtures.py    Run by hand, where torchvision and Pillow are installed; nothing in the build needs them.
                                        Written with torchvision 0.29.2 and Pillow 13.0.

  <operation>/<magnitude>/<kind><height>x<width>
                u8 [channels, height, width]: what torchvision's _apply_op, or adjust_hue, makes of the picture that picture() describes
  cut/<top>,<left>,<height>,<width>/<height>x<width>
                u8 [3, 24, 24]: resized_crop of that window, by bicubic interpolation
  policy/<imagenet|cifar10>
                f64 [25, 2, 3]: of the pairs that AutoAugment found: operation, by its place in vt_image_operation; probability; magnitude, of 9
  space/<policy>/<operation>
                f64 [bins]: the magnitudes of torchvision's policies for pictures of 32 rows and 48 columns
"""

import os

import numpy
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision.transforms import InterpolationMode, autoaugment, functional

OUT = os.path.join(os.path.dirname(__file__), "..", "fixtures", "augmentation.safetensors")
PICTURES = [("noise", 17, 23), ("waves", 20, 20), ("grey", 9, 14)]
NAMES = {"shear-x": "ShearX", "shear-y": "ShearY", "translate-x": "TranslateX", "translate-y": "TranslateY", "rotate": "Rotate",
         "brightness": "Brightness", "color": "Color", "contrast": "Contrast", "sharpness": "Sharpness", "posterize": "Posterize",
         "solarize": "Solarize", "autocontrast": "AutoContrast", "equalize": "Equalize", "invert": "Invert"}
MAGNITUDES = {"shear-x": [0.3, -0.17, 0.99], "shear-y": [0.3, -0.17, -0.99], "translate-x": [5, -9.7, 40], "translate-y": [5.5, -3],
              "rotate": [13.5, -30, 90, 180, 135, -90], "brightness": [0.45, -0.9, -0.99], "color": [0.45, -0.9], "contrast": [0.45, -0.9],
              "sharpness": [0.9, -0.9, 0.27], "posterize": [8, 4, 2, 1], "solarize": [128, 76.5, 255, 0], "autocontrast": [0],
              "equalize": [0], "invert": [0], "hue": [0.1, -0.37, 0.5]}


def picture(kind, height, width):
    """Pixels that tests/test_operation.c computes, too."""
    y, x, c = numpy.mgrid[:height, :width, :3]
    if kind != "waves":
        return ((x * x * 7 + y * x * 13 + y * 29 + c * 91 + (x ^ y) * 5) % 256).astype(numpy.uint8)
    return (40 + (x * 3 + y * 2 + c * 20) % 120).astype(numpy.uint8)  # some values only, so that contrast can grow


def planes(image):
    array = numpy.array(image)
    return torch.from_numpy(array[None].copy() if array.ndim == 2 else array.transpose(2, 0, 1).copy())


def applied(image, operation, magnitude):
    if operation == "hue":
        return functional.adjust_hue(image, magnitude)
    return autoaugment._apply_op(image, NAMES[operation], magnitude, InterpolationMode.NEAREST, None)


def main():
    tensors = {}
    for kind, height, width in PICTURES:
        image = Image.fromarray(picture(kind, height, width))
        if kind == "grey":
            image = image.getchannel(0)
        for operation, magnitudes in MAGNITUDES.items():
            for magnitude in magnitudes:
                tensors[f"{operation}/{magnitude}/{kind}{height}x{width}"] = planes(applied(image, operation, magnitude))
    for top, left, height, width in [(0, 0, 32, 32), (3, 5, 20, 11), (10, 2, 9, 30)]:
        cut = functional.resized_crop(Image.fromarray(picture("noise", 32, 32)), top, left, height, width, [24, 24],
                                      InterpolationMode.BICUBIC)
        tensors[f"cut/{top},{left},{height},{width}/32x32"] = planes(cut)
    for policy, space in [("strong", autoaugment.RandAugment()._augmentation_space(31, (32, 48))),
                          ("wide", autoaugment.TrivialAugmentWide()._augmentation_space(31))]:
        for operation, name in NAMES.items():
            if name in space and space[name][0].ndim:
                tensors[f"space/{policy}/{operation}"] = space[name][0].double()
    order = ["Identity", *NAMES.values()]
    for name, policy in [("imagenet", autoaugment.AutoAugmentPolicy.IMAGENET), ("cifar10", autoaugment.AutoAugmentPolicy.CIFAR10)]:
        pairs = autoaugment.AutoAugment()._get_policies(policy)
        tensors[f"policy/{name}"] = torch.tensor([[[order.index(n), p, m or 0] for n, p, m in pair] for pair in pairs]).double()
    save_file(tensors, OUT)
    os.chmod(OUT, 0o644)


main()
