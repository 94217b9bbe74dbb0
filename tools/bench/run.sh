#!/usr/bin/env bash
# Times danqing beside other programs and writes docs/benchmarks.md: networks beside other engines, whole pictures of Stable
# Diffusion beside diffusers and stable-diffusion.cpp, then every capability as a user runs it.
# Usage: tools/bench/run.sh [DANQING [all|networks|pictures|capabilities [OPTIONS OF THE PART'S SCRIPT …]]], from the repository
# root. Python lives in tools/.venv-bench*, with the versions of tools/requirements-bench*.txt.
set -euo pipefail

danqing=${1:-target/release/danqing}
part=${2:-all}
shift $(($# < 2 ? $# : 2))

source tools/python_for.sh

"$danqing" models pull default --yes --quiet
case $part in
all | networks)
    python=$(python_for bench-networks)
    "$python" tools/bench/networks.py --danqing "$danqing" "$@"
    ;;&
all | pictures)
    python=$(python_for bench-networks)
    made=target/bench-networks
    mkdir -p "$made"
    [ -e "$made/random.safetensors" ] || "$python" tools/bench/random_checkpoint.py "$made/random.safetensors"
    common=(--danqing "$danqing" --checkpoint "$made/random.safetensors")
    for side in 512 1024; do
        "$python" tools/bench/picture_peer.py "${common[@]}" --side $side --out "$made/diffusers-$side.json" "$@"
    done
    if sdcpp=$(bash tools/bench/sdcpp.sh); then
        "$python" tools/bench/sdcpp_peer.py "${common[@]}" --sdcpp "$sdcpp" --out "$made/sdcpp-f16.json" "$@"
        "$python" tools/bench/sdcpp_peer.py "${common[@]}" --sdcpp "$sdcpp" --gguf q8_0 --out "$made/sdcpp-q8_0.json" "$@"
    else
        echo "stable-diffusion.cpp could not be built here: left out" >&2
    fi
    "$python" tools/bench/networks_report.py "$danqing" "$made"
    ;;&
all | capabilities)
    "$danqing" models pull demo --yes --quiet
    python=$(python_for bench)
    "$python" tools/bench/capabilities.py --danqing "$danqing" "$@"
    ;;&
all | networks | pictures | capabilities) ;;
*)
    echo "unknown part $part, expected all, networks, pictures or capabilities" >&2
    exit 2
    ;;
esac
