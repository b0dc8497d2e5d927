#!/usr/bin/env python3
"""usage: embed.py FILE NAME OUTPUT: writes C source that defines the file's bytes as `const char NAME[]`, which ends with a 0."""

import sys

path, name, output = sys.argv[1:]
with open(path, "rb") as f:
    data = f.read() + b"\0"
rows = [", ".join(str(byte) for byte in data[i:i + 24]) for i in range(0, len(data), 24)]
if any(byte > 127 for byte in data):
    sys.exit(f"{path}: only ASCII can be embedded")
with open(output, "w") as f:
    f.write(f"extern const char {name}[];\nconst char {name}[] = {{\n    " + ",\n    ".join(rows) + ",\n};\n")
