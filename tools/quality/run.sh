#!/usr/bin/env bash
# Measures erase beside OpenCV and plain MI-GAN and writes the table into docs/quality.md.
# Usage: tools/quality/run.sh [DANQING [OPTIONS OF erase.py …]], from the repository root.
# Python lives in tools/.venv-quality, with the versions of tools/requirements-quality.txt.
set -euo pipefail

danqing=${1:-target/release/danqing}
shift || true
environment=tools/.venv-quality
if ! cmp -s tools/requirements-quality.txt "$environment/requirements.txt"; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --requirement tools/requirements-quality.txt
    cp tools/requirements-quality.txt "$environment/requirements.txt"
fi
"$danqing" models pull default --yes
if [ "$#" -eq 0 ]; then set -- --write; fi
exec "$environment/bin/python" tools/quality/erase.py --danqing "$danqing" "$@"
