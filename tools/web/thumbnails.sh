#!/usr/bin/env bash
# Makes the pictures of restyle's presets with danqing itself: web/src/panels/thumbnails/ID.jpg.
# Usage: tools/web/thumbnails.sh [DANQING]
set -euo pipefail
cd "$(dirname "$0")/../.."
danqing="${1:-target/release/danqing}"
folder=web/src/panels/thumbnails
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

"$danqing" adjust examples/walkthroughs/pictures/pavilion.jpg --edits '[{"edit":"crop","x":40,"y":10,"width":428,"height":321}]' -o "$work/picture.png" --quiet
"$danqing" styles --json | python3 -c 'import json, sys; [print(style["id"]) for style in json.load(sys.stdin)]' | while read -r style; do
    [ -f "$folder/$style.jpg" ] && continue
    "$danqing" restyle "$work/picture.png" --style "$style" --seed 1 -o "$work/$style.png" --force --quiet
    "$danqing" adjust "$work/$style.png" --resize 208x -o "$folder/$style.jpg" --quality 80 --force --quiet --strip-metadata
done
