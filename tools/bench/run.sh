#!/usr/bin/env bash
# Times every capability as a user runs it, beside other programs, and writes docs/benchmarks.md.
# Usage: tools/bench/run.sh [DANQING [OPTIONS OF capabilities.py …]], from the repository root.
# Python lives in tools/.venv-bench, with the versions of tools/requirements-bench.txt.
set -euo pipefail

danqing=${1:-target/release/danqing}
shift || true
environment=tools/.venv-bench
if ! cmp -s tools/requirements-bench.txt "$environment/requirements.txt"; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --requirement tools/requirements-bench.txt
    cp tools/requirements-bench.txt "$environment/requirements.txt"
fi
"$danqing" models pull default --yes --quiet
"$danqing" models pull demo --yes --quiet
exec "$environment/bin/python" tools/bench/capabilities.py --danqing "$danqing" "$@"
