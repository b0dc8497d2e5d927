#!/usr/bin/env python3
"""Write tests/fixtures/pictures: small pictures of every kind, and what Pillow, torchvision and timm make of them.

usage: make_picture_fixtures.py        Run by hand, where PyTorch, timm and Pillow are installed; nothing in the build needs them.

  *.jpg, *.png            drawn here
  pictures.safetensors
    read/<file>           u8 [height, width, 3]: the pixels that Pillow reads
    resize/<from>/<to>/<filter>
                          u8 [height, width, 3]: what Pillow makes of pictures that drawn() describes; from and to are HEIGHTxWIDTH
    seen/<file>/<height>x<width>/<crop in %>/<filter>/<center, or squash>
                          f32 [3, height, width]: what timm makes of a file, normalised by the mean and deviation of ImageNet
"""

import io
import os
import struct
import zlib

import numpy
import PIL
import timm
import torch
from PIL import Image, ImageOps
from safetensors.torch import save_file
from timm.data import create_transform

FOLDER = os.path.join(os.path.dirname(__file__), "..", "fixtures", "pictures")
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
RESIZED = [((30, 40), (17, 23)), ((9, 7), (20, 31)), ((40, 12), (11, 20)), ((60, 20), (5, 19)), ((1, 1), (3, 4)), ((1, 200), (1, 16)),
           ((25, 25), (25, 10))]
SEEN = [("photo.jpg", (16, 16), 90, "bicubic"), ("photo.jpg", (24, 24), 100, "bilinear"), ("photo.jpg", (13, 13), 87.5, "bilinear"),
        ("tall.jpg", (16, 16), 90, "bicubic"), ("tall.jpg", (12, 20), 95, "bicubic"), ("wide.jpg", (12, 12), 87.5, "bilinear"),
        ("progressive.jpg", (16, 16), 90, "bilinear"), ("one.jpg", (5, 5), 90, "bicubic")]
SQUASHED = [("wide.jpg", (16, 16), 100, "bicubic"), ("photo.jpg", (12, 18), 90, "bilinear")]


def drawn(height, width):
    """Pixels that tests/test_picture.c computes, too."""
    y, x, c = numpy.mgrid[:height, :width, :3]
    return ((x * x * 7 + y * x * 13 + y * 29 + c * 91 + (x ^ y) * 5) % 256).astype(numpy.uint8)


def photo(height, width):
    """Smooth, as photographs are."""
    y, x = numpy.mgrid[:height, :width]
    waves = [numpy.sin(x / 5 + y / 9), numpy.cos(x / 7 - y / 4), numpy.where((x // 6 + y // 6) % 2, 0.8, -0.8)]
    return (128 + 110 * numpy.stack(waves, -1)).astype(numpy.uint8)


def encoded(picture, kind, **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(samples, depth, colour, interlaced=False):
    """A PNG file of samples [height, width, channels], which Pillow does not write at all depths, nor interlaced."""
    height, width, _ = samples.shape
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)] if interlaced else [(0, 0, 1, 1)]
    rows = b""
    for top, left, down, right in passes:
        for row in samples[top::down, left::right]:
            if row.size:
                rows += b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def orientation(number, byte_order):
    exif = Image.Exif()
    exif.endian = "<" if byte_order == "little" else ">"
    exif[0x010F] = "maker"
    exif[0x0112] = number
    return exif


def jpegs():
    small = Image.fromarray(photo(9, 13))
    cmyk = encoded(small.convert("CMYK"), "jpeg", quality=90)
    files = {
        "photo.jpg": encoded(Image.fromarray(photo(30, 40)), "jpeg", quality=90),
        "tall.jpg": encoded(Image.fromarray(photo(41, 30)), "jpeg", quality=80),
        "wide.jpg": encoded(Image.fromarray(photo(20, 90)), "jpeg", quality=80, optimize=True),
        "progressive.jpg": encoded(Image.fromarray(photo(26, 26)), "jpeg", progressive=True),
        "colour.jpg": encoded(small, "jpeg", quality=95, subsampling=0),
        "grey.jpg": encoded(small.convert("L"), "jpeg"),
        "cmyk.jpg": cmyk,
        # Behind "Adobe" are a version, two words of flags, and the transform: 2 is YCCK.
        "ycck.jpg": cmyk.replace(cmyk[(at := cmyk.index(b"Adobe")):at + 12], cmyk[at:at + 11] + b"\2"),
        "one.jpg": encoded(Image.fromarray(photo(1, 1)), "jpeg"),
    }
    for number in range(1, 9):
        exif = orientation(number, "little" if number % 2 else "big")
        files[f"orientation{number}.jpg"] = encoded(small, "jpeg", exif=exif, quality=90, optimize=True)
    return files


def pngs():
    small = photo(9, 13)
    grey, alpha = small[..., :1], drawn(9, 13)[..., :1]
    few = Image.fromarray(small).quantize(5)
    deep = small.astype(int) * 257 - drawn(9, 13) % 100
    return {
        "colour.png": png(small, 8, 2),
        "interlaced.png": png(small, 8, 2, interlaced=True),
        "colour16.png": png(deep.clip(0), 16, 2),
        "alpha.png": png(numpy.concatenate([small, alpha], -1), 8, 6),
        "grey.png": png(grey, 8, 0),
        "grey_alpha.png": png(numpy.concatenate([grey, alpha], -1), 8, 4),
        "grey16.png": png(deep[..., :1].clip(0), 16, 0),
        "bits.png": encoded(Image.fromarray(grey[..., 0]).convert("1"), "png"),
        "palette.png": encoded(Image.fromarray(small).quantize(20), "png"),
        "palette4.png": encoded(few, "png"),
        "transparent.png": encoded(few, "png", transparency=1),
        "turned.png": encoded(Image.fromarray(small), "png", exif=orientation(6, "big")),
    }


def pixels(data):
    picture = Image.open(io.BytesIO(data))
    if picture.mode == "I;16":  # Pillow makes white of all values above 255.
        picture = Image.fromarray((numpy.array(picture) >> 8).astype(numpy.uint8))
    return torch.from_numpy(numpy.array(ImageOps.exif_transpose(picture).convert("RGB")))


def main():
    os.makedirs(FOLDER, exist_ok=True)
    files = jpegs() | pngs()
    out = {}
    for name, data in files.items():
        with open(os.path.join(FOLDER, name), "wb") as file:
            file.write(data)
        out[f"read/{name}"] = pixels(data)
    for (height, width), to in RESIZED:
        for name, resampling in FILTERS.items():
            resized = Image.fromarray(drawn(height, width)).resize(to[::-1], resampling)
            out[f"resize/{height}x{width}/{to[0]}x{to[1]}/{name}"] = torch.from_numpy(numpy.array(resized))
    for (name, size, crop, interpolation), mode in [(seen, "center") for seen in SEEN] + [(seen, "squash") for seen in SQUASHED]:
        transform = create_transform((3, *size), is_training=False, interpolation=interpolation, crop_pct=crop / 100, crop_mode=mode)
        picture = Image.open(io.BytesIO(files[name])).convert("RGB")
        out[f"seen/{name}/{size[0]}x{size[1]}/{crop}/{interpolation}/{mode}"] = transform(picture)
    save_file({name: tensor.contiguous() for name, tensor in out.items()}, os.path.join(FOLDER, "pictures.safetensors"),
              {"Pillow": PIL.__version__, "timm": timm.__version__})


main()
