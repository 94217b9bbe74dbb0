#!/usr/bin/env bash
# Runs danqing-nn's unit tests under Miri, which checks every access of the unsafe code on the portable tier: bounds,
# initialisation, aliasing (Stacked Borrows) and data races. What Miri can't run, or not in minutes, says so at its test.
# Usage: tools/miri.sh [FILTER …], from the repository root. Miri comes with nightly toolchains only; another one than
# `nightly`: DANQING_MIRI_TOOLCHAIN.
set -euo pipefail

toolchain=${DANQING_MIRI_TOOLCHAIN:-nightly}
if ! cargo "+$toolchain" miri --version >/dev/null 2>&1; then
    echo "Miri is not installed, so unsafe code was not run under it (rustup component add --toolchain $toolchain miri rust-src)"
    exit 0
fi
# A target folder of its own: another compiler would make everything in the usual one anew.
CARGO_TARGET_DIR=target/miri exec cargo "+$toolchain" miri test --locked -p danqing-nn --lib -- "$@"
