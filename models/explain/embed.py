#!/usr/bin/env python3
"""usage: embed.py FILE NAME OUTPUT: writes C source that defines the file's bytes as `const char NAME[]`, which ends with a 0.
A line "@INCLUDE other@" stands for the file `other` beside it."""

import os, re, sys

path, name, output = sys.argv[1:]


def included(line):
    with open(os.path.join(os.path.dirname(path), line[1].decode()), "rb") as f:
        return f.read()


with open(path, "rb") as f:
    data = re.sub(rb"^@INCLUDE ([\w.]+)@\n", included, f.read(), flags=re.M) + b"\0"
rows = [", ".join(str(byte) for byte in data[i:i + 24]) for i in range(0, len(data), 24)]
if any(byte > 127 for byte in data):
    sys.exit(f"{path}: only ASCII can be embedded")
with open(output, "w") as f:
    f.write(f"extern const char {name}[];\nconst char {name}[] = {{\n    " + ",\n    ".join(rows) + ",\n};\n")
