#!/usr/bin/env bash
# Builds stable-diffusion.cpp for this processor from the source that a Python package carries, and prints the path of its
# command line. Usage: tools/bench/sdcpp.sh, from the repository root. Lives in tools/.venv-sdcpp; takes some minutes.
set -euo pipefail

package=stable-diffusion-cpp-python version=0.4.7
environment=$PWD/tools/.venv-sdcpp
program=$environment/build/bin/sd-cli
if [ ! -x "$program" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet cmake==4.4.5 ninja==1.13.2
    "$environment/bin/pip" download --quiet --no-deps --no-binary "$package" "$package==$version" --dest "$environment/source"
    tar --extract --gzip --file "$environment"/source/*.tar.gz --directory "$environment/source"
    source=$(echo "$environment"/source/*/vendor/stable-diffusion.cpp)
    {
        "$environment/bin/cmake" -G Ninja -DCMAKE_MAKE_PROGRAM="$environment/bin/ninja" -S "$source" -B "$environment/build" \
            -DCMAKE_BUILD_TYPE=Release -DSD_BUILD_EXAMPLES=ON -DGGML_NATIVE=ON
        "$environment/bin/ninja" -C "$environment/build" sd-cli
    } >&2
fi
echo "$program"
