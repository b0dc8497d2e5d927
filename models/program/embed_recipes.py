#!/usr/bin/env python3
"""usage: embed_recipes.py OUTPUT FILE...: writes C source that defines shipped_recipes (recipe.h), a row for each file."""

import json, os, sys

output, *paths = sys.argv[1:]


def row(path):
    name, _ = os.path.splitext(os.path.basename(path))
    with open(path) as f:
        return f"    {{ {json.dumps(name)}, {json.dumps(f.read())} }},\n"  # a string of JSON is one of C


with open(output, "w") as f:
    f.write('#include "program/recipe.h"\n\nconst shipped_recipe shipped_recipes[] = {\n')
    f.writelines(row(path) for path in paths)
    f.write("    { 0 },\n};\n")
