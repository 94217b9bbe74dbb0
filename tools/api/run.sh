#!/usr/bin/env bash
# Runs schemathesis against `danqing serve` and its OpenAPI document: all of it without a token and with a job, a file and
# a board that are there, then shortly with a token. Bounded; on loopback.
#   bash tools/api/run.sh target/release/danqing
set -euo pipefail
danqing=$(realpath "${1:-target/release/danqing}")
root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/.venv-api
[ -x "$venv/bin/schemathesis" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet -r "$root/requirements-api.txt"; }
home=$(mktemp -d)
server=
port=${PORT:-7869}
api=http://127.0.0.1:$port/api/v1
end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    server=
}
trap 'end; rm -rf "$home"' EXIT

start() { # start [OPTION …]
    end
    DANQING_HOME=$home "$danqing" serve --offline --port "$port" --rate 100000 --quiet "$@" 2>>"$home/log" &
    server=$!
    for _ in $(seq 100); do curl -sf "$api/health" >/dev/null && return; sleep 0.2; done
    cat "$home/log" >&2
    exit 1
}

# Streams of events never end; everything else is tried.
try() { # try EXAMPLES [OPTION …]
    local examples=$1
    shift
    "$venv/bin/schemathesis" run "$api/openapi.json" --exclude-path-regex '/events$' \
        --exclude-checks positive_data_acceptance --max-examples "$examples" --request-timeout 20 --seed 1 --workers 1 \
        --no-color "$@"
}

cd "$home" # where schemathesis keeps what it has seen, and reads its settings
start
json() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
send() { curl -sf "$api$1" -H 'content-type: application/json' -d "$2"; }
sha256=$(curl -sf -F "file=@$root/../tests/photographs/coffee.jpg" "$api/uploads" | json '[0]["sha256"]')
send /queue/pause '{}' >/dev/null
job=$(send /jobs "{\"capability\": \"adjust\", \"inputs\": {\"picture\": \"$sha256\"}}" | json '["id"]')
board=$(send /boards '{"title": "schemathesis"}' | json '["id"]')
cat >schemathesis.toml <<END
[parameters]
"path.sha256" = "$sha256"
[[operations]]
include-path-regex = "^/jobs/"
parameters = { "path.id" = "$job" }
[[operations]]
include-path-regex = "^/boards/"
parameters = { "path.id" = "$board" }
[[operations]]
include-path-regex = "^/capabilities/"
parameters = { "path.id" = "adjust" }
END
try "${EXAMPLES:-50}"
rm schemathesis.toml

# Wrong tokens are slowed down, so that most of this run is refused: it looks at the refusals.
export DANQING_TOKEN=schemathesis-token
start
try 5 --header "Authorization: Bearer $DANQING_TOKEN"
