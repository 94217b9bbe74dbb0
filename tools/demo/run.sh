#!/usr/bin/env bash
# The demo: fetches the default models and photographs and a painting, runs every capability on them, draws one contact sheet.
# Usage: tools/demo/run.sh [DANQING [FOLDER]], from the repository root; danqing-demo is expected beside DANQING.
# Results go to FOLDER (default: demo). Every command is printed before it runs, as one would type it.
set -euo pipefail

danqing=${1:-target/release/danqing}
folder=${2:-demo}
started=$SECONDS

# Prints `danqing …` and runs the binary that was given.
show() {
    printf '\n$ danqing'
    printf ' %q' "$@"
    printf '\n'
    "$danqing" "$@"
}

# Copies a photograph of the catalogue under a short name; the folder is the demo's own.
photograph() {
    local file
    file=$("$danqing" models path "$1")
    mkdir -p "$folder/photographs"
    cp -f "$file" "$folder/photographs/$2"
}

show models pull default --yes
show models pull demo --yes

photograph photo-football football.jpg
photograph photo-dahlia dahlia.jpg
photograph photo-kitchen kitchen.jpg
photograph photo-astronaut astronaut.png
photograph photo-pavilion pavilion.jpg
photograph photo-coffee coffee.png
photograph photo-cabin cabin.jpg
photograph photo-cat cat.png
photograph art-wheat-field wheat-field.jpg

photos=$folder/photographs
show erase "$photos/football.jpg" --mask examples/masks/photo-football.png --seed 1 -o "$folder/erase-football.png" --force
show erase "$photos/dahlia.jpg" --mask examples/masks/photo-dahlia.png --seed 1 -o "$folder/erase-dahlia.png" --force
show erase "$photos/kitchen.jpg" --mask examples/masks/photo-kitchen.png --seed 1 -o "$folder/erase-kitchen.png" --force
show extend "$photos/astronaut.png" --ratio 4:3 --seed 1 -o "$folder/extend-astronaut.png" --force
show extend "$photos/pavilion.jpg" --ratio 16:9 --seed 1 -o "$folder/extend-pavilion.png" --force
show extend "$photos/coffee.png" --ratio 16:9 --seed 1 -o "$folder/extend-coffee.png" --force
show adjust "$photos/cabin.jpg" --edits examples/light-into-shadows.json -o "$folder/adjust-cabin.png" --force
show adjust "$photos/cat.png" --edits examples/black-and-white.json -o "$folder/adjust-cat.png" --force
show restyle "$photos/astronaut.png" --style ink-wash --seed 1 -o "$folder/restyle-astronaut.png" --force
show restyle "$photos/pavilion.jpg" --style-image "$photos/wheat-field.jpg" --seed 1 -o "$folder/restyle-pavilion.png" --force
show restyle "$photos/dahlia.jpg" --style oil --seed 1 -o "$folder/restyle-dahlia.png" --force
show restyle "$photos/coffee.png" --style watercolour --seed 1 -o "$folder/restyle-coffee.png" --force
show upscale "$photos/cat.png" --scale 4 --seed 1 -o "$folder/upscale-cat.png" --force
show cutout "$photos/astronaut.png" -o "$folder/cutout-astronaut.png" --force

"$(dirname "$danqing")/danqing-demo" examples/demo.json "$folder" "$folder/contact-sheet.png"
printf '\nEvery picture in %d s; all of them on one sheet:\n%s\n' "$((SECONDS - started))" "$folder/contact-sheet.png"
