"""Reads cargo's messages of a build of tests and prints NAME<tab>PATH of each test binary; unit tests are `lib`."""

import json
import sys

for line in sys.stdin:
    message = json.loads(line)
    if message["reason"] != "compiler-artifact" or not message["profile"]["test"] or not message["executable"]:
        continue
    target = message["target"]
    if "example" not in target["kind"]:
        print("lib" if "lib" in target["kind"] else target["name"], message["executable"], sep="\t")
