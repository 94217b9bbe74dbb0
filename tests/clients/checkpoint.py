"""Writes a Stable Diffusion checkpoint of the true structure and tiny sizes, all weights 0.

    python checkpoint.py tests/golden/diffusion_single_file.txt OUT.safetensors

The same as `tiny_checkpoint` of crates/danqing/tests/support.
"""

import json
import math
import struct
import sys

golden, out = sys.argv[1:]
section = open(golden, encoding="utf-8").read().split("[tiny sd1]\n")[1].split("[")[0]
header, end = {}, 0
for line in section.splitlines():
    name, *shape = line.split(" = ")[0].split(" ")
    shape = [int(side) for side in shape]
    start, end = end, end + 4 * math.prod(shape)
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
text = json.dumps(header).encode()
with open(out, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + bytes(end))
