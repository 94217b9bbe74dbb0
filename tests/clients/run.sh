#!/usr/bin/env bash
# Runs real clients of other programs' APIs against a studio of their own: webuiapi and openai (Python), openai (Node).
# Usage: tests/clients/run.sh target/release/danqing, from the repository root. The default models have to be here.
# Packages are fetched once; without a registry and without them, the clients that lack theirs are named and left out.
set -euo pipefail

danqing=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
server=
end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT

environment=$root/tools/.venv-clients wanted=$root/tools/requirements-clients.txt
if ! cmp -s "$wanted" "$environment/requirements.txt"; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --requirement "$wanted"
    cp "$wanted" "$environment/requirements.txt"
fi
if ! cmp -s "$here/package-lock.json" "$here/node_modules/.installed"; then
    (cd "$here" && npm ci --silent --no-audit --no-fund && cp package-lock.json node_modules/.installed)
fi

# A home of its own, with the models that are here and a checkpoint of the true structure whose weights are all 0.
models=$(dirname "$("$danqing" models path migan-512-places2)")
while [ "$(basename "$models")" != models ]; do models=$(dirname "$models"); done
mkdir -p "$work/home/checkpoints"
ln -s "$models" "$work/home/models"
"$environment/bin/python" "$here/checkpoint.py" "$root/tests/golden/diffusion_single_file.txt" "$work/home/checkpoints/tiny.safetensors"

DANQING_HOME=$work/home "$danqing" --offline serve --port 0 > "$work/log" 2>&1 &
server=$!
for _ in $(seq 300); do
    address=$(grep -oE '127\.0\.0\.1:[0-9]+' "$work/log" | head -1 || true)
    [ -z "$address" ] || break
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.2
done
[ -n "$address" ] || { cat "$work/log" >&2; echo "the server did not start" >&2; exit 1; }

passed=0 failed=0
client() { # client NAME COMMAND …
    local name=$1
    shift
    if DANQING_ADDRESS=$address "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$name failed; the server said:" >&2
        tail -30 "$work/log" >&2
    fi
}
client webuiapi "$environment/bin/python" "$here/webuiapi_client.py"
client openai-python "$environment/bin/python" "$here/openai_client.py"
client openai-node node "$here/openai_client.mjs"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
