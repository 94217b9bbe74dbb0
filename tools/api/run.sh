#!/usr/bin/env bash
# Runs schemathesis against `danqing serve` and its OpenAPI document. Bounded; on loopback.
#   bash tools/api/run.sh target/release/danqing
set -euo pipefail
danqing=$(realpath "${1:-target/release/danqing}")
root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/.venv-api
[ -x "$venv/bin/schemathesis" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet -r "$root/requirements-api.txt"; }
home=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$home"' EXIT
export DANQING_TOKEN=schemathesis-token
port=${PORT:-7869}
DANQING_HOME=$home "$danqing" serve --offline --port "$port" --rate 100000 --quiet 2>"$home/log" &
server=$!
for _ in $(seq 100); do curl -sf "http://127.0.0.1:$port/api/v1/health" >/dev/null && break; sleep 0.2; done
cd "$home" # where schemathesis keeps what it has seen
# Streams of events never end; everything else is tried.
"$venv/bin/schemathesis" run "http://127.0.0.1:$port/api/v1/openapi.json" \
    --header "Authorization: Bearer $DANQING_TOKEN" \
    --exclude-path-regex '/events$' --exclude-checks positive_data_acceptance \
    --max-examples "${EXAMPLES:-50}" --request-timeout 20 --seed 1 --workers 1 --no-color
