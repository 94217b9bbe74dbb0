#!/usr/bin/env bash
# Measures quality beside the peers of each capability and writes the tables into docs/quality.md.
# Usage: tools/quality/run.sh [DANQING [GROUP …]], from the repository root; groups: erase restyle upscale cutout presets.
# Options of a group's script: OPTIONS="--limit 4" tools/quality/run.sh target/release/danqing upscale (then without --write).
# Each group's Python lives in an environment of its own, with the versions of its requirements file.
set -euo pipefail

danqing=${1:-target/release/danqing}
shift || true
groups=${*:-erase restyle upscale cutout presets}
read -ra options <<<"${OPTIONS:---write}"

source tools/python_for.sh

"$danqing" models pull default --yes --quiet
"$danqing" models pull demo --yes --quiet
for group in $groups; do
    case $group in
    erase | upscale) python=$(python_for quality) ;;
    restyle) python=$(python_for networks) ;;
    cutout | presets) python=$(python_for "quality-$group") ;;
    *) echo "unknown group $group (expected erase, restyle, upscale, cutout, presets)" >&2 && exit 2 ;;
    esac
    echo "$group"
    "$python" "tools/quality/$group.py" --danqing "$danqing" "${options[@]}"
done
