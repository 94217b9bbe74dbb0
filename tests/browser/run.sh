#!/usr/bin/env bash
# Runs the studio's page in a real browser against a real server: tests/browser/run.sh [DANQING]
# Models must be there already; jobs and pictures go to a folder of their own that is removed afterwards.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
export DANQING="${1:-$root/target/release/danqing}"

if ! command -v npm >/dev/null 2>&1; then
    echo "npm is not installed: the browser tests are left out. Install Node.js 20 or newer with npm." >&2
    exit 0
fi
if [ ! -f "$root/web/dist/index.html" ] || [ ! -d "$root/web/node_modules/playwright-core" ]; then
    echo "the page is not built: the browser tests are left out. Run make build with a network." >&2
    exit 0
fi
CHROMIUM="${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}"
if [ -z "$CHROMIUM" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing chromium for the browser tests" >&2
        apt-get install -y -qq chromium >/dev/null 2>&1 || { apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || true
    fi
    CHROMIUM="$(command -v chromium || true)"
fi
if [ -z "$CHROMIUM" ]; then
    echo "chromium is not installed: the browser tests are left out. Install it, for example: apt-get install chromium" >&2
    exit 0
fi
export CHROMIUM
(cd "$root/web" && npx --no-install vitest run --silent)
# Each file has a server of its own; one after the other. SCREENSHOTS=FOLDER keeps pictures of the page.
[ -z "${SCREENSHOTS:-}" ] || mkdir -p "$SCREENSHOTS"
exec node --test --test-concurrency=1 --test-reporter=spec "$here"/*.test.mjs
